"""Wrapping and alignment of text, tables and facts. Widths are in terminal cells."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

GAP = 2  # cells between columns
LEAST_LAST_COLUMN = 24  # cells; a last column with less room goes below the others
STACKED_INDENT = 4
PROSE_WIDTH = 100  # cells; longer lines are hard to read
HARD_SPACE = "\u00a0"  # a line never breaks here; printed as a space
CODE_INDENT = 4  # cells; help lines with as many are code, which is copied and so never wrapped
_CHAR = r"[^\s\"';,)`\[]"  # of a word of a command that stands in a sentence
_QUOTED = r"""\"[^\"]*\"|'[^']*'"""
_OPTION = rf"--?[\w-]+(?:[= ](?:{_QUOTED}|(?!-){_CHAR}+))?"
_NO_ENGLISH = rf"(?={_CHAR}*[\d/.:A-Z]){_CHAR}*(?![.:]){_CHAR}"  # a path, a ref, an id, REF
_COMMAND = re.compile(
    rf"openclaw(?: [a-z]+){{1,3}}(?: (?:{_OPTION}|{_QUOTED}|{_NO_ENGLISH}))*"
    rf"|--[a-z-]+ (?:{_CHAR}+=(?:{_QUOTED})|{_CHAR}+/{_CHAR}+)"
)


def whole(text: str) -> str:
    """`text` as one word, for what is copied as a whole."""
    return text.replace(" ", HARD_SPACE)


def commands_whole(text: str) -> str:
    """`text` with each of its commands as one word."""
    return _COMMAND.sub(lambda found: whole(found[0]), text)


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
    that are too long (paths, URLs, refs) stay whole, so that they can be copied; a command goes on
    after a backslash."""
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
                room = max(width - indent, 8)
            line = word
            if width_of(word) > room and word.startswith(f"openclaw{HARD_SPACE}"):
                *continued, line = _continued("", word.replace(HARD_SPACE, " "), room)
                lines += continued
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

    Last columns without room beside the others go below them, indented, each with its name.
    """
    head = [column.upper() for column in columns]
    widths = [max(width_of(row[i]) for row in (head, *rows)) for i in range(len(columns))]
    beside = len(columns) if width is None else _columns_beside(widths, width)
    lines = [list(_beside(row[:beside], widths, width)) for row in (head, *rows)]
    for at, row in enumerate(rows, start=1):
        for column, cell in zip(columns[beside:], row[beside:], strict=True):
            if cell not in ("", "-"):
                below = hanging(f"{column}: {cell}", 2, (width or 0) - STACKED_INDENT)
                lines[at] += [" " * STACKED_INDENT + line for line in below.split("\n")]
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


def _beside(row: Sequence[str], widths: list[int], width: int | None) -> Iterable[str]:
    """The cells of a row side by side. The table's last cell may wrap."""
    start = "".join(_padded(cell, widths[i] + GAP) for i, cell in enumerate(row[:-1]))
    indent = width_of(start)
    wraps = width is not None and len(row) == len(widths)
    lines = wrapped(row[-1], (width or 0) - indent) if wraps else [row[-1].replace(HARD_SPACE, " ")]
    yield (start + lines[0]).rstrip()
    yield from (" " * indent + line for line in lines[1:])


def _padded(text: str, width: int) -> str:
    return text + " " * (width - width_of(text))


def fact_lines(rows: Sequence[tuple[str, str]], width: int | None) -> list[tuple[str, str]]:
    """(padded name, value) for each line. A row without a name goes on with the one before. A
    wrapped value continues on lines with a blank name; one without room beside its name goes below
    it."""
    column = max((width_of(name) for name, _ in rows), default=0) + GAP
    facts: list[tuple[str, str]] = []
    for name, value in rows:
        if facts and not name:
            facts[-1] = (facts[-1][0], f"{facts[-1][1]}\n{value}")
        else:
            facts.append((name, value))
    lines = []
    for name, value in facts:
        text = commands_whole(value)
        if width is not None and _goes_below(text, width - column):
            lines.append((name, ""))
            below = wrapped(text, width - STACKED_INDENT)
            lines += [(" " * STACKED_INDENT, line) for line in below]
            continue
        plain = text.replace(HARD_SPACE, " ").split("\n")
        parts = plain if width is None else wrapped(text, width - column)
        lines += [(_padded("" if at else name, column), line) for at, line in enumerate(parts)]
    return lines


def _goes_below(text: str, room: int) -> bool:
    """Whether a value that takes `room` cells beside its name is better read below it."""
    return any(
        width_of(line) > room
        and (room < LEAST_LAST_COLUMN or any(width_of(word) > room for word in line.split(" ")))
        for line in text.split("\n")
    )


def fitted(text: str, width: int) -> str:
    """Help text within `width`: paragraphs wrap, an explanation without room goes below what it
    explains, as all others of the same list then do, and commands continue after a backslash, so
    that they can still be copied."""
    lines = text.split("\n")
    if all(width_of(line) <= width for line in lines):
        return text
    shown: list[str] = []
    for indented, listed in groupby(_blocks(lines), lambda block: block[0].startswith(" ")):
        blocks = list(listed)
        below = indented and any(_goes_below_name(block, width) for block in blocks)
        shown += [line for block in blocks for line in _fitted_block(block, width, below)]
    return "\n".join(shown)


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


class _Explained(NamedTuple):
    """A name and its explanation, which begins in the cell `column`."""

    name: str
    text: str
    column: int


def _explained(block: list[str]) -> _Explained | None:
    line = _joined(block)
    parts = re.split(r" {2,}", line.lstrip(" "), maxsplit=1)
    if len(parts) < 2 or parts[0].count('"') % 2:
        return None
    return _Explained(parts[0], parts[1], line.rindex(parts[1]))


def _joined(block: list[str]) -> str:
    return " ".join([block[0], *(more.lstrip(" ") for more in block[1:])])


def _goes_below_name(block: list[str], width: int) -> bool:
    """Whether an explanation has no room beside its name."""
    explained = _explained(block)
    return (
        explained is not None
        and explained.column >= width // 2
        and any(width_of(line) > width for line in block)
    )


def _fitted_block(block: list[str], width: int, below: bool) -> list[str]:
    """The lines of a block. `below`: explanations go below what they explain."""
    explained = _explained(block)
    if all(width_of(line) <= width for line in block) and not (below and explained):
        return block
    line = _joined(block)
    body = line.lstrip(" ")
    margin = " " * (len(line) - len(body))
    if (body.startswith("{") and body.endswith("}")) or (
        len(margin) >= CODE_INDENT and body[0] != '"'
    ):
        return block  # a whole line of JSON or of code, to be copied
    if numbered := re.match(r"\d\. ", body):
        return hanging(line, len(margin) + numbered.end(), width).split("\n")
    if explained:
        return _with_explanation(margin, explained, width, below)
    if body.startswith("openclaw "):
        return _continued(margin, body, width)
    return [margin + part for part in wrapped(body, width - len(margin))]


def _with_explanation(margin: str, explained: _Explained, width: int, below: bool) -> list[str]:
    """A name with its explanation beside it or below it."""
    name, text, column = explained
    if not below:
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
