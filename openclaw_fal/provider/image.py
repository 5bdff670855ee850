"""The exact request for an image model."""

from __future__ import annotations

from openclaw_fal.media import ImageRequest, Plan
from openclaw_fal.provider.common import sources, start, why_not_taken, within_limit
from openclaw_fal.provider.declared_values import add_shared
from openclaw_fal.provider.draft import Draft, shown
from openclaw_fal.provider.image_geometry import add_geometry
from openclaw_fal.provider.lookup import Lookup
from openclaw_fal.provider.numbers import whole_number
from openclaw_fal.provider.rows import ImageRow
from openclaw_fal.provider.specs import image_row
from openclaw_fal.provider.values import allowed_spelling, closest_word


def plan_image(request: ImageRequest, lookup: Lookup) -> Plan:
    row = image_row(request.model)
    editing = bool(request.images)
    endpoint = (row.edit_endpoint if editing else row.text_endpoint)(request.model)
    draft = start(request, row, endpoint, lookup)
    _add_count(draft, row, request.count)
    output_format = _add_format(draft, row, request.output_format)
    add_geometry(draft, row, request)
    _add_references(draft, row, request)
    _add_word(draft, row, "quality", request.quality, row.qualities)
    _add_background(draft, row, request.background, output_format)
    _add_creativity(draft, row, request.creativity)
    add_shared(draft, request)
    draft.add_params()
    return draft.finished()


def _add_count(draft: Draft, row: ImageRow, count: int | None) -> None:
    number = 1 if count is None else whole_number(count)
    if number is None or not 1 <= number <= row.max_count:
        takes = f"1 to {row.max_count} images" if row.max_count > 1 else "1 image"
        closest = 1 if number is None or number < 1 else row.max_count
        message = f"count {shown(count)}: {draft.model} makes {takes} a request"
        draft.reject("count", count, message, tuple(range(1, row.max_count + 1)), closest)
    elif row.count_field:
        draft.send(row.count_field, number, None if count is None else "count", count)
    elif count is not None:
        draft.adjust("count", count, 1, f"{draft.model} always makes 1 image; not sent")


def _add_format(draft: Draft, row: ImageRow, output_format: str | None) -> str | None:
    """Send the output format; returns it, None if it is unknown or rejected."""
    if row.fate("outputFormat") == "rejected":
        if output_format is not None:
            message = f"outputFormat {shown(output_format)}: {draft.model} takes no output format"
            draft.reject("outputFormat", output_format, message, "no output format")
        return None
    if output_format is None:
        draft.send("output_format", row.formats[0])
        return row.formats[0]
    word = allowed_spelling(draft, "outputFormat", output_format, row.formats, closest_word)
    if word is not None:
        draft.send("output_format", word, "outputFormat", output_format)
    return word


def _add_references(draft: Draft, row: ImageRow, request: ImageRequest) -> None:
    images = request.images
    if not images:
        if row.is_edit(request.model):
            message = f"images: {request.model} edits an image; give at least one reference image"
            draft.reject("images", 0, message, f"at least 1, at most {row.max_references}", 1)
        return
    if not within_limit(draft, "images", images, row.max_references, "reference image"):
        return
    value: object = list(images)
    if row.reference_field == "image_style_references":
        value = [{"image_url": image} for image in images]
    elif row.reference_field == "image_url":
        value = images[0]
    draft.send(row.reference_field, value, "images", sources(images))


def _add_word(
    draft: Draft, row: ImageRow, key: str, value: str | None, allowed: tuple[str, ...]
) -> str | None:
    if value is None:
        return None
    if row.fate(key) == "ignored":
        draft.ignore(key, value, why_not_taken(draft, key))
        return None
    word = allowed_spelling(draft, key, value, allowed, closest_word)
    if word is not None:
        draft.send(key, word, key, value)
    return word


def _add_background(
    draft: Draft, row: ImageRow, background: str | None, output_format: str | None
) -> None:
    word = _add_word(draft, row, "background", background, row.backgrounds)
    if word == "transparent" and output_format and output_format not in row.transparent_formats:
        takes = " or ".join(row.transparent_formats)
        message = f"background transparent: it needs {takes} as the format, not {output_format}"
        draft.reject("background", background, message, f"with the format {takes}", "opaque")


def _add_creativity(draft: Draft, row: ImageRow, creativity: str | None) -> None:
    if creativity is None and row.default_creativity:
        draft.send("creativity", row.default_creativity)
    else:
        _add_word(draft, row, "creativity", creativity, row.creativities)
