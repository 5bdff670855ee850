"""What an error says about a job: whether it ends the job, and how the job is picked up again."""

from __future__ import annotations

from openclaw_fal.errors import JobFailed, OpenClawFalError, TimedOut

UNKNOWN_STATE = "unknown_state"
CANCELLED = frozenset({"cancelled", "request_cancelled"})
CLIENT_CLOSED = 499  # what the result of a cancelled job answers


def is_cancellation(error: OpenClawFalError) -> bool:
    """Whether fal answers that the job was cancelled."""
    return error.error_type in CANCELLED or error.http_status == CLIENT_CLOSED


def ends_job(error: OpenClawFalError) -> bool:
    """Whether an error of waiting is fal's verdict on the job, and not one on the connection."""
    if isinstance(error, TimedOut):  # in fal's queue, where fal says so
        return error.error_type is not None or error.http_status is not None
    return isinstance(error, JobFailed) and error.error_type != UNKNOWN_STATE


def add_pickup_hint(error: OpenClawFalError, job_id: str) -> None:
    """Say that the job goes on, and how to pick it up."""
    wait = f"openclaw jobs wait {job_id}"
    error.hint = f"{error.hint}, then: {wait}" if error.hint else wait
    if isinstance(error, TimedOut):
        error.message += "; the job goes on at fal"
    elif error.error_type != UNKNOWN_STATE:
        error.message += "; fal still has the job"


def attribute(error: OpenClawFalError, job_id: str, model: str, request_id: str | None) -> None:
    """Say which job an error is about."""
    error.job_id = error.job_id or job_id or None
    error.model = error.model or model
    error.request_id = error.request_id or request_id
