"""The queue's routes: submit, status, the status stream, result and cancel."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

from openclaw_fal.sandbox import answers, runs
from openclaw_fal.sandbox.addresses import addresses_of
from openclaw_fal.sandbox.dials import Dials
from openclaw_fal.sandbox.http1 import Request, Response
from openclaw_fal.sandbox.jobs import Job, result_problem, submitted_now
from openclaw_fal.sandbox.problems import CANCELLED, NO_OUTPUT
from openclaw_fal.sandbox.results import payload, run_seconds
from openclaw_fal.sandbox.webhooks import Letter
from openclaw_fal.sandbox.world import World


def submit(world: World, request: Request, dials: Dials) -> Response:
    """Take a job. A bad input is taken too: it shows when the result is fetched."""
    endpoint = runs.endpoint_of(request)
    missing = runs.unknown_model(endpoint, dials)
    if missing:
        return missing
    taken = runs.take(world, endpoint, request, dials)
    notes = taken.notes
    monotonic, wall = submitted_now()
    job = Job(
        world.ids.uuid(),
        endpoint,
        taken.made,
        taken.problem,
        world.dials_of(request),
        monotonic,
        wall,
        taken.bill,
        webhook=request.query.get("fal_webhook", ""),
        start_within=runs.start_within(request),
    )
    _wait_for_runner(world, job, dials)
    world.jobs.add(job)
    runs.enter(world, request, job.id, taken, job)
    if job.webhook:
        notes += filter(None, [world.postman.post_when_done(_letter(world, job, request))])
    value: dict[str, object] = {"status": "IN_QUEUE", "request_id": job.id}
    value |= _urls(job, request, dials)
    value["queue_position"] = max(0, dials.queue_length - 1) + job.ahead
    response = Response.of(value, x_fal_request_id=job.id)
    response.notes += notes
    return response


def status(world: World, request: Request, dials: Dials) -> Response:
    """Where the job stands: 202 while it is pending, 200 when it is done."""
    job = _job(world, request)
    if job is None:
        return answers.failure(404, "Request not found")
    state, position, share = job.progress(dials)
    job.polls += 1
    value = _status_value(job, request, dials, state, position)
    if "logs" in value and _wants_logs(request):
        value["logs"] = job.log_lines(dials, share)[-dials.log_window :]
    return Response.of(value, 200 if state == "COMPLETED" else 202, x_fal_request_id=job.id)


def stream(world: World, request: Request, dials: Dials) -> Response:
    """The same as server-sent events, one for each change, until the job is done."""
    job = _job(world, request)
    if job is None or not dials.stream:
        return answers.failure(404, "Request not found" if job is None else "Not Found")
    headers = [
        ("content-type", "text/event-stream; charset=utf-8"),
        ("cache-control", "no-store"),
        ("x-fal-request-id", job.id),
    ]
    return Response(200, _events(world, request, job), headers)


def result(world: World, request: Request, dials: Dials) -> Response:
    """The job's output, or the error that it ended with."""
    job = _job(world, request)
    if job is None:
        return answers.failure(404, "Request not found")
    if job.progress(dials)[0] != "COMPLETED":
        response = answers.failure(400, "Request is still in progress")
    else:
        problem = result_problem(job, dials)
        response = runs.answer(
            world, request, job.id, job.made, problem, job.bill, dials, job.own_dials
        )
    response.set_header("x-fal-request-id", job.id)
    return response


def cancel(world: World, request: Request, dials: Dials) -> Response:
    """A job that waits is cancelled; one that runs may still finish, and here does."""
    job = _job(world, request)
    if job is None:
        return Response.of({"status": "NOT_FOUND"}, 404)
    state = job.progress(dials)[0]
    if state == "COMPLETED":
        return Response.of({"status": "ALREADY_COMPLETED"}, 400, x_fal_request_id=job.id)
    job.cancelled = True
    if state == "IN_QUEUE":
        job.problem, job.done_at = CANCELLED, time.monotonic()
        job.changed.set()
    return Response.of({"status": "CANCELLATION_REQUESTED"}, 202, x_fal_request_id=job.id)


