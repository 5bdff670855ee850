"""fal's list of models into the cache: whole or not at all, and on from where it was cut off."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from openclaw_fal.catalogue import read
from openclaw_fal.catalogue.compare import compare, contradicted
from openclaw_fal.catalogue.openapi import endpoint_of, kind_of
from openclaw_fal.catalogue.pack import pack
from openclaw_fal.catalogue.read import CACHED, current
from openclaw_fal.catalogue.refresh import PARTIAL, refresh
from openclaw_fal.errors import LocalError, OpenClawFalError, Unreachable
from openclaw_fal.media import Endpoint
from openclaw_fal.provider.specs import table_endpoints

DAY = "2099-01-01"
SIZE = 500
CATEGORIES = {
    "image": "text-to-image",
    "video": "text-to-video",
    "music": "text-to-audio",
    "other": "training",
}
FOREIGN: list[object] = [
    *(None, [], "html", {}, {"models": {}}, {"models": []}),
    {"models": [1, {}, {"endpoint_id": "a"}]},
]


def model(endpoint: Endpoint) -> dict[str, Any]:
    """An entry of `/v1/models?expand=openapi-3.0`, with what fal's own documents add."""
    schema = dict(endpoint.input) | {"title": "Input", "x-fal-order-properties": []}
    output = {"type": "object", "properties": {name: {} for name in endpoint.outputs}}
    status = {"type": "object", "properties": {"request_id": {"type": "string"}}}
    return {
        "endpoint_id": endpoint.id,
        "metadata": {"category": CATEGORIES[endpoint.kind]},
        "openapi": {
            "openapi": "3.0.4",
            "components": {"schemas": {"In": schema, "Out": output, "Status": status}},
            "paths": {
                f"/{endpoint.id}": {
                    "post": {
                        "requestBody": content("In"),
                        "responses": {"200": content("Status")},
                    }
                },
                f"/{endpoint.id}/requests/{{request_id}}/status": {
                    "get": {"responses": {"200": content("Status")}}
                },
                f"/{endpoint.id}/requests/{{request_id}}": {
                    "get": {"responses": {"200": content("Out")}}
                },
            },
        },
    }


def content(name: str) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}}


class Fal:
    """Pages of models; `broken_at` is the page that fails once."""

    def __init__(self, endpoints: list[Endpoint], broken_at: int | None = None) -> None:
        self.endpoints, self.broken_at, self.asked = endpoints, broken_at, list[str | None]()

    def __call__(self, cursor: str | None) -> Mapping[str, Any]:
        self.asked.append(cursor)
        start = int(cursor or 0)
        if self.broken_at == start:
            self.broken_at = None
            raise Unreachable("the connection broke")
        end = start + SIZE
        more = end < len(self.endpoints)
        page = [model(endpoint) for endpoint in self.endpoints[start:end]]
        return {"models": page, "has_more": more, "next_cursor": str(end) if more else None}


@pytest.fixture(scope="module")
def everything() -> list[Endpoint]:
    return list(read.shipped().endpoints())


def test_a_refreshed_catalogue_is_what_fal_lists(
    everything: list[Endpoint], tmp_path: Path
) -> None:
    seen: list[int] = []
    done = refresh(Fal(everything), tmp_path, day=DAY, on_page=seen.append)
    assert (done.endpoints, done.skipped, done.resumed) == (len(everything), 0, False)
    assert seen == [500, 1000, len(everything)]
    catalogue, warning = current(tmp_path)
    assert warning is None
    assert catalogue.as_of == DAY
    assert list(catalogue.endpoints()) == everything
    assert [path.name for path in tmp_path.iterdir()] == [CACHED]


def test_a_refresh_goes_on_from_where_it_was_cut_off(
    everything: list[Endpoint], tmp_path: Path
) -> None:
    fal = Fal(everything, broken_at=1000)
    with pytest.raises(Unreachable):
        refresh(fal, tmp_path, day=DAY)
    assert current(tmp_path)[0] is read.shipped()
    done = refresh(fal, tmp_path, day=DAY)
    assert done.resumed
    assert fal.asked == [None, "500", "1000", "1000"]
    assert list(current(tmp_path)[0].endpoints()) == everything


@pytest.mark.parametrize(
    "page",
    [
        None,
        [],
        "html",
        {},
        {"models": {}},
        {"models": []},
        {"models": [1, {}, {"endpoint_id": "a"}]},
    ],
)
def test_a_foreign_answer_changes_nothing(page: Any, tmp_path: Path) -> None:
    (tmp_path / CACHED).write_bytes(pack(islice(read.shipped().endpoints(), 20), DAY))
    before = (tmp_path / CACHED).read_bytes()
    whole = {**page, "has_more": False} if isinstance(page, dict) else page
    with pytest.raises(OpenClawFalError):
        refresh(lambda cursor: whole, tmp_path, day=DAY)
    assert (tmp_path / CACHED).read_bytes() == before


