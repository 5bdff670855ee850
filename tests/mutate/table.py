"""The mutations: what is broken, and which tests must notice."""

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


MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        "a cut line of results is kept",
        "batches/results.py",
        "if changed or not self._ends_whole:",
        "if changed:",
        ("tests/batches/test_results.py",),
        "two lines glued together hide an item's result",
    ),
    Mutation(
        "an id is made from the line number",
        "batches/manifest.py",
        "base = given or _made_id(own, ids)",
        "base = given or str(line)",
        ("tests/batches/test_manifest.py",),
        "a line that is added above makes every item a new one, and it is paid for again",
    ),
)
