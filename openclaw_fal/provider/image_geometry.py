"""Size, aspect ratio and resolution of an image, in the form that its endpoint declares."""

from __future__ import annotations

import json

from openclaw_fal.media import ImageRequest
from openclaw_fal.provider.common import why_not_taken
from openclaw_fal.provider.draft import Draft, shown
from openclaw_fal.provider.geometry import (
    Size,
    broken_limits,
    closest_legal,
    closest_ratio_by_log,
    closest_size,
    limits_in_words,
    parse_size,
    ratio_to_size,
)
from openclaw_fal.provider.rows import ImageRow, ImageSize
from openclaw_fal.provider.schema import fits
from openclaw_fal.provider.values import allowed_spelling, closest_ratio, closest_resolution

AUTO = "auto"


def add_geometry(draft: Draft, row: ImageRow, request: ImageRequest) -> None:
    """Check size, aspect ratio and resolution, and send what they amount to together."""
    editing = bool(request.images) or row.is_edit(request.model)
    before = len(draft.violations)
    ratio = _ratio(draft, row, request.aspect_ratio, editing)
    if row.fate("size", editing) == "ignored":
        for key, value in (("size", request.size), ("resolution", request.resolution)):
            if value is not None:
                draft.ignore(key, value, why_not_taken(draft, "size or resolution"))
        return
    resolution = _resolution(draft, row, request.resolution)
    size = _size(draft, row, request.size)
    if len(draft.violations) > before:
        return
    if row.image_size is None:
        _send_ratio(draft, row, request, ratio, size)
        if resolution is not None:
            sent = resolution.lower() if row.lower_case_resolution else resolution
            draft.send("resolution", sent, "resolution", request.resolution)
    elif size is not None:
        _send_size(draft, row.image_size, request, size)
    elif ratio is not None or resolution is not None:
        _send_dimensions(draft, row, request, ratio, resolution)


def usable_ratios(row: ImageRow, editing: bool) -> tuple[str, ...]:
    """The ratios of the row whose sizes are within its limits."""
    rule = row.image_size
    if rule is None:
        return row.ratios(editing)
    return tuple(
        ratio
        for ratio in row.ratios(editing)
        if ratio in rule.presets or not broken_limits(ratio_size(rule, ratio), rule)
    )


def usable_resolutions(row: ImageRow) -> tuple[str, ...]:
    """The resolutions of the row whose square is within its size limits."""
    rule = row.image_size
    if rule is None:
        return row.resolutions
    return tuple(
        resolution
        for resolution in row.resolutions
        if not broken_limits(Size(rule.edges[resolution], rule.edges[resolution]), rule)
    )


def ratio_size(rule: ImageSize, ratio: str, resolution: str | None = None) -> Size:
    """The dimensions that an aspect ratio and a resolution amount to."""
    edge = rule.edges[resolution] if resolution else rule.ratio_edge
    return ratio_to_size(ratio, edge, rule.multiple)


def _ratio(draft: Draft, row: ImageRow, value: str | None, editing: bool) -> str | None:
    if value is None:
        return None
    if row.fate("aspectRatio", editing) == "rejected":
        message = f"aspectRatio {shown(value)}: {draft.endpoint} takes no aspect ratio"
        draft.reject("aspectRatio", value, message, "no aspect ratio")
        return None
    usable = usable_ratios(row, editing)
    limits = limits_in_words(row.image_size) if row.image_size else ""
    extra = f" (limits: {limits})" if limits else ""
    return allowed_spelling(draft, "aspectRatio", value, usable, closest_ratio, extra)


def _resolution(draft: Draft, row: ImageRow, value: str | None) -> str | None:
    if value is None:
        return None
    if row.fate("resolution") == "rejected":
        message = f"resolution {shown(value)}: {draft.model} takes no resolution"
        draft.reject("resolution", value, message, "no resolution")
        return None
    return allowed_spelling(draft, "resolution", value, row.resolutions, closest_resolution)


def _size(draft: Draft, row: ImageRow, value: str | None) -> Size | str | None:
    """The size as dimensions, or the word `auto`."""
    if value is None:
        return None
    size = parse_size(value)
    if size is None and value.strip().lower() == AUTO and AUTO in row.sizes:
        return AUTO
    if size is None or not (row.any_size or str(size) in row.sizes):
        _refuse_size(draft, row, value, size)
        return None
    broken = broken_limits(size, row.image_size) if row.image_size else []
    if broken and row.image_size:
        _refuse_limits(draft, value, size, row.image_size, broken)
        return None
    return size


