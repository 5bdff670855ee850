"""A length in seconds, in the form that an endpoint declares."""

from __future__ import annotations

from openclaw_fal.provider.draft import Draft, shown
from openclaw_fal.provider.rows import Duration
from openclaw_fal.provider.values import in_words, nearest_number, number_in, whole_number

KEY = "durationSeconds"


def accepted_seconds(draft: Draft, value: object, allowed: range | tuple[int, ...]) -> int | None:
    """The whole seconds that were given; None when they are refused."""
    seconds = whole_number(value)
    if seconds is not None and seconds in allowed:
        return seconds
    number = number_in(value)
    closest = None if number is None else nearest_number(number, allowed)
    message = f"{KEY} {shown(value)}: {draft.model} takes {in_words(allowed)} whole seconds"
    supported = f"{in_words(allowed)} whole seconds" if isinstance(allowed, range) else allowed
    draft.reject(KEY, value, message, supported, closest)
    return None


def add_duration(draft: Draft, rule: Duration, value: object) -> None:
    seconds = accepted_seconds(draft, value, rule.seconds)
    if seconds is None:
        return
    sent = rule.sent(seconds)
    draft.send(rule.field, sent, KEY, value)
    if rule.form == "frames":
        reason = f"{seconds} s are {sent} frames at {rule.frames_per_second} a second"
        draft.adjust(KEY, value, sent, reason)
