"""The sandbox's own API, for programs that test against it.

GET  /_sandbox/ledger   the accepted requests and what each was billed
GET  /_sandbox/dials    the dials as JSON
PUT  /_sandbox/dials    replace the dials (as text or JSON, see `dials.py`)
"""

from __future__ import annotations

from openclaw_fal.errors import UsageError
from openclaw_fal.sandbox.answers import failure
from openclaw_fal.sandbox.dials import Dials
from openclaw_fal.sandbox.http1 import Request, Response
from openclaw_fal.sandbox.ledger import Entry
from openclaw_fal.sandbox.state import SandboxState

PREFIX = "/_sandbox/"


def answer(sandbox: SandboxState, request: Request, dials: Dials) -> Response:
    """Answer one of the requests above."""
    operation = (request.method, request.path.removeprefix(PREFIX))
    if operation == ("GET", "ledger"):
        return Response.of(ledger(sandbox))
    if operation == ("PUT", "dials"):
        try:
            sandbox.dials = Dials.parse(request.body.decode("utf-8", "replace"))
        except UsageError as exc:
            return failure(400, exc.message)
        return Response.of(sandbox.dials.as_dict())
    if operation == ("GET", "dials"):
        return Response.of(sandbox.dials.as_dict())
    return failure(404, "Not Found")


def ledger(sandbox: SandboxState) -> dict[str, object]:
    """The ledger as JSON. `accepted` is the number of accepted requests; `billed` is in USD."""
    entries = sandbox.ledger.entries()
    return {
        "accepted": sandbox.ledger.accepted,
        "billed": f"{sandbox.ledger.billed():f}",
        "requests": [_row(entry) for entry in entries],
    }


def _row(entry: Entry) -> dict[str, object]:
    ended = entry.ended_at is not None
    return {
        "request_id": entry.request_id,
        "endpoint_id": entry.endpoint,
        "queued": entry.job is not None,
        "status": entry.status,
        "units": f"{entry.bill.units:f}" if ended and entry.bill else "0",
        "cost": f"{entry.bill.cost:f}" if ended and entry.bill else "0",
    }
