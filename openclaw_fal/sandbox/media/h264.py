"""H.264 without an encoder: one picture of uncompressed samples (I_PCM), then repetitions of it.

Constrained baseline profile, which every player supports. Each further frame is a few bytes that
repeat the previous one; some draw a block of a progress bar. Samples are in video's range 16…240,
so that no start code can appear in them.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING

from openclaw_fal.sandbox.media.bits import Bits

if TYPE_CHECKING:
    from PIL import Image

# level_idc, maximum of macroblocks per picture and per second (H.264 table A-1)
_LEVELS = (
    (30, 1620, 40500),
    (31, 3600, 108000),
    (32, 5120, 216000),
    (40, 8192, 245760),
    (42, 8704, 522240),
    (51, 36864, 983040),
)
_I_PCM = 25  # mb_type in an I slice; 5 more in a P slice
_BAR = b"\xd0" * 256 + b"\x80" * 128


def blocks(size: int) -> int:
    """The number of macroblocks (16 samples) along an edge of `size` pixels."""
    return (size + 15) // 16


def parameter_sets(width: int, height: int, rate: int) -> tuple[bytes, bytes]:
    """The sequence and the picture parameter set, as NAL units."""
    wide, high = blocks(width), blocks(height)
    total = wide * high
    level = next((row[0] for row in _LEVELS if total <= row[1] and total * rate <= row[2]), 51)
    sps = Bits().put(66, 8).put(0xC0, 8).put(level, 8)
    sps.ue(0, 0, 2, 1).put(0, 1)  # ids, 4-bit frame_num, output in decoding order, one reference
    sps.ue(wide - 1, high - 1).put(1, 1).put(1, 1)
    right, bottom = (wide * 16 - width) // 2, (high * 16 - height) // 2
    sps.put(int(bool(right or bottom)), 1)
    if right or bottom:
        sps.ue(0, right, 0, bottom)
    sps.put(0, 1).trailing()
    pps = Bits().ue(0, 0).put(0, 2).ue(0, 0, 0).put(0, 3).ue(0, 0, 0).put(0b100, 3).trailing()
    return _unit(0x67, sps.to_bytes()), _unit(0x68, pps.to_bytes())


def frames(picture: Image.Image, count: int) -> Iterator[bytes]:
    """`count` pictures as NAL units: the first shows `picture`, the others repeat it."""
    wide, high = blocks(picture.width), blocks(picture.height)
    yield _first(picture, wide, high)
    shown = 0
    row = max(0, high - 2) * wide
    for number in range(1, count):
        due = number * wide // count
        if due > shown:
            yield _repeat(number, wide * high, row + shown)
            shown += 1
        else:
            yield _repeat(number, wide * high, None)


def _first(picture: Image.Image, wide: int, high: int) -> bytes:
    header = Bits().ue(0, 7, 0).put(0, 4).ue(0).put(0, 2).ue(0, 1)
    header.ue(_I_PCM).align()
    later = Bits().ue(_I_PCM).align().to_bytes()
    body = bytearray(header.to_bytes())
    for number, samples in enumerate(_macroblocks(picture, wide, high)):
        if number:
            body += later
        body += samples
    body += b"\x80"
    return _unit(0x65, bytes(body))


def _repeat(number: int, total: int, bar: int | None) -> bytes:
    bits = Bits().ue(0, 5, 0).put(number % 16, 4).put(0, 3).ue(0, 1)
    if bar is None:
        return _unit(0x61, bits.ue(total).trailing().to_bytes())
    bits.ue(bar, 5 + _I_PCM).align()
    tail = Bits().ue(total - bar - 1).trailing().to_bytes() if bar + 1 < total else b"\x80"
    return _unit(0x61, bits.to_bytes() + _BAR + tail)


def _macroblocks(picture: Image.Image, wide: int, high: int) -> Iterator[bytes]:
    """The samples of each macroblock: 16x16 of luma, 8x8 of each chroma."""
    luma, blue, red = _planes(picture, wide * 16, high * 16)
    wholes, halves = struct.Struct("16s" * wide), struct.Struct("8s" * wide)
    for row in range(high):
        lines = list(wholes.iter_unpack(luma[row * wide * 256 :][: wide * 256]))
        for plane in (blue, red):
            lines += halves.iter_unpack(plane[row * wide * 64 :][: wide * 64])
        yield from map(b"".join, zip(*lines, strict=True))


def _planes(picture: Image.Image, width: int, height: int) -> tuple[bytes, bytes, bytes]:
    """Luma and the two half-size chroma planes, in video's range of samples (16…240)."""
    from PIL import Image

    whole = Image.new("RGB", (width, height))
    whole.paste(picture)
    luma, blue, red = whole.convert("YCbCr").split()
    luma = luma.point([16 + value * 219 // 255 for value in range(256)])
    scale = [16 + value * 224 // 255 for value in range(256)]
    half = tuple(plane.point(scale).reduce(2).tobytes() for plane in (blue, red))
    return luma.tobytes(), half[0], half[1]


def _unit(header: int, payload: bytes) -> bytes:
    """A NAL unit, with emulation prevention bytes (H.264 7.4.1)."""
    return bytes([header]) + re.sub(rb"\x00\x00(?=[\x00-\x03])", b"\x00\x00\x03", payload)
