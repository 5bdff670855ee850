"""Reads JSON5 with the fastest reader for the text. Measured on one core, for 90 KB and 2.7 MB:

    json.loads                       1 ms    25 ms     plain JSON, which programs write
    pyjson5 (20 ms to load it)       2 ms    60 ms     JSON5 of more than SHORT characters
    json5.scan.scan                 40 ms   1.1 s      shorter JSON5, and all errors

Why two JSON5 readers: the scanner alone would take a second for a large file, and pyjson5 does not
give the position of an error. pyjson5 accepts some invalid numbers (`1_0`, `-.`, `5e`): a text
with one goes to the scanner. Two rare errors pass in long texts, although `scan` refuses them:
`\\0` before a digit, and an escaped character in a bare key.
"""

from __future__ import annotations

import json
import re
from functools import cache, lru_cache

from openclaw_fal.errors import LocalError
from openclaw_fal.json5.grammar import MAX_DEPTH, NUMBER
from openclaw_fal.json5.path import type_name

SHORT = 16_000
"""In characters: the scanner reads a text of this length faster than pyjson5 can be imported."""


def loads(text: str, name: str = "text", *, short: int = SHORT) -> object:
    """The value of a JSON5 text; a byte order mark is allowed.

    Of duplicate keys the last one counts. Raises Json5Error (a LocalError) with the position of the
    error; `name` is the name of the text in messages, usually its file. The scanner reads texts of
    at most `short` characters. Do not change the value: it is cached and shared.
    """
    return _loaded(text, name, len(text) > short)


@lru_cache(maxsize=4)  # one command reads the same file several times
def _loaded(text: str, name: str, long: bool) -> object:
    body = text.removeprefix("\ufeff")
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        data = _json5(text, body, name, long)
    if _too_deep(data, body):
        return _scanned(text, name)  # raises an error with the position
    return data


def object_in(text: str, name: str = "text") -> dict[str, object]:
    """The object in a JSON5 text; an empty text holds an empty object.

    Raises Json5Error for a malformed text, LocalError for a value that is not an object.
    """
    value = {} if is_blank(text) else loads(text, name)
    if not isinstance(value, dict):
        raise LocalError(f"{name} holds {type_name(value)}, not an object")
    return value


def is_blank(text: str) -> bool:
    """Whether a text holds only white space."""
    return not text.strip("\ufeff \t\r\n")


def same(a: object, b: object) -> bool:
    """Whether two JSON5 values are equal: NaN equals NaN, 1 equals 1.0, true does not equal 1."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return a == b or (a != a and b != b)
    return type(a) is type(b) and a == b


def _json5(text: str, body: str, name: str, long: bool) -> object:
    if not long:
        return _scanned(text, name)
    import pyjson5

    try:
        data: object = pyjson5.decode(body, MAX_DEPTH)
    except (pyjson5.Json5Exception, ValueError, OverflowError, RecursionError):
        # The scanner gives the position of the error. It also reads what pyjson5 cannot: numbers
        # too large for a float, and lone surrogates.
        return _scanned(text, name)
    # A valid text rarely fails to match (a bare key with combining marks); the scanner decides.
    return data if _valid_numbers().fullmatch(body) else _scanned(text, name)


def _scanned(text: str, name: str) -> object:
    from openclaw_fal.json5.scan import plain, scan

    return plain(scan(text, name))


@cache
def _valid_numbers() -> re.Pattern[str]:
    """Matches a text that pyjson5 accepts if every number in it is valid JSON5."""
    return re.compile(
        rf"""
        (?>
          "[^"\\]*+(?:\\.[^"\\]*+)*+" | '[^'\\]*+(?:\\.[^'\\]*+)*+'
          | //[^\n\r\u2028\u2029]*+ | /\*.*?\*/
          | [^\W\d][\w$]*+ | \$[\w$]*+
          | {NUMBER}(?![-+.\w])
          | [^-+.\w"'/$]++
        )*+
        """,
        re.DOTALL | re.VERBOSE,
    )


def _too_deep(data: object, body: str) -> bool:
    if body.count("{") + body.count("[") <= MAX_DEPTH:
        return False
    level = [data]
    for _ in range(MAX_DEPTH):
        below: list[object] = []
        for value in level:
            if isinstance(value, dict):
                below.extend(value.values())
            elif isinstance(value, list):
                below.extend(value)
        if not below:
            return False
        level = below
    return any(isinstance(value, (dict, list)) for value in level)
