"""The journal for many threads of one process: one connection, and one commit for the changes that
come within COMMIT_DELAY_S.

A commit syncs the file to the disk, which takes as long for one change as for forty. When a call
returns, its change is as durable as with `Journal`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from openclaw_fal.journal import file as journal_file
from openclaw_fal.journal.jobs import Journal, output_change
from openclaw_fal.media import Output

if TYPE_CHECKING:
    import sqlite3

T = TypeVar("T")

COMMIT_DELAY_S = 0.015
"""How long a change waits for others to be committed with it."""


class SharedJournal(Journal):
    """A journal that several threads may use. It is a context manager, which closes it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._connection_lock = threading.RLock()
        self._waiting_lock = threading.Lock()
        self._waiting: list[_Change[Any]] = []  # their results have any type
        self._resources = ExitStack()
        self._connection: sqlite3.Connection | None = None

    def __enter__(self) -> SharedJournal:
        return self

    def __exit__(self, *_: object) -> None:
        with self._connection_lock:
            if self._waiting:
                self._commit_waiting()
            self._connection = None
            self._resources.close()

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            opening = journal_file.open_journal(self.path, create=True, shared=True)
            self._connection = self._resources.enter_context(opening)
        return self._connection

    @contextmanager
    def _transaction(self, *, create: bool = False) -> Iterator[sqlite3.Connection]:
        with self._connection_lock:
            db = self._open()
            with journal_file.translated_errors(self.path), journal_file.transaction(db):
                yield db

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        with self._connection_lock:
            db = self._open()
            if db.in_transaction:
                yield db
                return
            with journal_file.translated_errors(self.path):
                db.execute("BEGIN")  # locks the file once for all reads of the block
                try:
                    yield db
                finally:
                    db.execute("COMMIT")

    def saved(self, job_id: str, index: int, output: Output) -> bool:
        """Journal a saved file. The change is committed with the next one; until then, what
        `naming` wrote is enough to find the file."""
        with self._waiting_lock:
            self._waiting.append(_Change(output_change(job_id, index, output, None)))
        return True

    def _begin(self, action: Callable[[sqlite3.Connection], None]) -> None:
        self._write(action)

    def _write(self, action: Callable[[sqlite3.Connection], T]) -> T:
        """Run `action` in one transaction with the changes of other threads."""
        change = _Change(action)
        with self._waiting_lock:
            self._waiting.append(change)
        try:
            change.finished.wait(COMMIT_DELAY_S)
        finally:
            with self._connection_lock:  # the first thread whose wait ends commits for all
                if not change.finished.is_set():
                    self._commit_waiting()
        return change.result()

    def _commit_waiting(self) -> None:
        with self._waiting_lock:
            changes, self._waiting = self._waiting, []
        try:
            with self._transaction() as db:
                for change in changes:
                    change.run(db)
        except BaseException as failure:  # all changes were rolled back
            for change in changes:
                change.failure = change.failure or failure
            if not isinstance(failure, Exception):
                raise
        finally:
            for change in changes:
                change.finished.set()


class _Change(Generic[T]):
    """One of the changes of a transaction. If it fails, only this change is undone."""

    def __init__(self, action: Callable[[sqlite3.Connection], T]) -> None:
        self._action = action
        self._values: list[T] = []
        self.failure: BaseException | None = None
        self.finished = threading.Event()

    def run(self, db: sqlite3.Connection) -> None:
        db.execute("SAVEPOINT change")
        try:
            self._values = [self._action(db)]
        except Exception as failure:
            self.failure = failure
            db.execute("ROLLBACK TO change")
        db.execute("RELEASE change")

    def result(self) -> T:
        if self.failure is not None:
            raise self.failure
        return self._values[0]
