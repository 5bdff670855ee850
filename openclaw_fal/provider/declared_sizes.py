"""Sends a size, or the size that a ratio and a resolution amount to, in the declared form."""

from __future__ import annotations

import math
from typing import NamedTuple

from openclaw_fal.media import PRESET_SIZES, ImageRequest, Schema, VideoRequest
from openclaw_fal.provider import fields
from openclaw_fal.provider.common import why_not_taken
from openclaw_fal.provider.declared_values import spelled, usable
from openclaw_fal.provider.draft import Draft, shown
from openclaw_fal.provider.geometry import (
    Size,
    closest_ratio_by_log,
    closest_size,
    log_ratio,
    parse_size,
    ratio_to_size,
)
from openclaw_fal.provider.image_rows import EDGES, PRESETS, RATIOS
from openclaw_fal.provider.numbers import number_in
from openclaw_fal.provider.schema import alternatives, fits, members, of_type, problem_of
from openclaw_fal.provider.values import LINES_PER_K, closest_ratio

SAME = 1e-6  # two ratios are the same if their logarithms differ by less


class Field(NamedTuple):
    """A declared field. `inner` is the schema of `ratio` in a field of the form `{"ratio": …}`,
    else `schema`."""

    name: str
    schema: Schema
    inner: Schema

    def wrapped(self, value: object) -> object:
        return value if self.inner is self.schema else {"ratio": value}


def dimensions_field(draft: Draft) -> Field | None:
    """The field that takes `{width, height}` or the name of a size."""
    for name, schema in usable(draft, fields.DIMENSIONS):
        if _takes_object(schema) or any(_member_size(member) for member in members(schema)):
            return Field(name, schema, schema)
    return None


def ratio_field(draft: Draft) -> Field | None:
    """The field that takes an aspect ratio: an enum, a text, or an object `{"ratio": …}`."""
    for name, schema in usable(draft, fields.ASPECT_RATIO):
        inner = schema.get("properties", {}).get("ratio", schema)
        if members(inner) or of_type(inner, "string"):
            return Field(name, schema, inner)
    return None


def same_ratio(one: str, other: str) -> bool:
    """Whether two texts are the same word or the same ratio: `16:9` and `16/9` are."""
    if one.lower() == other.strip().lower():
        return True
    mine, theirs = log_ratio(one), log_ratio(other)
    return mine is not None and theirs is not None and abs(mine - theirs) < SAME


def add_size(draft: Draft, request: ImageRequest | VideoRequest, field: Field | None) -> None:
    """Send or reject the size: in the field of dimensions, as `width` and `height`, in `size`, or
    as the closest ratio and resolution; the first of these that the endpoint declares."""
    given = str(request.size)
    size = parse_size(given)
    if field is not None:
        _send_dimensions(draft, field, "size", given, size)
        return
    if len(usable(draft, ("width", "height"))) == 2:
        _send_edges(draft, given, size or _member_size(given.strip().lower()))
        return
    for name, schema in usable(draft, ("size",)):
        word = spelled(given.strip().lower(), schema)
        if members(schema) or of_type(schema, "string"):
            _send(draft, "size", given, name, word, schema)
            return
    parts = ratio_field(draft) is not None or bool(usable(draft, ("resolution",)))
    if size is None and parts:
        _refuse_word(draft, given)
    elif size is None or not _send_parts(draft, request, given, size):
        hints = request.aspect_ratio is not None or request.resolution is not None
        won = "the aspect ratio and the resolution win over the size"
        draft.ignore("size", given, won if hints and size else why_not_taken(draft, "size"))


