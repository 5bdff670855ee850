"""MP4 and its relatives: a `uuid` box at the end (ISO 14496-12; XMP part 3, 1.2.4)."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from openclaw_fal.provenance import foreign_metadata
from openclaw_fal.provenance.splice import Splice, cut
from openclaw_fal.provenance.survey import STEPS, Malformed, NoRoom, Source, Survey

_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_C2PA = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")


class _Box(NamedTuple):
    name: bytes
    start: int
    data: int
    end: int
    sized: bool


def survey(source: Source, result: Survey) -> None:
    """Reads every top-level box, and the metadata in `moov`. Raises Malformed."""
    for box in _boxes(source, 0, source.size):
        if box.name == b"uuid" and box.end - box.data >= 16:
            uuid = source.at(box.data, 16)
            if uuid == _XMP:
                result.packets.append(source.packet(box.start, box.end, box.data + 16))
            elif uuid == _C2PA:
                result.credentials = True
        elif box.name == b"moov":
            for inner in _boxes(source, box.data, box.end):
                if inner.name in (b"udta", b"meta"):
                    content = source.some(inner.data, inner.end)
                    result.add_foreign(*foreign_metadata.programs_in(content))


def embed(source: Source, xmp: bytes) -> Sequence[Splice]:
    """The splice that inserts a packet. Raises NoRoom, Malformed.

    An `mfra` box stays the last one: players search for it from the end of the file.
    """
    last = None
    for box in _boxes(source, 0, source.size):
        last = box
    if last is None:
        raise Malformed("is empty")
    if not last.sized:
        raise NoRoom("has a last box without a length")
    at = last.start if last.name == b"mfra" else source.size
    return [Splice(at, at, struct.pack(">I4s", 24 + len(xmp), b"uuid") + _XMP + xmp)]


strip = cut


def _boxes(source: Source, start: int, end: int) -> Iterator[_Box]:
    """The boxes between two offsets. Raises Malformed when they do not fit."""
    offset = start
    for _ in range(STEPS):
        if offset == end:
            return
        length, name = struct.unpack(">I4s", source.at(offset, 8))
        header, sized = 8, length != 0
        if length == 1:
            length, header = int.from_bytes(source.at(offset + 8, 8), "big"), 16
        elif not sized:
            length = end - offset
        if length < header or offset + length > end:
            raise Malformed("has a box that does not fit")
        yield _Box(name, offset, offset + header, offset + length, sized)
        offset += length
    raise Malformed("has too many boxes")
