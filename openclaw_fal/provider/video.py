"""The exact request for a video model."""

from __future__ import annotations

import math

from openclaw_fal.media import Plan, VideoRequest
from openclaw_fal.provider.common import sources, start, why_not_taken, within_limit
from openclaw_fal.provider.declared_values import add_shared
from openclaw_fal.provider.draft import Draft, shown
from openclaw_fal.provider.durations import add_duration
from openclaw_fal.provider.geometry import (
    Size,
    closest_ratio_by_log,
    log_ratio,
    parse_size,
    rounded,
)
from openclaw_fal.provider.lookup import Lookup
from openclaw_fal.provider.numbers import number_in
from openclaw_fal.provider.rows import VideoRow, needs_image
from openclaw_fal.provider.specs import video_row
from openclaw_fal.provider.values import allowed_spelling, closest_ratio, closest_resolution

# A size counts as an aspect ratio that it differs from by up to 3 %, as 854x480 and 2560x1080 do.
RATIO_TOLERANCE = math.log(1.03)


def plan_video(request: VideoRequest, lookup: Lookup) -> Plan:
    row = video_row(request.model)
    draft = start(request, row, row.endpoint(request.model, len(request.images)), lookup)
    _add_references(draft, row, request)
    if row.as_given:
        _add_as_given(draft, request)
    else:
        _add_seconds(draft, row, request)
        _add_ratio(draft, row, request)
        _add_resolution(draft, row, request)
        _add_size(draft, row, request)
    if row.audio_field and request.audio is not None:
        draft.send(row.audio_field, bool(request.audio), "audio", request.audio)
    elif request.audio is not None:
        draft.ignore("audio", request.audio, why_not_taken(draft, "audio toggle"))
    if request.output_format is not None:
        draft.ignore("outputFormat", request.output_format, why_not_taken(draft, "output format"))
    if request.watermark is not None:
        draft.ignore("watermark", request.watermark, why_not_taken(draft, "watermark"))
    add_shared(draft, request)
    draft.add_params()
    return draft.finished()


def _add_references(draft: Draft, row: VideoRow, request: VideoRequest) -> None:
    images, videos, audios = request.images, request.videos, request.audio_refs
    if needs_image(request.model) and not images:
        message = f"images: {request.model} animates an image; give one reference image"
        draft.reject("images", 0, message, "1", 1)
    fine = within_limit(draft, "images", images, row.max_images, "reference image")
    if not within_limit(draft, "videos", videos, row.max_videos, "reference video"):
        fine = False
    if not within_limit(draft, "audioRefs", audios, row.max_audio_refs, "audio reference"):
        fine = False
    if not fine or not _fit_together(draft, row, request):
        return
    if images:
        value: object = list(images) if row.image_list else images[0]
        draft.send(row.image_field, value, "images", sources(images))
        if draft.schema is None:
            draft.warnings.append(
                f"fal's schema of {draft.endpoint} is not known here: "
                f"if it takes no {row.image_field}, fal ignores the image"
            )
    if videos and row.video_field:
        draft.send(row.video_field, list(videos), "videos", sources(videos))
    if audios and row.audio_ref_field:
        draft.send(row.audio_ref_field, list(audios), "audioRefs", sources(audios))


def _fit_together(draft: Draft, row: VideoRow, request: VideoRequest) -> bool:
    """Check the limit over all references, and that audio is not the only one."""
    images, videos, audios = request.images, request.videos, request.audio_refs
    total = len(images) + len(videos) + len(audios)
    if row.max_files is not None and total > row.max_files:
        limit = f"at most {row.max_files} reference files in all"
        key = "audioRefs" if audios else "videos" if videos else "images"
        draft.reject(
            key, total, f"{key}: {draft.model} takes {limit}, not {total}", limit, row.max_files
        )
        return False
    if audios and not images and not videos:
        rule = "audio references need at least one image or video reference"
        draft.reject("audioRefs", len(audios), f"audioRefs: {rule}", rule)
        return False
    return True


def _add_as_given(draft: Draft, request: VideoRequest) -> None:
    """Send the options unchanged: nothing is known of the endpoint."""
    texts = (
        ("aspectRatio", "aspect_ratio", request.aspect_ratio),
        ("resolution", "resolution", request.resolution),
    )
    for key, name, value in texts:
        if value is not None and not value.strip():
            draft.reject(key, value, f"{key}: it is empty")
        elif value is not None:
            draft.send(name, value, key, value)
    if request.duration is not None:
        _add_any_duration(draft, request.duration)
    if request.size is not None:
        draft.ignore("size", request.size, why_not_taken(draft, "size"))


