"""Whether waiting for a job of an earlier call can still bring its result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openclaw_fal.errors import (
    AuthError,
    BillingError,
    ContentPolicy,
    JobFailed,
    OpenClawFalError,
    TimedOut,
    Unreachable,
)

if TYPE_CHECKING:
    from openclaw_fal.fal.deadline import Deadline
    from openclaw_fal.journal.jobs import Journal
    from openclaw_fal.journal.record import Job

SENDING_POLL_S = 0.2

_KINDS: dict[str, type[OpenClawFalError]] = {
    kind.code: kind for kind in (AuthError, BillingError, ContentPolicy, JobFailed, TimedOut)
}


def wait_until_sent(journal: Journal, job: Job, deadline: Deadline) -> Job:
    """The job once no other process is sending it. Raises TimedOut at the deadline."""
    while job.state == "sending":
        if deadline.expired:
            raise TimedOut("another process is still sending this job", job_id=job.id)
        deadline.pause(SENDING_POLL_S)
        job = journal.get(job.id)
    return job


def is_unanswered(job: Job) -> bool:
    """Whether fal's answer never came: only fal's list of past requests may know the job."""
    return job.state == "uncertain" and not job.status_url


def check_waitable(job: Job) -> None:
    """Raises an error for a job whose result cannot be had by waiting."""
    if is_unanswered(job):
        missing = "there is no request id to ask for"
        if job.request_id:
            missing = f"the result of request {job.request_id} is lost"
        raise Unreachable(
            f"job {job.id} may have reached fal, but fal's answer never arrived: {missing}. "
            "It is not sent again, because it may be billed already",
            hint=f"openclaw jobs reconcile {job.id} looks for it at fal; repeat the command if it "
            "is not there",
        )
    if job.state == "not_sent":
        why = f": {job.error.message}" if job.error else ""
        raise Unreachable(f"fal never took job {job.id}{why}", hint="repeat the command")
    if (known := known_end(job)) and not fal_may_still_have(job):
        raise known


def known_end(job: Job) -> OpenClawFalError | None:
    """The error with which an unsuccessful job ended, as the journal knows it."""
    if job.state == "cancelled":
        return JobFailed(f"job {job.id} was cancelled")
    if job.state not in ("failed", "expired") or job.error is None:
        return None
    kind = _KINDS.get(job.error.code, JobFailed)
    message = f"job {job.id} {job.state}: {job.error.message}"
    hint = expired_hint(job.id) if job.state == "expired" else None
    return kind(message, hint=hint, http_status=job.error.http_status)


def expired_hint(job_id: str) -> str:
    """What is left of a job whose files fal no longer has."""
    return (
        f"openclaw jobs show {job_id} has fal's answer; openclaw replay {job_id} makes the files "
        "anew, and is billed"
    )


def fal_may_still_have(job: Job) -> bool:
    """Whether fal can be asked for the files of an unsuccessful job once more, at no cost: the
    failure may have been temporary, such as the answer of a gateway."""
    return job.state == "expired" or (bool(job.status_url) and not job.has_result)
