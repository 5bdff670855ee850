"""PNG: an `iTXt` chunk right after IHDR (ISO 15948, 11.3.4.5; XMP specification part 3, 1.1.5)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

from openclaw_fal.provenance import foreign_metadata
from openclaw_fal.provenance.splice import Splice, cut
from openclaw_fal.provenance.survey import STEPS, Malformed, Packet, Source, Survey

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_KEYWORD = b"XML:com.adobe.xmp"
_AFTER_IHDR = 33
_LONGEST_KEYWORD = 79


def survey(source: Source, result: Survey) -> None:
    """Reads every chunk. Raises Malformed."""
    if source.at(0, 8) != _SIGNATURE or source.at(8, 8) != b"\0\0\0\x0dIHDR":
        raise Malformed("does not begin as a PNG does")
    offset = 8
    for _ in range(STEPS):
        length, name = struct.unpack(">I4s", source.at(offset, 8))
        end = offset + 12 + length
        if end > source.size:
            raise Malformed("ends in the middle of a chunk")
        if name == b"caBX":
            result.credentials = True
        elif name in (b"iTXt", b"tEXt", b"zTXt"):
            _text(source, offset + 8, end - 4, name, result)
        elif name == b"eXIf":
            result.add_exif(source.some(offset + 8, end - 4))
        elif name == b"IEND":
            return
        offset = end
    raise Malformed("has too many chunks")


def embed(source: Source, xmp: bytes) -> Sequence[Splice]:
    """The splice that inserts a packet."""
    data = b"iTXt" + _KEYWORD + b"\0\0\0\0\0" + xmp
    chunk = struct.pack(">I", len(data) - 4) + data + struct.pack(">I", zlib.crc32(data))
    return [Splice(_AFTER_IHDR, _AFTER_IHDR, chunk)]


strip = cut


def _text(source: Source, start: int, end: int, name: bytes, result: Survey) -> None:
    """Reads a text chunk: keyword, NUL, text; in iTXt: keyword, NUL, compression flag and method,
    language, NUL, translated keyword, NUL, text."""
    head = source.some(start, end, _LONGEST_KEYWORD + 1)
    keyword, nul, _ = head.partition(b"\0")
    if name == b"iTXt" and nul and keyword == _KEYWORD:
        result.packets.append(_packet(source, start, end))
    elif program := foreign_metadata.program_of_png_text(keyword.decode("latin-1")):
        result.add_foreign(program)


def _packet(source: Source, start: int, end: int) -> Packet:
    at = start + len(_KEYWORD) + 1
    head = source.some(at, end, 1024)
    second = head.find(b"\0", head.find(b"\0", 2) + 1) if head[2:].count(b"\0") >= 2 else -1
    if head[:1] != b"\0" or second < 0:
        return Packet(start - 8, end + 4, b"")
    return source.packet(start - 8, end + 4, at + second + 1, end)
