"""A duration in seconds, in the form that a row declares."""

from __future__ import annotations

from openclaw_fal.provider.draft import Draft, shown
from openclaw_fal.provider.numbers import closest_number, in_words, number_in, whole_number
from openclaw_fal.provider.rows import Duration

DURATION = "durationSeconds"


def accepted_seconds(draft: Draft, value: object, allowed: range | tuple[int, ...]) -> int | None:
    """The given duration in whole seconds; None, with a violation, if it is not allowed."""
    seconds = whole_number(value)
    if seconds is not None and seconds in allowed:
        return seconds
    number = number_in(value)
    closest = None if number is None else closest_number(number, allowed)
    message = f"{DURATION} {shown(value)}: {draft.model} takes {in_words(allowed)} whole seconds"
    supported = f"{in_words(allowed)} whole seconds" if isinstance(allowed, range) else allowed
    draft.reject(DURATION, value, message, supported, closest)
    return None


def add_duration(draft: Draft, rule: Duration, value: object) -> None:
    seconds = accepted_seconds(draft, value, rule.seconds)
    if seconds is None:
        return
    sent = rule.sent(seconds)
    draft.send(rule.field, sent, DURATION, value)
    if rule.form == "frames":
        reason = f"{seconds} s are {sent} frames at {rule.frames_per_second} a second"
        draft.adjust(DURATION, value, sent, reason)
