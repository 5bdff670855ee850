"""Prints blocks and coloured lines with rich. Imported only for a terminal."""

from __future__ import annotations

from typing import TextIO

from rich import box
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from openclaw_fal.ui.layout import PROSE_WIDTH, fact_lines, fitted, table_lines
from openclaw_fal.ui.result import Facts, Prose, Table

FRAME = 4  # cells that a frame and its padding take


def console(stream: TextIO, *, color: bool = True, width: int | None = None) -> Console:
    """A console that prints text unchanged: no markup, emoji codes or highlighting."""
    return Console(
        file=stream,
        width=width,
        no_color=not color,
        highlight=False,
        markup=False,
        emoji=False,
    )


def print_line(text: str, stream: TextIO, style: str) -> None:
    """Print a message with the word before its colon in `style`."""
    head, colon, message = text.partition(":")
    console(stream).print(Text.assemble((head + colon, style), message), soft_wrap=True)


def print_block(block: Table | Facts | Prose, stream: TextIO, *, color: bool, width: int) -> None:
    """Print a block within `width` cells."""
    out = console(stream, color=color, width=width)
    if isinstance(block, Facts) and block.framed and (panel := _framed(block, width)):
        out.print(panel)
        return
    for line in _lines(block, width):
        out.print(line, soft_wrap=True)


def _lines(block: Table | Facts | Prose, width: int) -> list[Text]:
    if isinstance(block, Prose):
        return [_heading(line) for line in fitted(block.text, min(width, PROSE_WIDTH)).split("\n")]
    title = [Text(block.title, style="bold")] if block.title else []
    if isinstance(block, Table):
        head, body = table_lines(block.columns, block.rows, width)
        return [*title, *(Text(line, style="bold") for line in head), *map(Text, body)]
    return [*title, *_fact_texts(block, width)]


def _heading(line: str) -> Text:
    """A help line; headings such as `AUTH: …` and `Examples:` are bold."""
    head, colon, explanation = line.partition(":")
    if colon and (head.isupper() or (not explanation and not line.startswith(" "))):
        return Text.assemble((head + colon, "bold"), explanation)
    return Text(line)


def _fact_texts(block: Facts, width: int) -> list[Text]:
    return [Text.assemble((name, "bold"), value) for name, value in fact_lines(block.rows, width)]


def _framed(block: Facts, width: int) -> Panel | None:
    """The facts in a frame; None where a frame would break a word or a command, which could not be
    copied."""
    texts = _fact_texts(block, width - FRAME)
    if any(text.cell_len > width - FRAME or text.plain.endswith("\\") for text in texts):
        return None
    return Panel(
        Text("\n").join(texts),
        title=Text(block.title, style="bold green") if block.title else None,
        title_align="left",
        box=box.ROUNDED,
        border_style="dim",
        expand=False,
    )