def test_a_cursor_that_leads_nowhere_ends_the_refresh(tmp_path: Path) -> None:
    endless = {"models": [], "has_more": True, "next_cursor": "x"}
    with pytest.raises(Unreachable):
        refresh(lambda cursor: endless, tmp_path, day=DAY)


@pytest.mark.parametrize("raw", [b"", b"garbage", b"{}\nrest"])
def test_a_damaged_cache_is_a_warning_and_the_shipped_catalogue(raw: bytes, tmp_path: Path) -> None:
    (tmp_path / CACHED).write_bytes(raw)
    catalogue, warning = current(tmp_path)
    assert catalogue is read.shipped()
    assert warning is not None
    assert "openclaw models refresh" in warning


def test_a_damaged_partial_refresh_is_begun_anew(
    everything: list[Endpoint], tmp_path: Path
) -> None:
    (tmp_path / PARTIAL).write_bytes(b'{"cursor": "500"}\ngarbage')
    fal = Fal(everything[:10])
    assert not refresh(fal, tmp_path, day=DAY).resumed
    assert fal.asked == [None]


def test_a_cache_older_than_the_shipped_catalogue_does_not_count(tmp_path: Path) -> None:
    (tmp_path / CACHED).write_bytes(pack(islice(read.shipped().endpoints(), 20), "2000-01-01"))
    assert current(tmp_path) == (read.shipped(), None)


def test_a_cache_that_cannot_be_written_says_so(everything: list[Endpoint], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(LocalError, match="cannot be written"):
        refresh(Fal(everything[:1]), tmp_path / "file", day=DAY)


def test_openapi_becomes_json_schema() -> None:
    document = model(Endpoint("a/b", "image", {"type": "object", "properties": {}}, ("images",)))
    schemas = document["openapi"]["components"]["schemas"]
    schemas["In"] = {
        "type": "object",
        "required": ["prompt"],
        "properties": {
            "prompt": {"type": "string", "title": "Prompt", "minLength": 1, "maxLength": 9},
            "size": {"anyOf": [{"$ref": "#/components/schemas/Size"}, {"enum": ["square"]}]},
            "seed": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None},
            "scale": {"type": "number", "minimum": 0, "exclusiveMinimum": True, "maximum": 2},
            "one": {"allOf": [{"$ref": "#/components/schemas/Size"}], "description": "x"},
            "loop": {"$ref": "#/components/schemas/Loop"},
        },
    }
    schemas["Size"] = {"type": "object", "properties": {"width": {"type": "integer"}}}
    schemas["Loop"] = {
        "type": "object",
        "properties": {"loop": {"$ref": "#/components/schemas/Loop"}},
    }
    endpoint = endpoint_of(document)
    assert endpoint is not None
    size = {
        "type": "object",
        "properties": {"width": {"type": "integer"}},
        "additionalProperties": False,
    }
    properties = dict(endpoint.properties)
    assert properties.pop("loop")
    assert properties == {
        "prompt": {"type": "string", "minLength": 1, "maxLength": 9},
        "size": {"anyOf": [size, {"enum": ["square"]}]},
        "seed": {"type": "integer"},
        "scale": {"type": "number", "exclusiveMinimum": 0, "maximum": 2},
        "one": size,
    }
    assert endpoint.required == ("prompt",)
    assert (endpoint.kind, endpoint.outputs) == ("image", ("images",))
    Draft202012Validator.check_schema(dict(endpoint.input))


def test_the_kind_shows_in_the_answer(everything: list[Endpoint]) -> None:
    assert all(kind_of(endpoint.outputs) == endpoint.kind for endpoint in everything)
    assert kind_of((), "text-to-video") == "video"
    assert kind_of(("text",), "training") == "other"


def test_the_table_is_not_contradicted_by_the_shipped_catalogue() -> None:
    shipped = read.shipped()
    assert compare(table_endpoints(), shipped, shipped) == []


def test_a_contradiction_a_new_a_lost_and_a_changed_endpoint_are_told(
    everything: list[Endpoint],
) -> None:
    by_id = {endpoint.id: endpoint for endpoint in everything}
    flux = by_id["fal-ai/flux/dev"]
    fields = {name: schema for name, schema in flux.properties.items() if name != "image_size"}
    fields["output_format"] = {"enum": ["jpeg"]}
    changed = {**flux.input, "properties": fields, "required": ["prompt", "licence"]}
    by_id[flux.id] = Endpoint(flux.id, "image", changed, flux.outputs)
    by_id["new/one"] = Endpoint("new/one", "image", flux.input, flux.outputs)
    del by_id["fal-ai/recraft/v3/text-to-image"]
    fresh = read.Catalogue(pack(by_id.values(), DAY))
    differences = compare(table_endpoints(), read.shipped(), fresh)
    assert contradicted(differences)
    told = {(one.sort, one.endpoint, one.field) for one in differences}
    assert told == {
        ("contradicts the table", flux.id, "licence"),
        ("contradicts the table", flux.id, "image_size"),
        ("contradicts the table", flux.id, "output_format"),
        ("new", "new/one", None),
        ("gone", "fal-ai/recraft/v3/text-to-image", None),
        ("changed", flux.id, None),
    }
