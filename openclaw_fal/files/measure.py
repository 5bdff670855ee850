"""Reads width, height and duration from the headers of a media file.

The number and size of reads are limited. A value that cannot be read is None, never an error.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import BinaryIO, NamedTuple

from openclaw_fal.files import sniff
from openclaw_fal.files.sniff import FileType

_STEPS = 1_000
"""The most segments, chunks or boxes of one level that are read."""


class Facts(NamedTuple):
    """Width and height in pixels and duration in seconds, each None if unknown."""

    width: int | None = None
    height: int | None = None
    duration: float | None = None


def measure(file: BinaryIO, size: int, kind: FileType | None) -> Facts:
    """Width, height and duration of a seekable media file of `size` bytes."""
    reader = _READERS.get(kind) if kind else None
    if reader is None:
        return Facts()
    try:
        facts = reader(file, size)
    except (OSError, ValueError, OverflowError, LookupError, ArithmeticError, struct.error):
        return Facts()
    width, height, duration = facts
    sized = bool(width and height)
    seconds = round(min(duration or 0.0, 1e9), 3)
    return Facts(
        width if sized else None,
        height if sized else None,
        seconds if 0 < seconds < 1e7 else None,
    )


def bytes_at(file: BinaryIO, offset: int, length: int) -> bytes:
    """Exactly `length` bytes, or ValueError where the file ends before them."""
    file.seek(offset)
    data = file.read(length)
    if len(data) != length:
        raise ValueError("the file ends too early")
    return data


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big")


def _png(file: BinaryIO, size: int) -> Facts:
    head = bytes_at(file, 12, 12)
    return Facts(_number(head[4:8]), _number(head[8:12])) if head[:4] == b"IHDR" else Facts()


def _gif(file: BinaryIO, size: int) -> Facts:
    return Facts(*struct.unpack("<HH", bytes_at(file, 6, 4)))


def _bmp(file: BinaryIO, size: int) -> Facts:
    if bytes_at(file, 14, 4) == b"\x0c\0\0\0":
        return Facts(*struct.unpack("<HH", bytes_at(file, 18, 4)))
    width, height = struct.unpack("<ii", bytes_at(file, 18, 8))
    return Facts(abs(width), abs(height))


def _jpeg(file: BinaryIO, size: int) -> Facts:
    """From the frame header (SOFn, T.81 B.2.2)."""
    offset = 2
    for _ in range(_STEPS):
        mark, code = bytes_at(file, offset, 2)
        if mark != 0xFF:
            return Facts()
        if code == 0xFF:  # a fill byte
            offset += 1
        elif code == 0x01 or 0xD0 <= code <= 0xD8:  # no length follows
            offset += 2
        elif 0xC0 <= code <= 0xCF and code not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", bytes_at(file, offset + 5, 4))
            return Facts(width, height)
        elif code in (0xD9, 0xDA):  # the end, or the image data
            return Facts()
        else:
            offset += 2 + max(_number(bytes_at(file, offset + 2, 2)), 2)
    return Facts()


def _webp(file: BinaryIO, size: int) -> Facts:
    head = bytes_at(file, 0, 30)
    if head[12:16] == b"VP8X":
        width, height = head[24:27], head[27:30]
        return Facts(int.from_bytes(width, "little") + 1, int.from_bytes(height, "little") + 1)
    if head[12:16] == b"VP8L" and head[20] == 0x2F:
        bits = int.from_bytes(head[21:25], "little")
        return Facts((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if head[12:16] == b"VP8 " and head[23:26] == b"\x9d\x01\x2a":
        width16, height16 = struct.unpack("<HH", head[26:30])
        return Facts(width16 & 0x3FFF, height16 & 0x3FFF)
    return Facts()


def _avif(file: BinaryIO, size: int) -> Facts:
    """From the largest `ispe` property: a tiled image also has one for its tiles."""
    file.seek(0)
    head = file.read(16 * sniff.HEAD)
    largest, at = Facts(0, 0), -1
    while (at := head.find(b"ispe", at + 1)) >= 0:
        box = head[at + 8 : at + 16]
        if len(box) == 8:
            largest = max(largest, Facts(_number(box[:4]), _number(box[4:])))
    return largest


def _wav(file: BinaryIO, size: int) -> Facts:
    offset, rate = 12, 0
    for _ in range(_STEPS):
        name, length = struct.unpack("<4sI", bytes_at(file, offset, 8))
        if name == b"fmt ":
            rate = struct.unpack("<I", bytes_at(file, offset + 16, 4))[0]
        elif name == b"data":
            # The length is 0 or -1 in a file that was written as a stream.
            available = size - offset - 8
            return Facts(duration=(min(length, available) or available) / rate)
        offset += 8 + length + length % 2
    return Facts()


def _flac(file: BinaryIO, size: int) -> Facts:
    """From STREAMINFO: 20 bits of sample rate, 3 + 5 bits, 36 bits of sample count (RFC 9639)."""
    bits = _number(bytes_at(file, 18, 8))
    return Facts(duration=(bits & 0xF_FFFF_FFFF) / (bits >> 44))


_MP3_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_MP3_KBITS = {
    True: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}


def _mp3(file: BinaryIO, size: int) -> Facts:
    """From the frame count of a Xing, Info or VBRI header, else from the first frame's bit rate."""
    start = _first_frame(file)
    frame = bytes_at(file, start, min(size - start, 200))
    version, mono = frame[1] >> 3 & 3, frame[3] >> 6 == 3
    samples, rate, kbits = _frame_facts(frame)
    xing = 4 + ((17 if mono else 32) if version == 3 else (9 if mono else 17))
    if frame[xing : xing + 4] in (b"Xing", b"Info") and frame[xing + 7] & 1:
        return Facts(duration=_number(frame[xing + 8 : xing + 12]) * samples / rate)
    if frame[36:40] == b"VBRI":
        return Facts(duration=_number(frame[50:54]) * samples / rate)
    return Facts(duration=(size - start) / (kbits * 125))


