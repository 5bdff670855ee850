"""How `--help` is laid out: definitions and examples that fit the terminal, also a narrow one."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from typing import Protocol

from openclaw_fal.ui.layout import fitted, width_of, wrapped

WIDEST, NARROWEST = 80, 24
LONGEST_NAME = 30
BELOW_INDENT = 6
ROOM_BESIDE = 30  # cells that an explanation needs to stand beside its name


class Formatter(Protocol):
    """What is used of Typer's formatter."""

    width: int

    def write(self, string: str) -> None: ...
    def write_paragraph(self) -> None: ...
    def write_heading(self, heading: str) -> None: ...


def help_width() -> int:
    """Cells for help: the terminal's, but no lines too long to read."""
    return max(min(shutil.get_terminal_size().columns, WIDEST), NARROWEST)


def write_definitions(formatter: Formatter, head: str, records: Sequence[tuple[str, str]]) -> None:
    """Names and their explanations under a head; nothing when there are none. The explanation
    stands beside the name where there is room, else below it."""
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
    """Examples and links: line by line, not wrapped into a paragraph."""
    if epilog:
        formatter.write_paragraph()
        formatter.write(fitted(epilog, formatter.width) + "\n")


def _plain_type(name: str) -> str:
    """`--count <int range>` as `--count N`."""
    return re.sub(r"<(int|float)( range)?>", "N", name).replace("<str>", "TEXT")


def _plain(text: str) -> str:
    """Typer's notes on an option in plain words: `[0<=x<=9]` is `[0 to 9]`."""
    text = re.sub(r"(\S+)<=x<=(\S+?)(?=[\];])", r"\1 to \2", text)
    return re.sub(r"x>=(\S+?)(?=[\];])", r"at least \1", text)
