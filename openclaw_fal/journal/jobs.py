"""The journal of jobs: what was sent to fal, the state of each job, and where its files are.

A row is on the disk before its request is sent, and each change before the next step is taken, so
that a job survives the process that started it. Several processes may use the journal at once.
Nothing needs to be cleaned up after a process that died: a row in `sending` whose process is gone
reads as `uncertain`, and one in `saving` as `completed`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from openclaw_fal.errors import LocalError, TimedOut
from openclaw_fal.journal import costs as journal_costs
from openclaw_fal.journal import idempotency, locks, processes
from openclaw_fal.journal import results as journal_results
from openclaw_fal.journal import rows as journal_rows
from openclaw_fal.journal.lookups import Lookups
from openclaw_fal.journal.record import (
    FINISHED,
    STATES,
    Job,
    JobError,
    NewJob,
    PendingName,
    State,
    stored,
)
from openclaw_fal.media import Output

if TYPE_CHECKING:
    import sqlite3

T = TypeVar("T")

RESULT_LIMIT = 64 * 1024
"""The largest result that is kept in its row, in bytes; a larger one (media as data URIs) goes into
a file beside the journal."""

RESERVE = 4096
"""Bytes that a new row reserves for fal's answer to a submit."""

_WAITING: tuple[State, ...] = ("sending", "uncertain", "queued", "running")
_NOT_DONE: tuple[State, ...] = tuple(state for state in STATES if state != "done")
_WITH_RESULT: tuple[State, ...] = ("completed", "saving", "done", "expired")
_WITHOUT_RESULT: tuple[State, ...] = tuple(state for state in _NOT_DONE if state != "saving")


