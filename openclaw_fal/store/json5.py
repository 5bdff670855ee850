"""Reading JSON5. Texts that OpenClaw wrote itself are plain JSON: they never load the JSON5 reader.

pyjson5 takes some numbers that are none (`1_0`, `-.`, `5e`), which OpenClaw refuses: a text with a
number like that goes to the strict scanner. Two rarer liberties of pyjson5 are let pass here and
refused by `config_check` and the editor: `\\0` before a digit, and an escaped sign in a bare key.
"""

from __future__ import annotations

import json
import re

from openclaw_fal.errors import UsageError
from openclaw_fal.store.json5_error import Json5Error
from openclaw_fal.store.json5_scan import MAX_DEPTH, NUMBER, plain, scan

_NUMBERS_HOLD = re.compile(
    rf"""
    (?>
      "[^"\\]*+(?:\\.[^"\\]*+)*+" | '[^'\\]*+(?:\\.[^'\\]*+)*+'
      | //[^\n\r\u2028\u2029]*+ | /\*.*?\*/
      | [^\W\d][\w$]*+ | \$[\w$]*+
      | {NUMBER.pattern}(?![-+.\w])
      | [^-+.\w"'/$]++
    )*+
    """,
    re.DOTALL | re.VERBOSE,
)


def loads(text: str, name: str = "config") -> object:
    """The value of a JSON5 text; a byte order mark is allowed.

    Of members with the same key the last one counts. Raises Json5Error (a LocalError) with the
    exact place; `name` is how messages call the text, usually its file.
    """
    body = text.removeprefix("\ufeff")
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        data = _json5(text, body, name)
    if _too_deep(data, body):
        return plain(scan(text, name))  # fails, and names the place
    return data


def parse_value(text: str, *, strict: bool = False) -> object:
    """A value as typed: JSON5, or else the text itself. With `strict`, JSON5 only (UsageError)."""
    try:
        return loads(text, "value")
    except Json5Error as error:
        if strict:
            raise UsageError(f"The value is not JSON5: {error.message}") from None
        return text


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


def _json5(text: str, body: str, name: str) -> object:
    import pyjson5

    try:
        data: object = pyjson5.decode(body, MAX_DEPTH)
        # No match is rare for a good text (a bare key with combining marks): the scanner decides.
        return data if _NUMBERS_HOLD.fullmatch(body) else plain(scan(text, name))
    except (pyjson5.Json5Exception, ValueError, OverflowError, RecursionError):
        # The strict scanner names the exact place. It also reads what pyjson5 cannot:
        # numbers beyond every float, and lone surrogates.
        return plain(scan(text, name))


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
