"""What a command returns to the renderer: a JSON document, and the same as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from openclaw_fal.frozen import Frozen


class Table(Frozen):
    """Rows under column heads. On a terminal the last column wraps or goes below the others; in a
    pipe each row is one line."""

    columns: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    title: str | None = None


class Facts(Frozen):
    """Named values, one on each line; with `framed`, in a frame on a terminal."""

    rows: Sequence[tuple[str, str]]
    title: str | None = None
    framed: bool = False


class Prose(Frozen):
    """Help text: wrapped to the width of the terminal, in a pipe too."""

    text: str


Block = str | Table | Facts | Prose
"""A plain string is one line that must not be changed: a path, a value, JSON."""


class Result(Frozen):
    """The result of one command.

    `document` is printed with `--json`; the renderer adds `ok` and `capability`. Without `--json`,
    `out` goes to stdout. `notes` (one line each: ignored options, hints) and `closing` (a summary)
    go to stderr, but not with `--quiet`. `problems` (one line each) go to stderr as errors, with
    `--quiet` too. `status` is the exit status; 0 is `"ok": true` in the document. `raw` replaces
    the whole document, where OpenClaw has a form of its own. `stays`: after printing, the command
    runs until Ctrl-C, as a server does.
    """

    document: Mapping[str, object]
    out: tuple[Block, ...] = ()
    notes: tuple[str, ...] = ()
    closing: tuple[Block, ...] = ()
    status: int = 0
    problems: tuple[str, ...] = ()
    stays: bool = False
    raw: object = None
