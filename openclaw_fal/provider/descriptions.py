"""Describes for listings what each model takes, as JSON, from the rows that `plan` enforces.

In these documents an empty list means that the option is not taken, null that any value is.
`withReferences` holds what differs when a reference image is given.
"""

from __future__ import annotations

from openclaw_fal.media import Kind
from openclaw_fal.provider.common import check_kind
from openclaw_fal.provider.declared_facts import PROMPTS, describe_declared, example
from openclaw_fal.provider.geometry import limits_in_words
from openclaw_fal.provider.image_geometry import usable_ratios, usable_resolutions
from openclaw_fal.provider.lookup import Lookup
from openclaw_fal.provider.music_rows import MAX_SECONDS
from openclaw_fal.provider.refs import is_known, known_refs, ref_of, suggested_ids
from openclaw_fal.provider.rows import (
    Duration,
    ImageRow,
    MusicRow,
    Row,
    VideoRow,
    needs_image,
    words,
)
from openclaw_fal.provider.specs import (
    DEFAULT_MODELS,
    ROWS,
    declared_input,
    kind_of,
    kind_of_row,
    known_models,
)
from openclaw_fal.provider.video import size_rule

__all__ = ["describe", "known_refs", "listing"]

Document = dict[str, object]
CATALOGUE_FAMILY = "of the catalogue"
IMAGE_OPTIONS = words("size aspectRatio resolution outputFormat quality background creativity")
VIDEO_OPTIONS = words("durationSeconds aspectRatio resolution size audio watermark outputFormat")
MUSIC_OPTIONS = words("lyrics instrumental durationSeconds format")
EDIT_PROMPTS = {"image": "make it night", "video": "it comes alive"}


def listing(kind: Kind, lookup: Lookup) -> list[Document]:
    """Every known model of one kind, in the order of the rows: the default comes first."""
    return [describe(kind, model, lookup) for model in known_models(kind)]


def describe(kind: Kind, endpoint: str, lookup: Lookup) -> Document:
    """One model in full; `endpoint` may be any id. Raises `CapabilityError` for a model that makes
    something other than `kind`."""
    check_kind(kind, endpoint, kind_of(endpoint, lookup))
    known = None if kind_of_row(endpoint) else lookup.endpoint(endpoint)
    if known is not None:
        document = describe_declared(kind, known, lookup)
        family, sources = CATALOGUE_FAMILY, {"options": f"fal schema {endpoint}"}
        command = example(kind, known)
    else:
        row = next(row for row in ROWS[kind] if row.matches(endpoint))
        document = _of_row(row, endpoint, lookup)
        family, sources = row.family, dict(row.sources)
        command = _example(kind, endpoint, document)
    return {
        "model": ref_of(endpoint),
        "kind": kind,
        "family": family,
        "default": endpoint == DEFAULT_MODELS[kind],
        "known": is_known(endpoint, kind, lookup),
        "closest": next(map(ref_of, suggested_ids(endpoint, kind, lookup)), None),
        **document,
        "declaredFields": _fields(str(document["endpoint"]), lookup),
        "sources": sources,
        "example": command,
    }


def _of_row(row: Row, model: str, lookup: Lookup) -> Document:
    if isinstance(row, ImageRow):
        return _image(row, model, lookup)
    if isinstance(row, VideoRow):
        return _video(row, model, lookup)
    assert isinstance(row, MusicRow)
    return _music(row, model, lookup)


def _image(row: ImageRow, model: str, lookup: Lookup) -> Document:
    editing = row.is_edit(model)
    plain = _image_mode(row, model, row.text_endpoint(model), editing, lookup)
    edit_endpoint = row.edit_endpoint(model)
    return {
        **plain,
        "editEndpoint": edit_endpoint if row.edit_paths else None,
        "withReferences": _image_mode(row, model, edit_endpoint, True, lookup),
        "referenceField": row.reference_field,
        "requiredReferences": {"images": 1} if editing else {},
        "maxReferenceImages": row.max_references,
        "maxReferenceVideos": 0,
        "maxReferenceAudios": 0,
        "maxCount": row.max_count,
        "sizeLimits": limits_in_words(row.image_size) or None if row.image_size else None,
        "outputFormats": list(row.formats),
        "defaultOutputFormat": row.formats[0] if row.formats else None,
        "qualities": list(row.qualities),
        "backgrounds": list(row.backgrounds),
        "transparentFormats": list(row.transparent_formats),
        "creativities": list(row.creativities),
        "defaultCreativity": row.default_creativity,
    }