def _wait_for_runner(world: World, job: Job, dials: Dials) -> None:
    """Make the job wait while as many others run as the dials allow."""
    if dials.concurrency and dials.clock == "time":
        ready = job.submitted + dials.queue_length * dials.queue_step
        job.delay, job.ahead = world.runners.take(ready, dials.run_time, dials.concurrency)


def _letter(world: World, job: Job, request: Request) -> Letter:
    media_url = addresses_of(request).media

    def message() -> dict[str, object]:
        dials = world.job_dials(job)
        ids: dict[str, object] = {"request_id": job.id, "gateway_request_id": job.id}
        problem = result_problem(job, dials) or (None if job.made else NO_OUTPUT)
        if problem or job.made is None:
            detail = problem.detail if problem else ""
            error = detail if isinstance(detail, str) else "Invalid input"
            return ids | {"status": "ERROR", "error": error, "payload": {"detail": detail}}
        output = payload(
            job.made,
            job.id,
            media_url=media_url,
            dials=dials,
            own_dials=job.own_dials,
            library=world.library,
        )
        return ids | {"status": "OK", "payload": output}

    return Letter(job.id, job.webhook, lambda: world.settled(job), message)


def _job(world: World, request: Request) -> Job | None:
    parts = request.segments
    at = parts.index("requests", 2)
    return world.jobs.get(parts[at + 1], "/".join(parts[:at]))


def _urls(job: Job, request: Request, dials: Dials) -> dict[str, str]:
    if dials.queue_urls == "none":
        return {}
    start = addresses_of(request).queue if dials.queue_urls == "full" else dials.queue_urls
    base = f"{start}/{job.app}/requests/{job.id}"
    return {
        "response_url": base,
        "status_url": f"{base}/status",
        "cancel_url": f"{base}/cancel",
    }


def _wants_logs(request: Request) -> bool:
    return request.query.get("logs", "0").lower() in ("1", "true")


def _status_value(
    job: Job, request: Request, dials: Dials, state: str, position: int
) -> dict[str, object]:
    value: dict[str, object] = {"status": state, "request_id": job.id}
    value |= _urls(job, request, dials)
    if state == "IN_QUEUE":
        return value | {"queue_position": position}
    value["logs"] = None
    if state == "IN_PROGRESS" and dials.pending_state:
        value["status"] = dials.pending_state
    if state == "COMPLETED":
        value["metrics"] = {"inference_time": run_seconds(dials)}
        if dials.state:
            value["status"] = dials.state
        if dials.error:
            value["error"] = dials.error
            value |= {"error_type": dials.error_type} if dials.error_type else {}
        elif job.problem and isinstance(job.problem.detail, str):
            value |= {"error": job.problem.detail, "error_type": job.problem.error_type}
    return value


def _events(world: World, request: Request, job: Job) -> Iterator[bytes]:
    own = world.dials_of(request)
    last: object = None
    sent = 0
    commented = time.monotonic()
    while not world.stop.is_set():
        dials = world.job_dials(job, own)
        state, position, share = job.progress(dials)
        job.polls += dials.clock == "polls"
        lines = job.log_lines(dials, share) if _wants_logs(request) else []
        seen = (state, position, len(lines))
        if seen != last:
            value = _status_value(job, request, dials, state, position)
            if "logs" in value and _wants_logs(request):
                value["logs"] = lines[sent:]
                sent = len(lines)
            yield b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"
            last = seen
        if state == "COMPLETED":
            return
        if time.monotonic() - commented >= dials.stream_comment:
            commented = time.monotonic()
            yield b": ping\n\n"
        job.changed.wait(_until_change(job, dials))


def _until_change(job: Job, dials: Dials) -> float:
    """Seconds until the next step is due; never so long that a turned dial goes unseen."""
    if dials.clock == "polls":
        return 0.005
    elapsed = time.monotonic() - job.submitted
    waiting = dials.queue_length * dials.queue_step + job.delay
    if elapsed < waiting:
        remaining = dials.queue_step - elapsed % dials.queue_step if dials.queue_step else 0.1
    else:
        step = dials.run_time / max(1, dials.log_lines)
        remaining = step - (elapsed - waiting) % step if step > 0 else 0.0
    return min(max(remaining, 0.002), 0.1, max(dials.stream_comment, 0.01))
