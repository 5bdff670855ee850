"""Generates audio: a quiet tone whose pitch depends on the seed."""

from __future__ import annotations

import io
import math
from functools import lru_cache

from openclaw_fal.sandbox.media.bits import Bits
from openclaw_fal.sandbox.media.spec import Spec

_LONG = 30.0  # seconds; a longer WAV has a lower quality, to stay small
_MPEG1_KBPS = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_MPEG2_KBPS = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_MPEG1_RATES = (44100, 48000, 32000)
_MPEG2_RATES = (22050, 24000, 16000)


def audio_bytes(spec: Spec) -> bytes:
    """The encoded audio file."""
    if spec.form == "mp3":
        return _mp3(spec.seconds, spec.rate or 44100, spec.bitrate or 128000, spec.seed)
    if spec.form == "pcm":
        rate = spec.rate or 44100
        return _tone(rate, 2, round(spec.seconds * rate), spec.seed)
    return _wav(spec)


def _wav(spec: Spec) -> bytes:
    import wave

    rate = spec.rate or (44100 if spec.seconds <= _LONG else 8000)
    width = 2 if spec.seconds <= _LONG else 1
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(_tone(rate, width, round(spec.seconds * rate), spec.seed))
    return out.getvalue()


def _tone(rate: int, width: int, count: int, seed: int) -> bytes:
    """`count` samples: a second of the tone (a whole number of waves), repeated."""
    second = _second(rate, width, 220 + 20 * (seed % 23))
    size = count * width
    return (second * (size // len(second) + 1))[:size]


@lru_cache(maxsize=32)
def _second(rate: int, width: int, pitch: int) -> bytes:
    step = 2 * math.pi * pitch / rate
    if width == 2:
        return b"".join(
            round(5000 * math.sin(step * n)).to_bytes(2, "little", signed=True) for n in range(rate)
        )
    return bytes(128 + round(20 * math.sin(step * n)) for n in range(rate))


def _mp3(seconds: float, rate: int, bitrate: int, seed: int) -> bytes:
    """Layer III at a constant bit rate (ISO 11172-3, and 13818-3 for the lower sample rates).

    One channel; each granule holds one MDCT coefficient of ±1, coded in the `count1` region. The
    first frame is silent and holds the number of frames, from which players take the duration.
    """
    old = rate in _MPEG1_RATES
    rate = rate if old or rate in _MPEG2_RATES else 44100
    old = old or rate == 44100
    speeds = _MPEG1_KBPS if old else _MPEG2_KBPS
    kbps = max((speed for speed in speeds if speed * 1000 <= bitrate), default=speeds[0])
    samples, per_frame = (1152, 144) if old else (576, 72)
    rates = _MPEG1_RATES if old else _MPEG2_RATES
    start = (0xFFFB if old else 0xFFF3) << 16 | (speeds.index(kbps) + 1) << 12
    start |= rates.index(rate) << 10 | 0b11 << 6
    quad = 2 + seed % 4
    bodies = [_frame_body(old, quad, sign) for sign in (0, 1)]
    count = max(1, round(seconds * rate / samples))
    total = (count + 1) * per_frame * kbps * 1000 // rate
    quiet = bytes(17 if old else 9)
    info = b"Info" + (3).to_bytes(4, "big") + count.to_bytes(4, "big") + total.to_bytes(4, "big")
    out = bytearray()
    for number, body in enumerate([quiet + info, *(bodies * count)[:count]]):
        size = (number + 1) * per_frame * kbps * 1000 // rate - len(out)
        padded = size > per_frame * kbps * 1000 // rate
        out += ((start | padded << 9).to_bytes(4, "big") + body).ljust(size, b"\x00")
    return bytes(out)


def _frame_body(old: bool, quad: int, sign: int) -> bytes:
    """Side information and main data of one frame."""
    granules = 2 if old else 1
    signs = [sign] * granules
    length = 4 * quad + 5
    side = Bits()
    side.put(0, 9 + 5 + 4) if old else side.put(0, 8 + 1)
    for _ in range(granules):
        side.put(length, 12).put(0, 9).put(196, 8)
        side.put(0, 4 if old else 9).put(0, 1 + 15 + 7)
        side.put(0, 2 if old else 1).put(1, 1)
    main = Bits()
    for negative in signs:
        for _ in range(quad):
            main.put(0b1111, 4)
        main.put(0b0111, 4).put(negative, 1)
    return side.to_bytes() + main.align().to_bytes()
