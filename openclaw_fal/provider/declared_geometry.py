"""Size, aspect ratio and resolution in the form that an endpoint declares."""

from __future__ import annotations

from openclaw_fal.media import ImageRequest, Schema, VideoRequest
from openclaw_fal.provider.common import why_not_taken
from openclaw_fal.provider.declared_sizes import (
    Field,
    add_size,
    dimensions_field,
    ratio_field,
    same_ratio,
    send_shape,
)
from openclaw_fal.provider.declared_values import send_fitting, spelled, usable
from openclaw_fal.provider.draft import Draft, shown
from openclaw_fal.provider.geometry import parse_ratio, parse_size, ratio_to_size
from openclaw_fal.provider.image_rows import EDGES
from openclaw_fal.provider.rows import IMAGE_TO_IMAGE
from openclaw_fal.provider.schema import members, of_type, problem_of
from openclaw_fal.provider.values import closest_ratio, closest_resolution


def add_geometry(draft: Draft, request: ImageRequest | VideoRequest) -> None:
    """Send or reject size, aspect ratio and resolution.

    Each goes into a field of its own where the endpoint declares one; the others are combined into
    the field of dimensions.
    """
    dimensions = dimensions_field(draft)
    ratio = None if _own_ratio(draft, request.aspect_ratio) else request.aspect_ratio
    resolution = request.resolution
    alone = request.size is None and ratio is None
    if _own_resolution(draft, resolution, dimensions, alone):
        resolution = None
    if dimensions is None and ratio is not None:
        _no_ratio(draft, ratio)
        ratio = None
    if resolution is not None and (dimensions is None or dimensions.name == "video_size"):
        draft.ignore("resolution", resolution, why_not_taken(draft, "resolution"))
        resolution = None
    if request.size is not None:
        add_size(draft, request, dimensions)
        for key, given in (("aspectRatio", ratio), ("resolution", resolution)):
            if given is not None:
                draft.adjust(key, given, request.size, "the size wins over it")
    elif dimensions is not None and (ratio is not None or resolution is not None):
        send_shape(draft, dimensions, request.aspect_ratio, ratio, resolution)


def _no_ratio(draft: Draft, ratio: str) -> None:
    """Every image-to-image endpoint rejects an aspect ratio, as Flux's does; others ignore it."""
    if draft.endpoint.endswith(IMAGE_TO_IMAGE):
        message = f"aspectRatio {shown(ratio)}: {draft.endpoint} takes no aspect ratio"
        draft.reject("aspectRatio", ratio, message, "no aspect ratio")
    else:
        draft.ignore("aspectRatio", ratio, why_not_taken(draft, "aspect ratio"))


def _own_ratio(draft: Draft, value: str | None) -> bool:
    """Send or reject the ratio if the endpoint has a field for it; returns whether it has."""
    field = ratio_field(draft)
    if value is None or field is None:
        return False
    named = tuple(str(member) for member in members(field.inner))
    sent = next((word for word in named if same_ratio(word, value)), None)
    if sent is None and of_type(field.inner, "string") and parse_ratio(value):
        sent = _free_ratio(value, field.inner)
    if sent is None:
        problem = problem_of(field.name, value, field.inner)
        message = f"aspectRatio {shown(value)}: {draft.endpoint} takes {problem.takes}"
        closest = closest_ratio(value.strip().lower(), named)
        draft.reject("aspectRatio", value, message, problem.supported, closest)
        return True
    draft.send(field.name, field.wrapped(sent), "aspectRatio", value)
    if sent.lower() != value.strip().lower():
        draft.adjust("aspectRatio", value, sent, f"{draft.endpoint} spells it so")
    return True


def _free_ratio(value: str, schema: Schema) -> str:
    """A ratio for a text field; as dimensions (`1024x576`) if the field's default has that form."""
    ratio = value.strip().replace("/", ":").replace("x", ":")
    if parse_size(str(schema.get("default"))):
        return str(ratio_to_size(ratio, EDGES["1K"]))
    return ratio


def _own_resolution(draft: Draft, value: str | None, dimensions: Field | None, alone: bool) -> bool:
    """Send or reject the resolution if a field of words or numbers takes it; returns whether.

    `alone`: neither size nor ratio needs the field of dimensions.
    """
    if value is None:
        return False
    own = resolution_field(draft, dimensions)
    if own is None:
        return _named_resolution(draft, value, dimensions, alone)
    name, schema = own
    if name == "resolution":
        _send_resolution(draft, value, name, _spelled_resolution(value, schema), schema)
        return True
    edge = EDGES.get(value.strip().upper())
    if edge is None:
        return False
    sent = spelled(edge * edge // EDGES["1K"] ** 2, schema)
    if send_fitting(draft, "resolution", value, name, sent):
        draft.adjust("resolution", value, sent, f"{draft.endpoint} takes megapixels")
    return True


def _named_resolution(draft: Draft, value: str, dimensions: Field | None, alone: bool) -> bool:
    """Send the resolution in the field of dimensions, or in `quality`, if its enum has the word."""
    names = ["quality"]
    if dimensions is not None and dimensions.name == "resolution":
        names = ["resolution"] if alone else []
    elif dimensions is not None and dimensions.name == "image_size":
        return False
    for name, schema in usable(draft, tuple(names)):
        sent = _spelled_resolution(value, schema)
        if sent in members(schema):
            return send_fitting(draft, "resolution", value, name, sent)
    return False


def resolution_field(draft: Draft, dimensions: Field | None) -> tuple[str, Schema] | None:
    """The field of words or numbers for the resolution, other than the field of dimensions."""
    for name, schema in usable(draft, ("resolution",)):
        shared = dimensions is not None and dimensions.name == name
        if not shared and (members(schema) or of_type(schema, "string")):
            return name, schema
    if dimensions is not None and dimensions.name == "image_size":
        return None
    return next(iter(usable(draft, ("megapixels",))), None)


def _spelled_resolution(value: str, schema: Schema) -> object:
    """The resolution as the schema spells it: `1080` and `1080P` become `1080p`."""
    word = value.strip().lower()
    for member in members(schema):
        if str(member).lower().removesuffix("p") == word.removesuffix("p"):
            return member
    upper = str(schema.get("default", "")).isupper() and not word.endswith("p")
    return word.upper() if upper else word


def _send_resolution(draft: Draft, value: str, name: str, sent: object, schema: Schema) -> None:
    named = tuple(str(member) for member in members(schema))
    if sent in named or of_type(schema, "string"):
        send_fitting(draft, "resolution", value, name, sent)
        return
    problem = problem_of(name, sent, schema)
    message = f"resolution {shown(value)}: {draft.endpoint} takes {problem.takes}"
    closest = closest_resolution(value.strip().lower(), named)
    draft.reject("resolution", value, message, problem.supported, closest)
