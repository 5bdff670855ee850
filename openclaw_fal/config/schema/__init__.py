"""OpenClaw's own schema of its config, as far as it concerns fal: which keys it accepts.

The files are what `openclaw config schema` of 2026.7.35 and 2026.9.6 prints, without descriptions.
Sections that have nothing to do with fal are open in them: only their names are checked.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from openclaw_fal.json5.path import KeyPath, type_name

Release: TypeAlias = Literal["2026.7", "2026.9"]
Schema: TypeAlias = Mapping[str, object]

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "number": (int, float),
    "integer": (int, float),
}
_NAMES = {"object": "an object", "array": "a list", "string": "a text", "boolean": "true or false"}


class Problem(NamedTuple):
    """A value that a release refuses; `key` is the key that it does not know, if that is why."""

    path: KeyPath
    message: str
    key: str | None = None
    known: tuple[str, ...] = ()


@cache
def schema(release: Release) -> Schema:
    """The schema of a release, as JSON Schema."""
    file = Path(__file__).with_name(f"openclaw-{release}.json")
    parsed: Schema = json.loads(file.read_text(encoding="utf-8"))
    return parsed


def problems(value: object, release: Release) -> list[Problem]:
    """What a release refuses in a config."""
    return list(_problems(value, schema(release), ()))


def at(release: Release, path: KeyPath) -> object | None:
    """The part of a schema for the value at a path; None where there is none."""
    part: object = schema(release)
    for segment in path:
        if not isinstance(part, dict):
            return None
        properties = part.get("properties")
        if isinstance(segment, int):
            part = part.get("items")
        elif isinstance(properties, dict) and segment in properties:
            part = properties[segment]
        else:
            part = part.get("additionalProperties") or None
    return part


def _problems(value: object, part: object, path: KeyPath) -> Iterator[Problem]:
    if not isinstance(part, dict):
        return
    alternatives = part.get("anyOf")
    if isinstance(alternatives, list):
        yield from _no_alternative(value, alternatives, path)
        return
    if "const" in part and value != part["const"]:
        yield Problem(path, f'This must be "{part["const"]}"')
        return
    allowed = part.get("enum")
    if isinstance(allowed, list) and value not in allowed:
        yield Problem(path, f"This must be one of {', '.join(map(str, allowed))}")
        return
    expected = part.get("type")
    if isinstance(expected, str) and not _is(value, expected):
        name = _NAMES.get(expected, "a number")
        yield Problem(path, f"This is {type_name(value)}; it must be {name}")
        return
    if isinstance(value, dict):
        yield from _members(value, part, path)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _problems(inner, part.get("items"), (*path, index))


def _members(
    value: Mapping[str, object], part: Mapping[str, object], path: KeyPath
) -> Iterator[Problem]:
    properties = part.get("properties")
    known = properties if isinstance(properties, dict) else {}
    others = part.get("additionalProperties")
    for key, inner in value.items():
        if key in known:
            yield from _problems(inner, known[key], (*path, key))
        elif others is False:
            yield Problem((*path, key), "OpenClaw knows no such key", key, tuple(known))
        else:
            yield from _problems(inner, others, (*path, key))
    required = part.get("required")
    for key in required if isinstance(required, list) else ():
        if key not in value:
            yield Problem(path, f"`{key}` is missing")


def _no_alternative(value: object, alternatives: list[object], path: KeyPath) -> Iterator[Problem]:
    """Nothing when one alternative accepts the value, else what is wrong with the nearest one."""
    tried = [list(_problems(value, part, path)) for part in alternatives]
    if all(tried):
        yield from min(tried, key=lambda some: (any(one.path == path for one in some), len(some)))


def _is(value: object, expected: str) -> bool:
    if isinstance(value, bool) and expected != "boolean":
        return False
    if expected == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES.get(expected, (object,)))
