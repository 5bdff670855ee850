"""The model refs among the defaults of a config."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from openclaw_fal.config.layouts import RELEASES, default_path
from openclaw_fal.json5.path import KeyPath, get_at
from openclaw_fal.media import KINDS, Kind

CheckModel: TypeAlias = Callable[[Kind, str], str | None]
"""Checks a default's model ref: raises UsageError for an invalid one, may return a note."""


def refs_in(data: object) -> Iterator[tuple[Kind, KeyPath, str]]:
    """Every model ref of the defaults, in either layout, with its kind and path."""
    for kind in KINDS:
        for layout in RELEASES:
            path = default_path(kind, layout)
            value = get_at(data, path)
            if isinstance(value, str):
                yield kind, path, value
            if not isinstance(value, dict):
                continue
            if isinstance(value.get("primary"), str):
                yield kind, (*path, "primary"), value["primary"]
            fallbacks = value.get("fallbacks")
            for index, ref in enumerate(fallbacks if isinstance(fallbacks, list) else ()):
                if isinstance(ref, str):
                    yield kind, (*path, "fallbacks", index), ref
