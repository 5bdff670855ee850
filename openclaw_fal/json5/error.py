"""An error with a place: file, line, column, and the line itself with a caret under it."""

from __future__ import annotations

import re

from openclaw_fal.errors import LocalError

_LINE_END = re.compile(r"\r\n|\n|\r")
_SECRET_NEAR = re.compile(
    r"key|token|secret|passw|passphrase|authorization|bearer|credential|cookie", re.IGNORECASE
)
_WIDTH = 100


class Json5Error(LocalError):
    """A text that is not JSON5. The message is `FILE:LINE:COLUMN: reason`.

    `line` and `column` count from 1, in characters. `source_line` is the line with stars in place
    of possible secrets; `caret` is a line that points to the column.
    """

    def __init__(self, reason: str, text: str, offset: int, name: str) -> None:
        self.reason = reason
        self.offset = offset
        self.line, self.column, line = _place(text, offset)
        super().__init__(f"{name}:{self.line}:{self.column}: {reason}")
        self.source_line, self.caret = _excerpt(line, self.column)

    @property
    def excerpt(self) -> str:
        """The source line and the caret, as two lines."""
        return f"{self.source_line}\n{self.caret}"


def _place(text: str, offset: int) -> tuple[int, int, str]:
    """Line and column of an offset, from 1, and the line. A byte order mark has no column."""
    line, start = 1, 0
    for match in _LINE_END.finditer(text, 0, offset):
        line, start = line + 1, match.end()
    if line == 1 and text.startswith("\ufeff") and offset > 0:
        start = 1
    end = _LINE_END.search(text, start)
    return line, offset - start + 1, text[start : end.start() if end else len(text)]


def _excerpt(line: str, column: int) -> tuple[str, str]:
    line = _without_secrets(line)
    first = max(0, column - 1 - _WIDTH // 2) if len(line) > _WIDTH else 0
    shown = line[first : first + _WIDTH]
    shown = "".join(char if char.isprintable() or char == "\t" else "?" for char in shown)
    before = shown[: column - 1 - first]
    return shown, "".join("\t" if char == "\t" else " " for char in before) + "^"


def _without_secrets(line: str) -> str:
    """The line with stars for every word after a secret's name; columns stay the same."""
    match = _SECRET_NEAR.search(line)
    if match is None:
        return line
    colon = line.find(":", match.end())
    end = match.end() if colon < 0 else colon
    return line[:end] + re.sub(r"[^\s\"'`,:{}\[\]]", "*", line[end:])
