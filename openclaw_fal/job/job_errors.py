"""What an error means for a job: whether the job has ended, and how it can be picked up again."""

from __future__ import annotations

from openclaw_fal.errors import JobFailed, OpenClawFalError, TimedOut

UNKNOWN_STATE = "unknown_state"
CANCELLED = frozenset({"cancelled", "request_cancelled"})
CLIENT_CLOSED = 499  # fal's status for the result of a cancelled job


def is_cancellation(error: OpenClawFalError) -> bool:
    """Whether the error says that the job was cancelled."""
    return error.error_type in CANCELLED or error.http_status == CLIENT_CLOSED


def ends_job(error: OpenClawFalError) -> bool:
    """Whether an error while waiting means that the job has failed, and not just the connection."""
    if isinstance(error, TimedOut):  # with these facts, fal reports a time-out in its queue
        return error.error_type is not None or error.http_status is not None
    return isinstance(error, JobFailed) and error.error_type != UNKNOWN_STATE


def add_pickup_hint(error: OpenClawFalError, job_id: str) -> None:
    """Add to an error that the job continues at fal, and the command that picks it up."""
    wait = f"openclaw jobs wait {job_id}"
    error.hint = f"{error.hint}, then: {wait}" if error.hint else wait
    if isinstance(error, TimedOut):
        error.message += "; the job goes on at fal"
    elif error.error_type != UNKNOWN_STATE:
        error.message += "; fal still has the job"


def attribute(error: OpenClawFalError, job_id: str, model: str, request_id: str | None) -> None:
    """Add job, model and request id to an error that lacks them."""
    error.job_id = error.job_id or job_id or None
    error.model = error.model or model
    error.request_id = error.request_id or request_id
