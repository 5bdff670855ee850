"""Describes an endpoint of the catalogue for listings: what becomes of each option there."""

from __future__ import annotations

import json
import shlex
from typing import NamedTuple

from openclaw_fal.media import (
    Endpoint,
    ImageRequest,
    Kind,
    MediaRequest,
    MusicRequest,
    Reference,
    VideoRequest,
)
from openclaw_fal.parameters import KEYS
from openclaw_fal.provider import fields
from openclaw_fal.provider.declared_files import (
    destination,
    field_for_file,
    field_for_files,
    most_files,
    takes_files,
)
from openclaw_fal.provider.declared_geometry import resolution_field
from openclaw_fal.provider.declared_sizes import dimensions_field, ratio_field, ratios
from openclaw_fal.provider.declared_values import (
    MAX_IMAGES,
    file_formats,
    frame_rate,
    holds,
    usable,
)
from openclaw_fal.provider.draft import Draft
from openclaw_fal.provider.image_rows import EDGES
from openclaw_fal.provider.lookup import Lookup
from openclaw_fal.provider.rows import IMAGE_TO_IMAGE, Fate
from openclaw_fal.provider.schema import members, sample, supported, takes

Document = dict[str, object]
# A value of the option's type, to find a field that can hold it; text for all other options.
SAMPLES: dict[str, str | float | bool] = {"audio": True, "watermark": True, "instrumental": True}
FILE_FLAGS: dict[Kind, dict[str, str]] = {
    "image": {"images": "--image photo.png"},
    "video": {
        "images": "--image photo.png",
        "videos": "--video clip.mp4",
        "audio_refs": "--audio-ref sound.mp3",
    },
}
PROMPTS = {"image": "a cat", "video": "waves under a lighthouse", "music": "slow piano, rain"}
# The key in the document for the allowed values of an option.
VALUES = {
    "aspectRatio": "aspectRatios",
    "resolution": "resolutions",
    "outputFormat": "outputFormats",
    "format": "formats",
    "quality": "qualities",
    "background": "backgrounds",
    "creativity": "creativities",
    "style": "styles",
}


class OptionFacts(NamedTuple):
    """What becomes of an option: the field that it is sent in, and the values that this takes."""

    fate: Fate
    field: str | None = None
    takes: tuple[object, ...] | str | None = None


def describe_declared(kind: Kind, endpoint: Endpoint, lookup: Lookup) -> Document:
    """One endpoint in full, JSON-ready."""
    plain = _request(kind, endpoint.id, ())
    with_image = _request(kind, endpoint.id, (Reference("image.png", "image"),))
    image_endpoint = destination(with_image, endpoint, lookup)
    needs = [key for key in fields.ONE_FILE if _requires(endpoint, key)]
    document: Document = {
        **_mode(plain, endpoint, lookup),
        "requiredFields": list(endpoint.required),
        "requiredReferences": {KEYS[key]: 1 for key in needs if key in FILE_FLAGS.get(kind, {})},
        "maxReferenceImages": most_files(image_endpoint, "images") if kind != "music" else 0,
        "maxReferenceVideos": most_files(endpoint, "videos") if kind == "video" else 0,
        "maxReferenceAudios": most_files(endpoint, "audio_refs") if kind == "video" else 0,
        "maxCount": MAX_IMAGES
        if kind == "image" and any(name in endpoint.properties for name in fields.COUNT)
        else 1,
    }
    if kind != "music" and takes_files(image_endpoint, "images"):
        document["imageEndpoint"] = image_endpoint.id
        if image_endpoint is not endpoint:
            document["withReferences"] = _mode(with_image, image_endpoint, lookup)
    return document


def option_facts(
    request: MediaRequest, endpoint: Endpoint, lookup: Lookup
) -> dict[str, OptionFacts]:
    """What becomes of each option of the request's kind at the endpoint, by the option's key."""
    draft = Draft(request, endpoint.id, lookup)
    options = {
        KEYS[option]: _plain(draft, option) for option in fields.PLAIN if hasattr(request, option)
    }
    options |= {
        KEYS[option]: _files(endpoint, option)
        for option in fields.ONE_FILE
        if hasattr(request, option)
    }
    if isinstance(request, MusicRequest):
        options["format"] = _format(draft)
        options["durationSeconds"] = _duration(draft)
        return options
    options["outputFormat"] = _format(draft)
    options |= _geometry(draft)
    if isinstance(request, ImageRequest):
        options["count"] = _first(draft, fields.COUNT) or OptionFacts("rejected", takes="1 image")
    else:
        options["durationSeconds"] = _duration(draft)
    return options


