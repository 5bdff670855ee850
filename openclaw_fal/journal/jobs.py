"""The journal of jobs: what was sent to fal, how far it is, and where its files are.

A row is on the disk before the request leaves, and each change is on the disk before the next step
is taken, so that a job survives the process that started it. Processes share the journal freely.
A process that died needs no tidying up: a row in `sending` whose process is gone reads as
`uncertain`, and one in `saving` as `completed`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from openclaw_fal.errors import Interrupted, LocalError, TimedOut, UsageError
from openclaw_fal.journal import costs as journal_costs
from openclaw_fal.journal import file as journal_file
from openclaw_fal.journal import keys as journal_keys
from openclaw_fal.journal import processes
from openclaw_fal.journal import results as journal_results
from openclaw_fal.journal import rows as journal_rows
from openclaw_fal.journal.record import FINISHED, STATES, Job, State, Transport, shortened
from openclaw_fal.media import Kind, Output
from openclaw_fal.money.cost import UNKNOWN, Reservation

if TYPE_CHECKING:
    import sqlite3

T = TypeVar("T")

RESULT_LIMIT = 64 * 1024
"""Bytes of a result kept in the row; a larger one (media as data URIs) goes to a file beside."""

RESERVE = 4096
"""Bytes that a row holds free from the start for what fal answers to a submit."""

_WAITING: tuple[State, ...] = ("sending", "uncertain", "queued", "running")
_NOT_DONE: tuple[State, ...] = tuple(state for state in STATES if state != "done")
_WITHOUT_RESULT: tuple[State, ...] = tuple(state for state in _NOT_DONE if state != "saving")


class Journal:
    """The journal in the SQLite file `path`, which is made by the first `begin`.

    Every method raises `LocalError` when the file is damaged, newer than this release, or cannot be
    read or written. Methods that report on a job return whether the job was in a state to be
    changed so: a late word about a job that another process has finished changes nothing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    # The life of a job

    def begin(
        self,
        *,
        kind: Kind,
        capability: str,
        model: str,
        endpoint: str,
        transport: Transport,
        base_url: str,
        prompt: str,
        target: Mapping[str, object],
        timeout_s: float,
        body: Mapping[str, object] | None = None,
        count: int = 1,
        seed: int | None = None,
        sandbox: bool = False,
        config_path: Path | None = None,
        key: str | None = None,
        fingerprint: str | None = None,
        reservation: Reservation = UNKNOWN,
    ) -> str:
        """Journal a request that is about to leave, in the state `sending`; returns the job id.

        `model` and `endpoint` are endpoint ids, `timeout_s` the seconds that the whole job has,
        `target` the JSON form of its `OutputTarget`, `count` the number of outputs expected.
        The data URIs of `body` are cut, and long texts shortened. What the request will cost is
        set aside in the same transaction: raises BudgetError, with nothing written, when a limit
        does not allow it. `key` with the `fingerprint` of the body names the request: raises
        EarlierJob or Conflict when it was used before.
        """
        now = time.time()
        columns: dict[str, object] = {
            "id": journal_rows.new_id(),
            "created": now,
            "updated": now,
            "kind": kind,
            "capability": capability,
            "model": journal_rows.text(model),
            "endpoint": journal_rows.text(endpoint),
            "transport": transport,
            "state": "sending",
            "owner": processes.this_process(),
            "attempts": 1,
            "base_url": journal_rows.text(base_url),
            "prompt": journal_rows.text(shortened(prompt)),
            "target": json.dumps(dict(target)),
            "count": count,
            "timeout_s": float(timeout_s),
            "sandbox": int(sandbox),
            "seed": journal_rows.number_text(seed),
            "config_path": None if config_path is None else json.dumps(str(config_path)),
            "body": journal_rows.body_text(body),
            "key": key,
            "fingerprint": fingerprint,
            "reserve": bytes(RESERVE),
        }
        names, marks = ", ".join(columns), ", ".join("?" * len(columns))
        job_id = str(columns["id"])
        with self._transaction(create=True) as db:
            journal_keys.refuse_second(db, key, fingerprint, sandbox=sandbox)
            journal_costs.reserve(
                db,
                job_id=job_id,
                created=now,
                kind=kind,
                model=str(columns["model"]),
                endpoint=str(columns["endpoint"]),
                sandbox=sandbox,
                reservation=reservation,
            )
            db.execute(f"INSERT INTO jobs ({names}) VALUES ({marks})", tuple(columns.values()))
        return job_id

    def again(self, job_id: str) -> bool:
        """Another POST of the job is about to leave, the last one having provably not arrived."""
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
        """fal's queue has taken the job. To be called before anything else is done."""
        return self._change(
            job_id,
            _WAITING,
            state="queued",
            request_id=journal_rows.optional_text(request_id),
            status_url=journal_rows.optional_text(status_url),
            response_url=journal_rows.optional_text(response_url),
            cancel_url=journal_rows.optional_text(cancel_url),
            queue_position=queue_position,
            error=None,
            reserve=None,
        )

    def progress(self, job_id: str, state: str, queue_position: int | None = None) -> bool:
        """fal says that the job is `queued` or `running`. Written only when the state is news."""
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
        seed: int | None = None,
    ) -> bool:
        """The result is ready at fal and, when given, kept so that saving can be repeated."""
        changes: dict[str, object] = {
            "state": "completed",
            "owner": "",
            "error": None,
            "reserve": None,
        }
        if result is not None and len(result) > RESULT_LIMIT:
            changes["result"], changes["result_file"] = (
                None,
                journal_results.put(self.path, job_id, result),
            )
        elif result is not None:
            changes["result"], changes["result_file"] = result, None
        known = {
            "request_id": journal_rows.optional_text(request_id),
            "billable_units": journal_rows.optional_text(billable_units),
            "seed": journal_rows.number_text(seed),
        }
        changes.update({key: value for key, value in known.items() if value is not None})
        return self._change(job_id, _WITHOUT_RESULT, **changes)

    @contextmanager
    def claim(self, job_id: str, *, wait_s: float | None = None) -> Iterator[Job]:
        """Take on the saving of a completed job; no other process saves it until the block ends.

        While another process saves it, wait for up to `wait_s` seconds (default: the job's
        time-out; then `TimedOut`). Yields the job as it then is: with the outputs that are saved
        already, and in state `done`, unclaimed, when nothing is left to save. A block that ends
        without `done` leaves the job `completed`. Raises `LocalError` for a job without a result.
        """
        end: float | None = None
        while (job := self._write(lambda db: self._take(db, job_id))) is None:
            now = time.monotonic()
            if end is None:
                end = now + (self.get(job_id).timeout_s if wait_s is None else wait_s)
            if now >= end:
                raise TimedOut(
                    f"another process is still saving job {job_id}",
                    hint=f"openclaw jobs show {job_id}",
                    job_id=job_id,
                )
            time.sleep(min(0.1, max(end - now, 0)))
        try:
            yield job
        finally:
            self._release(job_id)

    def saved(self, job_id: str, index: int, output: Output) -> bool:
        """The file for output `index` (from 0) is under its final name."""
        values = (index, journal_rows.facts_text(output), job_id)
        query = (
            "INSERT OR REPLACE INTO outputs (job, position, facts) "
            "SELECT number, ?, ? FROM jobs WHERE id = ?"
        )
        return self._write(lambda db: db.execute(query, values).rowcount == 1)

    def done(self, job_id: str) -> bool:
        """All files are saved. A large result that was put aside is no longer needed."""
        changed = self._change(job_id, _NOT_DONE, state="done", owner="", result_file=None)
        journal_results.drop(self.path, job_id)
        return changed

    def failed(self, job_id: str, code: str, message: str, http_status: int | None = None) -> bool:
        """The job failed for good; `code` and `message` are those of the failure document."""
        return self._end(job_id, "failed", _NOT_DONE, code, message, http_status)

    def uncertain(self, job_id: str, message: str, request_id: str | None = None) -> bool:
        """The request may have reached fal, whose whole answer never came: never sent again."""
        error = journal_rows.error_text("network", message, None)
        known = {"error": error, "request_id": journal_rows.optional_text(request_id)}
        return self._change(job_id, ("sending",), state="uncertain", owner="", **known)

    def not_sent(self, job_id: str, message: str, code: str = "network") -> bool:
        """The request provably never reached fal, or fal did not take it."""
        return self._end(job_id, "not_sent", ("sending", "uncertain"), code, message)

    def cancel_requested(self, job_id: str) -> bool:
        """fal was asked to cancel. The job may finish all the same."""
        return self._change(job_id, _WAITING, cancel_requested=1)

    def cancelled(self, job_id: str, message: str = "the job was cancelled") -> bool:
        """The job ended without a result because it was cancelled."""
        return self._end(job_id, "cancelled", _NOT_DONE, "job_failed", message)

    # Looking things up

    def get(self, prefix: str) -> Job:
        """The job with this job id or fal request id; either may be cut short.

        Raises `UsageError` when there is none, or when several begin so (it names them).
        """
        wanted = prefix.strip()
        if not wanted:
            raise UsageError("the job id is empty", hint="openclaw jobs list")
        with self._reading() as db:
            jobs = [self._job(db, row) for row in journal_rows.matching(db, wanted)] if db else []
        if len(jobs) == 1:
            return jobs[0]
        raise journal_rows.not_one(wanted, jobs)

    def list(
        self,
        *,
        kind: Kind | None = None,
        state: State | Iterable[State] | None = None,
        model: str | None = None,
        since: float | None = None,
        limit: int | None = None,
    ) -> list[Job]:
        """The jobs, newest first. `since` is in seconds since 1970; `model` an endpoint id."""
        states: set[str] | None = None
        if state is not None:
            states = {state} if isinstance(state, str) else set(state)
        found: list[Job] = []
        with self._reading() as db:
            for row in journal_rows.newest_first(db, kind, model, since) if db else ():
                if limit is not None and len(found) >= limit:
                    break
                if db and (states is None or journal_rows.state_now(row) in states):
                    found.append(self._job(db, row))
        return found

    def result(self, job_id: str) -> bytes | None:
        """The result as `completed` kept it; None when it must be fetched from fal again."""
        with self._reading() as db:
            query = "SELECT result, result_file FROM jobs WHERE id = ?"
            row = db and db.execute(query, (job_id,)).fetchone()
        if not row:
            return None
        if row["result_file"] is None:
            return None if row["result"] is None else bytes(row["result"])
        return journal_results.get(self.path, job_id)

    def prune(self, *, older_than: float, states: Iterable[State] | None = None) -> Sequence[str]:
        """Remove finished jobs not touched for `older_than` seconds; returns their ids.

        Jobs that are not finished go only when their state is among `states`, and never while a
        process is at work on them.
        """
        chosen = set(FINISHED if states is None else states)
        before = time.time() - older_than

        def remove(db: sqlite3.Connection) -> Sequence[str]:
            gone = []
            for row in journal_rows.newest_first(db):
                state = journal_rows.state_now(row)
                at_work = state in ("sending", "saving")
                if state in chosen and not at_work and row["updated"] <= before:
                    gone.append(str(row["id"]))
            db.executemany("DELETE FROM jobs WHERE id = ?", [(job_id,) for job_id in gone])
            return gone

        gone = self._write(remove) if self.path.exists() else ()
        for job_id in gone:
            journal_results.drop(self.path, job_id)
        return gone

    # The file

    @contextmanager
    def _transaction(self, *, create: bool = False) -> Iterator[sqlite3.Connection]:
        with journal_file.opened(self.path, create=create) as db, journal_file.transaction(db):
            yield db

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        """A connection for looking things up; None while there is no journal."""
        if not self.path.exists():
            yield None
            return
        with journal_file.opened(self.path, create=False) as db:
            yield db

    def _write(self, action: Callable[[sqlite3.Connection], T]) -> T:
        """Run `action` in a transaction. What was to be written is written despite an interrupt."""
        try:
            with self._transaction() as db:
                return action(db)
        except (KeyboardInterrupt, SystemExit, Interrupted):
            with suppress(LocalError), self._transaction() as db:
                action(db)
            raise

    def _change(self, job_id: str, allowed: tuple[State, ...], **changes: object) -> bool:
        def change(db: sqlite3.Connection) -> bool:
            row = journal_rows.by_id(db, job_id)
            if row is None or row["state"] not in allowed:
                return False
            _update(db, job_id, changes)
            journal_costs.follow(db, job_id)
            return True

        return self._write(change)

    def _end(
        self,
        job_id: str,
        state: State,
        allowed: tuple[State, ...],
        code: str,
        message: str,
        http_status: int | None = None,
    ) -> bool:
        error = journal_rows.error_text(code, message, http_status)
        return self._change(job_id, allowed, state=state, owner="", error=error, reserve=None)

    def _take(self, db: sqlite3.Connection, job_id: str) -> Job | None:
        """Claim the job, or None while another living process has it."""
        row = journal_rows.by_id(db, job_id)
        if row is None or row["state"] not in ("completed", "saving", "done"):
            raise LocalError(f"there is no result of job {job_id} to save", job_id=job_id)
        me = processes.this_process()
        job = self._job(db, row)
        if row["state"] == "done" and _all_there(job):
            return job
        if row["state"] == "saving" and row["owner"] != me and journal_rows.is_held(row):
            return None
        _update(db, job_id, {"state": "saving", "owner": me})
        claimed = journal_rows.by_id(db, job_id)
        assert claimed is not None
        return self._job(db, claimed)

    def _release(self, job_id: str) -> None:
        query = (
            "UPDATE jobs SET state = 'completed', owner = '' "
            "WHERE id = ? AND state = 'saving' AND owner = ?"
        )
        me = processes.this_process()
        with suppress(LocalError):  # a claim of a dead process lapses by itself
            self._write(lambda db: db.execute(query, (job_id, me)))

    def _job(self, db: sqlite3.Connection, row: sqlite3.Row) -> Job:
        kept = bool(row["has_result"])
        if row["result_file"] is not None:
            kept = journal_results.path_of(self.path, row["id"]).exists()
        try:
            return journal_rows.job_of(db, row, has_result=kept)
        except (ValueError, KeyError, TypeError) as failure:
            raise journal_file.damaged(self.path, f"job {row['id']} is unreadable") from failure


def _update(db: sqlite3.Connection, job_id: str, changes: Mapping[str, object]) -> None:
    values = {**changes, "updated": time.time(), "wanted": job_id}
    assignments = ", ".join(f"{name} = :{name}" for name in values if name != "wanted")
    db.execute(f"UPDATE jobs SET {assignments} WHERE id = :wanted", values)


def _all_there(job: Job) -> bool:
    return bool(job.outputs) and all(output.path.exists() for output in job.outputs.values())
