"""`results.jsonl`, beside the outputs of a batch: one line for each item that has ended.

A line that a crash has cut is dropped when the batch goes on; the journal still has the item.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from openclaw_fal.atomic import replace_file
from openclaw_fal.errors import LocalError
from openclaw_fal.text import reason

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

NAME = "results.jsonl"

Line = dict[str, object]
COLUMNS = ("id", "state", "paths", "requestId", "jobId", "seed", "cost", "error")


class ResultsFile:
    """`results.jsonl` of one batch. `locked` is the lock under which it is changed.

    Lines that were read are kept while the size of the file stays the same, so that adding a line
    to a long file does not read it again.
    """

    def __init__(self, path: Path, locked: Callable[[Path], AbstractContextManager[None]]) -> None:
        self.path, self._locked = path, locked
        self._lines: dict[str, Line] = {}
        self._size = -1
        self._ends_with_newline = True

    def lines(self) -> Mapping[str, Line]:
        """The last complete line of each item by its id, in the order of the lines."""
        if _size(self.path) != self._size:
            raw = _read(self.path)
            self._size, self._ends_with_newline = len(raw), raw[-1:] in (b"", b"\n")
            self._lines = {}
            for line in filter(None, map(_line, raw.split(b"\n"))):
                self._lines.pop(str(line["id"]), None)
                self._lines[str(line["id"])] = line
        return self._lines

    def add(self, lines: Iterable[Line]) -> None:
        """Append the lines of new items, and replace those of known items that differ. Raises
        LocalError."""
        lines = list(lines)
        if not lines:
            return
        with self._locked(self.path):
            known = dict(self.lines())
            new = {str(line["id"]): line for line in lines if known.get(str(line["id"])) != line}
            if not new:
                return
            changed = any(item in known for item in new)
            known.update(new)
            if changed or not self._ends_with_newline:
                replace_file(self.path, _text(known.values()))
            else:
                _append(self.path, _text(new.values()))
            self._lines, self._size, self._ends_with_newline = known, _size(self.path), True


def export(lines: Mapping[str, Line], order: Sequence[str], *, as_csv: bool) -> str:
    """The results of the items in `order`, as JSONL or CSV; items without a line are `pending`."""
    ordered = [lines.get(item, {"id": item, "state": "pending"}) for item in order]
    if not as_csv:
        return _text(ordered).decode("utf-8")
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(COLUMNS)
    for line in ordered:
        writer.writerow([_cell(line, column) for column in COLUMNS])
    return table.getvalue()


def _cell(line: Line, column: str) -> str:
    if column == "paths":
        outputs = line.get("outputs")
        listed = outputs if isinstance(outputs, list) else []
        text = ";".join(str(output["path"]) for output in listed)
    else:
        value = line.get(column)
        if value is None:
            return ""
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    # Spreadsheets run a cell that begins so as a formula, and prompts may come from strangers.
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _text(lines: Iterable[Line]) -> bytes:
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode(
        "utf-8", "surrogateescape"
    )


def _line(raw: bytes) -> Line | None:
    try:
        line = json.loads(raw.decode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError):
        return None
    return line if isinstance(line, dict) and "id" in line else None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise LocalError(f"{path} cannot be read: {reason(error)}") from error


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _append(path: Path, text: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise LocalError(f"{path} cannot be written: {reason(error)}") from error
