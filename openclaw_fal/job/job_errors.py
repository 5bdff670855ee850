"""What an error means for a job: whether the job has ended, and how it can be picked up again."""

from __future__ import annotations

from openclaw_fal.errors import JobFailed, OpenClawFalError, TimedOut

UNKNOWN_STATE = "unknown_state"
CANCELLED = frozenset({"cancelled", "request_cancelled"})
ENDS_WITH_SANDBOX = "the job ends with the sandbox it was in"
REPEAT = "repeat the command"
CLIENT_CLOSED = 499  # fal's status for the result of a cancelled job


def is_cancellation(error: OpenClawFalError) -> bool:
    """Whether the error says that the job was cancelled."""
    return error.error_type in CANCELLED or error.http_status == CLIENT_CLOSED


def ends_job(error: OpenClawFalError) -> bool:
    """Whether an error while waiting means that the job has failed, and not just the connection."""
    if isinstance(error, TimedOut):  # with these facts, fal reports a time-out in its queue
        return error.error_type is not None or error.http_status is not None
    return isinstance(error, JobFailed) and error.error_type != UNKNOWN_STATE


def add_pickup_hint(error: OpenClawFalError, job_id: str, *, sandbox: bool) -> None:
    """Add to an error that the job continues at fal, and the command that picks it up."""
    if sandbox:
        error.message += f"; {ENDS_WITH_SANDBOX}"
        longer = " with a longer --timeout-ms" if isinstance(error, TimedOut) else ""
        error.hint = REPEAT + longer
        return
    wait = f"openclaw jobs wait {job_id}"
    error.hint = f"{error.hint}, then: {wait}" if error.hint else wait
    if isinstance(error, TimedOut):
        error.message += "; the job goes on at fal"
    elif error.error_type != UNKNOWN_STATE:
        error.message += "; fal still has the job"


def attribute(error: OpenClawFalError, job_id: str, model: str, request_id: str | None) -> None:
    """Add job, model, request id and a next step to an error that lacks them."""
    error.job_id = error.job_id or job_id or None
    error.model = error.model or model
    error.request_id = error.request_id or request_id
    if isinstance(error, JobFailed):
        error.hint = error.hint or _next_step(error)


def _next_step(error: JobFailed) -> str:
    """What to do about a job that failed."""
    status = error.http_status or 0
    if status == 404:
        return "openclaw models search WORDS finds models that fal has"
    if status in (400, 422):
        return f"what the model takes: openclaw models show fal/{error.model}"
    if status >= 500 and not error.may_be_billed:
        return "fal bills nothing for it: repeat the command, or try another --model"
    return f"openclaw jobs show {error.job_id}"


def reconcile_hint(job_id: str, sandbox: bool) -> str:
    """The next step for a request that may have reached fal."""
    if sandbox:  # it has ended, and cannot be asked
        return f"openclaw jobs show {job_id}"
    return f"openclaw jobs reconcile {job_id} asks fal which request it became"
