"""Which models are known, which is the default, and which row an endpoint id has."""

from __future__ import annotations

from collections.abc import Sequence

from openclaw_fal.media import DEFAULT_MODELS as DEFAULT_MODELS
from openclaw_fal.media import Endpoint, EndpointKind, Kind, Schema
from openclaw_fal.provider.image_rows import IMAGE_ROWS
from openclaw_fal.provider.lookup import Lookup
from openclaw_fal.provider.music_rows import MUSIC_ROWS
from openclaw_fal.provider.rows import ImageRow, MusicRow, Row, VideoRow
from openclaw_fal.provider.video_rows import VIDEO_ROWS

# What `onboard` offers as a default model; each works from a prompt alone.
SUGGESTED_MODELS: dict[Kind, tuple[str, ...]] = {
    "image": (
        "fal-ai/flux/dev",
        "fal-ai/flux/schnell",
        "fal-ai/nano-banana-2",
        "openai/gpt-image-2",
        "krea/v2/large/text-to-image",
    ),
    "video": (
        "fal-ai/minimax/video-01-live",
        "bytedance/seedance-2.0/fast/text-to-video",
        "bytedance/seedance-2.0/text-to-video",
        "fal-ai/kling-video/v2.1/master/text-to-video",
        "fal-ai/wan/v2.2-a14b/text-to-video",
    ),
    "music": (
        "fal-ai/minimax-music/v2.6",
        "fal-ai/ace-step/prompt-to-audio",
        "fal-ai/stable-audio-25/text-to-audio",
    ),
}
DEFAULT_TIMEOUT_S: dict[Kind, float] = {"image": 180, "video": 1200, "music": 180}
# The kind of an endpoint without a row, by the end of its id.
NAME_ENDS: dict[str, Kind] = {
    "-to-image": "image",
    "-to-video": "video",
    "-to-audio": "music",
    "-to-music": "music",
}
ROWS: dict[Kind, Sequence[Row]] = {"image": IMAGE_ROWS, "video": VIDEO_ROWS, "music": MUSIC_ROWS}


def image_row(endpoint: str) -> ImageRow:
    return next(row for row in IMAGE_ROWS if row.matches(endpoint))


def video_row(endpoint: str) -> VideoRow:
    return next(row for row in VIDEO_ROWS if row.matches(endpoint))


def music_row(endpoint: str) -> MusicRow:
    return next(row for row in MUSIC_ROWS if row.matches(endpoint))


def known_models(kind: Kind) -> list[str]:
    """The endpoint ids that listings show, the default first."""
    return [model for row in ROWS[kind] for model in row.models]


def kind_of_row(endpoint: str) -> Kind | None:
    """What an endpoint makes, by the row that names it; None if only a catch-all row matches."""
    for kind, rows in ROWS.items():
        if any(row.matches(endpoint) for row in rows if not row.is_catch_all):
            return kind
    return None


def kind_by_name(endpoint: str) -> Kind | None:
    """What an endpoint probably makes, by the end of its id."""
    return next((kind for end, kind in NAME_ENDS.items() if endpoint.endswith(end)), None)


def kind_of(endpoint: str, lookup: Lookup) -> EndpointKind | None:
    """What an endpoint makes: by its row, else by the catalogue, else by the end of its id."""
    made = kind_of_row(endpoint)
    if made is not None:
        return made
    known = lookup.endpoint(endpoint)
    return known.kind if known else kind_by_name(endpoint)


def table_endpoints() -> list[Endpoint]:
    """The endpoints of `provider/endpoints.json`, for searches and comparisons."""
    from openclaw_fal.provider import schemas

    endpoints = []
    for name, declared in schemas.endpoints().items():
        kind: Kind = kind_of_row(name) or "image"  # an id that only the catch-all row lists
        outputs = tuple(declared["outputFields"])
        endpoints.append(Endpoint(name, kind, declared["input"], outputs))
    return endpoints


def declared_input(endpoint: str, lookup: Lookup) -> Schema | None:
    """The JSON Schema of the input that fal declares for an endpoint; None when it is not known.

    It is that of `provider/endpoints.json`, else that of the catalogue.
    """
    from openclaw_fal.provider import schemas

    if declared := schemas.endpoints().get(endpoint):
        return declared["input"]
    known = lookup.endpoint(endpoint)
    return known.input if known else None
