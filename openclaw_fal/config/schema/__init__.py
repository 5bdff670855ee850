"""OpenClaw's own schema of its config: which keys and values it accepts.

The files are the output of `openclaw config schema` of 2026.7.35 and 2026.9.6, without
descriptions. Sections that have nothing to do with fal are open: only their names are checked.
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
    """A value that a release refuses. For an unknown key: `key`, and the `known` keys."""

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
    """The schema of the value at a path; None when there is none."""
    node: object = schema(release)
    for segment in path:
        if not isinstance(node, dict):
            return None
        properties = node.get("properties")
        if isinstance(segment, int):
            node = node.get("items")
        elif isinstance(properties, dict) and segment in properties:
            node = properties[segment]
        else:
            node = node.get("additionalProperties") or None
    return node


def _problems(value: object, schema: object, path: KeyPath) -> Iterator[Problem]:
    if not isinstance(schema, dict):
        return
    alternatives = schema.get("anyOf")
    if isinstance(alternatives, list):
        yield from _no_alternative(value, alternatives, path)
        return
    if "const" in schema and value != schema["const"]:
        yield Problem(path, f'must be "{schema["const"]}"')
        return
    allowed = schema.get("enum")
    if isinstance(allowed, list) and value not in allowed:
        yield Problem(path, f"must be one of {', '.join(map(str, allowed))}")
        return
    expected = schema.get("type")
    if isinstance(expected, str) and not _is(value, expected):
        name = _NAMES.get(expected, "a number")
        yield Problem(path, f"must be {name}, not {type_name(value)}")
        return
    if isinstance(value, dict):
        yield from _members(value, schema, path)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _problems(inner, schema.get("items"), (*path, index))


def _members(
    value: Mapping[str, object], schema: Mapping[str, object], path: KeyPath
) -> Iterator[Problem]:
    properties = schema.get("properties")
    known = properties if isinstance(properties, dict) else {}
    additional = schema.get("additionalProperties")
    for key, inner in value.items():
        if key in known:
            yield from _problems(inner, known[key], (*path, key))
        elif additional is False:
            yield Problem((*path, key), "OpenClaw knows no such key", key, tuple(known))
        else:
            yield from _problems(inner, additional, (*path, key))
    required = schema.get("required")
    for key in required if isinstance(required, list) else ():
        if key not in value:
            yield Problem(path, f"`{key}` is missing")


def _no_alternative(value: object, alternatives: list[object], path: KeyPath) -> Iterator[Problem]:
    """Nothing if one alternative accepts the value, else the problems of the closest one."""
    results = [list(_problems(value, schema, path)) for schema in alternatives]
    if all(results):
        # closest: the value itself fits (only something inside does not), then the fewest problems
        yield from min(results, key=lambda ps: (any(p.path == path for p in ps), len(ps)))


def _is(value: object, expected: str) -> bool:
    if isinstance(value, bool) and expected != "boolean":
        return False
    if expected == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES.get(expected, (object,)))
