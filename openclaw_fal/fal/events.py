"""Parses server-sent events as the HTML standard defines them; only `data` fields are kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

LONGEST = 4 * 1024 * 1024  # bytes of one event
_LINE_END = rb"\r\n|\n|\r"


class TooLong(Exception):
    """An event or line longer than `LONGEST`."""


def events(chunks: Iterable[bytes]) -> Iterator[str | None]:
    """The data of each event; None for each comment, which servers send to keep a stream alive.

    Data at the end of the stream is an event even without an empty line after it. Raises TooLong.
    """
    data: list[bytes] = []
    size = 0
    for line in _lines(chunks):
        if line.startswith(b":"):
            yield None
        elif line.startswith(b"data:"):
            data.append(line[5:].removeprefix(b" "))
            size += len(line)
            if size > LONGEST:
                raise TooLong("an event is too long")
        elif not line and data:
            yield _text(data)
            data, size = [], 0
    if data:
        yield _text(data)


def _text(data: list[bytes]) -> str:
    return b"\n".join(data).decode("utf-8", "replace")


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    parts: list[bytes] = []  # of the line that is not complete yet
    size = 0
    held = b""  # a CR at the end of a chunk: a LF at the start of the next belongs to it
    for chunk in chunks:
        data = held + chunk
        held = b"\r" if data.endswith(b"\r") else b""
        first, *lines = re.split(_LINE_END, data.removesuffix(held))
        parts.append(first)
        size += len(first)
        for line in lines:
            yield b"".join(parts)
            parts, size = [line], len(line)
        if size > LONGEST:
            raise TooLong("a line is too long")
    yield from filter(None, [b"".join(parts)])
