"""JPEG: an APP1 segment after APP0 and Exif (T.81, B.1.1; XMP specification part 3, 1.1.3)."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

from openclaw_fal.provenance import foreign_metadata
from openclaw_fal.provenance.splice import Splice, cut
from openclaw_fal.provenance.survey import STEPS, Malformed, NoRoom, Source, Survey

_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_EXTENDED_XMP = b"http://ns.adobe.com/xmp/extension/\0"
_EXIF = b"Exif\0\0"
_APP0, _APP1, _APP11, _APP13, _COMMENT = 0xE0, 0xE1, 0xEB, 0xED, 0xFE
_START_OF_SCAN, _END = 0xDA, 0xD9
_LARGEST = 65_533  # bytes in a segment, after its length field


def survey(source: Source, result: Survey) -> None:
    """Reads every segment before the image data. Raises Malformed."""
    for marker, start, data, end in _segments(source):
        head = source.some(data, end, len(_EXTENDED_XMP))
        if marker == _APP1 and head.startswith(_XMP):
            result.packets.append(source.packet(start, end, data + len(_XMP)))
        elif marker == _APP1 and head == _EXTENDED_XMP:
            result.add_foreign(foreign_metadata.XMP)
        elif marker == _APP11 and head.startswith(b"JP"):
            result.credentials = True
        elif marker == _APP13 and head.startswith(b"Photoshop 3.0\0"):
            result.add_foreign(foreign_metadata.IPTC)
        elif marker == _APP1 and head.startswith(_EXIF):
            result.add_exif(source.some(data, end))
        elif marker == _COMMENT:
            result.add_foreign(*foreign_metadata.programs_in(source.some(data, end)))


def embed(source: Source, xmp: bytes) -> Sequence[Splice]:
    """The splice that inserts a packet. Raises NoRoom."""
    if len(_XMP) + len(xmp) > _LARGEST:
        raise NoRoom("has room for 64 KB of metadata only")
    at = 2
    for marker, start, data, end in _segments(source):
        exif = marker == _APP1 and source.some(data, end, len(_EXIF)) == _EXIF
        if start != at or not (marker == _APP0 or exif):
            break
        at = end
    segment = struct.pack(">BBH", 0xFF, _APP1, 2 + len(_XMP) + len(xmp)) + _XMP + xmp
    return [Splice(at, at, segment)]


strip = cut


def _segments(source: Source) -> Iterator[tuple[int, int, int, int]]:
    """Marker, start, start of the data and end of each segment before the image data."""
    if source.at(0, 2) != b"\xff\xd8":
        raise Malformed("does not begin as a JPEG does")
    offset = 2
    for _ in range(STEPS):
        mark, marker = source.at(offset, 2)
        if mark != 0xFF:
            raise Malformed("has bytes between its segments")
        if marker == 0xFF:  # a fill byte
            offset += 1
            continue
        if marker in (_START_OF_SCAN, _END):
            return
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:  # no length follows
            offset += 2
            continue
        length = int.from_bytes(source.at(offset + 2, 2), "big")
        end = offset + 2 + length
        if length < 2 or end > source.size:
            raise Malformed("ends in the middle of a segment")
        yield marker, offset, offset + 4, end
        offset = end
    raise Malformed("has too many segments")
