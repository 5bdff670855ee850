"""Synchronous runs, and what they share with queued ones: taking an input, making an output."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from openclaw_fal.sandbox import answers, cdn, limits, models, prices, validate
from openclaw_fal.sandbox.addresses import addresses_of
from openclaw_fal.sandbox.dials import Dials
from openclaw_fal.sandbox.http1 import Request, Response
from openclaw_fal.sandbox.jobs import Job, dialled_problem
from openclaw_fal.sandbox.ledger import Entry
from openclaw_fal.sandbox.prices import Bill
from openclaw_fal.sandbox.problems import NO_OUTPUT, START_TIMEOUT, Problem
from openclaw_fal.sandbox.results import Recipe, payload, recipe
from openclaw_fal.sandbox.world import World


def endpoint_of(request: Request) -> str:
    """The endpoint id in the path."""
    return request.path.strip("/")


def unknown_model(endpoint: str, dials: Dials) -> Response | None:
    """fal's 404 for an endpoint that does not exist."""
    if models.exists(endpoint, any_endpoint=dials.any_endpoint):
        return None
    app = endpoint.split("/")[-1]
    return answers.failure(404, f"Application '{app}' not found")


@dataclass(frozen=True, slots=True)
class Taken:
    """An input as a recipe, or as a problem; what it costs, and notes for the log."""

    made: Recipe | None
    problem: Problem | None
    bill: Bill
    notes: list[str]


def take(world: World, endpoint: str, request: Request, dials: Dials) -> Taken:
    """Check an input, and make a recipe of it."""
    made, problem, notes = _recipe(world, endpoint, request, dials)
    if made:
        return Taken(made, problem, prices.bill(made, dials), notes)
    return Taken(made, problem, Bill(Decimal(1), prices.price_of(endpoint, dials)), notes)


def _recipe(
    world: World, endpoint: str, request: Request, dials: Dials
) -> tuple[Recipe | None, Problem | None, list[str]]:
    try:
        body = json.loads(request.body or b"{}")
    except (ValueError, RecursionError) as exc:
        position = getattr(exc, "pos", 0)
        return None, Problem(422, validate.json_error(str(exc), position)), []
    declared = models.known(endpoint)
    wanted = declared.input if declared else {"type": "object"}
    media = addresses_of(request).media + "/"

    def is_gone(url: str) -> bool:
        return url.startswith(media) and not cdn.exists(world, "/files/" + url.removeprefix(media))

    errors, unknown = validate.check(wanted, body, is_gone)
    if not errors and isinstance(body, dict):
        errors = limits.check(endpoint, body)
    notes = [f"{endpoint} ignores the unknown field {name!r}" for name in unknown if declared]
    if errors and (dials.validate or not isinstance(body, dict)):
        return None, Problem(422, errors), notes
    return recipe(endpoint, models.with_defaults(endpoint, body), world.ids.seed()), None, notes


def enter(
    world: World, request: Request, request_id: str, taken: Taken, job: Job | None = None
) -> Entry:
    """Enter a request that was taken into the ledger."""
    stored = request.headers.get("x-fal-store-io") != "0"
    entry = Entry(
        request_id,
        job.endpoint if job else endpoint_of(request),
        datetime.now(UTC),
        request.body if stored else None,
        taken.made,
        taken.bill,
        job,
    )
    world.ledger.add(entry)
    return entry


def run(world: World, request: Request, dials: Dials) -> Response:
    """Run a model and answer its output."""
    endpoint = endpoint_of(request)
    streamed = endpoint.endswith("/stream") and models.known(endpoint) is None
    endpoint = endpoint.removesuffix("/stream") if streamed else endpoint
    missing = unknown_model(endpoint, dials)
    if missing:
        return missing
    request_id = world.ids.uuid()
    response = _output(world, endpoint, request, request_id, dials)
    if streamed and response.status == 200 and isinstance(response.body, bytes):
        response = Response(200, b"data: " + response.body + b"\n\n", response.headers)
        response.set_header("content-type", "text/event-stream")
    response.set_header("x-fal-request-id", request_id)
    return response


def _output(
    world: World, endpoint: str, request: Request, request_id: str, dials: Dials
) -> Response:
    taken = take(world, endpoint, request, dials)
    entry = enter(world, request, request_id, taken)
    problem = taken.problem or _wait(world, request, dials) or dialled_problem(dials)
    response = answer(
        world, request, request_id, taken.made, problem, taken.bill, dials, world.dials_of(request)
    )
    world.ledger.finish(entry, response.status, dials)
    response.notes += taken.notes
    return response


def answer(
    world: World,
    request: Request,
    request_id: str,
    made: Recipe | None,
    problem: Problem | None,
    bill: Bill,
    dials: Dials,
    own_dials: Dials | None,
) -> Response:
    """The output of a recipe or the error in its place, with the header that says what it cost."""
    if problem or made is None:
        response = answers.problem(problem or NO_OUTPUT)
        if response.status != 422 or not dials.bill_invalid:
            return response
    else:
        value = payload(
            made,
            request_id,
            media_url=addresses_of(request).media,
            dials=dials,
            own_dials=own_dials,
            library=world.library,
        )
        response = Response.of(value)
    response.set_header("x-fal-billable-units", f"{bill.units:f}")
    return response


def _wait(world: World, request: Request, dials: Dials) -> Problem | None:
    """Wait for a runner and for the run; 504 when the client's start time-out is shorter."""
    if dials.clock == "polls":
        return None
    within, began = start_within(request), time.monotonic()
    while not world.stop.is_set():
        waiting = dials.queue_length * dials.queue_step
        passed = time.monotonic() - began
        if within and waiting > within and passed >= within:
            return START_TIMEOUT
        remaining = waiting + dials.run_time - passed
        if remaining <= 0:
            break
        world.wait(min(remaining, 0.05))
    return None


def start_within(request: Request) -> float:
    """The client's X-Fal-Request-Start-Timeout (once without Start) in seconds; 0 for none."""
    headers = request.headers
    text = headers.get("x-fal-request-start-timeout") or headers.get("x-fal-request-timeout")
    try:
        return max(0.0, float(text or "0"))
    except ValueError:
        return 0.0