def _mode(request: MediaRequest, endpoint: Endpoint, lookup: Lookup) -> Document:
    options = option_facts(request, endpoint, lookup)
    values = {
        name: list(options[key].takes or ())
        for key, name in VALUES.items()
        if key in options and isinstance(options[key].takes, tuple)
    }
    return {
        "endpoint": endpoint.id,
        **values,
        "options": {
            key: {"field": facts.field, "takes": _as_list(facts.takes)}
            for key, facts in options.items()
            if facts.fate == "sent"
        },
        "ignoredOptions": [key for key, facts in options.items() if facts.fate == "ignored"],
        "rejectedOptions": [key for key, facts in options.items() if facts.fate == "rejected"],
    }


def example(kind: Kind, endpoint: Endpoint) -> str:
    """A command that works: with the files, the prompt and the fields that are required."""
    words = ["openclaw", kind]
    prompt_field = endpoint.first(fields.PROMPT)
    filled = {prompt_field}
    for option, flag in FILE_FLAGS.get(kind, {}).items():
        if _requires(endpoint, option):
            words.append(flag)
            filled.add(str(field_for_file(endpoint, option)))
    for name in endpoint.required:
        if name not in filled:
            value = sample(endpoint.properties[name])
            text = value if isinstance(value, str) else json.dumps(value)
            words.append(f"--param {shlex.quote(f'{name}={text}')}")
    prompt = PROMPTS[kind] if prompt_field else ""
    return " ".join([*words, f'--model fal/{endpoint.id} "{prompt}"'])


def _as_list(values: tuple[object, ...] | str | None) -> object:
    return list(values) if isinstance(values, tuple) else values


def _request(kind: Kind, model: str, images: tuple[Reference, ...]) -> MediaRequest:
    if kind == "music":
        return MusicRequest(model, "")
    makes = ImageRequest if kind == "image" else VideoRequest
    return makes(model, "", images=images)


def _requires(endpoint: Endpoint, option: str) -> bool:
    names = (*fields.ONE_FILE[option], *fields.FILES[option])
    return takes_files(endpoint, option) and any(name in endpoint.required for name in names)


def _plain(draft: Draft, option: str) -> OptionFacts:
    sample = SAMPLES.get(option, "")
    for name, schema in usable(draft, fields.PLAIN[option]):
        if holds(schema, sample):
            return OptionFacts("sent", name, supported(schema))
    return OptionFacts("rejected" if option in fields.NEEDED else "ignored")


def _files(endpoint: Endpoint, option: str) -> OptionFacts:
    field = field_for_files(endpoint, option)
    if field is None:
        return OptionFacts("rejected")
    return OptionFacts("sent", field, takes(endpoint.properties[field]))


def _first(draft: Draft, names: tuple[str, ...]) -> OptionFacts | None:
    candidates = usable(draft, names)
    return (
        OptionFacts("sent", candidates[0][0], supported(candidates[0][1])) if candidates else None
    )


def _format(draft: Draft) -> OptionFacts:
    for name, schema in usable(draft, fields.FORMAT):
        if known := file_formats(schema):
            return OptionFacts("sent", name, tuple(known))
    return OptionFacts("ignored")


def _duration(draft: Draft) -> OptionFacts:
    names = (*fields.SECONDS, *fields.MILLISECONDS, *fields.FRAMES)
    for name, schema in usable(draft, names):
        if holds(schema, 1) and not (name in fields.FRAMES and frame_rate(draft) is None):
            form = supported(schema)
            unit = {"music_length_ms": "milliseconds", "num_frames": "frames"}.get(name)
            return OptionFacts("sent", name, f"seconds, sent as {unit}: {form}" if unit else form)
    return OptionFacts("ignored")


def _geometry(draft: Draft) -> dict[str, OptionFacts]:
    dimensions, ratio = dimensions_field(draft), ratio_field(draft)
    own = resolution_field(draft, dimensions)
    edges = usable(draft, ("width", "height"))
    known: dict[str, OptionFacts] = {}
    if dimensions is not None:
        known["size"] = OptionFacts("sent", dimensions.name, supported(dimensions.schema))
    elif len(edges) == 2:
        known["size"] = OptionFacts("sent", "width", supported(edges[0][1]))
    elif ratio is not None or (own is not None and members(own[1])):
        known["size"] = OptionFacts("sent", ratio.name if ratio else "resolution", "the closest")
    if ratio is not None:
        known["aspectRatio"] = OptionFacts("sent", ratio.name, supported(ratio.inner))
    elif dimensions is not None:
        known["aspectRatio"] = OptionFacts("sent", dimensions.name, ratios(dimensions.schema))
    elif draft.endpoint.endswith(IMAGE_TO_IMAGE):
        known["aspectRatio"] = OptionFacts("rejected")
    if own is not None:
        known["resolution"] = OptionFacts("sent", own[0], supported(own[1]))
    elif dimensions is not None and dimensions.name != "video_size":
        known["resolution"] = OptionFacts("sent", dimensions.name, tuple(EDGES))
    return {
        key: known.get(key, OptionFacts("ignored")) for key in ("size", "aspectRatio", "resolution")
    }