def send_shape(
    draft: Draft, field: Field, shape: str | None, ratio: str | None, resolution: str | None
) -> None:
    """Send dimensions for an aspect ratio, a resolution, or both: by name where the endpoint has a
    name for the ratio, else with Flux's long edge of 1024, 2048 or 4096 pixels.

    `ratio` and `resolution` are only those that have no field of their own. `shape` is the given
    aspect ratio even if it went into its own field.
    """
    size: Size | None = None
    value: object = None
    edge = EDGES.get((resolution or "1K").strip().upper())
    if edge is None:
        takes = ", ".join(EDGES)
        message = f"resolution {shown(resolution)}: {draft.endpoint} takes {takes}"
        draft.reject("resolution", resolution, message, tuple(EDGES))
        return
    if ratio is not None:
        allowed = ratios(field.schema)
        word = next((choice for choice in allowed if same_ratio(choice, ratio)), None)
        if word is None:
            closest = closest_ratio(ratio.strip().lower(), allowed)
            message = f"aspectRatio {shown(ratio)}: {draft.endpoint} takes {', '.join(allowed)}"
            draft.reject("aspectRatio", ratio, message, allowed, closest)
            return
        if log_ratio(word) is None:
            value = word
        elif resolution is None:
            value = _preset(field.schema, word)
        shape = word
    if value is None:
        usable_shape = shape if shape is not None and log_ratio(shape) is not None else "1:1"
        size = ratio_to_size(usable_shape.replace("/", ":").replace("x", ":"), edge)
        value = _as_dimensions(field.schema, size)
    hints = (("aspectRatio", ratio), ("resolution", resolution))
    if not fits(value, field.schema):
        key, given = next(hint for hint in reversed(hints) if hint[1] is not None)
        _refuse(draft, key, given, field, size)
        return
    for key, given in hints:
        if given is not None:
            draft.send(field.name, value, key, given)
            draft.adjust(key, given, value, f"{draft.endpoint} takes it as a size")


def _send_dimensions(draft: Draft, field: Field, key: str, given: str, size: Size | None) -> None:
    value = spelled(given, field.schema) if size is None else _as_dimensions(field.schema, size)
    if not fits(value, field.schema):
        _refuse(draft, key, given, field, size)
        return
    draft.send(field.name, value, key, given)
    if size is not None and isinstance(value, str) and value.lower() != str(size):
        draft.adjust(key, given, value, f"{draft.endpoint} calls {size} so")


def _refuse(draft: Draft, key: str, given: object, field: Field, size: Size | None) -> None:
    problem = problem_of(field.name, given, field.schema)
    closest, computed = None, ""
    if size and key == "size":
        named = [str(own) for member in members(field.schema) if (own := _member_size(member))]
        closest = closest_size(size, named)
    elif size:
        computed = f" ({size})"
    message = f"{key} {shown(given)}{computed}: {draft.endpoint} takes {problem.takes}"
    draft.reject(key, given, message, problem.supported, closest)


def _as_dimensions(schema: Schema, size: Size) -> object:
    """The name of the size if it has one, else `{width, height}`."""
    for member in members(schema):
        if _member_size(member) == size:
            return member
    return size.field() if _takes_object(schema) else str(size)


def _takes_object(schema: Schema) -> bool:
    return any(
        {"width", "height"} <= choice.get("properties", {}).keys()
        for choice in alternatives(schema)
    )


def _member_size(member: object) -> Size | None:
    if member in PRESET_SIZES:
        return Size(*PRESET_SIZES[str(member)])
    return parse_size(str(member).replace("*", "x"))


def _member_ratio(member: object) -> str | None:
    """The ratio of a named size: `2:3` of `portrait_3_2`, `1:1` of `square_hd`."""
    size = _member_size(member)
    if size is not None:
        common = math.gcd(*size)
        return f"{size.width // common}:{size.height // common}"
    shape, _, rest = str(member).partition("_")
    long, _, short = rest.partition("_")
    if not (long.isdecimal() and short.isdecimal()):
        return None
    return {"portrait": f"{short}:{long}", "landscape": f"{long}:{short}"}.get(shape)


def ratios(schema: Schema) -> tuple[str, ...]:
    """The ratios that a field of dimensions takes, and words such as `auto`."""
    own = [_member_ratio(member) for member in members(schema)]
    auto = [str(member) for member in members(schema) if str(member).lower() == "auto"]
    free = RATIOS if _takes_object(schema) else ()
    return tuple(dict.fromkeys([*free, *(ratio for ratio in own if ratio), *auto]))


