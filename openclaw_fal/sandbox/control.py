"""`/_sandbox/…`: what happened, and the dials, for programs that run beside the sandbox.

GET  /_sandbox/ledger   requests that were taken and what each was billed
GET  /_sandbox/dials    the dials as JSON
PUT  /_sandbox/dials    other dials, in either form
"""

from __future__ import annotations

from openclaw_fal.errors import UsageError
from openclaw_fal.sandbox.answers import failure
from openclaw_fal.sandbox.dials import Dials
from openclaw_fal.sandbox.http1 import Request, Response
from openclaw_fal.sandbox.ledger import Entry
from openclaw_fal.sandbox.world import World

PREFIX = "/_sandbox/"


def answer(world: World, request: Request, dials: Dials) -> Response:
    """Answer one of the addresses above."""
    place = (request.method, request.path.removeprefix(PREFIX))
    if place == ("GET", "ledger"):
        return Response.of(ledger(world))
    if place == ("PUT", "dials"):
        try:
            world.dials = Dials.parse(request.body.decode("utf-8", "replace"))
        except UsageError as exc:
            return failure(400, exc.message)
        return Response.of(world.dials.as_dict())
    if place == ("GET", "dials"):
        return Response.of(world.dials.as_dict())
    return failure(404, "Not Found")


def ledger(world: World) -> dict[str, object]:
    """`accepted` is the number of requests that were taken; `billed` is in USD."""
    entries = world.ledger.entries()
    return {
        "accepted": world.ledger.accepted,
        "billed": f"{world.ledger.billed():f}",
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
