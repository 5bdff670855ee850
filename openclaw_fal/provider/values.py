"""Checking one given value against what a model takes, and finding the closest that passes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from openclaw_fal.provider.draft import Draft, shown
from openclaw_fal.provider.geometry import closest_ratio, log_ratio

SPELLINGS = {"jpg": "jpeg", "jpe": "jpeg"}
LINES_PER_K = 540  # 4k has 2160 lines


def chosen(
    draft: Draft,
    key: str,
    value: str,
    allowed: tuple[str, ...],
    closest: Callable[[str, Sequence[str]], str | None],
    extra: str = "",
) -> str | None:
    """The allowed spelling of `value`, in any case; None when it is refused."""
    wanted = str(value).strip().lower()
    for choice in allowed:
        if choice.lower() == wanted:
            return choice
    takes = f"{draft.model} takes {', '.join(allowed)}{extra}"
    draft.reject(key, value, f"{key} {shown(value)}: {takes}", allowed, closest(wanted, allowed))
    return None


def nearest_ratio(wanted: str, allowed: Sequence[str]) -> str | None:
    log = log_ratio(wanted)
    return nearest_word(wanted, allowed) if log is None else closest_ratio(log, allowed)


def nearest_resolution(wanted: str, allowed: Sequence[str]) -> str | None:
    lines = _lines(wanted)
    if lines is None:
        return nearest_word(wanted, allowed)
    known = {choice: own for choice in allowed if (own := _lines(choice.lower()))}
    return min(known, key=lambda choice: abs(math.log(known[choice] / lines)), default=None)


def nearest_word(wanted: str, allowed: Sequence[str]) -> str | None:
    if SPELLINGS.get(wanted) in allowed:
        return SPELLINGS[wanted]
    from difflib import get_close_matches

    close = get_close_matches(wanted[:100], allowed, n=1)
    return close[0] if close else None


def whole_number(value: object) -> int | None:
    """`value` as a whole number; None for anything else (a flag, a fraction, infinity)."""
    number = number_in(value)
    if isinstance(number, float):
        return int(number) if number.is_integer() else None
    return number


def number_in(value: object) -> int | float | None:
    """The finite number that `value` is or spells."""
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


def in_words(numbers: range | Sequence[int]) -> str:
    """`4 to 15`, or `5 or 10`."""
    if isinstance(numbers, range):
        return f"{numbers[0]} to {numbers[-1]}"
    return " or ".join(map(str, numbers))


def nearest_number(wanted: int | float, allowed: Sequence[int]) -> int:
    """The allowed whole number nearest to `wanted`, the smaller one when two are as near."""
    if isinstance(allowed, range) and allowed.step == 1:
        return math.ceil(max(allowed[0], min(allowed[-1], wanted)) - 0.5)
    return min(allowed, key=lambda choice: (abs(choice - wanted), choice))


def _lines(text: str) -> float | None:
    scale = LINES_PER_K if text.endswith("k") else 1
    number = number_in(text.removesuffix("k").removesuffix("p"))
    return number * scale if number and 0 < number < 1e9 else None