class Journal(Lookups):
    """The journal in the SQLite file `path`, which the first `begin` creates.

    Every method raises `LocalError` for a file that is damaged, newer than this release, or cannot
    be read or written. Methods that change a job return whether its state allowed the change: a
    late report on a job that another process has finished changes nothing.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._held: dict[str, tuple[str, int]] = {}

    # The life of a job

    def begin(self, new: NewJob) -> str:
        """Journal a request that is about to be sent, in the state `sending`; returns the job id.

        This call counts as sending it until its state changes, `leave` is called or the process
        ends. Its cost is reserved in the same transaction. Raises BudgetError if a limit does not
        allow it, and EarlierJob or Conflict if its key was used before; nothing is written then.
        """
        now, job_id, owner = time.time(), journal_rows.new_id(), processes.new_owner()
        values = stored(
            {
                **{name: getattr(new, name) for name in NewJob.columns},
                "id": job_id,
                "created": now,
                "updated": now,
                "state": "sending",
                "owner": owner,
                "attempts": 1,
                "cancel_requested": False,
                "reserve": bytes(RESERVE),
            }
        )
        names, parameters = ", ".join(values), ", ".join(f":{name}" for name in values)

        def insert(db: sqlite3.Connection) -> None:
            idempotency.refuse_second(db, new.key, new.fingerprint, sandbox=new.sandbox)
            journal_costs.reserve(db, job_id, now, new)
            added = db.execute(f"INSERT INTO jobs ({names}) VALUES ({parameters})", values)
            self._hold(job_id, owner, added.lastrowid or 0)

        try:
            self._begin(insert)
        except BaseException:
            processes.end(owner)
            self.leave(job_id)
            raise
        return job_id

    def leave(self, job_id: str) -> None:
        """This call no longer works on a job that it began."""
        if job_id in self._held:
            owner, number = self._held.pop(job_id)
            processes.end(owner)
            locks.release(self.path, number)

    def lease(self, job: Job) -> bool:
        """Reserve the waiting for a job, until it or this process ends; False if another process
        has reserved it. Always True on systems without locks."""
        return locks.hold(self.path, job.number)

    def release_key(self, job_id: str) -> bool:
        """Remove the key of a job that has ended, so that a request with that key is sent again."""
        query = "UPDATE jobs SET key = NULL WHERE id = ? AND state NOT IN ('sending', 'saving')"
        return self._write(lambda db: db.execute(query, (job_id,)).rowcount == 1)

    def count_attempt(self, job_id: str) -> bool:
        """Count another POST of the job, after one that provably did not reach fal."""
        query = "UPDATE jobs SET attempts = attempts + 1 WHERE id = ? AND state = 'sending'"
        return self._write(lambda db: db.execute(query, (job_id,)).rowcount == 1)

    def submitted(
        self,
        job_id: str,
        request_id: str | None,
        status_url: str | None,
        response_url: str | None,
        cancel_url: str | None,
        queue_position: int | None = None,
    ) -> bool:
        """fal's queue has accepted the job. Must be called before anything else is done."""
        return self._change(
            job_id,
            _WAITING,
            state="queued",
            request_id=request_id,
            status_url=status_url,
            response_url=response_url,
            cancel_url=cancel_url,
            queue_position=queue_position,
            error=None,
            reserve=None,
        )

    def progress(self, job_id: str, state: str, queue_position: int | None = None) -> bool:
        """fal reports the job as `queued` or `running`. Nothing is written if that is its state."""
        if state not in ("queued", "running"):
            return False
        with self._reading() as db:
            row = db and journal_rows.by_id(db, job_id)
        if not row or row["state"] == state:
            return bool(row)
        return self._change(job_id, _WAITING, state=state, queue_position=queue_position)

    def completed(
        self,
        job_id: str,
        result: bytes | None = None,
        *,
        request_id: str | None = None,
        billable_units: str | None = None,
        answer_path: Path | None = None,
    ) -> bool:
        """The result is ready. If it is given, it is kept, so that saving can be repeated.

        `answer_path` is the file with the result if the journal could not store it.
        """
        changes: dict[str, object] = {
            "state": "completed",
            "owner": "",
            "error": None,
            "reserve": None,
            "result": result,
            "result_file": None,
        }
        if result is not None and len(result) > RESULT_LIMIT:
            changes["result"] = None
            changes["result_file"] = journal_results.put(self.path, job_id, result)
        known = {
            "request_id": request_id,
            "billable_units": billable_units,
            "answer_path": answer_path and str(answer_path),
        }
        changes.update({name: value for name, value in known.items() if value is not None})
        return self._change(job_id, _WITHOUT_RESULT, **changes)

    @contextmanager
    def claim(self, job_id: str, *, wait_s: float | None = None) -> Iterator[Job]:
        """Claim the saving of a completed job: no other call saves it until the block ends.

        While another process or thread saves it, waits for up to `wait_s` seconds (default: the
        job's time-out), then raises `TimedOut`. Yields the job with the outputs that are saved by
        then; if nothing is left to save it is in state `done`, and not claimed. If the block ends
        without `done`, the job is `completed` again. Raises `LocalError` for a job without a
        result.
        """
        end: float | None = None
        owner = processes.new_owner()
        try:
            while (job := self._write(lambda db: self._take(db, job_id, owner))) is None:
                now = time.monotonic()
                if end is None:
                    end = now + (self.get(job_id).timeout_s if wait_s is None else wait_s)
                if now >= end:
                    raise TimedOut(
                        f"job {job_id} is still being saved by another process",
                        hint=f"openclaw jobs show {job_id}",
                        job_id=job_id,
                    )
                time.sleep(min(0.1, max(end - now, 0)))
            try:
                yield job
            finally:
                self._release(job_id, owner)
        finally:
            processes.end(owner)

    def naming(self, job_id: str, index: int, pending: PendingName) -> bool:
        """The file of output `index` (from 0) is about to get its final name."""
        return self._write(output_change(job_id, index, pending.output, pending.file_id))

    def saved(self, job_id: str, index: int, output: Output) -> bool:
        """The file of output `index` (from 0) has its final name."""
        return self._write(output_change(job_id, index, output, None))

    def done(self, job_id: str, seed: int | None = None) -> bool:
        """All files are saved. The file of a large result is removed.

        `seed` is the one that fal used, if its result has one.
        """
        changes: dict[str, object] = {} if seed is None else {"seed": seed}
        changed = self._change(
            job_id, _NOT_DONE, state="done", owner="", result_file=None, **changes
        )
        journal_results.drop(self.path, job_id)
        return changed

    def failed(self, job_id: str, code: str, message: str, http_status: int | None = None) -> bool:
        """The job failed; `code` and `message` are those of the failure document."""
        return self._end(job_id, "failed", _NOT_DONE, code, message, http_status)

    def uncertain(self, job_id: str, message: str, request_id: str | None = None) -> bool:
        """The request may have reached fal, but no complete answer came: it is never sent again."""
        error = JobError("network", message)
        return self._change(
            job_id, ("sending",), state="uncertain", owner="", error=error, request_id=request_id
        )

    def not_sent(self, job_id: str, message: str, code: str = "network") -> bool:
        """The request provably never reached fal, or fal did not accept it."""
        return self._end(job_id, "not_sent", ("sending", "uncertain"), code, message)

    def cancel_requested(self, job_id: str) -> bool:
        """fal was asked to cancel the job, which may still finish."""
        return self._change(job_id, _WAITING, cancel_requested=True)

    def cancelled(self, job_id: str, message: str = "the job was cancelled") -> bool:
        """The job ended without a result because it was cancelled."""
        return self._end(job_id, "cancelled", _NOT_DONE, "job_failed", message)

    def expired(self, job_id: str, message: str, http_status: int | None) -> bool:
        """fal no longer has the files of this job; its result stays in the journal."""
        return self._end(job_id, "expired", ("completed",), "job_failed", message, http_status)

    def prune(self, *, older_than: float, keyed: bool = False) -> Sequence[str]:
        """Remove finished jobs unchanged for `older_than` seconds; returns their ids.

        Jobs with a key, such as the items of batches, stay unless `keyed`: without them the same
        key would send, and pay for, its request again.
        """
        before = time.time() - older_than

        def remove(db: sqlite3.Connection) -> Sequence[str]:
            old = [
                str(row["id"])
                for row in journal_rows.newest_first(db)
                if row["state"] in FINISHED
                and row["updated"] <= before
                and (keyed or row["key"] is None or row["sandbox"])
            ]
            db.executemany("DELETE FROM jobs WHERE id = ?", [(job_id,) for job_id in old])
            return old

        removed = self._write(remove) if self.path.exists() else ()
        for job_id in removed:
            journal_results.drop(self.path, job_id)
        return removed

    # Changing rows

    def _change(self, job_id: str, allowed: tuple[State, ...], **changes: object) -> bool:
        def change(db: sqlite3.Connection) -> bool:
            if not _update(db, job_id, changes, allowed):
                return False
            journal_costs.update_state(db, job_id)
            return True

        changed = self._write(change)
        if changed and changes.get("state", "sending") not in ("sending", "saving"):
            self.leave(job_id)
        return changed

    def _end(
        self,
        job_id: str,
        state: State,
        allowed: tuple[State, ...],
        code: str,
        message: str,
        http_status: int | None = None,
    ) -> bool:
        error = JobError(code, message, http_status)
        return self._change(job_id, allowed, state=state, owner="", error=error, reserve=None)

    def _take(self, db: sqlite3.Connection, job_id: str, owner: str) -> Job | None:
        """Claim the job; None while another live call has claimed it."""
        row = journal_rows.by_id(db, job_id)
        if row is None or row["state"] not in _WITH_RESULT:
            raise LocalError(f"there is no result of job {job_id} to save", job_id=job_id)
        job = self._job(db, row)
        if row["state"] == "done" and _all_there(job):
            return job
        if (
            row["state"] == "saving"
            and row["owner"] != owner
            and journal_rows.has_live_owner(self.path, row)
        ):
            return None
        self._hold(job_id, owner, row["number"])
        _update(db, job_id, {"state": "saving", "owner": owner}, _WITH_RESULT)
        return job.replaced(state="saving")

    def _hold(self, job_id: str, owner: str, number: int) -> None:
        locks.hold(self.path, number)
        self._held[job_id] = (owner, number)

    def _release(self, job_id: str, owner: str) -> None:
        if job_id not in self._held:  # released by `done`
            return
        query = (
            "UPDATE jobs SET state = 'completed', owner = '' "
            "WHERE id = ? AND state = 'saving' AND owner = ?"
        )
        with suppress(LocalError):  # a claim also ends with its call
            self._write(lambda db: db.execute(query, (job_id, owner)))
        self.leave(job_id)


def output_change(
    job_id: str, index: int, output: Output, file_id: str | None
) -> Callable[[sqlite3.Connection], bool]:
    """The change that journals an output; with `file_id`, as about to get its final name."""
    query = (
        "INSERT OR REPLACE INTO outputs (job, position, facts, file_id) "
        "SELECT number, ?, ?, ? FROM jobs WHERE id = ?"
    )
    values = (index, json.dumps(output.as_json()), file_id, job_id)
    return lambda db: db.execute(query, values).rowcount == 1


def _update(
    db: sqlite3.Connection, job_id: str, changes: Mapping[str, object], allowed: tuple[State, ...]
) -> bool:
    """Change the row of a job if it is in one of the allowed states; returns whether it was."""
    values = {**stored(changes), "updated": time.time(), "wanted": job_id}
    assignments = ", ".join(f"{name} = :{name}" for name in values if name != "wanted")
    states = ", ".join(f"'{state}'" for state in allowed)
    query = f"UPDATE jobs SET {assignments} WHERE id = :wanted AND state IN ({states})"
    return db.execute(query, values).rowcount == 1


def _all_there(job: Job) -> bool:
    return bool(job.outputs) and all(output.path.exists() for output in job.outputs.values())
