"""The meaning of fal's price units, and how many units a request needs.

fal's `unit` is free text. Only units whose number follows from the request have a meaning here. All
others (compute seconds, tokens, plain "units") are None: their number is known only after the job,
and fal's own estimates of them have been up to 98 times too low.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal
from typing import Literal

from openclaw_fal.frozen import Frozen
from openclaw_fal.media import PRESET_SIZES
from openclaw_fal.money.amount import parse_decimal

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

_IMAGE_COUNTS = ("num_images", "max_images", "num_samples", "num_results", "batch_size")
_VIDEO_COUNTS = ("num_videos", "num_samples", "num_results", "batch_size")
_TEXTS = ("prompt", "text", "lyrics", "gen_text", "input")
_SECONDS = ("duration", "duration_seconds", "seconds_total", "audio_duration_seconds")
_FRAMES = ("num_frames", "number_of_frames")
_FPS = ("fps", "frames_per_second")


class Unit(Frozen):
    """A unit of `size` things: `1000 characters` is Unit("characters", 1000)."""

    noun: Noun
    size: int = 1


def parse_unit(text: str) -> Unit | None:
    """The meaning of fal's unit text; None if its number does not follow from the request."""
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
    """The number of units of a request, rounded up; None if it does not follow from the request.

    `defaults`: the endpoint's declared defaults for fields that the body leaves out; None if its
    schema is unknown.
    """
    if unit.noun == "requests":
        return Decimal(1)
    if unit.noun == "characters":
        texts = [body.get(name) for name in _TEXTS]
        return _ceil(Decimal(sum(len(text) for text in texts if isinstance(text, str))), unit.size)
    fields = {**(defaults or {}), **body}
    if unit.noun == "seconds":
        seconds = _seconds(fields)
        videos = _outputs(_VIDEO_COUNTS, fields, schema_known=True)
        return None if seconds is None or videos is None else _ceil(seconds, unit.size) * videos
    names = _VIDEO_COUNTS if unit.noun == "videos" else _IMAGE_COUNTS
    count = _outputs(names, fields, schema_known=defaults is not None)
    if count is None:
        return None
    if unit.noun != "megapixels":
        return _ceil(count, unit.size)
    pixels = _pixels(fields)
    return None if pixels is None else _ceil(Decimal(pixels) / 1_000_000, unit.size) * count


def _ceil(value: Decimal, size: int) -> Decimal:
    """Rounded up: fal bills a part of a unit as a whole unit."""
    return (value / size).to_integral_value(rounding=ROUND_CEILING)


def _outputs(
    names: tuple[str, ...], fields: Mapping[str, object], *, schema_known: bool
) -> Decimal | None:
    """The number of outputs; one if the endpoint is known to have no field for it."""
    counts = [fields[name] for name in names if fields.get(name) is not None]
    if not counts:
        return Decimal(1) if schema_known else None
    product = Decimal(1)
    for value in counts:
        count = parse_decimal(value)
        if count is None:
            return None
        product *= count
    return product


def _seconds(fields: Mapping[str, object]) -> Decimal | None:
    for name in _SECONDS:
        if fields.get(name) is not None:
            text = str(fields[name]).strip().lower()
            return parse_decimal(re.sub(r" ?(s|sec|seconds)$", "", text))
    if fields.get("music_length_ms") is not None:
        milliseconds = parse_decimal(fields["music_length_ms"])
        return None if milliseconds is None else milliseconds / 1000
    frames, fps = (
        next((parse_decimal(fields[name]) for name in names if fields.get(name) is not None), None)
        for names in (_FRAMES, _FPS)
    )
    return frames / fps if frames and fps else None


def _pixels(fields: Mapping[str, object]) -> int | None:
    """The pixels of one image, from its dimensions or the name of a preset; None if unknown."""
    size = fields.get("image_size")
    if isinstance(size, str):
        width, height = PRESET_SIZES.get(size, (0, 0))
    else:
        dimensions = size if isinstance(size, Mapping) else fields
        width, height = (
            value if type(value := dimensions.get(edge)) is int else 0
            for edge in ("width", "height")
        )
    return width * height if width > 0 and height > 0 else None
