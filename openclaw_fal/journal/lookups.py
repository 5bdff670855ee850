"""The part of the journal that reads: it finds and lists jobs, and changes nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from openclaw_fal.errors import Interrupted, LocalError, UsageError
from openclaw_fal.journal import costs as journal_costs
from openclaw_fal.journal import file as journal_file
from openclaw_fal.journal import idempotency
from openclaw_fal.journal import results as journal_results
from openclaw_fal.journal import rows as journal_rows
from openclaw_fal.journal.record import Job, NewJob, State
from openclaw_fal.media import Kind
from openclaw_fal.money.cost import Cost

if TYPE_CHECKING:
    import sqlite3

T = TypeVar("T")


class Lookups:
    """The methods of `Journal` that only read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def get(self, prefix: str) -> Job:
        """The job whose job id or fal request id is `prefix` or begins with it; `last`: the newest.

        Raises `UsageError` if there is none, or several, which it names.
        """
        wanted = prefix.strip()
        if not wanted:
            raise UsageError("the job id is empty", hint="openclaw jobs list")
        if wanted == "last" and (newest := self.list(limit=1)):
            return newest[0]
        with self._reading() as db:
            jobs = [self._job(db, row) for row in journal_rows.matching(db, wanted)] if db else []
        if len(jobs) == 1:
            return jobs[0]
        raise journal_rows.no_single_job(wanted, jobs)

    def check(self, new: NewJob) -> None:
        """Raises what `begin` would raise for a request. Writes nothing."""
        with self._reading() as db:
            if db:
                idempotency.refuse_second(db, new.key, new.fingerprint, sandbox=new.sandbox)
                journal_costs.check_limits(
                    db,
                    new.model,
                    new.endpoint,
                    time.time(),
                    new.reservation,
                    sandbox=new.sandbox,
                )

    def list(
        self,
        *,
        kind: Kind | None = None,
        state: State | Iterable[State] | None = None,
        model: str | None = None,
        since: float | None = None,
        until: float | None = None,
        search: str | None = None,
        limit: int | None = None,
    ) -> list[Job]:
        """The jobs, newest first; `model` is an endpoint id.

        `since` (inclusive) and `until` (exclusive) are in seconds since 1970; `search` is a text in
        the kept prompt, in any case.
        """
        wanted = search.casefold() if search else ""
        states: set[str] | None = None
        if state is not None:
            states = {state} if isinstance(state, str) else set(state)
        jobs: list[Job] = []
        with self._reading() as db:
            for row in journal_rows.newest_first(db, kind, model) if db else ():
                if limit is not None and len(jobs) >= limit:
                    break
                if since is not None and row["created"] < since:
                    continue
                if until is not None and row["created"] >= until:
                    continue
                if wanted not in row["prompt"].casefold():
                    continue
                if db and (states is None or journal_rows.state_now(self.path, row) in states):
                    jobs.append(self._job(db, row))
        return jobs

    def made_before(self, new: NewJob, within_s: float) -> Job | None:
        """The newest finished job with the same endpoint and body, begun at most `within_s` seconds
        ago. Sandbox jobs count only for sandbox requests."""
        with self._reading() as db:
            row = db and journal_rows.newest_same(
                db, new.fingerprint, time.time() - within_s, sandbox=new.sandbox
            )
            return self._job(db, row) if db and row else None

    def newest(self, state: State) -> Iterator[Job]:
        """The jobs in this state, newest first, read one by one as they are needed."""
        with self._reading() as db:
            for row in journal_rows.newest_first(db) if db else ():
                if db and journal_rows.state_now(self.path, row) == state:
                    yield self._job(db, row)

    def keyed(self, prefix: str) -> dict[str, Job]:
        """The newest job of each key that begins with `prefix`, by the rest of the key."""
        with self._reading() as db:
            if db is None:
                return {}
            rows = journal_rows.keyed(db, prefix)
            outputs, costs = (
                journal_rows.outputs_keyed(db, prefix),
                journal_costs.of_keyed_jobs(db, prefix),
            )
            return {
                row["key"].removeprefix(prefix): self._job_of(
                    row, outputs.get(row["number"], ()), costs.get(row["id"])
                )
                for row in rows
            }

    def count_keyed(self, prefix: str) -> dict[State, int]:
        """The number of keys that begin with `prefix`, by the state of their newest job."""
        counts: dict[State, int] = {}
        with self._reading() as db:
            for row in journal_rows.keyed(db, prefix) if db else ():
                state = journal_rows.state_now(self.path, row)
                counts[state] = counts.get(state, 0) + 1
        return counts

    def result(self, job_id: str) -> bytes | None:
        """The kept result of a job; None if it must be fetched from fal again."""
        with self._reading() as db:
            row = db and journal_rows.by_id(db, job_id)
            if not db or not row:
                return None
            if row["result_file"] is not None:
                return journal_results.get(self.path, job_id)
            if row["answer_path"] is not None:
                return journal_results.read(Path(row["answer_path"]))
            query = "SELECT result FROM jobs WHERE id = ?"
            result = db.execute(query, (job_id,)).fetchone()["result"]
        return None if result is None else bytes(result)

    # Access to the file

    def _transaction(self, *, create: bool = False) -> AbstractContextManager[sqlite3.Connection]:
        return journal_file.writing(self.path, create=create)

    def _reading(self) -> AbstractContextManager[sqlite3.Connection | None]:
        return journal_file.reading(self.path)

    def _begin(self, action: Callable[[sqlite3.Connection], None]) -> None:
        """Run `action` in a transaction; the journal is created if there is none."""
        with self._transaction(create=True) as db:
            action(db)

    def _write(self, action: Callable[[sqlite3.Connection], T]) -> T:
        """Run `action` in a transaction. After an interrupt it is run again, so that the change is
        not lost."""
        try:
            with self._transaction() as db:
                return action(db)
        except (KeyboardInterrupt, SystemExit, Interrupted):
            with suppress(LocalError), self._transaction() as db:
                action(db)
            raise

    def _job(self, db: sqlite3.Connection, row: sqlite3.Row) -> Job:
        outputs = journal_rows.outputs_of(db, row["number"])
        return self._job_of(row, outputs, journal_costs.of_job(db, row["id"]))

    def _job_of(self, row: sqlite3.Row, outputs: Iterable[sqlite3.Row], cost: Cost | None) -> Job:
        has_result = bool(row["has_result"])
        if row["result_file"] is not None:
            has_result = journal_results.path_of(self.path, row["id"]).exists()
        elif row["answer_path"] is not None:
            has_result = Path(row["answer_path"]).exists()
        try:
            return journal_rows.job_of(self.path, row, outputs, cost, has_result=has_result)
        except (ValueError, KeyError, TypeError) as failure:
            raise journal_file.damaged(self.path, f"job {row['id']} is unreadable") from failure
