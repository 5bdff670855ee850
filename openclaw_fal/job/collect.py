"""Fetches and saves the files of a result, and journals each one."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from openclaw_fal import signals
from openclaw_fal.errors import ContentPolicy, JobFailed, LocalError, OpenClawFalError, Unreachable
from openclaw_fal.frozen import Frozen
from openclaw_fal.job.handles import handle_of
from openclaw_fal.job.job_errors import REPEAT
from openclaw_fal.job.marking import marker
from openclaw_fal.job.waitable import expired_hint
from openclaw_fal.journal.record import PendingName
from openclaw_fal.media import Generated, Output
from openclaw_fal.progress import Progress
from openclaw_fal.text import counted

if TYPE_CHECKING:
    from openclaw_fal.fal.deadline import Deadline
    from openclaw_fal.fal.service import FalService, Reading
    from openclaw_fal.files.outputs import OutputTarget
    from openclaw_fal.files.request_files import RequestFiles
    from openclaw_fal.journal.jobs import Journal
    from openclaw_fal.journal.record import Job

PARALLEL_DOWNLOADS = 4

GONE = frozenset({403, 404, 410})
"""The statuses with which a media host answers for a file whose URL has expired."""

EXPIRES_S = 3600.0
"""The age of a job, in seconds, from which a file that its host does not have has expired. Before
that, the host may not have it yet."""


class Collector(Frozen):
    """Saves the files of one job, whose result is in the journal. May be repeated at no cost.

    `max_bytes` is the limit for each file.
    """

    fal: FalService
    files: RequestFiles
    journal: Journal
    progress: Progress
    job_id: str
    target: OutputTarget
    max_bytes: int | None
    deadline: Deadline

    def collect(self) -> Generated:
        """Fetch and save every file of the result. No two calls save the same job at once."""
        try:
            return self._collect_once()
        except OpenClawFalError as error:
            if error.http_status not in GONE:
                raise
            if (failure := self._renew_urls(error)) is not None:
                raise failure from error
        return self._collect_once()

    def _renew_urls(self, error: OpenClawFalError) -> OpenClawFalError | None:
        """Ask fal for the result of a queued job again, and journal its new URLs. If there are
        none, returns `error` with the reason in its message, or that the files have expired."""
        job, raw = self.journal.get(self.job_id), self.journal.result(self.job_id)
        if raw is None:
            return error
        if not (job.status_url and job.response_url):
            return self._expired(job, error)
        self.progress.note(f"{error.message}; asking fal for the result again")
        try:
            again = self.fal.result_again(handle_of(job), self.deadline)
        except OpenClawFalError as refusal:
            error.message += f"; the result cannot be fetched again: {refusal.message}"
            return self._expired(job, error) if refusal.http_status in GONE else error
        old, new = self.fal.read(raw), self.fal.read(again.raw)
        if [file.url for file in new.files] in ([], [file.url for file in old.files]):
            error.message = f"the file is gone, and fal names no other: {error.message}"
            return self._expired(job, error)
        for index in range(len(old.files)):  # a part file of an old URL cannot be continued
            self.files.part(self.target, self.job_id, index, len(old.files), old.seed).discard()
        return None if self.journal.completed(self.job_id, again.raw) else error

    def _expired(self, job: Job, error: OpenClawFalError) -> OpenClawFalError:
        """The error for files that their host no longer has, and the end of the job; `error`
        itself while the job is young."""
        if time.time() - job.created < EXPIRES_S:
            return error
        expired = JobFailed(
            f"fal finished this job, but no longer has its files: {error.message}",
            hint=expired_hint(job.id),
            http_status=error.http_status,
            may_be_billed=True,
        )
        expired.outputs = error.outputs
        self.journal.expired(job.id, expired.message, expired.http_status)
        return expired

    def _collect_once(self) -> Generated:
        raw = self.journal.result(self.job_id)
        if raw is None:
            return self._already_saved()
        result = self.fal.read(raw)
        if result.failure is not None:
            self._keep_answer(raw, result.failure)
            self.journal.failed(self.job_id, result.failure.code, result.failure.message)
            raise result.failure
        try:
            with self.journal.claim(self.job_id, wait_s=self.deadline.remaining()) as job:
                outputs = self._save_all(job, result)
                self.journal.done(self.job_id, result.seed)
        except OpenClawFalError as error:
            if isinstance(error, JobFailed):  # no other attempt would help
                self._keep_answer(raw, error)
                error.hint = error.hint or f"openclaw jobs show {self.job_id}"
            sandbox = self.journal.get(self.job_id).sandbox
            error.hint = error.hint or (REPEAT if sandbox else f"openclaw jobs wait {self.job_id}")
            raise
        flagged = tuple(index for index in result.flagged if index < len(outputs))
        if flagged and len(flagged) == len(outputs):
            raise _all_flagged(outputs)
        return generated(job, outputs, seed=result.seed, flagged=flagged)

    def _keep_answer(self, raw: bytes, error: OpenClawFalError) -> None:
        """Save an answer that no media can be had from: it is paid for."""
        path = self.files.save_raw_answer(self.target, self.job_id, raw)
        error.message += f"; it was kept at {path}"

    def _save_all(self, job: Job, result: Reading) -> list[Output]:
        count = len(result.files)
        present = self._present(job, result)
        missing = count - len(present.keys() & range(count))
        if missing:
            files = counted(missing, "file")
            self.progress.phase("downloading" if count == 1 else f"downloading {files}")

        def save(index: int) -> Output:
            return present.get(index) or self._save(job, result, index)

        if count == 1:
            return [save(0)]
        from openclaw_fal.parallel import run_parallel

        results = run_parallel(save, count, at_once=PARALLEL_DOWNLOADS, stop=self.deadline.stop)
        return _all_saved(results)

    def _present(self, job: Job, result: Reading) -> dict[int, Output]:
        """The outputs whose files exist already, with those that an earlier process named right
        before it died."""
        present = {index: output for index, output in job.outputs.items() if output.path.exists()}
        count, seed = len(result.files), result.seed
        for index, (output, file_id) in job.pending.items():
            if self.files.was_named(self.target, job.id, index, count, seed, output, file_id):
                self.journal.saved(job.id, index, output)
                present[index] = output
        return present

    def _save(self, job: Job, result: Reading, index: int) -> Output:
        """Fetch one file, name it and journal it. If that fails, the bytes so far are kept."""

        def before_naming(output: Output, file_id: str) -> None:
            self.journal.naming(job.id, index, PendingName(output, file_id))

        remote, count = result.files[index], len(result.files)
        with self.files.part(self.target, job.id, index, count, result.seed) as part:
            try:
                self.fal.download(remote, part, index, self.deadline, self.max_bytes)
            except Exception as error:
                if not part.offset:
                    part.discard()
                elif isinstance(error, Unreachable):
                    error.message += f"; {part.offset} bytes of it are kept in {part.path}"
                raise
            with signals.delay_interrupts():
                output = part.finish(remote, before_naming, mark=marker(job, result.seed))
                self.journal.saved(job.id, index, output)
        return output

    def _already_saved(self) -> Generated:
        """The outputs of a job without a kept result. Raises LocalError if a file is gone."""
        job = self.journal.get(self.job_id)  # another call may have saved them a moment ago
        outputs = tuple(job.outputs[index] for index in sorted(job.outputs))
        gone = [str(output.path) for output in outputs if not output.path.exists()]
        if not outputs or gone:
            what = f"; gone: {', '.join(gone)}" if gone else ""
            raise LocalError(
                f"the result of job {job.id} is no longer kept, and its files are not there{what}"
            )
        return generated(job, outputs, seed=job.seed)


def generated(
    job: Job,
    outputs: Sequence[Output] = (),
    *,
    seed: int | None = None,
    flagged: tuple[int, ...] = (),
    submitted_only: bool = False,
    repeated: bool = False,
) -> Generated:
    """What came of a job, as its caller gets it."""
    return Generated(
        job.id,
        job.model,
        tuple(outputs),
        request_id=job.request_id,
        seed=seed,
        billable_units=job.billable_units,
        flagged=flagged,
        submitted_only=submitted_only,
        cost=job.cost,
        repeated=repeated,
    )


def _all_flagged(outputs: Sequence[Output]) -> ContentPolicy:
    paths = ", ".join(str(output.path) for output in outputs)
    error = ContentPolicy(
        f"fal's safety checker flagged all that was made; what fal sent was saved: {paths}",
        hint="change the prompt; the same one will be flagged, and billed, again",
        may_be_billed=True,
    )
    error.outputs = tuple(outputs)
    return error


def _all_saved(results: Sequence[Output | Exception]) -> list[Output]:
    """The outputs. Raises the first failure, whose message then also names the saved files."""
    saved = [output for output in results if isinstance(output, Output)]
    failures = [
        (index, error) for index, error in enumerate(results) if isinstance(error, Exception)
    ]
    if not failures:
        return saved
    # A file that may still be fetched comes before one that is gone, which ends the job.
    index, error = min(failures, key=lambda failure: _is_gone(failure[1]))
    if isinstance(error, OpenClawFalError):
        more = len(failures) - 1
        also = f", nor {more} more" if more else ""
        error.message = (
            f"file {index + 1} of {len(results)} could not be fetched{also}: {error.message}"
        )
        if saved:
            paths = ", ".join(str(output.path) for output in saved)
            error.message += f"; saved: {paths}"
        error.outputs = tuple(saved)
    raise error


def _is_gone(error: Exception) -> bool:
    return isinstance(error, OpenClawFalError) and error.http_status in GONE
