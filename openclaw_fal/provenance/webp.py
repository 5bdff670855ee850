"""WebP: an `XMP ` chunk at the end, and its flag in the VP8X chunk (RFC 9649, 2.7)."""

from __future__ import annotations

from collections.abc import Sequence

from openclaw_fal.provenance import riff
from openclaw_fal.provenance.splice import Splice
from openclaw_fal.provenance.survey import Malformed, NoRoom, Packet, Source, Survey

_FORM = b"WEBP"
_XMP_FLAG, _ALPHA_FLAG = 0x04, 0x10
_FLAGS_AT = 20
_VP8X_LENGTH = 18


def survey(source: Source, result: Survey) -> None:
    """Reads every chunk. Raises Malformed."""
    for chunk in riff.chunks(source, riff.riff_end(source, _FORM)):
        if chunk.name == b"C2PA":
            result.credentials = True
        elif chunk.name == b"XMP ":
            end = chunk.end + chunk.end % 2
            result.packets.append(source.packet(chunk.start, end, chunk.data, chunk.end))
        elif chunk.name == b"EXIF":
            result.add_exif(source.some(chunk.data, chunk.end))


def embed(source: Source, xmp: bytes) -> Sequence[Splice]:
    """The splices that insert a packet. Raises NoRoom, Malformed."""
    end = riff.riff_end(source, _FORM)
    if end % 2:
        raise NoRoom("has an odd length, against its format")
    added = riff.chunk(b"XMP ", xmp)
    first = next(riff.chunks(source, end), None)
    if first is None:
        raise Malformed("has no picture")
    if first.name == b"VP8X":
        flags = source.at(_FLAGS_AT, 1)[0] | _XMP_FLAG
        header = Splice(_FLAGS_AT, _FLAGS_AT + 1, bytes([flags]))
        longer = 0
    else:
        header = Splice(riff.HEADER, riff.HEADER, _vp8x(source, first))
        longer = _VP8X_LENGTH
    size = Splice(4, 8, riff.size_field(end + longer + len(added)))
    return [size, header, Splice(end, end, added)]


def strip(source: Source, packet: Packet) -> Sequence[Sequence[Splice]]:
    """The ways to remove a packet: with its flag in the VP8X chunk; with the whole VP8X chunk, if
    the file may have had none before; or alone."""
    end = riff.riff_end(source, _FORM) - (packet.end - packet.start)
    chunks = list(riff.chunks(source, riff.riff_end(source, _FORM)))
    without = Splice(packet.start, packet.end)
    if chunks[0].name != b"VP8X":
        return [[Splice(4, 8, riff.size_field(end)), without]]
    flags = source.at(_FLAGS_AT, 1)[0] & ~_XMP_FLAG
    cleared = Splice(_FLAGS_AT, _FLAGS_AT + 1, bytes([flags]))
    removals = [
        [Splice(4, 8, riff.size_field(end)), cleared, without],
        [Splice(4, 8, riff.size_field(end)), without],
    ]
    if [chunk.name for chunk in chunks[1:]] in ([b"VP8 ", b"XMP "], [b"VP8L", b"XMP "]):
        simple = Splice(riff.HEADER, riff.HEADER + _VP8X_LENGTH)
        removals.insert(1, [Splice(4, 8, riff.size_field(end - _VP8X_LENGTH)), simple, without])
    return removals


def _vp8x(source: Source, picture: riff.Chunk) -> bytes:
    """The VP8X chunk that a simple file lacks: the size of the image, and whether it has alpha."""
    if picture.name == b"VP8L":
        signature, *packed = source.at(picture.data, 5)
        bits = int.from_bytes(bytes(packed), "little")
        width, height = bits & 0x3FFF, bits >> 14 & 0x3FFF
        flags = _XMP_FLAG | (_ALPHA_FLAG if bits >> 28 & 1 else 0)
        if signature != 0x2F:
            raise Malformed("has a VP8L chunk without a lossless picture")
    elif picture.name == b"VP8 ":
        head = source.at(picture.data, 10)
        if head[3:6] != b"\x9d\x01\x2a":
            raise Malformed("does not begin with a key frame")
        width = (int.from_bytes(head[6:8], "little") & 0x3FFF) - 1
        height = (int.from_bytes(head[8:10], "little") & 0x3FFF) - 1
        flags = _XMP_FLAG
    else:
        raise Malformed("does not begin with a picture")
    if width < 0 or height < 0:
        raise Malformed("has a picture without a size")
    data = bytes([flags, 0, 0, 0]) + width.to_bytes(3, "little") + height.to_bytes(3, "little")
    return riff.chunk(b"VP8X", data)
