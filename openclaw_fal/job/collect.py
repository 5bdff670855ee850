"""From a result to files: fetch each one, save it, and journal it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from openclaw_fal import signals
from openclaw_fal.errors import ContentPolicy, JobFailed, LocalError, OpenClawFalError, Unreachable
from openclaw_fal.frozen import Frozen
from openclaw_fal.job.handles import handle_of
from openclaw_fal.job.marking import marker
from openclaw_fal.job.settings import RunSettings
from openclaw_fal.journal.record import PendingName
from openclaw_fal.media import Generated, Output
from openclaw_fal.progress import Progress

if TYPE_CHECKING:
    from openclaw_fal.fal.deadline import Deadline
    from openclaw_fal.fal.service import FalService, Reading
    from openclaw_fal.files.outputs import OutputTarget
    from openclaw_fal.files.request_files import RequestFiles
    from openclaw_fal.journal.jobs import Journal
    from openclaw_fal.journal.record import Job

PARALLEL_DOWNLOADS = 4

GONE = frozenset({403, 404, 410})
"""What a media host answers for a file whose URL has expired."""


class Collector(Frozen):
    """Saves what a result holds. The result is in the journal: this can be repeated at no cost."""

    fal: FalService
    files: RequestFiles
    journal: Journal
    progress: Progress

    def collect(
        self, job_id: str, target: OutputTarget, settings: RunSettings, deadline: Deadline
    ) -> Generated:
        """Fetch and save every file of the result. No two calls save the same job."""
        try:
            return self._collected(job_id, target, settings, deadline)
        except OpenClawFalError as error:
            if error.http_status not in GONE or not self._renewed(job_id, target, error, deadline):
                raise
        return self._collected(job_id, target, settings, deadline)

    def _renewed(
        self, job_id: str, target: OutputTarget, error: OpenClawFalError, deadline: Deadline
    ) -> bool:
        """Whether fal, asked for the result of a queued job once more, names other URLs, which are
        then journalled. Else the error tells that the file is gone."""
        job, raw = self.journal.get(job_id), self.journal.result(job_id)
        if raw is None or not (job.status_url and job.response_url):
            return False
        self.progress.note(f"{error.message}; asking fal for the result again")
        try:
            again = self.fal.result_again(handle_of(job), deadline)
        except OpenClawFalError as refusal:
            error.message += f"; the result cannot be fetched again: {refusal.message}"
            return False
        old, new = self.fal.read(raw), self.fal.read(again.raw)
        if [file.url for file in new.files] in ([], [file.url for file in old.files]):
            error.message = f"the file is gone, and fal names no other: {error.message}"
            return False
        for index in range(len(old.files)):  # what came of the old files is no part of the new
            self.files.part(target, job_id, index, len(old.files), old.seed).discard()
        return self.journal.completed(job_id, again.raw)

    def _collected(
        self, job_id: str, target: OutputTarget, settings: RunSettings, deadline: Deadline
    ) -> Generated:
        raw = self.journal.result(job_id)
        if raw is None:
            return self._already_saved(job_id)
        result = self.fal.read(raw)
        if result.failure is not None:
            raise self._nothing_to_save(job_id, raw, target, result.failure)
        try:
            with self.journal.claim(job_id, wait_s=deadline.remaining()) as job:
                outputs = self._save_all(job, result, target, settings, deadline)
                self.journal.done(job_id, result.seed)
        except OpenClawFalError as error:
            if isinstance(error, JobFailed):  # no other attempt would help
                self._keep(job_id, raw, target, error)
            error.hint = error.hint or f"openclaw jobs wait {job_id}"
            raise
        return self._generated(job, outputs, result)

    def _keep(self, job_id: str, raw: bytes, target: OutputTarget, error: OpenClawFalError) -> None:
        """Keep an answer whose files cannot be had."""
        path = self.files.save_raw_answer(target, job_id, raw)
        error.message += f"; fal's answer was kept at {path}"
        error.hint = error.hint or f"openclaw jobs show {job_id}"

    def _generated(self, job: Job, outputs: Sequence[Output], result: Reading) -> Generated:
        flagged = tuple(index for index in result.flagged if index < len(outputs))
        if flagged and len(flagged) == len(outputs):
            paths = ", ".join(str(output.path) for output in outputs)
            refused = ContentPolicy(
                f"fal's safety checker flagged all that was made; what fal sent was saved: {paths}",
                hint="change the prompt; the same one will be flagged, and billed, again",
                may_be_billed=True,
            )
            refused.outputs = tuple(outputs)
            raise refused
        return Generated(
            job.id,
            job.model,
            tuple(outputs),
            request_id=job.request_id,
            seed=result.seed,
            billable_units=job.billable_units,
            flagged=flagged,
            cost=job.cost,
        )

    def _save_all(
        self,
        job: Job,
        result: Reading,
        target: OutputTarget,
        settings: RunSettings,
        deadline: Deadline,
    ) -> list[Output]:
        count = len(result.files)
        present = self._present(job, result, target)
        missing = [index for index in range(count) if index not in present]
        if missing:
            files = "1 file" if len(missing) == 1 else f"{len(missing)} files"
            self.progress.phase("downloading" if count == 1 else f"downloading {files}")

        def save(index: int) -> Output:
            if index in present:
                return present[index]
            return self._save(job, result, index, target, settings, deadline)

        if count == 1:
            return [save(0)]
        from openclaw_fal.parallel import all_of

        results = all_of(save, count, at_once=PARALLEL_DOWNLOADS, stop=deadline.stop)
        return _all_saved(results)

    def _present(self, job: Job, result: Reading, target: OutputTarget) -> dict[int, Output]:
        """The files that are there already, also those that an earlier process gave their names
        right before it died."""
        present = {index: output for index, output in job.outputs.items() if output.path.exists()}
        count = len(result.files)
        for index, (output, file_id) in job.pending.items():
            if self.files.was_named(target, job.id, index, count, result.seed, output, file_id):
                self.journal.saved(job.id, index, output)
                present[index] = output
        return present

    def _save(
        self,
        job: Job,
        result: Reading,
        index: int,
        target: OutputTarget,
        settings: RunSettings,
        deadline: Deadline,
    ) -> Output:
        """Fetch one file, name it and journal it. What has arrived when that fails is kept."""

        def before_naming(output: Output, file_id: str) -> None:
            self.journal.naming(job.id, index, PendingName(output, file_id))

        remote, count = result.files[index], len(result.files)
        with self.files.part(target, job.id, index, count, result.seed) as part:
            try:
                self.fal.download(remote, part, index, deadline, settings.max_bytes)
            except Exception as error:
                if not part.offset:
                    part.discard()
                elif isinstance(error, Unreachable):
                    error.message += f"; {part.offset} bytes of it are kept in {part.path}"
                raise
            with signals.unbroken():
                output = part.finish(remote, before_naming, mark=marker(job, result.seed))
                self.journal.saved(job.id, index, output)
        return output

    def _already_saved(self, job_id: str) -> Generated:
        """A job whose result is no longer kept: done, unless its files are gone."""
        job = self.journal.get(job_id)  # another call may have saved them in this moment
        outputs = tuple(job.outputs[index] for index in sorted(job.outputs))
        gone = [str(output.path) for output in outputs if not output.path.exists()]
        if not outputs or gone:
            what = f"; gone: {', '.join(gone)}" if gone else ""
            raise LocalError(
                f"the result of job {job.id} is no longer kept, and its files are not there{what}"
            )
        return Generated(
            job.id,
            job.model,
            outputs,
            request_id=job.request_id,
            seed=job.seed,
            billable_units=job.billable_units,
            cost=job.cost,
        )

    def _nothing_to_save(
        self, job_id: str, raw: bytes, target: OutputTarget, error: OpenClawFalError
    ) -> OpenClawFalError:
        """The error for an answer without media. What came is kept: it is paid for."""
        path = self.files.save_raw_answer(target, job_id, raw)
        error.message += f"; the answer was kept at {path}"
        self.journal.failed(job_id, error.code, error.message)
        return error


def _all_saved(results: Sequence[Output | Exception]) -> list[Output]:
    """The outputs, or the first failure, which then says what was saved all the same."""
    saved = [output for output in results if isinstance(output, Output)]
    failures = [
        (index, error) for index, error in enumerate(results) if isinstance(error, Exception)
    ]
    if not failures:
        return saved
    index, error = failures[0]
    if isinstance(error, OpenClawFalError):
        rest = len(results) - len(saved) - 1
        also = f", nor {rest} more" if rest else ""
        error.message = (
            f"file {index + 1} of {len(results)} could not be fetched{also}: {error.message}"
        )
        if saved:
            paths = ", ".join(str(output.path) for output in saved)
            error.message += f"; saved: {paths}"
        error.outputs = tuple(saved)
    raise error
