"""Checks values against declared schemas: the part of JSON Schema that fal's declarations use.

A `Reference` counts as text, as its URL takes its place when the request is sent.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from openclaw_fal.media import Reference, Schema
from openclaw_fal.provider.numbers import seconds_in

SHOWN_MEMBERS = 30
TYPES = {
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "object": "an object",
    "null": "null",
}


class Problem(NamedTuple):
    """A value that its schema refuses: `name` is the field, `takes` says what the field takes.

    `supported` and `closest` are those of a `Violation`; `missing`: the field is required and
    absent.
    """

    name: str
    takes: str
    supported: tuple[object, ...] | str
    closest: object = None
    missing: bool = False


def alternatives(schema: Schema) -> Iterator[Schema]:
    """The members of `anyOf` or `oneOf`, nested ones included; else the schema itself."""
    choices = schema.get("anyOf") or schema.get("oneOf")
    if not choices:
        yield schema
        return
    for choice in choices:
        yield from alternatives(choice)


def members(schema: Schema) -> tuple[object, ...]:
    """The values that an enum names, in their own spelling; empty when there is none."""
    named: list[object] = []
    for choice in alternatives(schema):
        named += choice.get("enum", [choice["const"]] if "const" in choice else [])
    return tuple(named)


def of_type(schema: Schema, *types: str) -> Schema | None:
    """The first alternative of one of these types that takes any value of the type."""
    for choice in alternatives(schema):
        if choice.get("type") in types and "enum" not in choice and "const" not in choice:
            return choice
    return None


def takes(schema: Schema) -> str:
    """What a field takes, in words: `one of 5, 10`, `a number from 1 to 4`, `text`."""
    words = [_takes(choice) for choice in alternatives(schema)]
    return " or ".join(dict.fromkeys(words))


def supported(schema: Schema) -> tuple[object, ...] | str:
    """What a field takes, for a violation: its values if it names them, else words."""
    named = members(schema)
    all_named = all("enum" in choice for choice in alternatives(schema))
    return named if named and all_named else takes(schema)


def problems(body: Mapping[str, object], schema: Schema) -> list[Problem]:
    """Every value of a request body that the schema refuses; undeclared fields are not checked."""
    properties = schema.get("properties", {})
    refused = [
        Problem(name, takes(properties.get(name, {})), supported(properties[name]), missing=True)
        for name in schema.get("required", ())
        if name not in body and name in properties
    ]
    for name, value in body.items():
        if name in properties and not fits(value, properties[name]):
            refused.append(problem_of(name, value, properties[name]))
    return refused


def problem_of(name: str, value: object, schema: Schema) -> Problem:
    """Why the schema of a field refuses a value."""
    return Problem(name, takes(schema), supported(schema), closest(value, schema))


def sample(schema: Schema) -> object:
    """Any value that the schema takes, for examples."""
    choice = next(alternatives(schema))
    named = members(choice)
    if named:
        return choice.get("default", named[0])
    kind = choice.get("type")
    if kind == "object":
        properties = choice.get("properties", {})
        return {name: sample(properties[name]) for name in choice.get("required", ())}
    if kind == "array":
        items = choice.get("items", {})
        return [sample(items)] * max(1, choice.get("minItems", 1))
    if kind in ("number", "integer"):
        return choice.get("default", choice.get("minimum", 1))
    return True if kind == "boolean" else "https://example.com/file"


def closest(value: object, schema: Schema) -> object:
    """The value that the schema takes and that is closest to a number; None if there is none."""
    number = seconds_in(value)
    if number is None or abs(number) > sys.float_info.max:
        return None
    numbers = [member for member in members(schema) if seconds_in(member) is not None]
    if numbers:
        return min(numbers, key=lambda member: abs((seconds_in(member) or 0) - number))
    choice = of_type(schema, "number", "integer")
    if choice is None:
        return None
    low, high = choice.get("minimum"), choice.get("maximum")
    limited = number if low is None else max(number, low)
    limited = limited if high is None else min(limited, high)
    if choice["type"] == "integer":
        limited = math.floor(limited + 0.5)
    return limited if fits(limited, choice) else None


def fits(value: object, schema: Schema) -> bool:
    """Whether the schema takes the value."""
    if any(word in schema for word in ("anyOf", "oneOf")):
        return any(fits(value, choice) for choice in alternatives(schema))
    if "const" in schema:
        return _same(value, schema["const"])
    if "enum" in schema:
        return any(_same(value, member) for member in schema["enum"])
    kind = schema.get("type")
    if kind is not None and not _is_type(value, kind):
        return False
    if isinstance(value, str):
        return _within(len(value), schema.get("minLength"), schema.get("maxLength"))
    if isinstance(value, (list, tuple)):
        return _list_fits(value, schema)
    if isinstance(value, Mapping):
        return _object_fits(value, schema)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _number_fits(value, schema)
    return True


def _number_fits(value: float, schema: Schema) -> bool:
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    step = schema.get("multipleOf")
    return (
        _within(value, schema.get("minimum"), schema.get("maximum"))
        and (above is None or value > above)
        and (below is None or value < below)
        and (step is None or _is_multiple(value, step))
    )


def _is_multiple(value: float, step: float) -> bool:
    if isinstance(value, int) and isinstance(step, int):
        return value % step == 0  # exact, also for a number too large for a float
    return math.isclose(value / step, round(value / step))


def _list_fits(value: Sequence[object], schema: Schema) -> bool:
    items = schema.get("items", {})
    return _within(len(value), schema.get("minItems"), schema.get("maxItems")) and all(
        fits(item, items) for item in value
    )


def _object_fits(value: Mapping[str, object], schema: Schema) -> bool:
    properties = schema.get("properties", {})
    return all(name in value for name in schema.get("required", ())) and all(
        fits(inner, properties[name])
        if name in properties
        else schema.get("additionalProperties") is not False
        for name, inner in value.items()
    )


def _within(value: float, low: float | None, high: float | None) -> bool:
    return (low is None or value >= low) and (high is None or value <= high)


def _is_type(value: object, kind: str) -> bool:
    if kind == "null":
        return value is None
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "string":
        return isinstance(value, (str, Reference))
    if kind == "array":
        return isinstance(value, (list, tuple))
    if kind == "object":
        return isinstance(value, Mapping)
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and (whole or kind == "number")


def _same(value: object, member: object) -> bool:
    """Equality in JSON: 1 and 1.0 are equal, 1 and true are not."""
    return value == member and isinstance(value, bool) == isinstance(member, bool)


def _takes(schema: Schema) -> str:
    if "enum" in schema:
        named = [str(member) for member in schema["enum"]]
        more = ", …" if len(named) > SHOWN_MEMBERS else ""
        return f"one of {', '.join(named[:SHOWN_MEMBERS])}{more}"
    if "const" in schema:
        return str(schema["const"])
    kind = schema.get("type", "any JSON")
    if kind == "array":
        return f"a list{_limits(schema, 'minItems', 'maxItems')}"
    if kind == "string":
        return f"text{_limits(schema, 'minLength', 'maxLength')}"
    return TYPES.get(kind, str(kind)) + _limits(schema, "minimum", "maximum")


def _limits(schema: Schema, least: str, most: str) -> str:
    low, high = schema.get(least), schema.get(most)
    of = {"minItems": " entries", "minLength": " characters"}.get(least, "")
    if low is not None and high is not None:
        return f" from {low} to {high}" if not of else f" of {low} to {high}{of}"
    if low is not None:
        return f" of at least {low}{of}"
    return f" of at most {high}{of}" if high is not None else ""
