"""The layout of `--help`, for wide and narrow terminals."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from openclaw_fal.ui.layout import columns, fitted, width_of, wrapped

# In terminal cells.
WIDEST, NARROWEST = 80, 24
LONGEST_NAME = 30
BELOW_INDENT = 6
ROOM_BESIDE = 30  # for an explanation beside its name; with less, it goes below


class Formatter(Protocol):
    """The part of Typer's formatter that is used here."""

    width: int

    def write(self, string: str) -> None: ...
    def write_paragraph(self) -> None: ...
    def write_heading(self, heading: str) -> None: ...


def help_width() -> int:
    """The terminal's width, at most `WIDEST`, since longer lines are hard to read."""
    return max(min(columns(), WIDEST), NARROWEST)


def write_definitions(formatter: Formatter, head: str, records: Sequence[tuple[str, str]]) -> None:
    """Write names with their explanations under a heading; nothing if there are none. Explanations
    are beside the names where there is room, else below."""
    if not records:
        return
    formatter.write_paragraph()
    formatter.write_heading(head)
    width = formatter.width
    records = [(_plain_type(name), text) for name, text in records]
    column = min(max(width_of(name) for name, _ in records), LONGEST_NAME) + 4
    beside = width - column >= ROOM_BESIDE
    for name, text in records:
        if not beside:
            column = BELOW_INDENT
        lines = wrapped(_plain(text), width - column) if text else []
        start = f"  {name}"
        if lines and beside and width_of(start) <= column - 2:
            start = start.ljust(column) + lines.pop(0)
        elif not beside and width_of(start) > width:
            start = "\n".join("  " + part for part in wrapped(name, width - 2))
        formatter.write(start + "\n")
        for line in lines:
            formatter.write(" " * column + line + "\n")


def write_epilog(formatter: Formatter, epilog: str | None) -> None:
    """Write examples and links line by line, not as one paragraph."""
    if epilog:
        formatter.write_paragraph()
        formatter.write(fitted(epilog, formatter.width) + "\n")


def _plain_type(name: str) -> str:
    """`--count <int range>` → `--count N`."""
    return re.sub(r"<(int|float)( range)?>", "N", name).replace("<str>", "TEXT")


def _plain(text: str) -> str:
    """Typer's range notes in plain words: `[0<=x<=9]` → `[0 to 9]`."""
    text = re.sub(r"(\S+)<=x<=(\S+?)(?=[\];])", r"\1 to \2", text)
    return re.sub(r"x>=(\S+?)(?=[\];])", r"at least \1", text)
