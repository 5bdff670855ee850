"""Tables, facts and coloured lines with rich. Loaded only when a person looks at a terminal."""

from __future__ import annotations

from typing import TextIO

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from openclaw_fal.ui.result import Facts, Table


def console(stream: TextIO, *, color: bool = True) -> Console:
    """A console on `stream` that prints text as it is: no markup, no emoji codes, no guessing."""
    return Console(
        file=stream, no_color=not color, highlight=False, markup=False, emoji=False, soft_wrap=False
    )


def print_line(text: str, stream: TextIO, style: str) -> None:
    """One line whose word before the colon is in `style`."""
    head, colon, rest = text.partition(":")
    console(stream).print(Text(head + colon, style=style) + Text(rest), soft_wrap=True)


def print_block(block: Table | Facts, stream: TextIO, *, color: bool) -> None:
    out = console(stream, color=color)
    out.print(_table(block) if isinstance(block, Table) else _facts(block))


def _table(block: Table) -> RichTable:
    table = RichTable(
        title=block.title,
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        header_style="bold",
    )
    last = len(block.columns) - 1
    for index, column in enumerate(block.columns):
        table.add_column(column, overflow="fold", ratio=1 if index == last else None)
    for row in block.rows:
        table.add_row(*(Text(cell) for cell in row))
    return table


def _facts(block: Facts) -> RichTable:
    table = RichTable(
        title=block.title,
        title_justify="left",
        box=box.ROUNDED if block.title is None else box.SIMPLE,
        show_header=False,
        border_style="dim",
    )
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in block.rows:
        table.add_row(Text(name), Text(value))
    return table
