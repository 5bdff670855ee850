"""Worked cases (options in, exact request or rejection out) and the requests made from them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from openclaw_fal.catalogue import read
from openclaw_fal.media import (
    ImageRequest,
    Kind,
    MediaRequest,
    MusicRequest,
    Plan,
    Reference,
    VideoRequest,
)
from openclaw_fal.provider import descriptions
from openclaw_fal.provider.plan import plan as plan_with

DATA = Path(__file__).parents[1] / "data"
FILES = {
    "images": Reference("in.png", "image"),
    "videos": Reference("in.mp4", "video"),
    "audios": Reference("in.mp3", "audio"),
}
MIME = {"image": "data:image/png", "video": "data:video/mp4", "audio": "data:audio/mpeg"}
FIELDS = {
    "aspectRatio": "aspect_ratio",
    "outputFormat": "output_format",
    "durationSeconds": "duration",
    "negativePrompt": "negative_prompt",
    "audios": "audio_refs",
}


def worked_cases() -> list[dict[str, Any]]:
    lines: list[str] = []
    for kind in ("image", "video", "music"):
        path = DATA / "vectors" / f"{kind}.jsonl"
        lines += path.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def request(kind: str, endpoint: str, prompt: str = "p", **options: Any) -> MediaRequest:
    """A request from the specification's parameter names; references are counts."""
    fields = {
        FIELDS.get(key, key): (FILES[key],) * value if key in FILES else value
        for key, value in options.items()
    }
    makes = {"image": ImageRequest, "video": VideoRequest, "music": MusicRequest}[kind]
    made: MediaRequest = makes(model=endpoint, prompt=prompt, **fields)
    return made


def plan(asked: MediaRequest) -> Plan:
    """The plan with the shipped catalogue."""
    return plan_with(asked, read)


def describe(kind: Kind, endpoint: str) -> dict[str, Any]:
    return descriptions.describe(kind, endpoint, read)


def listing(kind: Kind) -> list[dict[str, Any]]:
    return descriptions.listing(kind, read)


def body(plan: Plan) -> dict[str, object]:
    """The body with each reference file as the beginning of its data URI."""
    return plan.filled(lambda reference: MIME[reference.media])


def keys(entries: Any) -> list[str]:
    return sorted(entry.key for entry in entries)
