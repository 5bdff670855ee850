"""The path of a value in a JSON5 document: `servers["a.example"].ports[0]`.

Segments are separated by dots, or in brackets: an index, a quoted key, or a bare key (a quoted key
after the shell removed the quotes). A backslash escapes the next character.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final, Literal, NoReturn, TypeAlias

from openclaw_fal.errors import LocalError, UsageError

KeyPath: TypeAlias = tuple[str | int, ...]
"""Keys and indices. In an object an index is a key; in a list a key of digits is an index."""


class Missing(Enum):
    """The type of MISSING, which stands for an absent value (null is a value)."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING

# Compiled when a path is read or written: every run imports this module.
_BARE = r"(?s)(?:\\.|[^.\[\]\\])+"
_QUOTED = r"(?s)\[\s*(?:\"((?:\\.|[^\"\\])*)\"|'((?:\\.|[^'\\])*)')\s*\]"
_BRACKET = r"(?s)\[\s*([^\]\"'\s][^\]]*?)\s*\]"
_INDEX = r"0|[1-9][0-9]{0,8}"
_SIMPLE = r"[A-Za-z_$][A-Za-z0-9_$-]*"


def parse_path(text: str) -> KeyPath:
    """A path as typed. Raises UsageError when it is malformed."""
    text = text.strip()
    if not text:
        raise UsageError("the path is empty", hint="for example servers[0].name")
    path: list[str | int] = []
    at = 0
    while at < len(text):
        if text[at] == "[":
            segment, at = _bracketed(text, at)
        else:
            if path:
                if text[at] != ".":
                    _malformed(text, at, "expected `.` or `[`")
                at += 1
            segment, at = _bare(text, at)
        path.append(segment)
    return tuple(path)


def _bare(text: str, at: int) -> tuple[str, int]:
    match = re.compile(_BARE).match(text, at)
    if match is None or not match.group().strip():
        _malformed(text, at, "a key is missing")
    if match.group()[0] in "\"'":
        _malformed(text, at, "a quoted key needs brackets")
    return re.sub(r"\\(.)", r"\1", match.group().strip(), flags=re.DOTALL), match.end()


def _bracketed(text: str, at: int) -> tuple[str | int, int]:
    quoted = re.compile(_QUOTED).match(text, at)
    if quoted:
        inside = quoted.group(1) if quoted.group(1) is not None else quoted.group(2)
        return re.sub(r"\\(.)", r"\1", inside, flags=re.DOTALL), quoted.end()
    match = re.compile(_BRACKET).match(text, at)
    if match is None:
        _malformed(text, at, "expected an index or a key and `]`")
    inside = match.group(1)
    if re.fullmatch(r"-[0-9]+", inside):
        _malformed(text, at, "an index counts from 0 at the front")
    return int(inside) if re.fullmatch(_INDEX, inside) else inside, match.end()


def _malformed(text: str, at: int, reason: str) -> NoReturn:
    raise UsageError(
        f"malformed path `{text}`: {reason} at character {at + 1}",
        hint='write keys with dots or other special characters in brackets: servers["a.example"]',
    )


def format_path(path: KeyPath) -> str:
    """The path as a user types it; `parse_path` reads it back."""
    parts: list[str] = []
    for segment in path:
        if isinstance(segment, int):
            parts.append(f"[{segment}]")
        elif re.fullmatch(_SIMPLE, segment):
            parts.append(f".{segment}" if parts else segment)
        else:
            escaped = segment.replace("\\", "\\\\").replace('"', '\\"')
            parts.append(f'["{escaped}"]')
    return "".join(parts)


def index_of(segment: str | int) -> int | None:
    """The segment as a list index; None if it is not one."""
    if isinstance(segment, int):
        return segment
    return int(segment) if re.fullmatch(_INDEX, segment) else None


def get_at(data: object, path: KeyPath) -> object | Literal[Missing.MISSING]:
    """The value at a path, or MISSING."""
    for segment in path:
        if isinstance(data, dict):
            data = data.get(str(segment), MISSING)
        elif isinstance(data, list):
            index = index_of(segment)
            data = data[index] if index is not None and index < len(data) else MISSING
        else:
            return MISSING
    return data


def set_at(data: object, path: KeyPath, value: object) -> object:
    """A copy with the value at the path; missing parents are created.

    Raises LocalError when a parent is neither an object nor a list, UsageError for an index past
    the end of a list.
    """
    return _set_at(data, path, value, 0)


def unset_at(data: object, path: KeyPath) -> object:
    """A copy without the value at the path; `data` itself when there is none."""
    if get_at(data, path) is MISSING:
        return data
    return _unset_at(data, path)


def nested(path: KeyPath, value: object) -> object:
    """The value inside new parents: for the path `("a", "b")` it is `{"a": {"b": value}}`."""
    for segment in reversed(path):
        if isinstance(segment, int) and segment > 0:
            raise UsageError(f"a new list begins with the index 0, not {segment}")
        value = [value] if isinstance(segment, int) else {segment: value}
    return value


def check_index(segment: str | int, length: int, path: KeyPath) -> int:
    """The index of an existing element of a list, or of the next one. Raises UsageError."""
    index = index_of(segment)
    if index is None:
        holder = format_path(path) or "the document"
        raise UsageError(f"{holder} is a list: `{segment}` is not an index")
    if index > length:
        raise UsageError(f"{format_path(path)} has {length} elements: the next index is {length}")
    return index


def no_container(data: object, path: KeyPath) -> LocalError:
    """The error for a path through a value that is neither an object nor a list."""
    return LocalError(f"{format_path(path)} is {type_name(data)}, so nothing can be set in it")


def type_name(value: object) -> str:
    """The type of a JSON5 value, in words for people."""
    names = {dict: "an object", list: "a list", str: "a text", bool: "a boolean"}
    return "null" if value is None else names.get(type(value), "a number")


def _set_at(data: object, path: KeyPath, value: object, at: int) -> object:
    if at == len(path):
        return value
    segment = path[at]
    if isinstance(data, dict):
        key = str(segment)
        if key not in data:
            return {**data, key: nested(path[at + 1 :], value)}
        return {**data, key: _set_at(data[key], path, value, at + 1)}
    if isinstance(data, list):
        index = check_index(segment, len(data), path[:at])
        if index == len(data):
            return [*data, nested(path[at + 1 :], value)]
        return [*data[:index], _set_at(data[index], path, value, at + 1), *data[index + 1 :]]
    raise no_container(data, path[:at])


def _unset_at(data: object, path: KeyPath) -> object:
    segment, rest = path[0], path[1:]
    if isinstance(data, dict):
        key = str(segment)
        if rest:
            return {**data, key: _unset_at(data[key], rest)}
        return {name: value for name, value in data.items() if name != key}
    assert isinstance(data, list)
    index = index_of(segment)
    assert index is not None
    inner = [_unset_at(data[index], rest)] if rest else []
    return [*data[:index], *inner, *data[index + 1 :]]
