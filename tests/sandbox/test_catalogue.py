"""Every endpoint of the catalogue is checked, answered and described."""

from __future__ import annotations

import random

import httpx
import pytest

from openclaw_fal.catalogue import openapi, read
from openclaw_fal.fal import results
from openclaw_fal.media import Endpoint
from openclaw_fal.sandbox import Sandbox, models
from tests.sandbox.inputs import plain

SAMPLE = random.Random(19).sample(list(read.shipped().endpoints()), 60)
SCALARS = ("string", "integer", "number", "boolean")
MAGIC = {
    "image": (b"\x89PNG", b"\xff\xd8\xff", b"RIFF"),
    "video": (b"\x00\x00\x00\x20ftyp",),
    "music": (b"RIFF", b"\xff\xfb", b"\xff\xf3", b"\x00"),
}


def answer(http: httpx.Client, endpoint: Endpoint, body: object) -> httpx.Response:
    """The endpoint's own answer, also where the combined address takes a POST for a submit."""
    ran = http.post(f"/~run/{endpoint.id}", json=body)
    assert "response_url" not in ran.text
    return ran


@pytest.mark.parametrize("endpoint", SAMPLE, ids=lambda endpoint: endpoint.id)
def test_an_endpoint_answers_the_fields_that_it_declares(
    fal: Sandbox, http: httpx.Client, endpoint: Endpoint
) -> None:
    ran = answer(http, endpoint, plain(endpoint))
    assert ran.status_code == 200, ran.text
    assert set(ran.json()) == set(endpoint.outputs)
    files = results.remote_files(ran.json()) if endpoint.kind != "other" else []
    assert bool(files) == (endpoint.kind != "other")
    for file in files:
        url = file.url
        assert fal.media(url).startswith(MAGIC[endpoint.kind])


@pytest.mark.parametrize("endpoint", SAMPLE[:20], ids=lambda endpoint: endpoint.id)
def test_what_the_schema_refuses_is_422(http: httpx.Client, endpoint: Endpoint) -> None:
    name = next(name for name, part in endpoint.properties.items() if part.get("type") in SCALARS)
    wrong = answer(http, endpoint, {**plain(endpoint), name: {"no": ["such", "value"]}})
    missing = answer(http, endpoint, {})

    assert wrong.status_code == 422
    assert wrong.json()["detail"][0]["loc"][:2] == ["body", name]
    assert missing.status_code == (422 if endpoint.required else 200)
    if endpoint.required:
        fields = [(error["loc"][1], error["type"]) for error in missing.json()["detail"]]
        assert fields == [(name, "missing") for name in endpoint.required]


@pytest.mark.parametrize(
    "endpoint", ["fal-ai/recraft/v3", "fal-ai/flux/dve", "someone/new-video-model"]
)
def test_an_endpoint_that_does_not_exist_is_404(
    fal: Sandbox, http: httpx.Client, endpoint: str
) -> None:
    for base in (fal.run_url, fal.queue_url):
        assert http.post(f"{base}/{endpoint}", json={"prompt": "p"}).status_code == 404
    assert fal.accepted == 0


def test_a_dial_lets_every_endpoint_exist(fal: Sandbox, http: httpx.Client) -> None:
    fal.dials.any_endpoint = True
    assert http.post("/someone/unknown-image-model", json={"prompt": "p"}).json()["images"]
    job = http.post("/someone/new-video-model", json={"prompt": "p", "duration": "8s"}).json()
    assert http.get(job["response_url"]).json()["video"]
    assert http.post("/one", json={"prompt": "p"}).status_code == 404


def test_a_namespace_of_users_needs_no_catalogue(http: httpx.Client) -> None:
    assert http.post("/workflows/someone/some-flow", json={"prompt": "p"}).status_code == 200


@pytest.mark.parametrize("endpoint", SAMPLE, ids=lambda endpoint: endpoint.id)
def test_the_openapi_document_says_what_the_catalogue_says(
    http: httpx.Client, endpoint: Endpoint
) -> None:
    query = {"endpoint_id": endpoint.id, "expand": "openapi-3.0"}
    [model] = http.get("/v1/models", params=query).json()["models"]
    described = openapi.endpoint_of(model)
    declared = models.known(endpoint.id)
    assert described is not None
    assert declared is not None
    assert (described.kind, described.properties) == (declared.kind, declared.properties)
    assert sorted(described.outputs) == sorted(endpoint.outputs)


def test_models_named_one_by_one(http: httpx.Client) -> None:
    ids = ["fal-ai/veo3.1", "fal-ai/flux/dev"]
    page = http.get("/v1/models", params={"endpoint_id": ids, "expand": "openapi-3.0"}).json()
    assert [model["endpoint_id"] for model in page["models"]] == sorted(ids)
    declared = read.endpoint("fal-ai/veo3.1")
    assert declared is not None
    schemas = page["models"][1]["openapi"]["components"]["schemas"]
    assert schemas["Veo31Input"] == declared.input
    assert list(schemas["Veo31Output"]["properties"]) == list(declared.outputs)
