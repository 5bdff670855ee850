"""The endpoints that the sandbox offers: those of the provider's table and of the catalogue.

The table comes first, since it has limits that the catalogue lacks. With the dial `any-endpoint`,
other ids are accepted too, and their kind of output is guessed from the id.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Literal

from openclaw_fal.media import Endpoint, EndpointKind

OutputKind = Literal["image", "video", "audio", "other"]
Body = Mapping[str, object]

_SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
_VIDEO = re.compile(
    r"video|kling|seedance|hailuo|veo\d|(^|/)sora|(^|/)wan|wan-|(^|/)ltx|luma-dream|pixverse|runway|vidu|lipsync|heygen|avatar"
)
_AUDIO = re.compile(
    r"music|audio|speech|tts|sound|lyria|(^|/)ace-step|elevenlabs|voice|diffrhythm|yue"
)
_NAMESPACES = ("workflows", "comfy")  # users' own endpoints, which are in no list
_KINDS: dict[EndpointKind, OutputKind] = {
    "image": "image",
    "video": "video",
    "music": "audio",
    "other": "other",
}
_GUESSED: dict[OutputKind, list[str]] = {
    "image": ["images", "seed", "has_nsfw_concepts", "prompt", "timings"],
    "video": ["video", "seed"],
    "audio": ["audio", "seed"],
    "other": ["output"],
}


@lru_cache(maxsize=1024)
def known(endpoint: str) -> Endpoint | None:
    """The endpoint's declaration by fal; None for an unknown id."""
    from openclaw_fal.provider.schemas import endpoints

    row = endpoints().get(endpoint)
    if row is None:
        from openclaw_fal.catalogue import read

        return read.endpoint(endpoint)
    fields = tuple(row["outputFields"])
    kind: EndpointKind = "video" if "video" in fields else "music" if "audio" in fields else "image"
    return Endpoint(endpoint, kind, row["input"], fields)


def in_table(endpoint: str) -> bool:
    """Whether the endpoint is in the provider's table."""
    from openclaw_fal.provider.schemas import endpoints

    return endpoint in endpoints()


@cache
def ids() -> tuple[str, ...]:
    """The ids of all known endpoints, in alphabetical order."""
    from openclaw_fal.catalogue import read
    from openclaw_fal.provider.schemas import endpoints

    return tuple(sorted({*endpoints(), *read.ids()}))


def exists(endpoint: str, *, any_endpoint: bool) -> bool:
    """Whether the sandbox accepts the endpoint; with `any_endpoint`, every well-formed id."""
    if known(endpoint) is not None:
        return True
    parts = endpoint.split("/")
    in_namespace = parts[0] in _NAMESPACES
    if not (in_namespace or any_endpoint) or len(parts) < (3 if in_namespace else 2):
        return False
    return all(_SEGMENT.fullmatch(part) for part in parts)


def with_defaults(endpoint: str, body: Body) -> dict[str, object]:
    """The input, with the declared defaults for what is missing or null."""
    declared = known(endpoint)
    fields = declared.properties if declared else {}
    defaults = {name: field["default"] for name, field in fields.items() if "default" in field}
    return defaults | {name: value for name, value in body.items() if value is not None}


def app_of(endpoint: str) -> str:
    """The part of an endpoint id in fal's queue URLs: `owner/app`; in a namespace three
    segments."""
    parts = endpoint.split("/")
    return "/".join(parts[: 3 if parts[0] in _NAMESPACES else 2])


def output_kind(endpoint: str) -> OutputKind:
    """The kind of output: as declared, or guessed from the id."""
    declared = known(endpoint)
    if declared:
        return _KINDS[declared.kind]
    if _AUDIO.search(endpoint) and "video" not in endpoint:
        return "audio"
    return "video" if _VIDEO.search(endpoint) else "image"


def output_fields(endpoint: str) -> list[str]:
    """The keys of the endpoint's result."""
    declared = known(endpoint)
    return list(declared.outputs) if declared else _GUESSED[output_kind(endpoint)]


def category(endpoint: str) -> str:
    """fal's category, such as `text-to-image` or `image-to-video`."""
    kind = output_kind(endpoint)
    if kind == "other":
        return "other"
    declared = known(endpoint)
    fields = declared.properties if declared else {}
    if kind == "video" and "video_url" in fields:
        return "video-to-video"
    takes_image = any(name.endswith(("image_url", "image_urls")) for name in fields)
    source = "image" if takes_image and kind != "audio" else "text"
    return f"{source}-to-{kind}"