def _refuse_size(draft: Draft, row: ImageRow, value: str, size: Size | None) -> None:
    takes = (*row.sizes, *(("WIDTHxHEIGHT",) if row.any_size else ()))
    closest = closest_size(size, row.sizes) if size else None
    message = f"size {shown(value)}: {draft.model} takes {', '.join(takes)}"
    draft.reject("size", value, message, takes, closest)
    declared = draft.declared("image_size")
    fine = size and row.image_size and not broken_limits(size, row.image_size)
    if size and fine and declared and fits(size.field(), declared):
        field = json.dumps(size.field())
        draft.ways.append(f"to send it all the same: --param image_size='{field}'")


def _refuse_limits(
    draft: Draft, value: str, size: Size, rule: ImageSize, broken: list[str]
) -> None:
    message = f"size {shown(value)}: {draft.model} takes sizes with {', '.join(broken)}"
    closest = closest_legal(size, rule)
    draft.reject("size", value, message, limits_in_words(rule), closest and str(closest))


def _send_ratio(
    draft: Draft, row: ImageRow, request: ImageRequest, ratio: str | None, size: Size | str | None
) -> None:
    """The aspect ratio that was given, else the one closest to the size."""
    if ratio is not None:
        draft.send("aspect_ratio", ratio, "aspectRatio", request.aspect_ratio)
        if size is not None:
            draft.adjust("size", request.size, ratio, "the aspect ratio wins over the size")
    elif isinstance(size, Size):
        closest = closest_ratio_by_log(size.log_ratio, row.aspect_ratios)
        draft.send("aspect_ratio", closest, "size", request.size)
        reason = f"{draft.endpoint} takes an aspect ratio: the closest one is sent"
        draft.adjust("size", request.size, closest, reason)


def _send_size(draft: Draft, rule: ImageSize, request: ImageRequest, size: Size | str) -> None:
    value = size.field() if isinstance(size, Size) else size
    draft.send("image_size", value, "size", request.size)
    for key, given in (("aspectRatio", request.aspect_ratio), ("resolution", request.resolution)):
        if given is not None:
            draft.adjust(key, given, value, "the size wins over it")


def _send_dimensions(
    draft: Draft, row: ImageRow, request: ImageRequest, ratio: str | None, resolution: str | None
) -> None:
    """Send an aspect ratio, a resolution, or both, as a preset or as dimensions."""
    rule = row.image_size
    assert rule is not None
    if ratio and resolution and request.images and rule.references_ignore_resolution:
        reason = "with reference images the aspect ratio alone decides the size"
        draft.ignore("resolution", request.resolution, reason)
        resolution = None
    if ratio and not resolution and ratio in rule.presets:
        _send_image_size(draft, rule.presets[ratio], (("aspectRatio", request.aspect_ratio),))
        return
    size = ratio_size(rule, ratio or "1:1", resolution)
    hints = [("aspectRatio", request.aspect_ratio)] if ratio else []
    hints += [("resolution", request.resolution)] if resolution else []
    broken = broken_limits(size, rule)
    if broken:
        _refuse_resolution(draft, row, request.resolution, ratio or "1:1", size, broken)
    else:
        _send_image_size(draft, size.field(), tuple(hints))


def _refuse_resolution(
    draft: Draft, row: ImageRow, given: str | None, ratio: str, size: Size, broken: list[str]
) -> None:
    """Reject the resolution: a ratio alone never breaks the limits."""
    rule = row.image_size
    assert rule is not None
    allowed = tuple(
        resolution
        for resolution in row.resolutions
        if not broken_limits(ratio_size(rule, ratio, resolution), rule)
    )
    takes = f"{draft.model} takes sizes with {', '.join(broken)}"
    message = f"resolution {given}: with {ratio} that is {size}; {takes}"
    closest = closest_resolution(str(given).lower(), allowed)
    draft.reject("resolution", given, message, allowed or limits_in_words(rule), closest)


def _send_image_size(
    draft: Draft, value: object, hints: tuple[tuple[str, str | None], ...]
) -> None:
    for key, given in hints:
        draft.send("image_size", value, key, given)
        draft.adjust(key, given, value, f"{draft.endpoint} takes it as a size")
