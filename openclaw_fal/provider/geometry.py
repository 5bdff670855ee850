"""Sizes, aspect ratios and pixel limits: reading them, and finding the closest that is allowed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from openclaw_fal.provider.rows import ImageSize

MAX_DIGITS = 6


class Size(NamedTuple):
    """Width and height in pixels."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"

    @property
    def log_ratio(self) -> float:
        return math.log(self.width) - math.log(self.height)

    def field(self) -> dict[str, int]:
        """The size as a value of fal's `image_size`."""
        return {"width": self.width, "height": self.height}


def parse_size(text: str) -> Size | None:
    """`1024x1536` (also `1024 x 1536`, `1024×1536`) in pixels; None for anything else."""
    parts = text.lower().replace("×", "x").replace("*", "x").partition("x")
    width, height = parts[0].strip(), parts[2].strip()
    if not all(
        edge.isascii() and edge.isdecimal() and len(edge) <= MAX_DIGITS for edge in (width, height)
    ):
        return None
    size = Size(int(width), int(height))
    return size if size.width and size.height else None


def parse_ratio(text: str) -> tuple[float, float] | None:
    """`16:9` (also `16/9`, `16x9`) as two numbers; None for anything else."""
    width, colon, height = text.strip().replace("/", ":").replace("x", ":").partition(":")
    try:
        pair = float(width), float(height)
    except ValueError:
        return None
    if not colon or not all(math.isfinite(edge) and edge > 0 for edge in pair):
        return None
    return pair


def log_ratio(text: str) -> float | None:
    pair = parse_ratio(text)
    return math.log(pair[0]) - math.log(pair[1]) if pair else None


def closest_ratio_by_log(wanted: float, ratios: Iterable[str]) -> str | None:
    """The ratio whose logarithm is closest to `wanted`; the first of equally close ones."""
    logs = {ratio: own for ratio in ratios if (own := log_ratio(ratio)) is not None}
    return min(logs, key=lambda ratio: abs(logs[ratio] - wanted), default=None)


def closest_size(wanted: Size, sizes: Iterable[str]) -> str | None:
    """The size of the list closest to `wanted` in aspect ratio, then in area."""
    known = [size for text in sizes if (size := parse_size(text))]
    if not known:
        return None

    def distance(size: Size) -> tuple[float, float]:
        area = math.log(size.width * size.height) - math.log(wanted.width * wanted.height)
        return round(abs(size.log_ratio - wanted.log_ratio), 9), abs(area)

    return str(min(known, key=distance))


def rounded(value: float, multiple: int = 1) -> int:
    """`value` rounded to the nearest multiple (halves up), but not to 0."""
    return max(1, math.floor(value / multiple + 0.5)) * multiple


def ratio_to_size(ratio: str, long_edge: int, multiple: int = 1) -> Size:
    """Dimensions of a known ratio with the given long edge."""
    pair = parse_ratio(ratio)
    if pair is None:
        raise ValueError(f"{ratio!r} is not an aspect ratio")
    longest = max(pair)
    width, height = (rounded(long_edge * edge / longest, multiple) for edge in pair)
    return Size(width, height)


def broken_limits(size: Size, rule: ImageSize) -> list[str]:
    """The limits that `size` breaks, in words; empty if it breaks none."""
    pixels, short = size.width * size.height, min(size)
    broken = []
    if any(edge % rule.multiple for edge in size):
        broken.append(f"both edges divisible by {rule.multiple}")
    if rule.max_edge and max(size) > rule.max_edge:
        broken.append(f"no edge above {rule.max_edge}")
    if rule.min_pixels and pixels < rule.min_pixels:
        broken.append(f"at least {rule.min_pixels:,} pixels")
    if rule.max_pixels and pixels > rule.max_pixels:
        broken.append(f"at most {rule.max_pixels:,} pixels")
    if rule.max_ratio and max(size) > rule.max_ratio * short:
        broken.append(f"at most {rule.max_ratio}:1")
    return broken


def limits_in_words(rule: ImageSize) -> str:
    """All limits of a rule, for messages and listings; empty when it has none."""
    if rule.max_edge is None:
        return ""
    return (
        f"both edges divisible by {rule.multiple} and at most {rule.max_edge}, "
        f"{rule.min_pixels:,} to {rule.max_pixels:,} pixels, ratio at most {rule.max_ratio}:1"
    )


def closest_legal(wanted: Size, rule: ImageSize) -> Size | None:
    """A size close to `wanted` that breaks no limit; None if there is none."""
    pixels = float(wanted.width * wanted.height)
    pixels = max(pixels, rule.min_pixels or 0)
    pixels = min(pixels, rule.max_pixels or pixels)
    steepest = math.log(rule.max_ratio) if rule.max_ratio else abs(wanted.log_ratio)
    half = max(-steepest, min(steepest, wanted.log_ratio)) / 2
    width, height = math.sqrt(pixels) * math.exp(half), math.sqrt(pixels) * math.exp(-half)
    shrink = min(1.0, (rule.max_edge or math.inf) / max(width, height))
    width, height = width * shrink, height * shrink
    legal = [
        size for size in _around(width, height, rule.multiple) if not broken_limits(size, rule)
    ]
    return min(legal, default=None, key=lambda size: abs(size[0] - width) + abs(size[1] - height))


def _around(width: float, height: float, step: int) -> Iterator[Size]:
    for across in range(-2, 3):
        for down in range(-2, 3):
            yield Size(rounded(width + across * step, step), rounded(height + down * step, step))
