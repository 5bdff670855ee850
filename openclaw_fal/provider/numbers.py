"""Numbers in the values of options: reading them, and finding the closest that is allowed."""

from __future__ import annotations

import math
from collections.abc import Sequence


def number_in(value: object) -> int | float | None:
    """The finite number that `value` is or spells; None for a flag, infinity, NaN or a word."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        text = value.strip()
        if text.isascii() and text.isdecimal() and len(text) < 20:
            return int(text)
        try:
            value = float(text)
        except ValueError:
            return None
    if isinstance(value, int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    return None


def whole_number(value: object) -> int | None:
    """`value` as a whole number; None for anything else (a flag, a fraction, infinity)."""
    number = number_in(value)
    if isinstance(number, float):
        return int(number) if number.is_integer() else None
    return number


def seconds_in(value: object) -> int | float | None:
    """The number of seconds in `5`, `5.0`, `"5"` or `"5s"`."""
    return number_in(value.strip().lower().removesuffix("s") if isinstance(value, str) else value)


def closest_number(wanted: int | float, allowed: Sequence[int]) -> int:
    """The allowed whole number closest to `wanted`, the smaller of two that are equally close."""
    if isinstance(allowed, range) and allowed.step == 1:
        return math.ceil(max(allowed[0], min(allowed[-1], wanted)) - 0.5)
    return min(allowed, key=lambda choice: (abs(choice - wanted), choice))


def in_words(numbers: range | Sequence[int]) -> str:
    """`4 to 15`, or `5 or 10`."""
    if isinstance(numbers, range):
        return f"{numbers[0]} to {numbers[-1]}"
    return " or ".join(map(str, numbers))
