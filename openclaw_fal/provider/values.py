"""Checks a given value against the values that a model takes, and finds the closest of these."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from openclaw_fal.provider.draft import Draft, shown
from openclaw_fal.provider.geometry import closest_ratio_by_log, log_ratio
from openclaw_fal.provider.numbers import number_in

SPELLINGS = {"jpg": "jpeg", "jpe": "jpeg"}
LINES_PER_K = 540  # 4k has 2160 lines


def allowed_spelling(
    draft: Draft,
    key: str,
    value: str,
    allowed: tuple[str, ...],
    closest: Callable[[str, Sequence[str]], str | None],
    extra: str = "",
) -> str | None:
    """The allowed value that equals `value` but for upper and lower case; None, with a violation,
    if there is none. `closest` finds the suggestion, `extra` is added to the message."""
    wanted = str(value).strip().lower()
    for choice in allowed:
        if choice.lower() == wanted:
            return choice
    takes = f"{draft.model} takes {', '.join(allowed)}{extra}"
    draft.reject(key, value, f"{key} {shown(value)}: {takes}", allowed, closest(wanted, allowed))
    return None


def closest_ratio(wanted: str, allowed: Sequence[str]) -> str | None:
    log = log_ratio(wanted)
    return closest_word(wanted, allowed) if log is None else closest_ratio_by_log(log, allowed)


def closest_resolution(wanted: str, allowed: Sequence[str]) -> str | None:
    lines = _lines(wanted)
    if lines is None:
        return closest_word(wanted, allowed)
    known = {choice: own for choice in allowed if (own := _lines(choice.lower()))}
    return min(known, key=lambda choice: abs(math.log(known[choice] / lines)), default=None)


def closest_word(wanted: str, allowed: Sequence[str]) -> str | None:
    if SPELLINGS.get(wanted) in allowed:
        return SPELLINGS[wanted]
    from difflib import get_close_matches

    close = get_close_matches(wanted[:100], allowed, n=1)
    return close[0] if close else None


def _lines(text: str) -> float | None:
    scale = LINES_PER_K if text.endswith("k") else 1
    number = number_in(text.removesuffix("k").removesuffix("p"))
    return number * scale if number and 0 < number < 1e9 else None
