"""Synchronous runs, and what they share with queued jobs: check the input, make the output."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from openclaw_fal.sandbox import answers, cdn, models, prices, size_rules, validate
from openclaw_fal.sandbox.addresses import addresses_of
from openclaw_fal.sandbox.dials import Dials
from openclaw_fal.sandbox.http1 import Request, Response
from openclaw_fal.sandbox.jobs import Job, dialled_problem
from openclaw_fal.sandbox.ledger import Entry
from openclaw_fal.sandbox.prices import Bill
from openclaw_fal.sandbox.problems import NO_OUTPUT, START_TIMEOUT, Problem
from openclaw_fal.sandbox.results import Recipe, payload, recipe_for
from openclaw_fal.sandbox.state import SandboxState


def endpoint_of(request: Request) -> str:
    """The endpoint id in the path."""
    return request.path.strip("/")


def unknown_model(endpoint: str, dials: Dials) -> Response | None:
    """fal's 404 response for an endpoint that does not exist; None for one that does."""
    if models.exists(endpoint, any_endpoint=dials.any_endpoint):
        return None
    app = endpoint.split("/")[-1]
    return answers.failure(404, f"Application '{app}' not found")


@dataclass(frozen=True, slots=True)
class Accepted:
    """An accepted request: the recipe or the error for its input, the charge for a success, and
    notes for the log."""

    recipe: Recipe | None
    problem: Problem | None
    bill: Bill
    notes: list[str]


def accept(sandbox: SandboxState, endpoint: str, request: Request, dials: Dials) -> Accepted:
    """Check an input, and make its recipe."""
    recipe, problem, notes = _checked(sandbox, endpoint, request, dials)
    if recipe:
        bill = prices.bill(recipe, dials)
    else:
        bill = Bill(Decimal(1), prices.price_of(endpoint, dials))
    return Accepted(recipe, problem, bill, notes)


def _checked(
    sandbox: SandboxState, endpoint: str, request: Request, dials: Dials
) -> tuple[Recipe | None, Problem | None, list[str]]:
    try:
        body = json.loads(request.body or b"{}")
    except (ValueError, RecursionError) as exc:
        position = getattr(exc, "pos", 0)
        return None, Problem(422, validate.json_error(str(exc), position)), []
    declared = models.known(endpoint)
    schema = declared.input if declared else {"type": "object"}
    media = addresses_of(request).media + "/"

    def is_missing(url: str) -> bool:
        return url.startswith(media) and not cdn.exists(
            sandbox, "/files/" + url.removeprefix(media)
        )

    errors, unknown = validate.check(schema, body, is_missing)
    if not errors and isinstance(body, dict):
        errors = size_rules.check(endpoint, body)
    notes = [f"{endpoint} ignores the unknown field {name!r}" for name in unknown if declared]
    if errors and (dials.validate or not isinstance(body, dict)):
        return None, Problem(422, errors), notes
    full_body = models.with_defaults(endpoint, body)
    return recipe_for(endpoint, full_body, sandbox.ids.seed()), None, notes


def record(
    sandbox: SandboxState,
    request: Request,
    request_id: str,
    accepted: Accepted,
    job: Job | None = None,
) -> Entry:
    """Add an accepted request to the ledger."""
    stored = request.headers.get("x-fal-store-io") != "0"
    entry = Entry(
        request_id,
        job.endpoint if job else endpoint_of(request),
        datetime.now(UTC),
        request.body if stored else None,
        accepted.recipe,
        accepted.bill,
        job,
    )
    sandbox.ledger.add(entry)
    return entry


def run(sandbox: SandboxState, request: Request, dials: Dials) -> Response:
    """Run a model synchronously."""
    endpoint = endpoint_of(request)
    streamed = endpoint.endswith("/stream") and models.known(endpoint) is None
    endpoint = endpoint.removesuffix("/stream") if streamed else endpoint
    not_found = unknown_model(endpoint, dials)
    if not_found:
        return not_found
    request_id = sandbox.ids.uuid()
    response = _output(sandbox, endpoint, request, request_id, dials)
    if streamed and response.status == 200 and isinstance(response.body, bytes):
        response = Response(200, b"data: " + response.body + b"\n\n", response.headers)
        response.set_header("content-type", "text/event-stream")
    response.set_header("x-fal-request-id", request_id)
    return response


def _output(
    sandbox: SandboxState, endpoint: str, request: Request, request_id: str, dials: Dials
) -> Response:
    accepted = accept(sandbox, endpoint, request, dials)
    entry = record(sandbox, request, request_id, accepted)
    problem = accepted.problem or _wait(sandbox, request, dials) or dialled_problem(dials)
    own_dials = sandbox.dials_of(request)
    response = answer(
        sandbox, request, request_id, accepted.recipe, problem, accepted.bill, dials, own_dials
    )
    sandbox.ledger.finish(entry, response.status, dials)
    response.notes += accepted.notes
    return response


def answer(
    sandbox: SandboxState,
    request: Request,
    request_id: str,
    recipe: Recipe | None,
    problem: Problem | None,
    bill: Bill,
    dials: Dials,
    own_dials: Dials | None,
) -> Response:
    """The response with a recipe's output, or with the error instead; the header
    `x-fal-billable-units` says what is billed."""
    if problem or recipe is None:
        response = answers.problem_response(problem or NO_OUTPUT)
        if response.status != 422 or not dials.bill_invalid:
            return response
    else:
        value = payload(
            recipe,
            request_id,
            media_url=addresses_of(request).media,
            dials=dials,
            own_dials=own_dials,
            library=sandbox.library,
        )
        response = Response.of(value)
    response.set_header("x-fal-billable-units", f"{bill.units:f}")
    return response


def _wait(sandbox: SandboxState, request: Request, dials: Dials) -> Problem | None:
    """Wait for queue and run time. Returns the 504 when the client's start time-out is shorter."""
    if dials.clock == "polls":
        return None
    within, began = start_within(request), time.monotonic()
    while not sandbox.stop.is_set():
        waiting = dials.queue_length * dials.queue_step
        passed = time.monotonic() - began
        if within and waiting > within and passed >= within:
            return START_TIMEOUT
        remaining = waiting + dials.run_time - passed
        if remaining <= 0:
            break
        sandbox.wait(min(remaining, 0.05))
    return None


def start_within(request: Request) -> float:
    """The client's start time-out in seconds (X-Fal-Request-Timeout is its older name); 0: none."""
    headers = request.headers
    text = headers.get("x-fal-request-start-timeout") or headers.get("x-fal-request-timeout")
    try:
        return max(0.0, float(text or "0"))
    except ValueError:
        return 0.0
