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
from openclaw_fal.sandbox.state import SandboxState
from openclaw_fal.sandbox.webhooks import Webhook


def submit(sandbox: SandboxState, request: Request, dials: Dials) -> Response:
    """Queue a job. An invalid input is accepted, too; the result then is the error, as at fal."""
    endpoint = runs.endpoint_of(request)
    not_found = runs.unknown_model(endpoint, dials)
    if not_found:
        return not_found
    accepted = runs.accept(sandbox, endpoint, request, dials)
    notes = accepted.notes
    monotonic, wall = submitted_now()
    job = Job(
        sandbox.ids.uuid(),
        endpoint,
        accepted.recipe,
        accepted.problem,
        sandbox.dials_of(request),
        monotonic,
        wall,
        accepted.bill,
        webhook=request.query.get("fal_webhook", ""),
        start_within=runs.start_within(request),
    )
    _wait_for_runner(sandbox, job, dials)
    sandbox.jobs.add(job)
    runs.record(sandbox, request, job.id, accepted, job)
    if job.webhook:
        notes += filter(None, [sandbox.webhooks.add(_webhook(sandbox, job, request))])
    value: dict[str, object] = {"status": "IN_QUEUE", "request_id": job.id}
    value |= _urls(job, request, dials)
    value["queue_position"] = max(0, dials.queue_length - 1) + job.ahead
    response = Response.of(value, x_fal_request_id=job.id)
    response.notes += notes
    return response


def status(sandbox: SandboxState, request: Request, dials: Dials) -> Response:
    """The job's state: with HTTP status 202 while it is pending, 200 when it has ended."""
    job = _job(sandbox, request)
    if job is None:
        return answers.failure(404, "Request not found")
    state, position, share = job.progress(dials)
    job.polls += 1
    value = _status_value(job, request, dials, state, position)
    if "logs" in value and _wants_logs(request):
        value["logs"] = job.log_lines(dials, share)[-dials.log_window :]
    return Response.of(value, 200 if state == "COMPLETED" else 202, x_fal_request_id=job.id)


def stream(sandbox: SandboxState, request: Request, dials: Dials) -> Response:
    """The job's state as server-sent events, one for each change, until its end."""
    job = _job(sandbox, request)
    if job is None or not dials.stream:
        return answers.failure(404, "Request not found" if job is None else "Not Found")
    headers = [
        ("content-type", "text/event-stream; charset=utf-8"),
        ("cache-control", "no-store"),
        ("x-fal-request-id", job.id),
    ]
    return Response(200, _events(sandbox, request, job), headers)


def result(sandbox: SandboxState, request: Request, dials: Dials) -> Response:
    """The job's output, or its error."""
    job = _job(sandbox, request)
    if job is None:
        return answers.failure(404, "Request not found")
    if job.progress(dials)[0] != "COMPLETED":
        response = answers.failure(400, "Request is still in progress")
    else:
        problem = result_problem(job, dials)
        response = runs.answer(
            sandbox, request, job.id, job.recipe, problem, job.bill, dials, job.own_dials
        )
    response.set_header("x-fal-request-id", job.id)
    return response


def cancel(sandbox: SandboxState, request: Request, dials: Dials) -> Response:
    """Cancel a waiting job. A running one finishes all the same, which may happen at fal, too."""
    job = _job(sandbox, request)
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


def _wait_for_runner(sandbox: SandboxState, job: Job, dials: Dials) -> None:
    """Delay the job while the dials' concurrency limit is reached."""
    if dials.concurrency and dials.clock == "time":
        ready = job.submitted + dials.queue_length * dials.queue_step
        job.delay, job.ahead = sandbox.runners.take(ready, dials.run_time, dials.concurrency)


def _webhook(sandbox: SandboxState, job: Job, request: Request) -> Webhook:
    media_url = addresses_of(request).media

    def message() -> dict[str, object]:
        dials = sandbox.job_dials(job)
        ids: dict[str, object] = {"request_id": job.id, "gateway_request_id": job.id}
        problem = result_problem(job, dials) or (None if job.recipe else NO_OUTPUT)
        if problem or job.recipe is None:
            detail = problem.detail if problem else ""
            error = detail if isinstance(detail, str) else "Invalid input"
            return ids | {"status": "ERROR", "error": error, "payload": {"detail": detail}}
        output = payload(
            job.recipe,
            job.id,
            media_url=media_url,
            dials=dials,
            own_dials=job.own_dials,
            library=sandbox.library,
        )
        return ids | {"status": "OK", "payload": output}

    return Webhook(job.id, job.webhook, lambda: sandbox.settled(job), message)


def _job(sandbox: SandboxState, request: Request) -> Job | None:
    app, request_id, _ = request.job_path or ("", "", "")
    return sandbox.jobs.get(request_id, app)


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


def _events(sandbox: SandboxState, request: Request, job: Job) -> Iterator[bytes]:
    own = sandbox.dials_of(request)
    last_sent: object = None
    lines_sent = 0
    last_comment_at = time.monotonic()
    while not sandbox.stop.is_set():
        dials = sandbox.job_dials(job, own)
        state, position, share = job.progress(dials)
        job.polls += dials.clock == "polls"
        lines = job.log_lines(dials, share) if _wants_logs(request) else []
        current = (state, position, len(lines))
        if current != last_sent:
            value = _status_value(job, request, dials, state, position)
            if "logs" in value and _wants_logs(request):
                value["logs"] = lines[lines_sent:]
                lines_sent = len(lines)
            yield b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"
            last_sent = current
        if state == "COMPLETED":
            return
        if time.monotonic() - last_comment_at >= dials.stream_comment:
            last_comment_at = time.monotonic()
            yield b": ping\n\n"
        job.changed.wait(_until_change(job, dials))


def _until_change(job: Job, dials: Dials) -> float:
    """Seconds until the next change of the state; at most 0.1, so that changed dials are
    noticed."""
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
