"""What fal's price units mean, and how many of them a request asks for.

fal's `unit` is free text. Only units that follow from the request have a meaning here. All others
(compute seconds, tokens, plain "units") are None: what they come to is known after the job only,
and fal's own figures for them have been up to 98 times too low.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal
from typing import Literal

from openclaw_fal.frozen import Frozen
from openclaw_fal.media import PRESET_SIZES
from openclaw_fal.money.amount import number

Noun = Literal["images", "megapixels", "seconds", "videos", "requests", "characters"]

_NOUNS: dict[str, tuple[Noun, int]] = {
    "image": ("images", 1),
    "generated image": ("images", 1),
    "output image": ("images", 1),
    "megapixel": ("megapixels", 1),
    "mp": ("megapixels", 1),
    "second": ("seconds", 1),
    "video second": ("seconds", 1),
    "audio second": ("seconds", 1),
    "second of video": ("seconds", 1),
    "second of audio": ("seconds", 1),
    "minute": ("seconds", 60),
    "audio minute": ("seconds", 60),
    "video": ("videos", 1),
    "generated video": ("videos", 1),
    "request": ("requests", 1),
    "generation": ("requests", 1),
    "call": ("requests", 1),
    "character": ("characters", 1),
}

_MANY_IMAGES = ("num_images", "max_images", "num_samples", "num_results", "batch_size")
_MANY_VIDEOS = ("num_videos", "num_samples", "num_results", "batch_size")
_TEXTS = ("prompt", "text", "lyrics", "gen_text", "input")
_SECONDS = ("duration", "duration_seconds", "seconds_total", "audio_duration_seconds")
_FRAMES = ("num_frames", "number_of_frames")
_FPS = ("fps", "frames_per_second")


class Unit(Frozen):
    """`size` of a noun: `1000 characters` is Unit("characters", 1000)."""

    noun: Noun
    size: int = 1


def parse_unit(text: str) -> Unit | None:
    """The meaning of fal's unit text; None where it does not follow from the request."""
    words = re.sub(r"[\s_-]+", " ", text.lower()).strip().removeprefix("per ")
    counted = re.fullmatch(r"(\d{1,6}|\d{1,3}k) (.+)", words)
    size = 1
    if counted:
        size, words = int(counted[1].replace("k", "000")), counted[2]
    known = _NOUNS.get(words) or _NOUNS.get(re.sub(r"s\b", "", words))
    if known is None or size == 0:
        return None
    return Unit(known[0], known[1] * size)


def quantity(
    unit: Unit, body: Mapping[str, object], defaults: Mapping[str, object] | None
) -> Decimal | None:
    """How many units the request asks for, rounded up; None where that does not follow from it.

    `defaults` are those that the endpoint declares for fields that the body leaves out; None when
    its schema is not known, and then only what the body says is certain.
    """
    if unit.noun == "requests":
        return Decimal(1)
    if unit.noun == "characters":
        texts = [body.get(name) for name in _TEXTS]
        return _ceil(Decimal(sum(len(text) for text in texts if isinstance(text, str))), unit.size)
    whole = {**(defaults or {}), **body}
    if unit.noun == "seconds":
        seconds = _seconds(whole)
        videos = _many(_MANY_VIDEOS, whole, known=True)
        return None if seconds is None or videos is None else _ceil(seconds, unit.size) * videos
    names = _MANY_VIDEOS if unit.noun == "videos" else _MANY_IMAGES
    count = _many(names, whole, known=defaults is not None)
    if count is None:
        return None
    if unit.noun != "megapixels":
        return _ceil(count, unit.size)
    pixels = _pixels(whole)
    return None if pixels is None else _ceil(Decimal(pixels) / 1_000_000, unit.size) * count


def _ceil(value: Decimal, size: int) -> Decimal:
    """Begun units count as whole ones, as fal bills them."""
    return (value / size).to_integral_value(rounding=ROUND_CEILING)


def _many(names: tuple[str, ...], whole: Mapping[str, object], *, known: bool) -> Decimal | None:
    """How many outputs are asked for; one where the endpoint has no field for it."""
    given = [whole[name] for name in names if whole.get(name) is not None]
    if not given:
        return Decimal(1) if known else None
    product = Decimal(1)
    for value in given:
        count = number(value)
        if count is None:
            return None
        product *= count
    return product


def _seconds(whole: Mapping[str, object]) -> Decimal | None:
    for name in _SECONDS:
        if whole.get(name) is not None:
            text = str(whole[name]).strip().lower()
            return number(re.sub(r" ?(s|sec|seconds)$", "", text))
    if whole.get("music_length_ms") is not None:
        milliseconds = number(whole["music_length_ms"])
        return None if milliseconds is None else milliseconds / 1000
    frames, fps = (
        next((number(whole[name]) for name in names if whole.get(name) is not None), None)
        for names in (_FRAMES, _FPS)
    )
    return frames / fps if frames and fps else None


def _pixels(whole: Mapping[str, object]) -> int | None:
    """The pixels of one image, where they are said: by dimensions or by a preset's name."""
    size = whole.get("image_size")
    if isinstance(size, str):
        width, height = PRESET_SIZES.get(size, (0, 0))
    else:
        named = size if isinstance(size, Mapping) else whole
        width, height = (
            value if type(value := named.get(edge)) is int else 0 for edge in ("width", "height")
        )
    return width * height if width > 0 and height > 0 else None
