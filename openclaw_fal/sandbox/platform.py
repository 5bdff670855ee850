"""The platform API: models with their schemas, prices and estimates."""

from __future__ import annotations

import base64
import hashlib
import re
from decimal import Decimal

from openclaw_fal.sandbox import crypto, history, models, prices
from openclaw_fal.sandbox.answers import failure, platform_failure
from openclaw_fal.sandbox.dials import Dials
from openclaw_fal.sandbox.http1 import Request, Response
from openclaw_fal.sandbox.state import SandboxState

_PAGE = 50
_MOST_PRICES = 50
_DATE = "2026-01-01T00:00:00Z"
_QUANTITIES = {"unit_price": "unit_quantity", "historical_api_price": "call_quantity"}


def hello(sandbox: SandboxState, request: Request, dials: Dials) -> Response:
    """Identify the sandbox, at `/`."""
    return Response.of({"sandbox": True, "service": "openclaw-fal sandbox", "url": request.base})


def jwks(sandbox: SandboxState, request: Request, dials: Dials) -> Response:
    """The public key of the webhooks' signatures, as a JSON Web Key Set (RFC 8037)."""
    if not crypto.installed():
        return failure(501, f"Signed webhooks need cryptography: {crypto.INSTALL}")
    raw = crypto.public_key(sandbox.webhook_secret)
    x = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    kid = hashlib.sha256(raw).hexdigest()[:16]
    key = {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": kid, "use": "sig", "alg": "EdDSA"}
    return Response.of({"keys": [key]})


def answer(sandbox: SandboxState, request: Request, dials: Dials) -> Response:
    """Answer a request under `/v1/models`."""
    method, path = request.method, request.path.removeprefix("/v1/models")
    if (method, path) == ("GET", ""):
        return _models(request)
    if (method, path) == ("GET", "/pricing"):
        return _pricing(request, dials)
    if (method, path) == ("POST", "/pricing/estimate"):
        return _estimate(request, dials)
    if (method, path) == ("GET", "/requests/by-endpoint"):
        return history.requests(sandbox, request, dials)
    if (method, path) == ("GET", "/billing-events"):
        return history.billing_events(sandbox, request, dials)
    return platform_failure(404, "not_found", f"No route for {request.method} {request.path}")


def _models(request: Request) -> Response:
    query = request.query
    wanted_ids = set(history.listed(query.get("endpoint_id", "")))
    words = query.get("q", "").lower().split()
    category = query.get("category", "")
    endpoints = [
        endpoint
        for endpoint in models.ids()
        if (not wanted_ids or endpoint in wanted_ids)
        and all(word in endpoint.lower() for word in words)
        and (not category or category == models.category(endpoint))
    ]
    try:
        limit = min(max(int(query.get("limit", _PAGE)), 1), 100)
        start = int(query.get("cursor") or 0)
    except ValueError:
        return platform_failure(400, "validation_error", "limit and cursor are numbers")
    expanded = "openapi" in query.get("expand", "")
    page = [_model(endpoint, expanded) for endpoint in endpoints[start : start + limit]]
    more = start + limit < len(endpoints)
    cursor = str(start + limit) if more else None
    return Response.of({"models": page, "has_more": more, "next_cursor": cursor})


def _model(endpoint: str, expanded: bool) -> dict[str, object]:
    model: dict[str, object] = {
        "endpoint_id": endpoint,
        "metadata": {
            "display_name": endpoint,
            "category": models.category(endpoint),
            "description": f"{endpoint}, as the sandbox imitates it.",
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


def _openapi(endpoint: str) -> dict[str, object]:
    """The OpenAPI document of an endpoint, as fal's platform API gives it."""
    declared = models.known(endpoint)
    words = re.split(r"\W+|_", endpoint.partition("/")[2])
    name = "".join(word.capitalize() for word in words)
    schemas: dict[str, object] = {
        f"{name}Input": dict(declared.input) if declared else {"type": "object"},
        f"{name}Output": {
            "type": "object",
            "properties": {field: _output(field) for field in models.output_fields(endpoint)},
        },
        "QueueStatus": {"type": "object", "properties": {"request_id": {"type": "string"}}},
        "File": _file(),
        "Image": _file("width", "height"),
    }
    return {
        "openapi": "3.0.4",
        "info": {"title": f"Queue OpenAPI for {endpoint}", "version": "1.0.0"},
        "servers": [{"url": "https://queue.fal.run"}],
        "components": {"schemas": schemas},
        "paths": {
            f"/{endpoint}": {
                "post": {
                    "requestBody": {"required": True, "content": _content(f"{name}Input")},
                    "responses": {"200": {"content": _content("QueueStatus")}},
                }
            },
            f"/{endpoint}/requests/{{request_id}}": {
                "get": {"responses": {"200": {"content": _content(f"{name}Output")}}}
            },
        },
    }


def _content(schema: str) -> dict[str, object]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}


def _output(field: str) -> dict[str, object]:
    """The schema of one field of a result."""
    if field in ("images", "videos", "audios"):
        kind = "Image" if field == "images" else "File"
        return {"type": "array", "items": {"$ref": f"#/components/schemas/{kind}"}}
    if field in ("image", "video", "audio", "audio_file"):
        kind = "Image" if field == "image" else "File"
        return {"$ref": f"#/components/schemas/{kind}"}
    return {"type": "integer"} if field == "seed" else {}


def _file(*edges: str) -> dict[str, object]:
    text = {name: {"type": "string"} for name in ("url", "content_type", "file_name")}
    numbers = {name: {"type": "integer"} for name in ("file_size", *edges)}
    return {"type": "object", "properties": text | numbers, "required": ["url"]}


def _pricing(request: Request, dials: Dials) -> Response:
    endpoints = history.listed(request.query.get("endpoint_id", ""))
    if not 0 < len(endpoints) <= _MOST_PRICES:
        message = f"endpoint_id: 1 to {_MOST_PRICES} ids are required"
        return platform_failure(400, "validation_error", message)
    unknown = [endpoint for endpoint in endpoints if models.known(endpoint) is None]
    if unknown:
        return platform_failure(404, "not_found", f"Endpoint not found: {', '.join(unknown)}")
    rows: list[dict[str, object]] = []
    for endpoint in endpoints:
        price = prices.price_of(endpoint, dials)
        rows.append(
            {
                "endpoint_id": endpoint,
                "unit_price": float(price.amount),
                "unit": price.unit,
                "currency": "USD",
            }
        )
    return Response.of({"prices": rows, "has_more": False, "next_cursor": None})


def _estimate(request: Request, dials: Dials) -> Response:
    try:
        body = request.json()
        assert isinstance(body, dict)
        kind, endpoints = body["estimate_type"], body["endpoints"]
        quantity = _QUANTITIES[kind]
        total = Decimal(0)
        for endpoint, quantities in endpoints.items():
            if models.known(endpoint) is None:
                raise KeyError(endpoint)
            price = prices.price_of(endpoint, dials)
            total += price.amount * Decimal(str(float(quantities[quantity])))
    except (AssertionError, AttributeError, KeyError, TypeError, ValueError):
        return platform_failure(400, "validation_error", "The estimate's body is not valid")
    return Response.of({"estimate_type": kind, "total_cost": float(total), "currency": "USD"})
