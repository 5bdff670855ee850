"""The declared schemas in the program are fal's, and the rows point at real endpoints."""

from __future__ import annotations

from typing import Any

import pytest

from openclaw_fal.catalogue import read
from openclaw_fal.media import Kind
from openclaw_fal.provider.rows import ImageRow, Row, VideoRow
from openclaw_fal.provider.schemas import endpoints
from openclaw_fal.provider.specs import DEFAULT_MODELS, DEFAULT_TIMEOUT_S, ROWS, kind_of

ALL_ROWS = [row for rows in ROWS.values() for row in rows]


# Limits are fal's model pages', which its generated types lack or have otherwise.
LIMITS = {"minimum", "maximum", "maxItems"}


def without_limits(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {key: without_limits(schema[key]) for key in schema if key not in LIMITS}
    return schema


@pytest.mark.parametrize("endpoint", endpoints())
def test_a_schema_without_its_limits_is_that_of_the_catalogue(endpoint: str) -> None:
    declared, catalogued = endpoints()[endpoint], read.endpoint(endpoint)
    if catalogued is None:
        assert "not in the generated types" in declared["note"]
        return
    expected = without_limits(catalogued.input)
    if endpoint == "fal-ai/heygen/v2/video-agent":  # fal lists 1,200 avatars
        expected["properties"]["config"]["properties"]["avatar"] = {"type": "string"}
    if endpoint == "fal-ai/minimax-music/v2.6":  # fal's defaults are text here
        for number in ("bitrate", "sample_rate"):
            setting = expected["properties"]["audio_setting"]["properties"][number]
            setting["default"] = int(setting["default"])
    assert without_limits(declared["input"]) == expected
    assert set(declared["outputFields"]) == set(catalogued.outputs)


def test_every_schema_belongs_to_a_kind() -> None:
    assert {kind_of(endpoint, read) for endpoint in endpoints()} == {
        "image",
        "video",
        "music",
    }


@pytest.mark.parametrize("row", ALL_ROWS, ids=lambda row: row.family)
def test_a_row_is_complete_frozen_and_has_sources(row: Row) -> None:
    names = [name for kind in type(row).__mro__ for name in vars(kind).get("__annotations__", {})]
    for name in names:
        getattr(row, name)
    assert set(vars(row)) <= set(names), "a fact with a name that no rule reads"
    with pytest.raises(AttributeError):
        row.family = "other"  # type: ignore[misc]
    assert row.sources
    assert all(source.strip() for source in row.sources.values())


@pytest.mark.parametrize("row", ALL_ROWS, ids=lambda row: row.family)
def test_a_listed_model_is_decided_by_its_own_row(row: Row) -> None:
    kind = next(kind for kind, rows in ROWS.items() if row in rows)
    for model in row.models:
        assert next(other for other in ROWS[kind] if other.matches(model)) is row


def test_where_references_go_is_declared() -> None:
    """An edit endpoint with a declared schema declares the reference field of its row."""
    for row in ALL_ROWS:
        for model in row.models:
            if isinstance(row, ImageRow):
                endpoint, name = row.edit_endpoint(model), row.reference_field
            elif isinstance(row, VideoRow):
                endpoint, name = row.endpoint(model, 1), row.image_field
            else:
                continue
            heygen = endpoint == "fal-ai/heygen/v2/video-agent"
            if endpoint in endpoints() and not heygen:
                assert name in endpoints()[endpoint]["input"]["properties"], endpoint


@pytest.mark.parametrize(
    ("kind", "model", "seconds"),
    [
        ("image", "fal-ai/flux/dev", 180),
        ("video", "fal-ai/minimax/video-01-live", 1200),
        ("music", "fal-ai/minimax-music/v2.6", 180),
    ],
)
def test_defaults(kind: Kind, model: str, seconds: float) -> None:
    assert DEFAULT_MODELS[kind] == model
    assert DEFAULT_TIMEOUT_S[kind] == seconds
    assert ROWS[kind][0].models[0] == model
