"""What happens to a job at a stop signal, and what the user is told, by the job's state."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from openclaw_fal.errors import Interrupted, LocalError, OpenClawFalError
from openclaw_fal.frozen import Frozen
from openclaw_fal.job.handles import handle_of
from openclaw_fal.job.job_errors import ENDS_WITH_SANDBOX, REPEAT, reconcile_hint
from openclaw_fal.job.settings import RunSettings

if TYPE_CHECKING:
    from openclaw_fal.fal.service import FalService
    from openclaw_fal.journal.jobs import Journal
    from openclaw_fal.journal.record import Job

CANCEL_TIMEOUT_S = 10.0


class Interruption(Frozen):
    """Handles a stop signal during a job. Cancels the job at fal if the settings say so."""

    fal: FalService
    journal: Journal
    settings: RunSettings

    def of(self, job_id: str, maybe_at_fal: bool | None) -> Interrupted:
        """The error that says in what state the job is, and with which command to continue.

        `maybe_at_fal`: whether a request without an answer may have reached fal; None if another
        process waits for the answer.
        """
        try:
            job = self.journal.get(job_id)
        except OpenClawFalError:
            return Interrupted("interrupted", job_id=job_id or None)
        stopped = self._of_job(job, maybe_at_fal)
        stopped.job_id, stopped.request_id, stopped.model = job.id, job.request_id, job.model
        return stopped

    def _of_job(self, job: Job, maybe_at_fal: bool | None) -> Interrupted:
        wait = f"openclaw jobs wait {job.id}"
        if job.state in ("sending", "uncertain"):
            return self._of_request(job, maybe_at_fal)
        if self.settings.sandbox and job.state in ("queued", "running", "completed", "saving"):
            return Interrupted(f"interrupted; {ENDS_WITH_SANDBOX}", hint=REPEAT)
        if job.state in ("queued", "running"):
            if self.settings.cancel_on_interrupt:
                return Interrupted(self._cancelled(job), hint=f"{wait}, if it finishes")
            hint = f"{wait} (fetch it), openclaw jobs cancel {job.id} (stop it)"
            return Interrupted("interrupted; the job goes on at fal", hint=hint)
        if job.state in ("completed", "saving"):
            message = "interrupted while the result was being fetched; it can be fetched again"
            return Interrupted(message, hint=wait)
        message = "interrupted after the files had been saved"
        if job.state != "done":
            message = f"interrupted; the job is {job.state}"
            message += f": {job.error.message}" if job.error else ""
        stopped = Interrupted(message, hint=f"openclaw jobs show {job.id}")
        stopped.outputs = tuple(job.outputs[index] for index in sorted(job.outputs))
        return stopped

    def _of_request(self, job: Job, maybe_at_fal: bool | None) -> Interrupted:
        if maybe_at_fal is None:
            message = "interrupted; another process waits for fal's answer"
            return Interrupted(message, hint=f"openclaw jobs wait {job.id}")
        if not maybe_at_fal:
            message = "interrupted before anything was sent"
            with suppress(LocalError):
                self.journal.not_sent(job.id, message, Interrupted.code)
            return Interrupted(message)
        message = (
            "interrupted while the request was at fal: it may be billed, and its result cannot be "
            "fetched"
        )
        with suppress(LocalError):
            self.journal.uncertain(job.id, message)
        if job.transport == "sync":
            message += ". With --queue it could"
        hint = reconcile_hint(job.id, job.sandbox)
        return Interrupted(message, hint=hint, may_be_billed=True)

    def _cancelled(self, job: Job) -> str:
        """Ask fal to cancel the job; returns the outcome in words."""
        try:
            deadline = self.fal.deadline(CANCEL_TIMEOUT_S)
            outcome = self.fal.client.cancel(handle_of(job), deadline=deadline)
        except OpenClawFalError as error:
            return f"interrupted; fal could not be asked to cancel the job: {error.message}"
        if outcome == "requested":
            with suppress(LocalError):
                self.journal.cancel_requested(job.id)
            return "interrupted; fal was asked to cancel the job, which may still finish"
        if outcome == "already_completed":
            return "interrupted; the job had already finished"
        return "interrupted; fal does not know the job any more"
