"""Wrapping and alignment of text, tables and facts. Widths are in terminal cells."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

GAP = 2  # cells between columns
LEAST_LAST_COLUMN = 24  # cells; a last column with less room goes below the others
STACKED_INDENT = 4
PROSE_WIDTH = 100  # cells; longer lines are hard to read
HARD_SPACE = "\u00a0"  # a line never breaks here; printed as a space


def whole(text: str) -> str:
    """`text` as one word, for what is copied as a whole."""
    return text.replace(" ", HARD_SPACE)


def columns(otherwise: int = 80) -> int:
    """The width to print for: COLUMNS, else that of the terminal on stdout or stderr, else
    `otherwise`."""
    import os
    import shutil
    import sys

    if not os.environ.get("COLUMNS"):
        for stream in (sys.stdout, sys.stderr):
            try:
                return os.get_terminal_size(stream.fileno()).columns or 80
            except (OSError, ValueError, AttributeError):
                continue
    return shutil.get_terminal_size((otherwise, 24)).columns


def width_of(text: str) -> int:
    """How many terminal cells `text` takes."""
    if text.isascii():
        return len(text)
    return sum(_cells(char) for char in text)


def _cells(char: str) -> int:
    import unicodedata

    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def cut(text: str, width: int) -> str:
    """`text`; what is wider than `width` is cut and ends with …."""
    if width_of(text) <= width:
        return text
    return _prefix(text, width - 1) + "…" if width > 0 else ""


def _prefix(text: str, width: int) -> str:
    """The longest prefix of `text` that takes at most `width` cells."""
    room = width
    for at, char in enumerate(text):
        room -= _cells(char)
        if room < 0:
            return text[:at]
    return text


def wrapped(text: str, width: int, *, indent: int = 0) -> list[str]:
    """The lines of `text`, broken at spaces; those after the first have `indent` cells less. Words
    that are too long (paths, URLs, refs) stay whole, so that they can be copied."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split(" "):
            longer = f"{line} {word}" if line else word
            room = max(width - (indent if lines else 0), 8)
            if width_of(longer) <= room:
                line = longer
                continue
            if line:
                lines.append(line)
            line = word
        lines.append(line)
    return [line.replace(HARD_SPACE, " ") for line in lines]


def hanging(text: str, hang: int, width: int) -> str:
    """`text` wrapped to `width` cells, with every line after the first indented by `hang` cells."""
    margin = len(text) - len(text.lstrip(" "))
    first, *more = wrapped(text[margin:], width - margin, indent=hang - margin)
    return "\n".join([" " * margin + first, *(" " * hang + line for line in more)])


def table_lines(
    columns: Sequence[str], rows: Sequence[Sequence[str]], width: int | None
) -> tuple[list[str], list[str]]:
    """The lines of a table's head and of its rows, within `width` cells (None: one line a row).

    Last columns without room beside the others go below them, indented.
    """
    cells = [[column.upper() for column in columns], *rows]
    widths = [max(width_of(row[i]) for row in cells) for i in range(len(columns))]
    beside = len(columns) if width is None else _columns_beside(widths, width)
    lines = [list(_row_lines(row, widths, beside, width)) for row in cells]
    return lines[0], [line for row in lines[1:] for line in row]


def _columns_beside(widths: list[int], width: int) -> int:
    """How many columns fit side by side. The table's last column may wrap, so needs less room."""
    last = len(widths) - 1
    indent = sum(widths[:last]) + GAP * last
    if indent + min(widths[last], LEAST_LAST_COLUMN) <= width:
        return last + 1
    room, beside = width, 0
    while beside < last and (room := room - widths[beside]) >= 0:
        room -= GAP
        beside += 1
    return max(beside, 1)


def _row_lines(
    row: Sequence[str], widths: list[int], beside: int, width: int | None
) -> Iterable[str]:
    start = "".join(_padded(cell, widths[i] + GAP) for i, cell in enumerate(row[: beside - 1]))
    indent = width_of(start)
    first = row[beside - 1]
    wraps = width is not None and beside == len(row)
    lines = wrapped(first, (width or 0) - indent) if wraps else [first.replace(HARD_SPACE, " ")]
    yield (start + lines[0]).rstrip()
    yield from (" " * indent + line for line in lines[1:])
    for cell in row[beside:]:
        for line in wrapped(cell, (width or 0) - STACKED_INDENT):
            if line:
                yield " " * STACKED_INDENT + line


def _padded(text: str, width: int) -> str:
    return text + " " * (width - width_of(text))


