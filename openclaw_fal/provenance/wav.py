"""WAV: a `_PMX` chunk at the end (XMP specification part 3, 1.2.6)."""

from __future__ import annotations

from collections.abc import Sequence

from openclaw_fal.provenance import riff
from openclaw_fal.provenance.splice import Splice
from openclaw_fal.provenance.survey import Malformed, NoRoom, Packet, Source, Survey

_FORM = b"WAVE"


def survey(source: Source, result: Survey) -> None:
    """Reads every chunk. Raises Malformed."""
    for chunk in riff.chunks(source, riff.riff_end(source, _FORM)):
        if chunk.name == b"C2PA":
            result.credentials = True
        elif chunk.name == b"_PMX":
            end = chunk.end + chunk.end % 2
            if end <= source.size:
                result.packets.append(source.packet(chunk.start, end, chunk.data, chunk.end))


def embed(source: Source, xmp: bytes) -> Sequence[Splice]:
    """The splices that insert a packet. Raises NoRoom, Malformed.

    Missing padding after a last chunk of odd length is added.
    """
    end = riff.riff_end(source, _FORM)
    last = riff.HEADER
    for chunk in riff.chunks(source, end):
        last = chunk.end
    if end not in (last, last + last % 2):
        raise NoRoom("has bytes between its chunks")
    added = riff.chunk(b"_PMX", xmp)
    at = end
    if end % 2:
        padded = source.size == end + 1 and source.at(end, 1) == b"\0"
        at += padded
        added = added if padded else b"\0" + added
    return [Splice(4, 8, riff.size_field(at + len(added))), Splice(at, at, added)]


def strip(source: Source, packet: Packet) -> Sequence[Sequence[Splice]]:
    """The ways to remove a packet: alone; with a padding byte that was added before it; or alone,
    where that padding byte was there before but not counted in the header's size."""
    end = riff.riff_end(source, _FORM) - (packet.end - packet.start)
    if packet.start <= riff.HEADER:
        raise Malformed("holds nothing but a mark")
    return [
        [Splice(4, 8, riff.size_field(end)), Splice(packet.start, packet.end)],
        [Splice(4, 8, riff.size_field(end - 1)), Splice(packet.start - 1, packet.end)],
        [Splice(4, 8, riff.size_field(end - 1)), Splice(packet.start, packet.end)],
    ]
