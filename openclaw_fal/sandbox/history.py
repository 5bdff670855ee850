"""The platform API's lists of past requests and of billing events."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from openclaw_fal.sandbox.addresses import addresses_of
from openclaw_fal.sandbox.answers import platform_failure
from openclaw_fal.sandbox.dials import Dials
from openclaw_fal.sandbox.http1 import Request, Response
from openclaw_fal.sandbox.ledger import Entry
from openclaw_fal.sandbox.results import payload
from openclaw_fal.sandbox.state import SandboxState

_MOST_ENDPOINTS = 50
_DAY = timedelta(days=1)


def requests(sandbox: SandboxState, request: Request, dials: Dials) -> Response:
    """The requests to some endpoints, newest first; with `expand=payloads`, with their payloads."""
    endpoints = listed(request.query.get("endpoint_id", ""))
    if not 0 < len(endpoints) <= _MOST_ENDPOINTS:
        message = f"endpoint_id: 1 to {_MOST_ENDPOINTS} ids are required"
        return platform_failure(400, "validation_error", message)
    newest = datetime.now(UTC) - timedelta(seconds=dials.history_delay)

    def shown(entry: Entry) -> bool:
        done = entry.status != 0 or dials.history_unfinished
        return entry.endpoint in endpoints and done and entry.sent_at <= newest

    payloads = "payloads" in request.query.get("expand", "")
    return _listing(
        sandbox,
        request,
        "items",
        shown,
        lambda entry: _request(sandbox, request, entry, payloads),
        100,
    )


def billing_events(sandbox: SandboxState, request: Request, dials: Dials) -> Response:
    """The charge for each request, newest first."""
    if not dials.admin:
        message = "This operation needs a key of the scope ADMIN."
        return platform_failure(403, "authorization_error", message)
    endpoints = listed(request.query.get("endpoint_id", ""))
    request_ids = listed(request.query.get("request_id", ""))

    def shown(entry: Entry) -> bool:
        if endpoints and entry.endpoint not in endpoints:
            return False
        if request_ids and entry.request_id not in request_ids:
            return False
        return entry.ended_at is not None and entry.bill is not None

    return _listing(sandbox, request, "billing_events", shown, _billed, 10_000)


def listed(text: str) -> list[str]:
    """The items of a comma-separated parameter."""
    return [part for part in text.split(",") if part]


def _request(
    sandbox: SandboxState, request: Request, entry: Entry, payloads: bool
) -> dict[str, object]:
    ended = entry.ended_at
    row: dict[str, object] = {
        "request_id": entry.request_id,
        "endpoint_id": entry.endpoint,
        "sent_at": entry.sent_at.isoformat(),
        "started_at": entry.sent_at.isoformat(),
        "ended_at": ended.isoformat() if ended else None,
        "status_code": entry.status or None,
        "duration": (ended - entry.sent_at).total_seconds() if ended else None,
    }
    if payloads:
        row["json_input"] = _loaded(entry.input)
        row["json_output"] = None
        if entry.status == 200 and entry.recipe and entry.input is not None:
            row["json_output"] = payload(
                entry.recipe,
                entry.request_id,
                media_url=addresses_of(request).media,
                dials=sandbox.dials,
                own_dials=None,
                library=sandbox.library,
            )
    return row


def _billed(entry: Entry) -> dict[str, object]:
    assert entry.bill is not None
    assert entry.ended_at is not None
    cost = entry.bill.cost
    return {
        "request_id": entry.request_id,
        "endpoint_id": entry.endpoint,
        "timestamp": entry.ended_at.isoformat(),
        "output_units": float(entry.bill.units),
        "unit": entry.bill.price.unit,
        "unit_price": float(entry.bill.price.amount),
        "cost_subtotal": float(cost),
        "cost_discount": 0.0,
        "cost_total": float(cost),
        "cost_estimate_nano_usd": int(cost * 1_000_000_000),
    }


def _listing(
    sandbox: SandboxState,
    request: Request,
    name: str,
    shown: Callable[[Entry], bool],
    row: Callable[[Entry], dict[str, object]],
    most: int,
) -> Response:
    """One page of the ledger's entries that are `shown`. The cursor is the base64 of a page number,
    as fal's is."""
    query = request.query
    try:
        start = _time(query.get("start"), datetime.now(UTC) - _DAY)
        end = _time(query.get("end"), datetime.now(UTC) + _DAY)
        limit = int(query.get("limit", "50"))
        page = int(base64.b64decode(query.get("cursor", ""), validate=True) or b"1")
        if not (1 <= limit <= most and page >= 1):
            raise ValueError
    except (ValueError, binascii.Error):
        message = f"start and end are dates, limit is 1 to {most}, and the cursor one of ours"
        return platform_failure(400, "validation_error", message)
    entries = [
        entry
        for entry in reversed(sandbox.ledger.entries())
        if start <= entry.sent_at < end and shown(entry)
    ]
    more = page * limit < len(entries)
    cursor = base64.b64encode(str(page + 1).encode()).decode() if more else None
    rows = [row(entry) for entry in entries[(page - 1) * limit : page * limit]]
    return Response.of({name: rows, "next_cursor": cursor, "has_more": more})


def _time(text: str | None, default: datetime) -> datetime:
    if not text:
        return default
    at = datetime.fromisoformat(text.replace(" ", "+"))  # a "+" that was not percent-encoded
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _loaded(body: bytes | None) -> object:
    try:
        return None if body is None else json.loads(body or b"{}")
    except (ValueError, RecursionError):
        return None