def fact_lines(rows: Sequence[tuple[str, str]], width: int | None) -> list[tuple[str, str]]:
    """(padded name, value) for each line. A wrapped value continues on lines with a blank name; one
    without room beside its name goes below it."""
    column = max((width_of(name) for name, _ in rows), default=0) + GAP
    lines = []
    for name, value in rows:
        text = str(value)
        if width is not None and _goes_below(text, width - column):
            lines += [(name, "")] if name else []
            below = wrapped(text, width - STACKED_INDENT)
            lines += [(" " * STACKED_INDENT, line) for line in below]
            continue
        plain = text.replace(HARD_SPACE, " ").split("\n")
        parts = plain if width is None else wrapped(text, width - column)
        lines += [(_padded("" if at else name, column), line) for at, line in enumerate(parts)]
    return lines


def _goes_below(text: str, room: int) -> bool:
    """Whether a value that takes `room` cells beside its name is better read below it."""
    if width_of(text) <= room:
        return False
    return room < LEAST_LAST_COLUMN or any(width_of(word) > room for word in text.split(" "))


def fitted(text: str, width: int) -> str:
    """Help text within `width`: paragraphs wrap, an explanation without room goes below what it
    explains, and commands continue after a backslash, so that they can still be copied."""
    lines = text.split("\n")
    if all(width_of(line) <= width for line in lines):
        return text
    return "\n".join(line for block in _blocks(lines) for line in _fitted_block(block, width))


def _blocks(lines: Iterable[str]) -> list[list[str]]:
    """Groups lines: consecutive prose lines at the margin are one paragraph, and so are the lines
    of one explanation; others stay single."""
    blocks: list[list[str]] = []
    open_paragraph, column = False, 0
    for line in lines:
        prose = bool(line) and not line.startswith((" ", "See also", "openclaw "))
        goes_on = prose and open_paragraph and not re.search(r" {2,}", line)
        explains_on = 0 < column == len(line) - len(line.lstrip(" "))
        if goes_on or explains_on:
            blocks[-1].append(line)
            continue
        blocks.append([line])
        open_paragraph = prose and not line.endswith(":")
        explained = re.match(r" *(\d\. |\S+( \S+)* {2,})(?=\S)", line)
        column = explained.end() if explained else 0
    return blocks


def _fitted_block(block: list[str], width: int) -> list[str]:
    if all(width_of(line) <= width for line in block):
        return block
    if block[0].lstrip().startswith("{") and block[0].endswith("}"):
        return block  # a whole line of JSON, to be copied
    line = " ".join([block[0], *(more.lstrip(" ") for more in block[1:])])
    body = line.lstrip(" ")
    margin = " " * (len(line) - len(body))
    if numbered := re.match(r"\d\. ", body):
        return hanging(line, len(margin) + numbered.end(), width).split("\n")
    parts = re.split(r" {2,}", body, maxsplit=1)
    if len(parts) == 2 and parts[0].count('"') % 2 == 0:
        return _explained(margin, parts[0], parts[1], line.rindex(parts[1]), width)
    if body.startswith("openclaw "):
        return _continued(margin, body, width)
    return [margin + part for part in wrapped(body, width - len(margin))]


def _explained(margin: str, name: str, text: str, column: int, width: int) -> list[str]:
    """A name with its explanation beside it, or below it where there is no room beside."""
    if column < width // 2:
        first, *more = wrapped(text, width - column)
        return [
            f"{margin}{name}".ljust(column) + first,
            *(" " * column + part for part in more),
        ]
    indent = margin + " " * STACKED_INDENT
    shown = _continued(margin, name, width) if name.startswith("openclaw ") else [margin + name]
    return [*shown, *(indent + part for part in wrapped(text, width - len(indent)))]


def _continued(margin: str, command: str, width: int) -> list[str]:
    """A command on several lines, broken between words, but never inside quotes or between an
    option and its value."""
    word = r"""(?:[^\s"'-]|"[^"]*"|'[^']*')(?:[^\s"']|"[^"]*"|'[^']*')*"""
    words = re.findall(rf"""--?[\w-]+={word}|--?[\w-]+(?: {word})?|{word}|\S+""", command)
    lines, line, indent = [], margin, ""
    for word in words:
        longer = f"{line} {word}" if line.strip() else f"{line}{word}"
        if line.strip() and width_of(longer) > width - 2:
            lines.append(line + " \\")
            indent = margin + " " * STACKED_INDENT
            longer = indent + word
        line = longer
    return [*lines, line]
