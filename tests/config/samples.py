"""Small files of many kinds, made from their formats' specifications."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image


def picture(form: str, width: int, height: int, **options: object) -> bytes:
    """An image as Pillow writes it."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), (200, 30, 30)).save(out, form, **options)
    return out.getvalue()


def png(width: int = 8, height: int = 9) -> bytes:
    """A PNG of one colour, without Pillow: for processes that must start fast."""

    def chunk(name: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + check

    rows = b"".join(b"\0" + b"\x10\x20\x30" * width for _ in range(height))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def wav(seconds: float, rate: int = 8000, data_size: int | None = None) -> bytes:
    data = bytes(int(seconds * rate) * 2)
    size = len(data) if data_size is None else data_size
    head = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, rate, rate * 2, 2, 16)
    body = b"WAVE" + head + b"LIST\x03\0\0\0abc\0" + b"data" + struct.pack("<I", size) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def box(name: bytes, *content: bytes) -> bytes:
    data = b"".join(content)
    return struct.pack(">I", 8 + len(data)) + name + data


def mp4(
    seconds: float,
    size: tuple[int, int] = (64, 48),
    *,
    brand: bytes = b"isom",
    moov_last: bool = True,
    large: bool = False,
) -> bytes:
    """The boxes of an MP4 file that say how long and how large it is; a track of sound besides."""
    length = int(seconds * 1000)
    mvhd = b"\0\0\0\0" + struct.pack(">IIII", 0, 0, 1000, length) + bytes(80)
    if large:
        mvhd = b"\1\0\0\0" + struct.pack(">QQIQ", 0, 0, 1000, length) + bytes(80)

    def track(width: int, height: int) -> bytes:
        return box(b"trak", box(b"tkhd", bytes(76), struct.pack(">II", width << 16, height << 16)))

    moov = box(b"moov", box(b"mvhd", mvhd), track(0, 0), track(*size))
    mdat = struct.pack(">I4sQ", 1, b"mdat", 16 + 5000) + bytes(5000)
    parts = [mdat, moov] if moov_last else [moov, mdat]
    return box(b"ftyp", brand, bytes(4), brand, b"mp41") + b"".join(parts)


def mp3(frames: int, *, tagged: bool = False, xing: int | None = None) -> bytes:
    """MPEG 1 layer III at 128 kbit/s and 44.1 kHz: frames of 417 bytes, 1152 samples each."""
    frame = bytearray(b"\xff\xfb\x90\x00" + bytes(413))
    first = bytearray(frame)
    if xing is not None:
        first[36:48] = b"Xing" + struct.pack(">II", 1, xing)
    tag = b"ID3\x04\0\0\0\0\x02\x00" + bytes(256) if tagged else b""
    return tag + bytes(first) + bytes(frame) * (frames - 1)


def flac(seconds: float, rate: int = 44100) -> bytes:
    bits = rate << 44 | 1 << 41 | 15 << 36 | int(seconds * rate)
    info = bytes(10) + bits.to_bytes(8, "big") + bytes(16)
    return b"fLaC\x80\0\0\x22" + info + bytes(100)
