"""What the sandbox knows about fal's endpoints: those of the provider's table and of the catalogue.

The table comes first: it has limits that the catalogue lacks. With the dial `any-endpoint`, other
ids are answered too, by what their names suggest.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Literal

from openclaw_fal.media import Endpoint, Made

Makes = Literal["image", "video", "audio", "other"]
Body = Mapping[str, object]

_SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
_VIDEO = re.compile(
    r"video|kling|seedance|hailuo|veo\d|(^|/)sora|(^|/)wan|wan-|(^|/)ltx|luma-dream|pixverse|runway|vidu|lipsync|heygen|avatar"
)
_AUDIO = re.compile(
    r"music|audio|speech|tts|sound|lyria|(^|/)ace-step|elevenlabs|voice|diffrhythm|yue"
)
_NAMESPACES = ("workflows", "comfy")  # users' own: no list has them
_KINDS: dict[Made, Makes] = {
    "image": "image",
    "video": "video",
    "music": "audio",
    "other": "other",
}
_GUESSED: dict[Makes, list[str]] = {
    "image": ["images", "seed", "has_nsfw_concepts", "prompt", "timings"],
    "video": ["video", "seed"],
    "audio": ["audio", "seed"],
    "other": ["output"],
}


@lru_cache(maxsize=1024)
def known(endpoint: str) -> Endpoint | None:
    """What fal declares for the endpoint; None if there is none of this id."""
    from openclaw_fal.provider.schemas import ENDPOINTS

    row = ENDPOINTS.get(endpoint)
    if row is None:
        from openclaw_fal.catalogue import read

        return read.endpoint(endpoint)
    fields = tuple(row["outputFields"])
    kind: Made = "video" if "video" in fields else "music" if "audio" in fields else "image"
    return Endpoint(endpoint, kind, row["input"], fields)


def in_table(endpoint: str) -> bool:
    """Whether the endpoint is in the provider's table."""
    from openclaw_fal.provider.schemas import ENDPOINTS

    return endpoint in ENDPOINTS


@cache
def ids() -> tuple[str, ...]:
    """The ids of all known endpoints, in alphabetical order."""
    from openclaw_fal.catalogue import read
    from openclaw_fal.provider.schemas import ENDPOINTS

    return tuple(sorted({*ENDPOINTS, *read.ids()}))


def exists(endpoint: str, *, any_endpoint: bool) -> bool:
    """Whether the sandbox answers for the endpoint: with `any_endpoint`, for every possible id."""
    if known(endpoint) is not None:
        return True
    parts = endpoint.split("/")
    own = parts[0] in _NAMESPACES
    enough = len(parts) >= (3 if own else 2)
    plain = all(_SEGMENT.fullmatch(part) for part in parts)
    return (own or any_endpoint) and enough and plain


def with_defaults(endpoint: str, body: Body) -> dict[str, object]:
    """The input as the model sees it: what is not given has its declared default."""
    declared = known(endpoint)
    fields = declared.properties if declared else {}
    defaults = {name: field["default"] for name, field in fields.items() if "default" in field}
    return defaults | {name: value for name, value in body.items() if value is not None}


def app_of(endpoint: str) -> str:
    """The part of an id that fal's queue URLs hold: `owner/app`, three segments in a namespace."""
    parts = endpoint.split("/")
    return "/".join(parts[: 3 if parts[0] in _NAMESPACES else 2])


def makes(endpoint: str) -> Makes:
    """What the endpoint makes: as declared, or what its id suggests."""
    declared = known(endpoint)
    if declared:
        return _KINDS[declared.kind]
    if _AUDIO.search(endpoint) and "video" not in endpoint:
        return "audio"
    return "video" if _VIDEO.search(endpoint) else "image"


def output_fields(endpoint: str) -> list[str]:
    """The keys of the endpoint's result."""
    declared = known(endpoint)
    return list(declared.outputs) if declared else _GUESSED[makes(endpoint)]


def category(endpoint: str) -> str:
    """fal's category word, such as `text-to-image` or `image-to-video`."""
    kind = makes(endpoint)
    if kind == "other":
        return "other"
    declared = known(endpoint)
    fields = declared.properties if declared else {}
    if kind == "video" and "video_url" in fields:
        return "video-to-video"
    takes_image = any(name.endswith(("image_url", "image_urls")) for name in fields)
    source = "image" if takes_image and kind != "audio" else "text"
    return f"{source}-to-{kind}"
