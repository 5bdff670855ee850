"""What the sandbox knows about fal's endpoints: declared schemas, and guesses for all others."""

from __future__ import annotations

import re
from typing import Any, Literal

Makes = Literal["image", "video", "audio"]

_SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
_VIDEO = re.compile(
    r"video|kling|seedance|hailuo|veo\d|(^|/)sora|(^|/)wan|wan-|(^|/)ltx|luma-dream|pixverse|runway|vidu|lipsync|heygen|avatar"
)
_AUDIO = re.compile(
    r"music|audio|speech|tts|sound|lyria|(^|/)ace-step|elevenlabs|voice|diffrhythm|yue"
)
_NAMESPACES = ("workflows", "comfy")
NOT_FOUND = "not-found"  # in an id: there is no such endpoint


def schemas() -> dict[str, Any]:
    """The declared endpoints: id to `{"input": JSON Schema, "outputFields": [...]}`."""
    from openclaw_fal.provider.schemas import ENDPOINTS

    return ENDPOINTS


def schema_of(endpoint: str) -> dict[str, Any] | None:
    """The declared schema, or None for an endpoint that is accepted without one."""
    found = schemas().get(endpoint)
    return found if isinstance(found, dict) else None


def with_defaults(endpoint: str, body: dict[str, Any]) -> dict[str, Any]:
    """The input as the model sees it: what is not given has its declared default."""
    declared = (schema_of(endpoint) or {}).get("input", {}).get("properties", {})
    defaults = {name: part["default"] for name, part in declared.items() if "default" in part}
    return defaults | {name: value for name, value in body.items() if value is not None}


def looks_like_model(endpoint: str) -> bool:
    """Whether fal could have an endpoint of this id: `owner/name…`."""
    parts = endpoint.split("/")
    enough = len(parts) >= (3 if parts[0] in _NAMESPACES else 2)
    plain = all(_SEGMENT.fullmatch(part) for part in parts)
    return enough and plain and NOT_FOUND not in endpoint


def app_of(endpoint: str) -> str:
    """The part of an id that fal's queue URLs hold: `owner/app`, three segments in a namespace."""
    parts = endpoint.split("/")
    return "/".join(parts[: 3 if parts[0] in _NAMESPACES else 2])


def makes(endpoint: str) -> Makes:
    """What the endpoint makes: by its declared output, else by its id."""
    declared = schema_of(endpoint)
    if declared:
        fields = declared["outputFields"]
        return "video" if "video" in fields else "audio" if "audio" in fields else "image"
    if _AUDIO.search(endpoint) and "video" not in endpoint:
        return "audio"
    return "video" if _VIDEO.search(endpoint) else "image"


def output_fields(endpoint: str) -> list[str]:
    """The keys of the endpoint's result."""
    declared = schema_of(endpoint)
    if declared:
        return list(declared["outputFields"])
    guessed = {
        "image": ["images", "seed", "has_nsfw_concepts", "prompt", "timings"],
        "video": ["video", "seed"],
        "audio": ["audio", "seed"],
    }
    return guessed[makes(endpoint)]


def category(endpoint: str) -> str:
    """fal's category word, such as `text-to-image`."""
    required = (schema_of(endpoint) or {}).get("input", {}).get("properties", {})
    takes_image = any(name in required for name in ("image_url", "image_urls"))
    kind = makes(endpoint)
    if kind == "audio":
        return "text-to-audio"
    return f"{'image' if takes_image else 'text'}-to-{kind}"
