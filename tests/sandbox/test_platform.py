from __future__ import annotations

from typing import Any

import httpx
import pytest

from openclaw_fal.catalogue import read
from openclaw_fal.provider.schemas import endpoints
from openclaw_fal.sandbox import Sandbox


def listed(http: httpx.Client, **query: str | int) -> list[str]:
    answer = http.get("/v1/models", params=query)
    assert answer.status_code == 200
    return [model["endpoint_id"] for model in answer.json()["models"]]


def test_models_by_pages(http: httpx.Client) -> None:
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = http.get("/v1/models", params={"limit": 100, "cursor": cursor}).json()
        seen += [model["endpoint_id"] for model in page["models"]]
        assert page["has_more"] == (page["next_cursor"] is not None)
        cursor = page["next_cursor"]
    assert seen == sorted({*endpoints(), *read.ids()})


def test_models_searched(http: httpx.Client) -> None:
    assert "fal-ai/flux/schnell" in listed(http, q="flux schnell")
    assert listed(http, endpoint_id="fal-ai/flux/dev,fal-ai/minimax-music/v2.6") == [
        "fal-ai/flux/dev",
        "fal-ai/minimax-music/v2.6",
    ]
    sounds = listed(http, category="text-to-audio", limit=100)
    assert "fal-ai/minimax-music/v2.6" in sounds
    assert "fal-ai/flux/dev" not in sounds
    assert "fal-ai/kling-video/v2.1/master/image-to-video" in listed(
        http, category="image-to-video", q="kling v2.1", limit=100
    )
    assert listed(http, q="no such thing") == []


def test_models_without_a_key(http: httpx.Client) -> None:
    del http.headers["Authorization"]
    [model] = http.get("/v1/models", params={"endpoint_id": "fal-ai/flux/dev"}).json()["models"]
    assert model["metadata"]["category"] == "text-to-image"
    assert "openapi" not in model


def test_models_with_their_schemas(http: httpx.Client) -> None:
    query = {"endpoint_id": "fal-ai/flux/dev", "expand": "openapi-3.0"}
    [model] = http.get("/v1/models", params=query).json()["models"]
    document = model["openapi"]
    schemas = document["components"]["schemas"]
    asked = document["paths"]["/fal-ai/flux/dev"]["post"]["requestBody"]["content"]
    assert asked["application/json"]["schema"] == {"$ref": "#/components/schemas/FluxDevInput"}
    assert schemas["FluxDevInput"] == endpoints()["fal-ai/flux/dev"]["input"]
    fields = schemas["FluxDevOutput"]["properties"]
    assert fields["images"]["items"] == {"$ref": "#/components/schemas/Image"}
    assert "/fal-ai/flux/dev/requests/{request_id}" in document["paths"]


def test_prices(http: httpx.Client) -> None:
    ids = ["fal-ai/flux/dev", "fal-ai/minimax/video-01-live"]
    prices = http.get("/v1/models/pricing", params={"endpoint_id": ",".join(ids)}).json()["prices"]
    assert [price["endpoint_id"] for price in prices] == ids
    assert all(price["unit_price"] > 0 and price["currency"] == "USD" for price in prices)


@pytest.mark.parametrize(
    ("key", "status"), [(None, 401), ("sandbox-bad-key", 401), ("sandbox-locked", 403)]
)
def test_prices_need_a_key(http: httpx.Client, key: str | None, status: int) -> None:
    del http.headers["Authorization"]
    headers = {"Authorization": f"Key {key}"} if key else {}
    answer = http.get("/v1/models/pricing?endpoint_id=fal-ai/flux/dev", headers=headers)
    assert answer.status_code == status
    assert isinstance(answer.json()["error"]["message"], str)


def test_estimate(http: httpx.Client) -> None:
    body = {"estimate_type": "unit_price", "endpoints": {"fal-ai/flux/dev": {"unit_quantity": 4}}}
    price = http.get("/v1/models/pricing?endpoint_id=fal-ai/flux/dev").json()["prices"][0]
    answer = http.post("/v1/models/pricing/estimate", json=body).json()
    assert answer["total_cost"] == pytest.approx(4 * price["unit_price"])
    assert answer["currency"] == "USD"


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"estimate_type": "x", "endpoints": {}},
        {"estimate_type": "unit_price", "endpoints": []},
        {"estimate_type": "unit_price", "endpoints": {"a/b": 3}},
    ],
)
def test_wrong_estimates(http: httpx.Client, body: Any) -> None:
    answer = http.post("/v1/models/pricing/estimate", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "validation_error"


def test_wrong_questions(http: httpx.Client) -> None:
    assert http.get("/v1/models/pricing").status_code == 400
    too_many = ",".join(["fal-ai/flux/dev"] * 51)
    assert http.get(f"/v1/models/pricing?endpoint_id={too_many}").status_code == 400
    assert http.get("/v1/models/pricing?endpoint_id=a/b").status_code == 404
    assert http.get("/v1/models?limit=many").status_code == 400
    assert http.get("/v1/nothing").status_code == 404


def test_hello(fal: Sandbox, public: httpx.Client) -> None:
    assert public.get(fal.url).json() == {
        "sandbox": True,
        "service": "openclaw-fal sandbox",
        "url": fal.url,
    }
