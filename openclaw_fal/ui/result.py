"""What a command hands to the renderer: one JSON document, and the same for people."""

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
    """Named values, one a line. With `framed`, in a frame on a terminal."""

    rows: Sequence[tuple[str, str]]
    title: str | None = None
    framed: bool = False


class Prose(Frozen):
    """Help text: fitted to the terminal, and as it is in a pipe."""

    text: str


Block = str | Table | Facts | Prose
"""A plain string is one line that must not be changed: a path, a value, JSON."""


class Result(Frozen):
    """The value of one command.

    `document` is the JSON for `--json`; the renderer adds `ok` and `capability`. `out` goes to
    stdout otherwise: results only. `notes` (one line each: ignored options, hints) and `closing` (a
    summary) go to stderr, and are left out with `--quiet`. `problems` (one line each) go to stderr
    as errors, with `--quiet` too. `status` is the exit status; 0 is `"ok": true` in the document.
    `raw`, where it is given, is printed with `--json` as it is: OpenClaw's own form of an answer.
    `stays`: the command goes on until Ctrl-C once all this is printed, as a server does.
    """

    document: Mapping[str, object]
    out: tuple[Block, ...] = ()
    notes: tuple[str, ...] = ()
    closing: tuple[Block, ...] = ()
    status: int = 0
    problems: tuple[str, ...] = ()
    stays: bool = False
    raw: object = None
