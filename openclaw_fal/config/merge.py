"""Merging an object into a config, as a list of single edits."""

from __future__ import annotations

from openclaw_fal.config.rules import Edit, Set, Unset
from openclaw_fal.json5.path import MISSING, KeyPath, get_at


def merged_into(data: object, path: KeyPath, value: object) -> list[Edit]:
    """The edits that add an object's keys to the object at a path; another value replaces it."""
    return _edits(data, path, value, null_removes=False)


def patched(data: object, patch: dict[str, object]) -> list[Edit]:
    """The edits of a patch: objects are merged, null removes, anything else replaces."""
    return [
        edit
        for key, value in patch.items()
        for edit in _edits(data, (key,), value, null_removes=True)
    ]


def _edits(data: object, path: KeyPath, value: object, *, null_removes: bool) -> list[Edit]:
    if value is None and null_removes:
        return [Unset(path)]
    current = get_at(data, path)
    mergeable = current is MISSING or isinstance(current, dict)
    if not isinstance(value, dict) or not mergeable or (not value and current is MISSING):
        return [Set(path, value)]
    return [
        edit
        for key, inner in value.items()
        for edit in _edits(data, (*path, key), inner, null_removes=null_removes)
    ]
