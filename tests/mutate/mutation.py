"""What one mutation is."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]


class Mutation(NamedTuple):
    """`old` stands once in `file` (below openclaw_fal/, or from tests/ on) and is replaced by
    `new`. `why` says what a user would suffer."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    why: str = ""

    def path(self, root: Path = ROOT) -> Path:
        """The file, in a copy of the checkout."""
        return root / ("" if self.file.startswith("tests/") else "openclaw_fal") / self.file
