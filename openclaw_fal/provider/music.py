"""The exact request for a music model."""

from __future__ import annotations

from copy import deepcopy

from openclaw_fal.media import MusicRequest, Plan
from openclaw_fal.provider.common import start, why_not_taken
from openclaw_fal.provider.declared_values import add_shared
from openclaw_fal.provider.draft import Draft, shown
from openclaw_fal.provider.durations import DURATION, accepted_seconds, add_duration
from openclaw_fal.provider.lookup import Lookup
from openclaw_fal.provider.music_rows import MAX_SECONDS
from openclaw_fal.provider.rows import MusicRow
from openclaw_fal.provider.specs import music_row


def plan_music(request: MusicRequest, lookup: Lookup) -> Plan:
    row = music_row(request.model)
    draft = start(request, row, request.model, lookup)
    lyrics = request.lyrics if request.lyrics and request.lyrics.strip() else None
    _add_lyrics(draft, row, lyrics)
    _add_instrumental(draft, row, request.instrumental)
    _check_both(draft, row, lyrics, request.instrumental)
    if row.writes_lyrics and lyrics is None and not request.instrumental:
        draft.send(row.writes_lyrics, True)
    _add_duration(draft, row, request.duration)
    for name, value in row.constants.items():
        draft.send(name, deepcopy(value))  # the body is the caller's to change
    _check_format(draft, row, request.format)
    add_shared(draft, request)
    draft.add_params()
    return draft.finished()


def _add_lyrics(draft: Draft, row: MusicRow, lyrics: str | None) -> None:
    if lyrics is None:
        return
    if row.fate("lyrics") == "rejected":
        draft.reject("lyrics", lyrics, f"lyrics: {draft.model} takes no lyrics", "no lyrics")
    elif row.lyrics_field:
        draft.send(row.lyrics_field, lyrics, "lyrics", lyrics)
    else:
        draft.ignore("lyrics", lyrics, why_not_taken(draft, "lyrics"))


def _add_instrumental(draft: Draft, row: MusicRow, instrumental: bool | None) -> None:
    if instrumental is None:
        return
    if not instrumental:
        reason = "it is what the model does without the option; not sent"
        draft.adjust("instrumental", instrumental, False, reason)
    elif row.fate("instrumental") == "rejected":
        message = f"instrumental: {draft.model} has no instrumental mode"
        draft.reject("instrumental", instrumental, message, "no instrumental mode", False)
    elif row.instrumental_field:
        draft.send(row.instrumental_field, True, "instrumental", instrumental)
    else:
        draft.ignore("instrumental", instrumental, why_not_taken(draft, "instrumental mode"))


def _check_both(draft: Draft, row: MusicRow, lyrics: str | None, instrumental: bool | None) -> None:
    if lyrics and instrumental and row.lyrics_field and row.instrumental_field:
        rule = "lyrics or instrumental, not both"
        draft.reject("lyrics", lyrics, f"lyrics: {draft.model} takes {rule}", rule)


def _add_duration(draft: Draft, row: MusicRow, value: int | float | str | None) -> None:
    if value is None:
        return
    if row.duration is not None:
        add_duration(draft, row.duration, value)
    elif accepted_seconds(draft, value, range(1, MAX_SECONDS + 1)) is not None:
        draft.ignore(DURATION, value, why_not_taken(draft, "duration"))


def _check_format(draft: Draft, row: MusicRow, value: str | None) -> None:
    """A model has one format, which is never sent; asking for any other is an error."""
    if value is None:
        return
    if row.format is None:
        draft.ignore("format", value, why_not_taken(draft, "format"))
    elif value.strip().lower() == row.format:
        draft.adjust("format", value, row.format, f"{draft.model} always makes {row.format}")
    else:
        message = f"format {shown(value)}: {draft.model} makes {row.format}"
        draft.reject("format", value, message, (row.format,), row.format)
