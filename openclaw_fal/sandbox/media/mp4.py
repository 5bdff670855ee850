"""Writes a minimal MP4 (ISO 14496-12 and -15) with the pictures of `h264.py`."""

from __future__ import annotations

import struct

from openclaw_fal.sandbox.media import h264
from openclaw_fal.sandbox.media.image import draw
from openclaw_fal.sandbox.media.spec import Spec

_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


def mp4_bytes(spec: Spec) -> bytes:
    """A video with the spec's size, rate and duration that shows its text."""
    count = max(1, round(spec.seconds * spec.rate))
    samples = [struct.pack(">I", len(unit)) + unit for unit in h264.frames(draw(spec), count)]
    head = _box("ftyp", b"isom", struct.pack(">I", 512), b"isomiso2avc1mp41")
    moov = _moov(spec, [len(sample) for sample in samples], 0)
    start = len(head) + len(moov) + 8
    moov = _moov(spec, [len(sample) for sample in samples], start)
    return b"".join([head, moov, _box("mdat", *samples)])


def _box(kind: str, *parts: bytes) -> bytes:
    size = 8 + sum(len(part) for part in parts)
    return struct.pack(">I4s", size, kind.encode()) + b"".join(parts)


def _full(kind: str, flags: int, *parts: bytes) -> bytes:
    return _box(kind, struct.pack(">I", flags), *parts)


def _moov(spec: Spec, sizes: list[int], start: int) -> bytes:
    duration = len(sizes)
    mvhd = _full(
        "mvhd",
        0,
        struct.pack(">5IH10x", 0, 0, spec.rate, duration, 0x10000, 0x100),
        _MATRIX,
        bytes(24),
        struct.pack(">I", 2),
    )
    return _box("moov", mvhd, _box("trak", _tkhd(spec, duration), _mdia(spec, sizes, start)))


def _tkhd(spec: Spec, duration: int) -> bytes:
    return _full(
        "tkhd",
        3,
        struct.pack(">5I8xHHHxx", 0, 0, 1, 0, duration, 0, 0, 0),
        _MATRIX,
        struct.pack(">II", spec.width << 16, spec.height << 16),
    )


def _mdia(spec: Spec, sizes: list[int], start: int) -> bytes:
    mdhd = _full("mdhd", 0, struct.pack(">4IHH", 0, 0, spec.rate, len(sizes), 0x55C4, 0))
    hdlr = _full("hdlr", 0, struct.pack(">I4s12x", 0, b"vide"), b"VideoHandler\x00")
    dref = _full("dref", 0, struct.pack(">I", 1), _full("url ", 1))
    minf = _box("minf", _full("vmhd", 1, bytes(8)), _box("dinf", dref), _stbl(spec, sizes, start))
    return _box("mdia", mdhd, hdlr, minf)


def _stbl(spec: Spec, sizes: list[int], start: int) -> bytes:
    count = len(sizes)
    return _box(
        "stbl",
        _full("stsd", 0, struct.pack(">I", 1), _avc1(spec)),
        _full("stts", 0, struct.pack(">III", 1, count, 1)),
        _full("stss", 0, struct.pack(">II", 1, 1)),
        _full("stsc", 0, struct.pack(">4I", 1, 1, count, 1)),
        _full("stsz", 0, struct.pack(f">II{count}I", 0, count, *sizes)),
        _full("stco", 0, struct.pack(">II", 1, start)),
    )


def _avc1(spec: Spec) -> bytes:
    sps, pps = h264.parameter_sets(spec.width, spec.height, spec.rate)
    config = _box(
        "avcC",
        bytes([1]) + sps[1:4] + b"\xff\xe1",
        struct.pack(">H", len(sps)) + sps,
        struct.pack(">BH", 1, len(pps)) + pps,
    )
    return _box(
        "avc1",
        struct.pack(">6xH16xHHIII", 1, spec.width, spec.height, 0x480000, 0x480000, 0),
        struct.pack(">H32xHh", 1, 24, -1),
        config,
    )
