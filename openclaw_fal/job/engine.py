"""Runs one request: sends a plan, waits, fetches and saves, and journals each step before the next.

This order is what keeps anything paid for from being lost. The job's row is written before the
request leaves, the request id before anything else happens, and the result before the first file
is fetched. At every moment the journal knows enough to pick the job up without a second request.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from contextlib import suppress
from typing import TYPE_CHECKING

from openclaw_fal import signals
from openclaw_fal.errors import Interrupted, LocalError, OpenClawFalError
from openclaw_fal.frozen import Frozen
from openclaw_fal.job import duplicates, waitable
from openclaw_fal.job.collect import Collector, generated
from openclaw_fal.job.handles import handle_of
from openclaw_fal.job.job_errors import (
    add_pickup_hint,
    attribute,
    ends_job,
    is_cancellation,
    reconcile_hint,
)
from openclaw_fal.job.prepared import Prepared
from openclaw_fal.job.settings import RunSettings
from openclaw_fal.journal.idempotency import EarlierJob
from openclaw_fal.journal.record import NewJob
from openclaw_fal.media import Generated, Handle, Plan
from openclaw_fal.money.quote import Quotes
from openclaw_fal.progress import Progress

if TYPE_CHECKING:
    from openclaw_fal.fal.client import RunResult
    from openclaw_fal.fal.deadline import Deadline
    from openclaw_fal.fal.service import FalService
    from openclaw_fal.fal.statuses import Completed
    from openclaw_fal.files.outputs import OutputTarget
    from openclaw_fal.files.references import LocalFile
    from openclaw_fal.files.request_files import RequestFiles
    from openclaw_fal.journal.jobs import Journal
    from openclaw_fal.journal.record import Job

SUBMIT_GRACE_S = 5.0
"""How long a stop signal waits for fal's answer to a submit, which names the job."""

STOPPING = "stopping as soon as fal has answered; once more stops at once"


class _Run:
    """One request: what is sent, where its files go, its deadline, and what is known of its job.

    `maybe_at_fal`: whether the request may have reached fal.
    """

    def __init__(
        self,
        plan: Plan,
        body: dict[str, object],
        target: OutputTarget,
        settings: RunSettings,
        deadline: Deadline,
        journal: Journal,
    ) -> None:
        self.plan, self.body = plan, body
        self.target, self.settings, self.deadline = target, settings, deadline
        self._journal = journal
        self._posts = 0
        self.job_id = ""
        self.request_id: str | None = None
        self.maybe_at_fal = False

    def on_sending(self, leaving: bool) -> None:
        """Called with True when the request is about to leave, with False when it is certain that
        fal has not taken it."""
        self.maybe_at_fal = leaving
        self._posts += leaving
        if leaving and self._posts > 1:
            with suppress(LocalError):
                self._journal.count_attempt(self.job_id)


