"""The platform API: models, prices and estimates, and the keys that webhooks are signed with.

The prices are the sandbox's own: figures to compute with, not fal's.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from openclaw_fal.sandbox import crypto, models
from openclaw_fal.sandbox.answers import failure, platform_failure
from openclaw_fal.sandbox.dials import Dials
from openclaw_fal.sandbox.http1 import Request, Response
from openclaw_fal.sandbox.world import World

_PAGE = 50
_UNITS = {"image": ("megapixels", 0.025), "video": ("seconds", 0.05), "audio": ("seconds", 0.002)}
_DATE = "2026-01-01T00:00:00Z"


def hello(world: World, request: Request, dials: Dials) -> Response:
    """What answers at this address."""
    return Response.of({"sandbox": True, "service": "openclaw-fal sandbox", "url": request.base})


def jwks(world: World, request: Request, dials: Dials) -> Response:
    """The public key of the webhooks' signatures (RFC 8037)."""
    if not crypto.installed():
        return failure(501, f"Signed webhooks need cryptography: {crypto.INSTALL}")
    raw = crypto.public_key(world.webhook_secret)
    x = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    kid = hashlib.sha256(raw).hexdigest()[:16]
    key = {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": kid, "use": "sig", "alg": "EdDSA"}
    return Response.of({"keys": [key]})


def answer(world: World, request: Request, dials: Dials) -> Response:
    """`/v1/models`, `/v1/models/pricing` and `/v1/models/pricing/estimate`."""
    place = (request.method, request.path)
    if place == ("GET", "/v1/models"):
        return _models(request)
    if place == ("GET", "/v1/models/pricing"):
        return _pricing(request)
    if place == ("POST", "/v1/models/pricing/estimate"):
        return _estimate(request)
    return platform_failure(404, "not_found", f"No route for {request.method} {request.path}")


def _models(request: Request) -> Response:
    query = request.query
    wanted = _ids(query.get("endpoint_id", ""))
    words = query.get("q", "").lower().split()
    category = query.get("category", "")
    found = [
        endpoint
        for endpoint in sorted(models.schemas())
        if (not wanted or endpoint in wanted)
        and all(word in endpoint.lower() for word in words)
        and category in ("", models.category(endpoint))
    ]
    try:
        limit = min(max(int(query.get("limit", _PAGE)), 1), 100)
        start = int(query.get("cursor") or 0)
    except ValueError:
        return platform_failure(400, "validation_error", "limit and cursor are numbers")
    expanded = "openapi" in query.get("expand", "")
    page = [_model(endpoint, expanded) for endpoint in found[start : start + limit]]
    more = start + limit < len(found)
    cursor = str(start + limit) if more else None
    return Response.of({"models": page, "has_more": more, "next_cursor": cursor})


def _model(endpoint: str, expanded: bool) -> dict[str, Any]:
    model: dict[str, Any] = {
        "endpoint_id": endpoint,
        "metadata": {
            "display_name": endpoint,
            "category": models.category(endpoint),
            "description": f"{endpoint}, as the sandbox plays it.",
            "status": "active",
            "tags": [],
            "updated_at": _DATE,
            "is_favorited": None,
            "thumbnail_url": "",
            "model_url": f"https://fal.run/{endpoint}",
        },
    }
    if expanded:
        model["openapi"] = _openapi(endpoint)
    return model


def _openapi(endpoint: str) -> dict[str, Any]:
    schema = models.schema_of(endpoint) or {"input": {"type": "object"}}
    output: dict[str, Any] = {name: {} for name in models.output_fields(endpoint)}
    answer = {"$ref": "#/components/schemas/Output"}
    body = {"$ref": "#/components/schemas/Input"}
    return {
        "openapi": "3.0.4",
        "info": {"title": endpoint, "version": "1.0.0"},
        "servers": [{"url": "https://queue.fal.run"}],
        "components": {
            "schemas": {
                "Input": schema["input"],
                "Output": {"type": "object", "properties": output},
            }
        },
        "paths": {
            f"/{endpoint}": {
                "post": {
                    "requestBody": {"content": {"application/json": {"schema": body}}},
                    "responses": {"200": {"content": {"application/json": {"schema": answer}}}},
                }
            }
        },
    }


def _pricing(request: Request) -> Response:
    wanted = _ids(request.query.get("endpoint_id", ""))
    if not wanted:
        return platform_failure(400, "validation_error", "endpoint_id is required")
    unknown = [endpoint for endpoint in wanted if endpoint not in models.schemas()]
    if unknown:
        return platform_failure(404, "not_found", f"Endpoint not found: {', '.join(unknown)}")
    prices = [_price(endpoint) for endpoint in wanted]
    return Response.of({"prices": prices, "has_more": False, "next_cursor": None})


def price(endpoint: str) -> dict[str, Any] | None:
    """The sandbox's price of an endpoint; None for one that it does not play."""
    return _price(endpoint) if endpoint in models.schemas() else None


def _price(endpoint: str) -> dict[str, Any]:
    unit, price = _UNITS[models.makes(endpoint)]
    return {"endpoint_id": endpoint, "unit_price": price, "unit": unit, "currency": "USD"}


def _estimate(request: Request) -> Response:
    try:
        body = request.json()
        assert isinstance(body, dict)
        kind, endpoints = body["estimate_type"], body["endpoints"]
        field = {"unit_price": "unit_quantity", "historical_api_price": "call_quantity"}[kind]
        total = sum(
            _price(endpoint)["unit_price"] * float(asked[field])
            for endpoint, asked in endpoints.items()
        )
    except (AssertionError, AttributeError, KeyError, TypeError, ValueError):
        return platform_failure(400, "validation_error", "The estimate's body is not valid")
    value = {"estimate_type": kind, "total_cost": round(total, 6), "currency": "USD"}
    return Response.of(value)


def _ids(text: str) -> list[str]:
    return [part for part in text.split(",") if part]
