"""Finds media files that were cut off, by what their format says of its end.

Needed where the server named no length: such a body may end anywhere. Sources: PNG (ISO 15948,
11.2.5), JPEG (T.81, B.2), GIF89a, RIFF, the ISO base media file format (ISO 14496-12), Ogg (RFC
3533), Matroska (RFC 9559), MPEG audio (ISO 11172-3). BMP, TIFF, FLAC and AAC are not checked.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import BinaryIO

from openclaw_fal.files import sniff
from openclaw_fal.files.measure import bytes_at, mp3_frames
from openclaw_fal.files.sniff import FileType

_STEPS = 200_000  # chunks or boxes of a file that are read
_PIECE = 1 << 20
_OGG_PAGE = 65_307
_UNKNOWN = 0x7FFF_0000  # from here on, the size in a RIFF header is that of a stream


def truncation(file: BinaryIO, size: int) -> str | None:
    """Why a seekable file of `size` bytes is incomplete; None if it is complete, or if its format
    does not tell."""
    file.seek(0)
    kind = sniff.sniff(file.read(sniff.HEAD))
    check = _CHECKS.get(kind) if kind else None
    try:
        whole = check is None or check(file, size)
    except LookupError:  # it has no frame to judge by
        whole = True
    except (ValueError, struct.error):  # it ends within a chunk or frame
        whole = False
    return None if whole or kind is None else f"the {kind.extension.upper()} file has no end"


def _png(file: BinaryIO, size: int) -> bool:
    offset = 8
    for _ in range(_STEPS):
        length, name = struct.unpack(">I4s", bytes_at(file, offset, 8))
        offset += 12 + length
        if name == b"IEND":
            return bool(offset <= size)
    return True


def _jpeg(file: BinaryIO, size: int) -> bool:
    """Whether an end marker (EOI) follows the last start of a scan (SOS). Coded data contains
    neither, and a thumbnail's markers come before the image's."""
    scan = end = -1
    for start in range(0, size, _PIECE):
        file.seek(start)
        piece = file.read(_PIECE + 1)
        if (at := piece.rfind(b"\xff\xda")) >= 0:
            scan = start + at
        if (at := piece.rfind(b"\xff\xd9")) >= 0:
            end = start + at
    return end > scan


def _gif(file: BinaryIO, size: int) -> bool:
    return bytes_at(file, max(0, size - 64), min(size, 64)).rstrip(b"\0\r\n").endswith(b";")


def _riff(file: BinaryIO, size: int) -> bool:
    head = bytes_at(file, 0, 8)
    length = int.from_bytes(head[4:], "big" if head[:4] == b"FORM" else "little")
    return length >= _UNKNOWN or 8 + length <= size + 1  # some leave out the last padding


def _boxes(file: BinaryIO, size: int) -> bool:
    """Whether every top-level box fits, and one of them describes the media."""
    offset, names = 0, set[bytes]()
    for _ in range(_STEPS):
        if offset >= size:
            return offset == size and not names.isdisjoint((b"moov", b"meta"))
        length, name = struct.unpack(">I4s", bytes_at(file, offset, 8))
        if length == 1:
            length = int.from_bytes(bytes_at(file, offset + 8, 8), "big")
        names.add(name)
        offset = offset + length if length else size  # 0: up to the end, wherever that is
    return True


def _ogg(file: BinaryIO, size: int) -> bool:
    start = max(0, size - _OGG_PAGE)
    tail = bytes_at(file, start, size - start)
    page = tail[max(0, tail.rfind(b"OggS")) :]
    return len(page) > 26 and 27 + page[26] + sum(page[27 : 27 + page[26]]) <= len(page)


def _matroska(file: BinaryIO, size: int) -> bool:
    """Whether the segment that follows the header fits. A stream's segment has no size."""
    header, at = _vint(bytes_at(file, 4, 8), 4)
    segment = at + (header or 0) + 4
    length, start = _vint(bytes_at(file, segment, 8), segment)
    return length is None or start + length <= size


def _vint(data: bytes, at: int) -> tuple[int | None, int]:
    """The variable-length number at an offset, and the offset after it. All bits set mean that the
    number is unknown: None."""
    width = 9 - data[0].bit_length()
    most = (1 << 7 * width) - 1
    number = int.from_bytes(data[:width], "big") & most
    return None if number == most else number, at + width


def _mp3(file: BinaryIO, size: int) -> bool:
    return all(end <= size for end in mp3_frames(file))


def _svg(file: BinaryIO, size: int) -> bool:
    return b"</svg" in bytes_at(file, max(0, size - 1024), min(size, 1024))


_CHECKS: dict[FileType, Callable[[BinaryIO, int], bool]] = {
    sniff.PNG: _png,
    sniff.JPEG: _jpeg,
    sniff.GIF: _gif,
    **dict.fromkeys((sniff.WEBP, sniff.WAV, sniff.AVI, sniff.AIFF), _riff),
    **dict.fromkeys((sniff.MP4, sniff.MOV, sniff.M4A, sniff.AVIF, sniff.HEIC), _boxes),
    **dict.fromkeys((sniff.WEBM, sniff.WEBM_AUDIO, sniff.MKV), _matroska),
    sniff.OGG: _ogg,
    sniff.MP3: _mp3,
    sniff.SVG: _svg,
}
