"""Parses JSON from fal into typed values, and writes JSON request bodies. Malformed input only ever
raises NotJson, or counts as absent."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

MOST_VALUES = 5_000_000
MOST_DIGITS = 40  # of an integer; Python refuses to convert those of thousands of digits
LARGEST = 2**53  # of a count or size: the largest that every JSON reader and SQLite hold exactly
_NAME = r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}"
_UNITS = r"[0-9]{1,15}(?:\.[0-9]{1,15})?"
_INLINE = 64 * 1024


class NotJson(ValueError):
    """Bytes that are not JSON, or JSON that is too large or too deep."""


def parse(data: bytes, *, exact: bool = False) -> object:
    """Parse JSON. Raises NotJson, also for more than `MOST_VALUES` values, which would take thirty
    times the memory of their bytes. With `exact`, numbers with a fraction become text with all
    their digits.

    Integers of more than `MOST_DIGITS` digits, `NaN` and infinities become None. Invalid UTF-8
    becomes U+FFFD, so that one bad character in a prompt does not lose the URLs.
    """
    if sum(map(data.count, (b",", b"[", b"{"))) > MOST_VALUES:
        raise NotJson("too many values")
    try:
        return json.loads(
            data.decode("utf-8-sig", "replace"),
            parse_float=str if exact else None,
            parse_int=_integer,
            parse_constant=lambda _: None,
        )
    except (ValueError, RecursionError, MemoryError) as exc:
        raise NotJson(str(exc)) from None


def _integer(digits: str) -> int | None:
    return int(digits) if len(digits) <= MOST_DIGITS else None


def mapping(value: object) -> Mapping[str, object]:
    """`value` if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def text_of(value: object) -> str | None:
    """`value` if it is text that is not blank."""
    return value if isinstance(value, str) and value.strip() else None


def whole(value: object) -> int | None:
    """`value` as an integer if it is a whole number from 0 to `LARGEST`, else None."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST:
        return value
    return None


def request_id_of(value: object) -> str | None:
    """`value` if it is an id that is safe in a URL, a message and a file name."""
    if isinstance(value, str) and re.fullmatch(_NAME, value.strip()):
        return value.strip()
    return None


def billable_units(headers: Mapping[str, str]) -> str | None:
    """The decimal number in `x-fal-billable-units`, as text; None if it is absent or malformed."""
    value = headers.get("x-fal-billable-units", "").strip()
    return value if re.fullmatch(_UNITS, value) else None


class JsonBody:
    """A JSON object as a request body, in pieces; can be iterated again for another attempt.

    A data URI of many megabytes is neither escaped nor copied as a whole. Raises ValueError for
    values that JSON cannot hold.
    """

    def __init__(self, value: object) -> None:
        self._parts: list[str | bytearray] = []
        self._add(value)
        self.length = sum(map(len, self._parts))

    def __iter__(self) -> Iterator[bytes]:
        for part in self._parts:
            for start in range(0, len(part), _INLINE):
                piece = part[start : start + _INLINE]
                yield piece.encode("ascii") if isinstance(piece, str) else bytes(piece)

    def _add(self, value: object) -> None:
        if isinstance(value, str) and len(value) > _INLINE and _needs_no_escape(value):
            self._append(b'"')
            self._parts.append(value)
            self._append(b'"')
        elif isinstance(value, dict):
            self._join(b"{", ((key, item) for key, item in value.items()), b"}")
        elif isinstance(value, (list, tuple)):
            self._join(b"[", ((None, item) for item in value), b"]")
        else:
            self._append(_encoded(value))

    def _append(self, piece: bytes) -> None:
        """Add to the last part, since each part is a write to the network of its own."""
        if self._parts and isinstance(self._parts[-1], bytearray):
            self._parts[-1] += piece
        else:
            self._parts.append(bytearray(piece))

    def _join(self, start: bytes, items: Iterator[tuple[object, object]], end: bytes) -> None:
        self._append(start)
        for number, (key, item) in enumerate(items):
            if number:
                self._append(b",")
            if key is not None:
                self._append(_encoded(str(key)) + b":")
            self._add(item)
        self._append(end)


def _needs_no_escape(value: str) -> bool:
    return value.isascii() and value.isprintable() and '"' not in value and "\\" not in value


def _encoded(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
