"""The handle of a journaled job in fal's queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openclaw_fal.errors import LocalError
from openclaw_fal.media import Handle

if TYPE_CHECKING:
    from openclaw_fal.journal.record import Job


def handle_of(job: Job) -> Handle:
    """The URLs of a job in fal's queue. Raises LocalError for a job that was never in the queue."""
    if not (job.status_url and job.response_url):
        raise LocalError(
            f"the result of job {job.id} is no longer kept, and fal has no queue entry for it",
            hint=f"openclaw jobs show {job.id}",
            job_id=job.id,
        )
    return Handle(job.request_id or "", job.status_url, job.response_url, job.cancel_url or "")