def _add_any_duration(draft: Draft, value: int | float | str) -> None:
    """Send a duration to an endpoint of which nothing is known: a positive number, or `8s`."""
    number = number_in(value)
    word = isinstance(value, str) and value.strip()[:1].isalnum() and not _spells_float(value)
    if number is None and word:
        draft.send("duration", value, "durationSeconds", value)
    elif number is None or number <= 0:
        message = f"durationSeconds {shown(value)}: it must be a positive number of seconds"
        draft.reject("durationSeconds", value, message, "a positive number")
    else:
        draft.send("duration", number, "durationSeconds", value)


def _spells_float(text: str) -> bool:
    """Whether Python would read the text as a number, `nan` and `inf` included."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def _add_seconds(draft: Draft, row: VideoRow, request: VideoRequest) -> None:
    if request.duration is None:
        return
    if row.duration is None or row.fate("durationSeconds") == "ignored":
        draft.ignore("durationSeconds", request.duration, why_not_taken(draft, "duration"))
    else:
        add_duration(draft, row.duration, request.duration)


def _add_ratio(draft: Draft, row: VideoRow, request: VideoRequest) -> None:
    value = request.aspect_ratio
    if value is None:
        return
    if row.fate("aspectRatio", bool(request.images)) == "ignored":
        draft.ignore("aspectRatio", value, why_not_taken(draft, "aspect ratio"))
        return
    ratio = allowed_spelling(draft, "aspectRatio", value, row.aspect_ratios, closest_ratio)
    if ratio is not None:
        draft.send("aspect_ratio", ratio, "aspectRatio", value)


def _add_resolution(draft: Draft, row: VideoRow, request: VideoRequest) -> None:
    value = request.resolution
    if value is None:
        return
    if row.fate("resolution") == "ignored":
        draft.ignore("resolution", value, why_not_taken(draft, "resolution"))
        return
    resolution = allowed_spelling(draft, "resolution", value, row.resolutions, closest_resolution)
    if resolution is not None:
        draft.send("resolution", resolution, "resolution", value)


def _add_size(draft: Draft, row: VideoRow, request: VideoRequest) -> None:
    """Send a size as the aspect ratio and the resolution, except those that were given."""
    if request.size is None:
        return
    if row.fate("size") == "ignored":
        draft.ignore("size", request.size, why_not_taken(draft, "size"))
        return
    size = parse_size(request.size)
    ratio = size and size_ratio(row, size)
    resolution = size and row.short_edges.get(min(size))
    wants_ratio, wants_resolution = request.aspect_ratio is None, request.resolution is None
    if size is None or (wants_ratio and not ratio) or (wants_resolution and not resolution):
        _refuse_size(draft, row, request.size, size)
        return
    applied = {}
    if wants_ratio:
        applied["aspectRatio"] = ratio
        draft.send("aspect_ratio", ratio, "size", request.size)
    if wants_resolution:
        applied["resolution"] = resolution
        draft.send("resolution", resolution, "size", request.size)
    reason = f"{draft.endpoint} takes an aspect ratio and a resolution"
    if not applied:
        applied = {"aspectRatio": request.aspect_ratio, "resolution": request.resolution}
        reason = "the aspect ratio and the resolution win over the size"
    draft.adjust("size", request.size, applied, reason)


def size_ratio(row: VideoRow, size: Size) -> str | None:
    """The row's aspect ratio that the size has, within RATIO_TOLERANCE."""
    closest = closest_ratio_by_log(size.log_ratio, row.aspect_ratios)
    own = log_ratio(closest) if closest else None
    return closest if own is not None and abs(own - size.log_ratio) <= RATIO_TOLERANCE else None


def _refuse_size(draft: Draft, row: VideoRow, value: str, size: Size | None) -> None:
    rule = size_rule(row)
    closest = str(closest_video_size(row, size)) if size else None
    draft.reject("size", value, f"size {shown(value)}: {draft.model} takes {rule}", rule, closest)


def size_rule(row: VideoRow) -> str:
    ratios = ", ".join(ratio for ratio in row.aspect_ratios if log_ratio(ratio) is not None)
    edges = ", ".join(map(str, row.short_edges))
    return f"WIDTHxHEIGHT with a ratio of {ratios} and a short edge of {edges}"


def closest_video_size(row: VideoRow, size: Size) -> Size:
    """The size with the row's closest aspect ratio and closest short edge; both edges are even."""
    ratio = closest_ratio_by_log(size.log_ratio, row.aspect_ratios)
    log = abs(log_ratio(ratio) or 0) if ratio else 0.0
    short = min(row.short_edges, key=lambda edge: abs(math.log(edge / min(size))))
    long = rounded(short * math.exp(log), 2)
    return Size(long, short) if size.width >= size.height else Size(short, long)
