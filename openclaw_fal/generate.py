"""The use case: send a plan, wait, fetch, save, and journal every step before the next one.

The order of the steps is the second promise. A row stands before the request leaves, the request
id is written before anything else happens, and the result before the first file is fetched: at
every moment the journal knows enough to pick the job up again without a second request.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from openclaw_fal.collect import Collector
from openclaw_fal.errors import Interrupted, JobFailed, OpenClawFalError, TimedOut, Unreachable
from openclaw_fal.media import Plan
from openclaw_fal.ports import Fal, Files, Generated, RunSettings
from openclaw_fal.progress import Progress

CANCEL_TIMEOUT_S = 10.0
UNKNOWN_STATE = "unknown_state"
CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class _Run:
    """One request on its way: what is sent, where its files go, and until when."""

    job_id: str
    plan: Plan
    body: dict[str, object]
    target: Any
    settings: RunSettings
    deadline: Any


@dataclass(frozen=True, slots=True)
class Engine:
    """Runs plans. Everything that touches the outside is passed in.

    `unbroken` is a context in which a stop signal waits until a paid answer is in the journal.
    """

    fal: Fal
    files: Files
    journal: Any
    progress: Progress
    unbroken: Callable[[], AbstractContextManager[None]]
    sandbox: bool = False

    def generate(
        self, plan: Plan, prompt: str, target: Any, settings: RunSettings, *, count: int = 1
    ) -> Generated:
        """Send `plan` once and bring its files. Raises what went wrong, with the job's id."""
        deadline = self.fal.deadline(settings.timeout_s)
        body = self._body(plan, deadline)
        job_id = self._begin(plan, prompt, target, body, settings, count)
        run = _Run(job_id, plan, body, target, settings, deadline)
        try:
            return self._queued(run) if settings.queue else self._synchronous(run)
        except OpenClawFalError as error:
            error.job_id = error.job_id or job_id
            error.model = error.model or plan.model
            raise

    def resume(self, job: Any, target: Any, settings: RunSettings) -> Generated:
        """Pick up a job of any earlier process: wait, fetch and save. Sends no new request."""
        deadline = self.fal.deadline(settings.timeout_s)
        try:
            if not job.has_result:
                self._wait(job.id, self.fal.handle(job), settings, deadline)
            return self._collect(job.id, target, settings, deadline)
        except OpenClawFalError as error:
            error.job_id, error.model = error.job_id or job.id, error.model or job.model
            error.request_id = error.request_id or job.request_id
            raise

    def _collect(self, job_id: str, target: Any, settings: RunSettings, deadline: Any) -> Generated:
        collector = Collector(self.fal, self.files, self.journal, self.progress)
        return collector.collect(job_id, target, settings, deadline)

    def _body(self, plan: Plan, deadline: Any) -> dict[str, object]:
        """The complete input: small files as data URIs, large ones uploaded first."""
        references = plan.references()
        local = [ref for ref in references if not ref.is_url]
        loaded = [self.files.load(ref) for ref in local]
        large = self.files.must_upload(loaded)
        urls = {ref: self.files.checked_url(ref) for ref in references if ref.is_url}
        uploaded: dict[object, str] = {}
        for index, (ref, file) in enumerate(zip(local, loaded, strict=True)):
            if index not in large:
                urls[ref] = self.files.data_uri(file)
                continue
            if file.key not in uploaded:
                self.progress.phase(f"uploading {file.name}")
                uploaded[file.key] = self.fal.upload(file, deadline)
            urls[ref] = uploaded[file.key]
        return plan.filled(urls.__getitem__)

    def _begin(
        self,
        plan: Plan,
        prompt: str,
        target: Any,
        body: dict[str, object],
        settings: RunSettings,
        count: int,
    ) -> str:
        seed = body.get("seed")
        job_id = self.journal.begin(
            kind=plan.kind,
            capability=settings.capability,
            model=plan.model,
            endpoint=plan.endpoint,
            transport="queue" if settings.queue else "sync",
            base_url=self.fal.base_url,
            prompt=prompt,
            target=target.as_json(),
            timeout_s=settings.timeout_s,
            body=body,
            count=count,
            seed=seed if isinstance(seed, int) else None,
            sandbox=self.sandbox,
        )
        return str(job_id)

    def _synchronous(self, run: _Run) -> Generated:
        self.progress.phase(f"generating with {run.plan.model}")
        try:
            answer = self.fal.run(run.plan.endpoint, run.body, run.deadline)
        except KeyboardInterrupt:
            self.journal.uncertain(run.job_id, "interrupted while the request was at fal")
            raise _interrupted_request(run.job_id) from None
        except OpenClawFalError as error:
            self._note_failure(run.job_id, error)
            raise
        self._completed(run.job_id, answer)
        return self._collect(run.job_id, run.target, run.settings, run.deadline)

    def _queued(self, run: _Run) -> Generated:
        self.progress.phase(f"submitting to {run.plan.endpoint}")
        handle = None
        try:
            with self.unbroken():
                handle = self._submit(run)
            if run.settings.detach:
                return Generated(
                    run.job_id, run.plan.model, request_id=handle.request_id, submitted_only=True
                )
            self.progress.queued(handle.queue_position)
        except KeyboardInterrupt:
            raise self._interrupted_wait(run.job_id, handle, run.settings) from None
        try:
            self._wait(run.job_id, handle, run.settings, run.deadline)
            return self._collect(run.job_id, run.target, run.settings, run.deadline)
        except OpenClawFalError as error:
            error.request_id = error.request_id or handle.request_id
            raise

    def _submit(self, run: _Run) -> Any:
        """Submit, and journal where to ask for the job before anything else happens."""
        try:
            handle = self.fal.submit(run.plan.endpoint, run.body, run.deadline)
        except OpenClawFalError as error:
            self._note_failure(run.job_id, error)
            raise
        self.journal.submitted(
            run.job_id,
            request_id=handle.request_id,
            status_url=handle.status_url,
            response_url=handle.response_url,
            cancel_url=handle.cancel_url,
            queue_position=handle.queue_position,
        )
        return handle

    def _wait(self, job_id: str, handle: Any, settings: RunSettings, deadline: Any) -> None:
        """Wait until fal has the result, and journal it."""
        try:
            answer = self.fal.wait(
                handle,
                deadline,
                settings.poll_interval_s,
                lambda state: self.journal.progress(job_id, state),
            )
        except KeyboardInterrupt:
            raise self._interrupted_wait(job_id, handle, settings) from None
        except OpenClawFalError as error:
            goes_on = isinstance(error, Unreachable) and error.http_status is None
            if goes_on or error.error_type == UNKNOWN_STATE:
                error.hint = error.hint or f"openclaw jobs wait {job_id}"
            elif isinstance(error, (JobFailed, TimedOut)):
                self._note_failure(job_id, error)
            raise
        self._completed(job_id, answer)

    def _completed(self, job_id: str, answer: Any) -> None:
        with self.unbroken():
            self.journal.completed(
                job_id,
                answer.raw,
                request_id=answer.request_id,
                billable_units=answer.billable_units,
            )

    def _note_failure(self, job_id: str, error: OpenClawFalError) -> None:
        """Journal what a failure says about the request."""
        if isinstance(error, Unreachable) and error.may_have_arrived:
            self.journal.uncertain(job_id, error.message)
            error.hint = error.hint or f"openclaw jobs show {job_id}"
        elif isinstance(error, Unreachable) and error.http_status in (None, 429):
            self.journal.not_sent(job_id, error.message, error.code)
        elif error.error_type == CANCELLED:
            self.journal.cancelled(job_id, error.message)
        else:
            self.journal.failed(job_id, error.code, error.message, error.http_status)

    def _interrupted_wait(self, job_id: str, handle: Any, settings: RunSettings) -> Interrupted:
        if handle is None:
            return Interrupted("interrupted", job_id=job_id, hint=f"openclaw jobs show {job_id}")
        message = "interrupted; the job goes on at fal"
        if settings.cancel_on_interrupt:
            message = self._cancelled(job_id, handle)
        return Interrupted(
            message,
            hint=f"openclaw jobs wait {job_id} (fetch it), openclaw jobs cancel {job_id} (stop it)",
            request_id=handle.request_id,
            job_id=job_id,
        )

    def _cancelled(self, job_id: str, handle: Any) -> str:
        """Ask fal to cancel; says what came of it."""
        try:
            outcome = self.fal.cancel(handle, self.fal.deadline(CANCEL_TIMEOUT_S))
        except OpenClawFalError as error:
            return f"interrupted; fal could not be asked to cancel the job: {error.message}"
        if outcome == "requested":
            self.journal.cancel_requested(job_id)
            return "interrupted; fal was asked to cancel the job, which may still finish"
        if outcome == "already_completed":
            return "interrupted; the job had already finished"
        return "interrupted; fal does not know the job any more"


def _interrupted_request(job_id: str) -> Interrupted:
    return Interrupted(
        "interrupted while the request was at fal: it may be billed, and its result cannot be "
        "picked up. With --queue it could",
        hint=f"openclaw jobs show {job_id}",
        job_id=job_id,
        may_be_billed=True,
    )