def _preset(schema: Schema, ratio: str) -> object:
    """The schema's name for a ratio: Flux's name if the schema has that."""
    named = members(schema)
    flux = next((name for own, name in PRESETS.items() if same_ratio(own, ratio)), None)
    if flux in named:
        return flux
    return next(
        (name for name in named if (own := _member_ratio(name)) and same_ratio(own, ratio)), None
    )


def _refuse_word(draft: Draft, given: str) -> None:
    message = f"size {shown(given)}: {draft.endpoint} takes WIDTHxHEIGHT"
    draft.reject("size", given, message, "WIDTHxHEIGHT")


def _send_edges(draft: Draft, given: str, size: Size | None) -> None:
    """Send width and height as fields of their own."""
    if size is None:
        _refuse_word(draft, given)
        return
    fits_both = True
    for name, edge in (("width", size.width), ("height", size.height)):
        assert draft.schema is not None
        schema = draft.schema["properties"][name]
        fits_both = fits_both and _send(draft, "size", given, name, spelled(edge, schema), schema)
    if fits_both and parse_size(given) is None:
        draft.adjust("size", given, str(size), f"{draft.endpoint} takes width and height")


def _send(draft: Draft, key: str, given: object, name: str, value: object, schema: Schema) -> bool:
    if fits(value, schema):
        draft.send(name, value, key, given)
        return True
    problem = problem_of(name, value, schema)
    message = f"{key} {shown(given)}: {name} of {draft.endpoint} takes {problem.takes}"
    draft.reject(key, given, message, problem.supported)
    return False


def _send_parts(draft: Draft, request: ImageRequest | VideoRequest, given: str, size: Size) -> bool:
    """Send the ratio and resolution closest to the size, except those that were given themselves.

    Returns whether anything was sent.
    """
    applied: dict[str, object] = {}
    field = ratio_field(draft)
    if field is not None and request.aspect_ratio is None:
        ratio = _closest_ratio(field.inner, size)
        if ratio is not None:
            draft.send(field.name, field.wrapped(ratio), "size", given)
            applied["aspectRatio"] = ratio
    for name, schema in usable(draft, ("resolution",)):
        if request.resolution is None and (word := _closest_resolution(draft, schema, size)):
            draft.send(name, word, "size", given)
            applied["resolution"] = word
    if applied:
        parts = " and ".join(
            "an aspect ratio" if key == "aspectRatio" else "a resolution" for key in applied
        )
        draft.adjust("size", given, applied, f"{draft.endpoint} takes {parts}: the closest is sent")
        return True
    return False


def _closest_ratio(schema: Schema, size: Size) -> str | None:
    named = [str(member) for member in members(schema)]
    if of_type(schema, "string") and not parse_size(str(schema.get("default"))):
        common = math.gcd(*size)
        exact = f"{size.width // common}:{size.height // common}"
        return next((word for word in named if same_ratio(word, exact)), exact)
    return str(size) if of_type(schema, "string") else closest_ratio_by_log(size.log_ratio, named)


def _closest_resolution(draft: Draft, schema: Schema, size: Size) -> str | None:
    """The resolution closest to a size: by its short edge (`720p`); for images with resolutions in
    K by its long edge (`2K`)."""
    distances: dict[str, float] = {}
    for member in members(schema):
        word = str(member).lower()
        number = number_in(word.removesuffix("k").removesuffix("p"))
        if number is None or number <= 0 or word[-1] not in "kp0123456789":
            continue
        if word.endswith("k") and draft.kind == "image":
            distances[str(member)] = abs(math.log(number * EDGES["1K"] / max(size)))
        else:
            lines = number * (LINES_PER_K if word.endswith("k") else 1)
            distances[str(member)] = abs(math.log(lines / min(size)))
    return min(distances, key=lambda word: distances[word], default=None)
