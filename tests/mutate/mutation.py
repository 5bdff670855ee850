"""What one mutation is."""

from __future__ import annotations

from typing import NamedTuple


class Mutation(NamedTuple):
    """`old` stands once in `file` (below openclaw_fal/) and is replaced by `new`. `why` says what a
    user would suffer."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    why: str = ""
