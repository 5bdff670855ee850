"""What a command hands to the renderer: one JSON document, and the same for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under column heads. The last column takes the width that is left and may wrap."""

    columns: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """Named values, one a line. With `panel`, framed on a terminal."""

    rows: Sequence[tuple[str, str]]
    title: str | None = None


Block = str | Table | Facts


@dataclass(frozen=True, slots=True)
class Result:
    """The value of one command.

    `document` is the JSON for `--json`. `out` goes to stdout otherwise: results only. `notes`
    (one line each: ignored options, hints) and `closing` (a summary) go to stderr, and are left
    out with `--quiet`. `status` is the exit status.
    """

    document: Mapping[str, object]
    out: tuple[Block, ...] = ()
    notes: tuple[str, ...] = ()
    closing: tuple[Block, ...] = ()
    status: int = 0