def mp3_frames(file: BinaryIO) -> Iterator[int]:
    """Where each frame of an MP3 ends, as its header says; the last one may be cut."""
    end = _first_frame(file)
    file.seek(end)
    while _is_frame(header := file.read(4)):
        samples, rate, kbits = _frame_facts(header)
        end += samples // 8 * kbits * 1000 // rate + (header[2] >> 1 & 1)
        yield end
        file.seek(end)


def _first_frame(file: BinaryIO) -> int:
    """The offset of the first frame, behind a tag. Raises ValueError where the file ends before
    it, LookupError when there is none."""
    start = 0
    head = bytes_at(file, 0, 10)
    if head[:3] == b"ID3":
        start = 10 + sum(
            (byte & 0x7F) << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True)
        )
    data = bytes_at(file, start, 4) + file.read(sniff.HEAD)
    frames = [at for at in range(len(data) - 3) if _is_frame(data[at : at + 4])]
    return start + frames[0]


def _frame_facts(header: bytes) -> tuple[int, int, int]:
    """Samples, samples a second and kilobits a second of a frame."""
    version = header[1] >> 3 & 3
    rate = _MP3_RATES[version][header[2] >> 2 & 3]
    return 1152 if version == 3 else 576, rate, _MP3_KBITS[version == 3][header[2] >> 4]


def _is_frame(header: bytes) -> bool:
    return sniff.sniff(header) is sniff.MP3 and header[:3] != b"ID3"


def _mp4(file: BinaryIO, size: int) -> Facts:
    """The duration from `mvhd`, the dimensions from the largest `tkhd` (ISO 14496-12, 8.2.2 and
    8.3.2)."""
    duration: float | None = None
    dimensions = (0, 0)
    for name, at, end in _boxes(file, 0, size, _STEPS):
        if name != b"moov":
            continue
        for inner, inner_at, inner_end in _boxes(file, at, end, 100):
            if inner == b"mvhd":
                duration = _mvhd(file, inner_at)
            elif inner == b"trak":
                for leaf, leaf_at, leaf_end in _boxes(file, inner_at, inner_end, 20):
                    if leaf == b"tkhd":
                        dimensions = max(dimensions, _tkhd(file, leaf_at, leaf_end))
        break
    return Facts(*dimensions, duration)


def _boxes(file: BinaryIO, at: int, end: int, steps: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and end of the content of the first `steps` boxes between two offsets."""
    for _ in range(steps):
        if at + 8 > end:
            return
        length, name = struct.unpack(">I4s", bytes_at(file, at, 8))
        header = 8
        if length == 1:
            length, header = _number(bytes_at(file, at + 8, 8)), 16
        elif length == 0:
            length = end - at
        if length < header:
            return
        yield name, at + header, min(at + length, end)
        at += length


def _mvhd(file: BinaryIO, at: int) -> float | None:
    if bytes_at(file, at, 1) == b"\x01":
        scale, length = struct.unpack(">IQ", bytes_at(file, at + 20, 12))
        unknown = 2**64 - 1
    else:
        scale, length = struct.unpack(">II", bytes_at(file, at + 12, 8))
        unknown = 2**32 - 1
    return None if length == unknown or not scale else length / scale


def _tkhd(file: BinaryIO, at: int, end: int) -> tuple[int, int]:
    """Width and height, the last two fields of the box, in 16.16 fixed point."""
    if end - at < 84:
        return 0, 0
    width, height = struct.unpack(">II", bytes_at(file, end - 8, 8))
    return width >> 16, height >> 16


_READERS: dict[FileType, Callable[[BinaryIO, int], Facts]] = {
    sniff.PNG: _png,
    sniff.JPEG: _jpeg,
    sniff.GIF: _gif,
    sniff.BMP: _bmp,
    sniff.WEBP: _webp,
    sniff.AVIF: _avif,
    sniff.HEIC: _avif,
    sniff.WAV: _wav,
    sniff.FLAC: _flac,
    sniff.MP3: _mp3,
    sniff.MP4: _mp4,
    sniff.MOV: _mp4,
    sniff.M4A: _mp4,
}
