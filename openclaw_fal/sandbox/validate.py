"""Validates inputs against declared schemas, with the errors of fal (FastAPI and pydantic).

Unlike pydantic, it does not convert types: a number that is sent as text is an error, which shows
mistakes of the client.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping

from openclaw_fal.media import Schema

Errors = list[dict[str, object]]
_TYPES: dict[str, tuple[str, str]] = {
    "string": ("string_type", "Input should be a valid string"),
    "integer": ("int_type", "Input should be a valid integer"),
    "number": ("float_type", "Input should be a valid number"),
    "boolean": ("bool_type", "Input should be a valid boolean"),
    "array": ("list_type", "Input should be a valid list"),
    "object": ("dict_type", "Input should be a valid dictionary"),
}
_NOT_DOWNLOADED = "Failed to download the file. Please check that the URL can be reached."
_NOT_LOADED = "Failed to load the image. Please ensure that the file is not corrupted."
_MOST_ERRORS = 100
# How much of the input an error repeats.
_LONGEST_TEXT = 1000  # characters of each text
_MOST_ITEMS = 20  # items of each list and object


def check(
    schema: Schema, body: object, is_missing: Callable[[str], bool]
) -> tuple[Errors, list[str]]:
    """All errors of a body, and the names of fields that the schema does not declare.

    `is_missing` tells whether a reference URL is one of the sandbox's own without a file.
    """
    errors = _check(schema, body, ("body",))
    declared = schema.get("properties", {})
    unknown = [name for name in body if name not in declared] if isinstance(body, dict) else []
    if not errors and isinstance(body, dict):
        for loc, url in _urls(schema, body):
            errors += _check_url(url, loc, is_missing)
    return errors[:_MOST_ERRORS], unknown[:_MOST_ERRORS]


def json_error(message: str, position: int) -> Errors:
    """The error for a body that is not JSON."""
    return [
        {
            "loc": ["body", position],
            "msg": "JSON decode error",
            "type": "json_invalid",
            "ctx": {"error": message},
            "input": {},
        }
    ]


def _check(schema: Schema, value: object, loc: tuple[str | int, ...]) -> Errors:
    if "anyOf" in schema:
        return _check_any(schema["anyOf"], value, loc)
    if "enum" in schema or "const" in schema:
        return _check_enum(schema.get("enum") or [schema["const"]], value, loc)
    wanted = schema.get("type")
    if wanted and not _is_type(value, wanted):
        kind, message = _TYPES[wanted]
        return [_error(loc, message, kind, value)]
    if isinstance(value, dict):
        return _check_object(schema, value, loc)
    if isinstance(value, list):
        return _check_list(schema, value, loc)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _check_range(schema, value, loc)
    return []


def _check_object(schema: Schema, value: dict[str, object], loc: tuple[str | int, ...]) -> Errors:
    required = schema.get("required", [])
    errors: Errors = []
    for name in required:
        if name not in value:
            errors.append(_error((*loc, name), "Field required", "missing", value))
    for name, part in schema.get("properties", {}).items():
        if name in value:
            item = value[name]
            if item is None and name not in required and "default" not in part:
                continue
            errors += _check(part, item, (*loc, name))
    return errors


def _check_list(schema: Schema, value: list[object], loc: tuple[str | int, ...]) -> Errors:
    most = schema.get("maxItems")
    if most is not None and len(value) > most:
        message = f"List should have at most {most} items after validation, not {len(value)}"
        ctx = {"field_type": "List", "max_length": most, "actual_length": len(value)}
        return [_error(loc, message, "too_long", value, ctx)]
    errors: Errors = []
    for number, item in enumerate(value):
        errors += _check(schema.get("items", {}), item, (*loc, number))
    return errors


def _check_range(schema: Schema, value: float, loc: tuple[str | int, ...]) -> Errors:
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is not None and value < least:
        message = f"Input should be greater than or equal to {least}"
        return [_error(loc, message, "greater_than_equal", value, {"ge": least})]
    if most is not None and value > most:
        message = f"Input should be less than or equal to {most}"
        return [_error(loc, message, "less_than_equal", value, {"le": most})]
    return []


def _check_enum(options: list[object], value: object, loc: tuple[str | int, ...]) -> Errors:
    if any(type(value) is type(option) and value == option for option in options):
        return []
    names = [repr(option) for option in options]
    expected = names[0] if len(names) == 1 else ", ".join(names[:-1]) + " or " + names[-1]
    message = f"Input should be {expected}"
    return [_error(loc, message, "literal_error", value, {"expected": expected})]


def _check_any(branches: list[Schema], value: object, loc: tuple[str | int, ...]) -> Errors:
    """As pydantic does, report the errors of all branches of a union, with the branch in `loc`."""
    errors: Errors = []
    for branch in branches:
        name = "Literal" if "enum" in branch else str(branch.get("type", "value"))
        failures = _check(branch, value, (*loc, name))
        if not failures:
            return []
        errors += failures
    return errors


def _urls(
    schema: Schema, body: Mapping[str, object]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """The URLs of the reference files in a valid body, each with its location."""
    for name in schema.get("properties", {}):
        value = body.get(name)
        if name.endswith("_url") and isinstance(value, str):
            yield ("body", name), value
        elif name.endswith("_urls") and isinstance(value, list):
            yield from ((("body", name, number), url) for number, url in enumerate(value))
        elif name == "image_style_references" and isinstance(value, list):
            for number, item in enumerate(value):
                yield ("body", name, number, "image_url"), item["image_url"]


def _check_url(value: str, loc: tuple[str | int, ...], is_missing: Callable[[str], bool]) -> Errors:
    """The error for a reference that fal could not load: another scheme, no file, broken base64."""
    if value.startswith(("http://", "https://")) and not is_missing(value):
        return []
    if not value.startswith("data:"):
        return [_error(loc, _NOT_DOWNLOADED, "file_download_error", value)]
    head, comma, data = value.partition(",")
    try:
        if not comma or (";base64" in head and not base64.b64decode(data, validate=True)):
            raise ValueError("no data")
    except (binascii.Error, ValueError):
        return [_error(loc, _NOT_LOADED, "image_load_error", value)]
    return []


def _is_type(value: object, wanted: str) -> bool:
    if wanted == "integer":
        return (isinstance(value, int) and not isinstance(value, bool)) or (
            isinstance(value, float) and value.is_integer()
        )
    if wanted == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    types: dict[str, type] = {"string": str, "boolean": bool, "array": list, "object": dict}
    return isinstance(value, types[wanted])


def _error(
    loc: tuple[str | int, ...],
    message: str,
    kind: str,
    value: object,
    ctx: dict[str, object] | None = None,
) -> dict[str, object]:
    error: dict[str, object] = {"loc": list(loc), "msg": message, "type": kind}
    if ctx:
        error["ctx"] = ctx
    error["input"] = _shortened(value)
    return error


def _shortened(value: object) -> object:
    """The input with long text (data URIs) and long lists cut."""
    if isinstance(value, str):
        return value if len(value) <= _LONGEST_TEXT else value[:_LONGEST_TEXT] + "…"
    if isinstance(value, dict):
        items = list(value.items())[:_MOST_ITEMS]
        return {key[:_LONGEST_TEXT]: _shortened(item) for key, item in items}
    if isinstance(value, list):
        return [_shortened(item) for item in value[:_MOST_ITEMS]]
    return value