def _image_mode(
    row: ImageRow, model: str, endpoint: str, editing: bool, lookup: Lookup
) -> Document:
    geometry = row.fate("size", editing) == "sent"
    ratios = usable_ratios(row, editing)
    return {
        "endpoint": endpoint,
        "aspectRatios": list(ratios),
        "sizes": list(row.sizes) if geometry else [],
        "sizeRule": _image_size_rule(row) if geometry else None,
        "resolutions": list(usable_resolutions(row)) if geometry else [],
        **_fates(row, IMAGE_OPTIONS, endpoint, editing, lookup),
    }


def _image_size_rule(row: ImageRow) -> str:
    sizes = "any WIDTHxHEIGHT" if row.any_size else "one of the sizes"
    if row.image_size is None:
        return f"{sizes}, sent as the closest aspect ratio"
    limits = limits_in_words(row.image_size)
    return f"{sizes}; limits: {limits}" if limits else sizes


def _video(row: VideoRow, model: str, lookup: Lookup) -> Document:
    return {
        **_video_mode(row, row.endpoint(model, 0), bool(needs_image(model)), lookup),
        "imageEndpoint": row.endpoint(model, 1),
        "withReferences": _video_mode(row, row.endpoint(model, 1), True, lookup),
        "referenceField": row.image_field,
        "requiredReferences": {"images": 1} if needs_image(model) else {},
        "maxReferenceImages": row.max_images,
        "maxReferenceVideos": row.max_videos,
        "maxReferenceAudios": row.max_audio_refs,
        "maxReferenceFiles": row.max_files,
        "maxCount": 1,
    }


def _video_mode(row: VideoRow, endpoint: str, images: bool, lookup: Lookup) -> Document:
    takes_ratio = row.fate("aspectRatio", images) == "sent"
    return {
        "endpoint": endpoint,
        "durations": None if row.as_given else _durations(row.duration),
        "aspectRatios": None if row.as_given else list(row.aspect_ratios) if takes_ratio else [],
        "resolutions": None if row.as_given else list(row.resolutions),
        "sizes": [],
        "sizeRule": size_rule(row) if row.short_edges else None,
        "audio": row.audio_field is not None,
        **_fates(row, VIDEO_OPTIONS, endpoint, images, lookup),
    }


def _music(row: MusicRow, model: str, lookup: Lookup) -> Document:
    rule = row.duration or Duration(field="", seconds=range(1, MAX_SECONDS + 1))
    return {
        "endpoint": model,
        "formats": None if row.format is None else [row.format],
        "lyrics": row.fate("lyrics"),
        "instrumental": row.fate("instrumental"),
        "lyricsWithInstrumental": not (row.lyrics_field and row.instrumental_field),
        "durations": _durations(rule, sent=row.duration is not None),
        "requiredReferences": {},
        "maxReferenceImages": 0,
        "maxReferenceVideos": 0,
        "maxReferenceAudios": 0,
        "maxCount": 1,
        **_fates(row, MUSIC_OPTIONS, model, False, lookup),
    }


def _fates(
    row: Row, options: tuple[str, ...], endpoint: str, references: bool, lookup: Lookup
) -> Document:
    ignored = [key for key in options if row.fate(key, references) == "ignored"]
    seed = "seed" in (_fields(endpoint, lookup) or ())
    rejected = [key for key in options if row.fate(key, references) == "rejected"]
    return {
        "ignoredOptions": ignored + ([] if seed else ["seed"]),
        "rejectedOptions": sorted(rejected),
    }


def _durations(rule: Duration | None, sent: bool = True) -> Document:
    """Durations in whole seconds; `values` is null if all from `min` to `max` are taken."""
    if rule is None:
        return {"min": None, "max": None, "values": [], "sent": False}
    values = None if isinstance(rule.seconds, range) else list(rule.seconds)
    return {"min": rule.seconds[0], "max": rule.seconds[-1], "values": values, "sent": sent}


def _fields(endpoint: str, lookup: Lookup) -> list[str] | None:
    declared = declared_input(endpoint, lookup)
    return None if declared is None else sorted(declared["properties"])


def _example(kind: Kind, model: str, document: Document) -> str:
    """A command that works."""
    flags = f"--model {ref_of(model)}"
    if document["requiredReferences"]:
        edit = "image edit --file" if kind == "image" else "video --image"
        return f'openclaw {edit} photo.png {flags} "{EDIT_PROMPTS[kind]}"'
    if document["maxReferenceVideos"]:
        return f'openclaw video --image photo.png {flags} "{EDIT_PROMPTS[kind]}"'
    return f'openclaw {kind} {flags} "{PROMPTS[kind]}"'
