"""The journal for the many threads of one process: one connection, and one commit for all changes
of the same moment.

Each commit puts the file on the disk, which takes as long for one change as for forty. A change is
as durable when its call returns as it is with `Journal`.
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

MOMENT_S = 0.015
"""Changes that come within this many seconds are put on the disk together."""


class SharedJournal(Journal):
    """To be closed by leaving it as a context manager."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._using = threading.RLock()
        self._adding = threading.Lock()
        self._waiting: list[_Change[Any]] = []
        self._resources = ExitStack()
        self._connection: sqlite3.Connection | None = None

    def __enter__(self) -> SharedJournal:
        return self

    def __exit__(self, *_: object) -> None:
        with self._using:
            if self._waiting:
                self._commit_waiting()
            self._connection = None
            self._resources.close()

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            opening = journal_file.opened(self.path, create=True, shared=True)
            self._connection = self._resources.enter_context(opening)
        return self._connection

    @contextmanager
    def _transaction(self, *, create: bool = False) -> Iterator[sqlite3.Connection]:
        with self._using:
            db = self._open()
            with journal_file.in_words(self.path), journal_file.transaction(db):
                yield db

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        with self._using:
            db = self._open()
            if db.in_transaction:
                yield db
                return
            with journal_file.in_words(self.path):
                db.execute("BEGIN")  # locks the file once for all that is looked up
                try:
                    yield db
                finally:
                    db.execute("COMMIT")

    def saved(self, job_id: str, index: int, output: Output) -> bool:
        """The change reaches the disk with the next one: until then, `naming` tells the same."""
        with self._adding:
            self._waiting.append(_Change(output_change(job_id, index, output, None)))
        return True

    def _begin(self, action: Callable[[sqlite3.Connection], None]) -> None:
        self._write(action)

    def _write(self, action: Callable[[sqlite3.Connection], T]) -> T:
        """Run `action` in a transaction, together with those of other threads."""
        change = _Change(action)
        with self._adding:
            self._waiting.append(change)
        try:
            change.over.wait(MOMENT_S)
        finally:
            with self._using:  # whoever has waited longest commits for all
                if not change.over.is_set():
                    self._commit_waiting()
        return change.result()

    def _commit_waiting(self) -> None:
        with self._adding:
            changes, self._waiting = self._waiting, []
        try:
            with self._transaction() as db:
                for change in changes:
                    change.run(db)
        except BaseException as failure:  # nothing of it is on the disk
            for change in changes:
                change.failure = change.failure or failure
            if not isinstance(failure, Exception):
                raise
        finally:
            for change in changes:
                change.over.set()


class _Change(Generic[T]):
    """One change among those of a transaction: its failure undoes it, and no other."""

    def __init__(self, action: Callable[[sqlite3.Connection], T]) -> None:
        self._action = action
        self._values: list[T] = []
        self.failure: BaseException | None = None
        self.over = threading.Event()

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
