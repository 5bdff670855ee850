"""From a result to files: fetch each one, save it, and journal it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from openclaw_fal.errors import (
    ContentPolicy,
    Interrupted,
    JobFailed,
    LocalError,
    OpenClawFalError,
)
from openclaw_fal.media import Output
from openclaw_fal.ports import Fal, Files, Generated, RunSettings
from openclaw_fal.progress import Progress

PARALLEL_DOWNLOADS = 4


@dataclass(frozen=True, slots=True)
class Collector:
    """Saves what a result holds. The result is in the journal: this can be repeated at no cost."""

    fal: Fal
    files: Files
    journal: Any
    progress: Progress

    def collect(self, job_id: str, target: Any, settings: RunSettings, deadline: Any) -> Generated:
        """Fetch and save every file of the result. Two processes never save the same job twice."""
        job = self.journal.get(job_id)
        raw = self.journal.result(job_id)
        if raw is None:
            raise LocalError(f"the journal does not hold the result of job {job_id}")
        result = self.fal.read(raw)
        if not result.files:
            raise self._nothing_to_save(job_id, raw, target, result)
        try:
            with self.journal.claim(job_id, wait_s=deadline.left()) as claimed:
                outputs = self._save_all(claimed, result, target, settings, deadline)
                self.journal.done(job_id)
        except KeyboardInterrupt:
            raise Interrupted(
                "interrupted while the result was fetched; it is paid for, and fal keeps it",
                hint=f"openclaw jobs wait {job_id}",
                request_id=job.request_id,
                job_id=job_id,
            ) from None
        except OpenClawFalError as error:
            error.hint = error.hint or f"openclaw jobs wait {job_id}"
            error.request_id = error.request_id or job.request_id
            raise
        return self._generated(job, outputs, result)

    def _generated(self, job: Any, outputs: Sequence[Output], result: Any) -> Generated:
        flagged = tuple(index for index in result.flagged if index < len(outputs))
        if flagged and len(flagged) == len(outputs):
            paths = ", ".join(str(output.path) for output in outputs)
            raise ContentPolicy(
                f"fal's safety checker flagged every image; what it sent was saved: {paths}",
                hint="change the prompt; the same one will be flagged, and billed, again",
                request_id=job.request_id,
                job_id=job.id,
            )
        return Generated(
            job.id,
            job.model,
            tuple(outputs),
            request_id=job.request_id,
            seed=result.seed,
            billable_units=job.billable_units,
            flagged=flagged,
        )

    def _save_all(
        self, job: Any, result: Any, target: Any, settings: RunSettings, deadline: Any
    ) -> list[Output]:
        files = result.files
        self.progress.phase("downloading" if len(files) == 1 else f"downloading {len(files)} files")

        def save(index: int) -> Output:
            saved: Output | None = job.outputs.get(index)
            if saved is not None and saved.path.exists():
                return saved
            with self.files.part(target, job.id, index, len(files), result.seed) as part:
                self.fal.download(files[index], part, index, deadline, settings.max_bytes)
                output: Output = part.finish(files[index])
            self.journal.saved(job.id, index, output)
            return output

        if len(files) == 1:
            return [save(0)]
        return _in_parallel(save, len(files), deadline)

    def _nothing_to_save(
        self, job_id: str, raw: bytes, target: Any, result: Any
    ) -> OpenClawFalError:
        path = self.files.keep_unreadable(target, job_id, raw)
        message = f"fal's answer holds no file that could be found; the answer was kept at {path}"
        self.journal.failed(job_id, "job_failed", message)
        if result.flagged:
            return ContentPolicy(message, may_be_billed=True)
        return JobFailed(message, may_be_billed=True)


def _in_parallel(save: Callable[[int], Output], count: int, deadline: Any) -> list[Output]:
    """All outputs at once, a few at a time. The first failure is raised when all have ended, so
    that what could be saved is saved."""
    from concurrent.futures import ThreadPoolExecutor

    pool = ThreadPoolExecutor(max_workers=min(count, PARALLEL_DOWNLOADS))
    try:
        futures = [pool.submit(save, index) for index in range(count)]
        failures = [error for future in futures if (error := future.exception()) is not None]
    except KeyboardInterrupt:
        deadline.stop()
        pool.shutdown(wait=True, cancel_futures=True)
        raise
    pool.shutdown(wait=True)
    if failures:
        raise failures[0]
    return [future.result() for future in futures]