class Engine(Frozen):
    """Runs plans, with the given client, files and journal.

    `uploaded` holds the URLs of files that were uploaded for earlier plans of this command.
    """

    fal: FalService
    files: RequestFiles
    journal: Journal
    progress: Progress
    uploaded: dict[Hashable, str]
    quotes: Quotes | None = None

    def generate(
        self,
        plan: Plan,
        prompt: str,
        target: OutputTarget,
        settings: RunSettings,
        *,
        count: int = 1,
    ) -> Generated:
        """Send `plan` once, and save the files of its result. Errors carry the job's id."""
        deadline = self.fal.deadline(settings.timeout_s)
        try:
            prepared = Prepared(plan, self.files)

            def new_job() -> NewJob:
                base = self.fal.hosts.run
                return prepared.new_job(prompt, target, settings, count, base, self.quotes)

            if prepared.large:
                self.journal.check(new_job())
                prepared.upload(lambda file: self._uploaded(file, deadline), deadline.stop)
        except EarlierJob as earlier:
            return self._repeated(earlier.job_id, settings, deadline)
        except KeyboardInterrupt:
            raise Interrupted("interrupted before anything was sent", model=plan.model) from None
        run = _Run(plan, prepared.body(), target, settings, deadline, self.journal)
        try:
            job = new_job()
            if note := duplicates.duplicate_note(self.journal, job):
                self.progress.note(note)
            with signals.delay_interrupts():
                run.job_id = self.journal.begin(job)
            result = self._queued(run) if settings.queue else self._synchronous(run)
            signals.hold()  # the result is still to be printed
            return result
        except EarlierJob as earlier:
            return self._repeated(earlier.job_id, settings, deadline)
        except KeyboardInterrupt:
            raise self.interrupted(run.job_id, settings, maybe_at_fal=run.maybe_at_fal) from None
        except OpenClawFalError as error:
            signals.hold()
            attribute(error, run.job_id, plan.model, run.request_id)
            raise

    def resume(
        self,
        job: Job,
        target: OutputTarget,
        settings: RunSettings,
        deadline: Deadline,
        *,
        completed: Completed | None = None,
    ) -> Generated:
        """Pick up a job of an earlier process: wait, fetch and save. Sends no new request.

        `completed` is the end of the job as fal reported it, if the caller has asked already.
        """
        try:
            if not job.has_result and job.state != "done":
                self._wait(job.id, handle_of(job), settings, deadline, completed)
            result = self._collect(job.id, target, settings, deadline)
            signals.hold()
            return result
        except KeyboardInterrupt:
            raise self.interrupted(job.id, settings) from None
        except OpenClawFalError as error:
            signals.hold()
            attribute(error, job.id, job.model, job.request_id)
            raise

    def interrupted(
        self, job_id: str, settings: RunSettings, *, maybe_at_fal: bool | None = None
    ) -> Interrupted:
        """The error for a stop signal during the job, which is cancelled if the settings say so."""
        from openclaw_fal.job.interruption import Interruption

        return Interruption(self.fal, self.journal, settings).of(job_id, maybe_at_fal)

    def checked(self, job: Job, deadline: Deadline) -> Job:
        """A job of an earlier call, as it is now: if fal's answer never came, fal is searched for
        it. Raises an error for a job whose result cannot be had by waiting."""
        job = waitable.wait_until_sent(self.journal, job, deadline)
        if waitable.is_unanswered(job):
            from openclaw_fal.job.reconcile import search_at_fal

            job = search_at_fal(self.fal, self.journal, self.progress, job, deadline)
        waitable.check_waitable(job)
        return job

    # Before the request

    def _uploaded(self, file: LocalFile, deadline: Deadline) -> str:
        """The URL of a file that is too large for the body. It is uploaded once for all plans."""
        if file.key not in self.uploaded:
            self.progress.phase(f"uploading {file.name}")
            self.uploaded[file.key] = self.fal.upload(file, deadline)
        return self.uploaded[file.key]

    def _repeated(self, job_id: str, settings: RunSettings, deadline: Deadline) -> Generated:
        """The result of the earlier job with the same key, or its state. Sends nothing."""
        from openclaw_fal.files.outputs import OutputTarget

        job = self.journal.get(job_id)
        self.progress.note(f"job {job.id} was sent with this key before; nothing was sent now")
        try:
            if settings.detach and not job.finished:
                return generated(job, submitted_only=True, repeated=True)
            job = self.checked(job, deadline)
        except OpenClawFalError as error:
            attribute(error, job.id, job.model, job.request_id)
            raise
        target = OutputTarget.from_json(job.target)
        return self.resume(job, target, settings, deadline).replaced(repeated=True)

    # The request

    def _synchronous(self, run: _Run) -> Generated:
        """Run the model in one request."""
        self.progress.phase(f"generating with {run.plan.model}")
        answer = self._send(
            run,
            lambda: self.fal.client.run(
                run.plan.endpoint, run.body, deadline=run.deadline, on_sending=run.on_sending
            ),
        )
        if isinstance(answer, Handle):
            self._wait(run.job_id, answer, run.settings, run.deadline)
        return self._collect(run.job_id, run.target, run.settings, run.deadline)

    def _queued(self, run: _Run) -> Generated:
        """Run the model through fal's queue.

        While the request is on its way, a stop signal waits for the answer, which names the job.
        """

        def on_sending(leaving: bool) -> None:
            run.on_sending(leaving)
            if leaving:
                signals.hold(STOPPING, SUBMIT_GRACE_S)
            else:
                signals.release()

        self.progress.phase(f"submitting to {run.plan.endpoint}")
        try:
            answer = self._send(
                run,
                lambda: self.fal.client.submit(
                    run.plan.endpoint,
                    run.body,
                    deadline=run.deadline,
                    on_sending=on_sending,
                    priority=run.settings.priority,
                ),
            )
        finally:
            signals.release()
        if run.settings.detach:
            return generated(self.journal.get(run.job_id), submitted_only=True)
        if isinstance(answer, Handle):
            self.progress.queued(answer.queue_position)
            self._wait(run.job_id, answer, run.settings, run.deadline)
        return self._collect(run.job_id, run.target, run.settings, run.deadline)

    def _send(self, run: _Run, request: Callable[[], Handle | RunResult]) -> Handle | RunResult:
        """Send the request, and journal the answer before anything else happens."""
        answer = None
        try:
            answer = request()
            return self._journal_answer(run, answer)
        except KeyboardInterrupt:
            if answer is not None:  # the signal came together with the answer
                self._journal_answer(run, answer)
            raise
        except OpenClawFalError as error:
            self._keep_answer(run, answer, error)
            raise

    def _journal_answer(self, run: _Run, answer: Handle | RunResult) -> Handle | RunResult:
        """Journal where to ask for the job, or its result.

        A server may queue a job that was to run at once; the handle is then returned in place of
        `answer`.
        """
        run.request_id = answer.request_id
        if not isinstance(answer, Handle):
            handle = self.fal.client.queued_instead(run.plan.endpoint, answer)
            if handle is None:
                self._completed(run.job_id, answer)
                return answer
            answer = handle
            run.request_id = answer.request_id
        try:
            self.journal.submitted(
                run.job_id,
                request_id=answer.request_id,
                status_url=answer.status_url,
                response_url=answer.response_url,
                cancel_url=answer.cancel_url,
                queue_position=answer.queue_position,
            )
        except LocalError as error:
            error.message += f"; fal has taken the job: its result will be at {answer.response_url}"
            raise
        return answer

    def _keep_answer(
        self, run: _Run, answer: Handle | RunResult | None, error: OpenClawFalError
    ) -> None:
        """Save an answer that may be paid for beside the place of its files: a result that could
        not be journalled, or the part that came of one that cannot be read."""
        if isinstance(answer, Handle):
            return
        if raw := error.raw if answer is None else answer.raw:
            with suppress(OpenClawFalError, OSError):
                path = self.files.save_raw_answer(run.target, run.job_id, raw)
                error.message += f"; what came of fal's answer was kept at {path}"
                if answer is not None:
                    error.hint = f"openclaw jobs wait {run.job_id}"
                    self.journal.completed(
                        run.job_id,
                        request_id=answer.request_id,
                        billable_units=answer.billable_units,
                        answer_path=path,
                    )
        if answer is None:
            self._note_failure(run, error)

    # The result

    def _wait(
        self,
        job_id: str,
        handle: Handle,
        settings: RunSettings,
        deadline: Deadline,
        completed: Completed | None = None,
    ) -> None:
        """Wait until fal has the result, and journal it."""

        def note_state(state: str) -> None:
            with suppress(LocalError):  # only the result matters
                self.journal.progress(job_id, state)

        try:
            if completed is None:
                answer = self.fal.wait(handle, deadline, settings.poll_interval_s, note_state)
            else:
                answer = self.fal.outcome(handle, completed, deadline)
        except OpenClawFalError as error:
            if ends_job(error):
                self._note_end(job_id, error)
            else:
                add_pickup_hint(error, job_id, sandbox=settings.sandbox)
            raise
        self._completed(job_id, answer)

    def _completed(self, job_id: str, answer: RunResult) -> None:
        with signals.delay_interrupts():
            self.journal.completed(
                job_id,
                answer.raw,
                request_id=answer.request_id,
                billable_units=answer.billable_units,
            )

    def _note_failure(self, run: _Run, error: OpenClawFalError) -> None:
        """Journal what a failed request says about the job. A row that cannot be changed stays
        `sending`, which counts as uncertain."""
        if getattr(error, "may_have_arrived", False):
            with suppress(LocalError):
                self.journal.uncertain(run.job_id, error.message, error.request_id)
            error.hint = error.hint or reconcile_hint(run.job_id, run.settings.sandbox)
        elif not run.maybe_at_fal:
            with suppress(LocalError):
                self.journal.not_sent(run.job_id, error.message, error.code)
            error.hint = error.hint or "fal has taken nothing: the command can be repeated"
        else:
            with suppress(LocalError):
                self.journal.failed(run.job_id, error.code, error.message, error.http_status)

    def _note_end(self, job_id: str, error: OpenClawFalError) -> None:
        """Journal how a job that fal had taken ended. If that fails, fal can be asked again."""
        with suppress(LocalError):
            if is_cancellation(error):
                self.journal.cancelled(job_id, error.message)
            else:
                self.journal.failed(job_id, error.code, error.message, error.http_status)
        if error.http_status is not None and error.http_status < 500:
            error.may_be_billed = True  # fal took this job: a 404 is about its result

    def _collect(
        self, job_id: str, target: OutputTarget, settings: RunSettings, deadline: Deadline
    ) -> Generated:
        tools = (self.fal, self.files, self.journal, self.progress)
        return Collector(*tools, job_id, target, settings.max_bytes, deadline).collect()
