"""Searches fal's list of past requests for jobs whose answer never came.

A past request is adopted as the job's if it is the only one to the same endpoint, at about the same
time, with the same input, and no other job has its id. Nothing is sent again. fal's list could not
be tried live: it is not known how soon a request appears in it, and whether a running one does.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from openclaw_fal.errors import AuthError, Unreachable, UsageError
from openclaw_fal.frozen import Frozen
from openclaw_fal.journal import bodies
from openclaw_fal.text import counted

if TYPE_CHECKING:
    from openclaw_fal.fal.deadline import Deadline
    from openclaw_fal.fal.platform import PastRequest
    from openclaw_fal.fal.service import FalService
    from openclaw_fal.journal.jobs import Journal
    from openclaw_fal.journal.record import Job
    from openclaw_fal.progress import Progress

BEFORE_S, AFTER_S = 300.0, 900.0
"""The time of a past request may differ from the job's by this much: fal's clock may be wrong, and
the request may have been on its way."""

MAX_PAGES = 50
"""The most pages of fal's list that are read."""

Outcome = Literal["adopted", "several", "unfinished", "none"]


class Candidate(NamedTuple):
    """A past request that may be the job's. `same`: its input is the job's; None if fal or the
    journal did not keep the input."""

    request_id: str
    sent_at: float | None
    status: int | None
    same: bool | None


class Reconciled(NamedTuple):
    """The result of the search for one job; `job` is in its new state."""

    job: Job
    outcome: Outcome
    candidates: tuple[Candidate, ...] = ()

    @property
    def message(self) -> str:
        """The outcome in words."""
        if self.outcome == "adopted":
            return f"it is fal's request {self.job.request_id}"
        if self.outcome == "unfinished":
            return f"fal has it as request {self.candidates[0].request_id}, with no result so far"
        if self.outcome == "several":
            ids = ", ".join(candidate.request_id for candidate in self.candidates)
            return f"it may be any of these requests: {ids}"
        minutes = max(int((time.time() - self.job.created) // 60), 0)
        return f"not seen at fal {counted(minutes, 'minute')} after"

    def as_json(self) -> dict[str, object]:
        return {
            "jobId": self.job.id,
            "outcome": self.outcome,
            "message": self.message,
            "requestId": self.job.request_id,
            "candidates": [candidate._asdict() for candidate in self.candidates],
        }


class Reconciler(Frozen):
    """Searches for uncertain jobs. Raises the errors of `Platform.requests_by_endpoint`."""

    fal: FalService
    journal: Journal

    def reconcile(self, job: Job, deadline: Deadline, adopt: str | None = None) -> Reconciled:
        """Search for one uncertain job; `adopt` is the id of the candidate to adopt.

        Raises UsageError if that is no candidate.
        """
        if job.request_id and job.transport == "queue":  # known from an answer that was cut
            self._submitted(job, job.request_id)
            return Reconciled(self.journal.get(job.id), "adopted")
        listed = self._candidates(job, deadline)
        candidates = tuple(_candidate(job, request) for request in listed)
        chosen = [request for request in listed if adopt in (None, request.request_id)]
        if adopt is not None and not chosen:
            raise UsageError(
                f"fal lists no request {adopt} that job {job.id} could be",
                hint=f"openclaw jobs reconcile {job.id}",
                job_id=job.id,
            )
        if not chosen:
            return Reconciled(job, "none")
        if len(chosen) > 1 or (adopt is None and not candidates[0].same):
            return Reconciled(job, "several", candidates)
        if not self._adopt(job, chosen[0]):
            return Reconciled(job, "unfinished", candidates)
        return Reconciled(self.journal.get(job.id), "adopted", candidates)

    def _candidates(self, job: Job, deadline: Deadline) -> list[PastRequest]:
        """The past requests that no other job has and whose input is the job's or unknown."""
        taken = {other.request_id for other in self.journal.list() if other.id != job.id}
        return [
            request
            for request in self._listed(job, deadline)
            if request.request_id not in taken
            and job.request_id in (None, request.request_id)
            and _is_same(job, request) is not False
        ]

    def _listed(self, job: Job, deadline: Deadline) -> list[PastRequest]:
        """The past requests to the job's endpoint at about its time, with inputs and outputs."""
        listed: list[PastRequest] = []
        cursor = None
        for _ in range(MAX_PAGES):
            page = self.fal.platform.requests_by_endpoint(
                job.endpoint,
                start=job.created - BEFORE_S,
                end=job.created + AFTER_S,
                deadline=deadline,
                cursor=cursor,
            )
            listed += page.requests
            if page.cursor in (None, cursor):
                break
            cursor = page.cursor
        return listed

    def _adopt(self, job: Job, request: PastRequest) -> bool:
        """Journal the state of the past request; False if it has no result yet."""
        if job.transport == "queue":
            return self._submitted(job, request.request_id)
        status = request.status_code
        if status is not None and status >= 400:
            message = f"fal's list says that the request ended with HTTP status {status}"
            return self.journal.failed(job.id, "job_failed", message, status)
        if request.output is None:
            return False
        return self.journal.completed(
            job.id,
            json.dumps(request.output).encode(),
            request_id=request.request_id,
            billable_units=request.billable_units,
        )

    def _submitted(self, job: Job, request_id: str) -> bool:
        handle = self.fal.client.queue_handle(job.endpoint, request_id)
        return self.journal.submitted(
            job.id,
            request_id=handle.request_id,
            status_url=handle.status_url,
            response_url=handle.response_url,
            cancel_url=handle.cancel_url,
        )


def search_at_fal(
    fal: FalService, journal: Journal, progress: Progress, job: Job, deadline: Deadline
) -> Job:
    """An uncertain job after a search at fal; unchanged if fal cannot be asked."""
    progress.phase("searching for the request at fal")
    try:
        reconciled = Reconciler(fal, journal).reconcile(job, deadline)
    except (AuthError, Unreachable) as error:
        progress.note(f"fal could not be asked for past requests: {error.message}")
        return job
    progress.note(f"job {job.id}: {reconciled.message}")
    return reconciled.job


def uncertain_jobs(journal: Journal, wanted: Sequence[str], since: float | None) -> list[Job]:
    """The uncertain jobs with these ids; without ids, all of them that were begun after `since`.

    Raises UsageError for a job that is not uncertain.
    """
    if not wanted:
        jobs = journal.list(state="uncertain")
        return [job for job in jobs if not job.sandbox and (since is None or job.created >= since)]
    chosen = [journal.get(name) for name in dict.fromkeys(wanted)]
    for job in chosen:
        if job.state != "uncertain":
            raise UsageError(
                f"job {job.id} is {job.state}: there is nothing to reconcile",
                hint=f"openclaw jobs show {job.id}",
                job_id=job.id,
            )
    return chosen


def _candidate(job: Job, request: PastRequest) -> Candidate:
    sent = request.sent_at if request.sent_at is not None else request.started_at
    return Candidate(request.request_id, sent, request.status_code, _is_same(job, request))


def _is_same(job: Job, request: PastRequest) -> bool | None:
    """Whether a request's input is the job's; None if either is unknown."""
    if request.input is None or job.body is None or job.fingerprint is None:
        return None
    inputs = [request.input]
    if isinstance(request.input, dict):
        inputs += [request.input[name] for name in ("input", "body") if name in request.input]
    return any(bodies.same_input(job.body, logged) for logged in inputs)
