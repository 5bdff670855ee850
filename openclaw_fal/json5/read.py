"""Reading JSON5, as fast as the text allows. Measured on one core, for 90 KB and for 2.7 MB:

    json.loads                       1 ms    25 ms     what programs write is plain JSON
    pyjson5 (20 ms to load it)       2 ms    60 ms     hand-written texts above SHORT characters
    json5.scan.scan                 40 ms   1.1 s      shorter ones, and every error: exact places

Both readers of JSON5 stay for these figures: the scanner alone would take a second for a large
file, and pyjson5 alone knows no places. pyjson5 takes some numbers that are none (`1_0`, `-.`,
`5e`): a text with one goes to the scanner. Two rarer liberties of pyjson5 pass in a long text, and
`scan` refuses them: `\\0` before a digit, and an escaped character in a bare key.
"""

from __future__ import annotations

import json
import re
from functools import cache, lru_cache

from openclaw_fal.errors import LocalError
from openclaw_fal.json5.grammar import MAX_DEPTH, NUMBER
from openclaw_fal.json5.path import type_name

SHORT = 16_000
"""Characters that the strict scanner reads faster than pyjson5 is loaded."""


def loads(text: str, name: str = "text", *, short: int = SHORT) -> object:
    """The value of a JSON5 text; a byte order mark is allowed.

    Of members with the same key the last one counts. Raises Json5Error (a LocalError) with the
    exact place; `name` is how messages call the text, usually its file. Texts that are no longer
    than `short` characters are left to the scanner. The value may be shared: it is not changed.
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
        return _scanned(text, name)  # fails, and names the place
    return data


def object_in(text: str, name: str = "text") -> dict[str, object]:
    """The object that a JSON5 text holds; an empty text holds an empty one.

    Raises Json5Error for a malformed text, LocalError for one that holds no object.
    """
    value = {} if is_blank(text) else loads(text, name)
    if not isinstance(value, dict):
        raise LocalError(f"{name} holds {type_name(value)}, not an object")
    return value


def is_blank(text: str) -> bool:
    """Whether a text holds nothing, as an empty file does."""
    return not text.strip("\ufeff \t\r\n")


def same(one: object, other: object) -> bool:
    """Whether two JSON5 values are the same. NaN is itself, 1 is 1.0, and true is not 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return one == other or (one != one and other != other)
    return type(one) is type(other) and one == other


def _json5(text: str, body: str, name: str, long: bool) -> object:
    if not long:
        return _scanned(text, name)
    import pyjson5

    try:
        data: object = pyjson5.decode(body, MAX_DEPTH)
    except (pyjson5.Json5Exception, ValueError, OverflowError, RecursionError):
        # The strict scanner names the exact place. It also reads what pyjson5 cannot:
        # numbers beyond every float, and lone surrogates.
        return _scanned(text, name)
    # No match is rare for a good text (a bare key with combining marks): the scanner decides.
    return data if _numbers_hold().fullmatch(body) else _scanned(text, name)


def _scanned(text: str, name: str) -> object:
    from openclaw_fal.json5.scan import plain, scan

    return plain(scan(text, name))


@cache
def _numbers_hold() -> re.Pattern[str]:
    """Matches a text, of those that pyjson5 takes, in which every number is one."""
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
