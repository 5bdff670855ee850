"""The use case: send a plan, wait, fetch, save, and journal every step before the next one.

The order of the steps is the second promise. A row stands before the request leaves, the request
id is written before anything else happens, and the result before the first file is fetched: at
every moment the journal knows enough to pick the job up again without a second request.
"""

from __future__ import annotations

from collections.abc import Hashable
from contextlib import suppress
from typing import TYPE_CHECKING

from openclaw_fal import signals
from openclaw_fal.errors import Interrupted, LocalError, OpenClawFalError
from openclaw_fal.frozen import Frozen
from openclaw_fal.job import duplicates, waitable
from openclaw_fal.job.collect import Collector, generated
from openclaw_fal.job.handles import handle_of
from openclaw_fal.job.job_errors import add_pickup_hint, attribute, ends_job, is_cancellation
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
"""How long fal's answer to a submit may keep a stop signal waiting: it names the job."""

STOPPING = "stopping as soon as fal has answered; once more stops at once"


class _Run:
    """One request on its way: what is sent, where its files go, and until when.

    `maybe_at_fal` is whether the request may have reached fal.
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
        """The request is about to leave, or fal has provably not taken it."""
        self.maybe_at_fal = leaving
        self._posts += leaving
        if leaving and self._posts > 1:
            with suppress(LocalError):
                self._journal.count_attempt(self.job_id)


class Engine(Frozen):
    """Runs plans. What touches the outside is passed in.

    `uploaded` remembers the URLs of files that were uploaded for an earlier plan of this command.
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
        """Send `plan` once and bring its files. Raises what went wrong, with the job's id."""
        deadline = self.fal.deadline(settings.timeout_s)
        try:
            prepared = Prepared(plan, self.files)

            def new() -> NewJob:
                base = self.fal.hosts.run
                return prepared.new_job(prompt, target, settings, count, base, self.quotes)

            if prepared.large:
                self.journal.check(new())
                prepared.upload(lambda file: self._uploaded(file, deadline), deadline.stop)
        except EarlierJob as earlier:
            return self._repeated(earlier.job_id, settings, deadline)
        except KeyboardInterrupt:
            raise Interrupted("interrupted before anything was sent", model=plan.model) from None
        run = _Run(plan, prepared.body(), target, settings, deadline, self.journal)
        try:
            job = new()
            if note := duplicates.duplicate_note(self.journal, job):
                self.progress.note(note)
            with signals.delay_interrupts():
                run.job_id = self.journal.begin(job)
            made = self._queued(run) if settings.queue else self._synchronous(run)
            signals.hold()  # the result is still to be printed
            return made
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
        """Pick up a job of any earlier process: wait, fetch and save. Sends no new request.

        `completed` is what fal has said of the job's end, where somebody has asked already.
        """
        try:
            if not job.has_result and job.state != "done":
                self._wait(job.id, handle_of(job), settings, deadline, completed)
            made = self._collect(job.id, target, settings, deadline)
            signals.hold()
            return made
        except KeyboardInterrupt:
            raise self.interrupted(job.id, settings) from None
        except OpenClawFalError as error:
            signals.hold()
            attribute(error, job.id, job.model, job.request_id)
            raise

    def interrupted(
        self, job_id: str, settings: RunSettings, *, maybe_at_fal: bool | None = None
    ) -> Interrupted:
        """What a stop signal means for the job; cancels it where that was asked for."""
        from openclaw_fal.job.interruption import Interruption

        return Interruption(self.fal, self.journal, settings).of(job_id, maybe_at_fal)

    def checked(self, job: Job, deadline: Deadline) -> Job:
        """A job of an earlier call, after a search at fal if its answer never came. Raises an error
        for a job whose result cannot be had by waiting."""
        job = waitable.wait_until_sent(self.journal, job, deadline)
        if waitable.is_unanswered(job):
            from openclaw_fal.job.reconcile import search_at_fal

            job = search_at_fal(self.fal, self.journal, self.progress, job, deadline)
        waitable.check_waitable(job)
        return job

    # Before the request

    def _uploaded(self, file: LocalFile, deadline: Deadline) -> str:
        """The URL of a file that is too large for a body; uploaded once for all plans."""
        if file.key not in self.uploaded:
            self.progress.phase(f"uploading {file.name}")
            self.uploaded[file.key] = self.fal.upload(file, deadline)
        return self.uploaded[file.key]

    def _repeated(self, job_id: str, settings: RunSettings, deadline: Deadline) -> Generated:
        """The earlier job with the same key: its files, or its state. Sends nothing."""
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

    # One synchronous request

    def _synchronous(self, run: _Run) -> Generated:
        self.progress.phase(f"generating with {run.plan.model}")
        answer = None
        try:
            answer = self.fal.client.run(
                run.plan.endpoint, run.body, deadline=run.deadline, on_sending=run.on_sending
            )
            run.request_id = answer.request_id
            handle = self._answered(run, answer)
        except KeyboardInterrupt:
            if answer is not None:  # it came at the same moment
                self._answered(run, answer)
            raise
        except OpenClawFalError as error:
            self._without_handle(run, answer, error)
            raise
        if handle is not None:
            self._wait(run.job_id, handle, run.settings, run.deadline)
        return self._collect(run.job_id, run.target, run.settings, run.deadline)

    def _answered(self, run: _Run, answer: RunResult) -> Handle | None:
        """Journal a result; a server that queued the job instead gives the handle to wait for."""
        handle = self.fal.client.queued_instead(run.plan.endpoint, answer)
        self._submitted(run, handle or answer)
        return handle

    def _without_handle(
        self, run: _Run, answer: Handle | RunResult | None, error: OpenClawFalError
    ) -> None:
        """Keep what there is of an answer that may be paid for, beside where its files would be: a
        result that the journal does not take, or what came of one that cannot be read."""
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

    # Through the queue

    def _queued(self, run: _Run) -> Generated:
        self.progress.phase(f"submitting to {run.plan.endpoint}")
        answer = self._submit(run)
        if run.settings.detach:
            return generated(self.journal.get(run.job_id), submitted_only=True)
        if isinstance(answer, Handle):
            self.progress.queued(answer.queue_position)
            self._wait(run.job_id, answer, run.settings, run.deadline)
        return self._collect(run.job_id, run.target, run.settings, run.deadline)

    def _submit(self, run: _Run) -> Handle | RunResult:
        """Submit, and journal where to ask for the job before anything else happens.

        While the request is on its way, a stop signal waits for the answer, which names the job.
        """

        def on_sending(leaving: bool) -> None:
            run.on_sending(leaving)
            if leaving:
                signals.hold(STOPPING, SUBMIT_GRACE_S)
            else:
                signals.release()

        answer = None
        try:
            answer = self.fal.client.submit(
                run.plan.endpoint,
                run.body,
                deadline=run.deadline,
                on_sending=on_sending,
                priority=run.settings.priority,
            )
            self._submitted(run, answer)
        except KeyboardInterrupt:
            if answer is not None:  # it came at the same moment
                self._submitted(run, answer)
            raise
        except OpenClawFalError as error:
            self._without_handle(run, answer, error)
            raise
        finally:
            signals.release()
        return answer

    def _submitted(self, run: _Run, answer: Handle | RunResult) -> None:
        """Journal what fal answered: where to ask for the job, or its result."""
        run.request_id = answer.request_id
        if not isinstance(answer, Handle):
            self._completed(run.job_id, answer)
            return
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
            with suppress(LocalError):  # the result matters, not the state on the way
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
                add_pickup_hint(error, job_id)
            raise
        self._completed(job_id, answer)

    # What is written to the journal

    def _completed(self, job_id: str, answer: RunResult) -> None:
        with signals.delay_interrupts():
            self.journal.completed(
                job_id,
                answer.raw,
                request_id=answer.request_id,
                billable_units=answer.billable_units,
            )

    def _note_failure(self, run: _Run, error: OpenClawFalError) -> None:
        """Journal what a failed request says about the job. A row that cannot be changed is left in
        `sending`, which reads as uncertain."""
        if getattr(error, "may_have_arrived", False):
            with suppress(LocalError):
                self.journal.uncertain(run.job_id, error.message, error.request_id)
            error.hint = error.hint or f"openclaw jobs show {run.job_id}"
        elif not run.maybe_at_fal:
            with suppress(LocalError):
                self.journal.not_sent(run.job_id, error.message, error.code)
            error.hint = error.hint or "fal has taken nothing: the command can be repeated"
        else:
            with suppress(LocalError):
                self.journal.failed(run.job_id, error.code, error.message, error.http_status)

    def _note_end(self, job_id: str, error: OpenClawFalError) -> None:
        """Journal how a job that fal had taken ended. Where that fails, it can be asked again."""
        with suppress(LocalError):
            if is_cancellation(error):
                self.journal.cancelled(job_id, error.message)
            else:
                self.journal.failed(job_id, error.code, error.message, error.http_status)
        if error.http_status is not None and error.http_status < 500:
            error.may_be_billed = True  # fal took this job: a 404 is that of its result

    # The rest

    def _collect(
        self, job_id: str, target: OutputTarget, settings: RunSettings, deadline: Deadline
    ) -> Generated:
        tools = (self.fal, self.files, self.journal, self.progress)
        return Collector(*tools, job_id, target, settings.max_bytes, deadline).collect()
