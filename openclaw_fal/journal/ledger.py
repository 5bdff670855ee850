"""What was spent and what may be: the costs and budgets in the journal, looked up and set."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from openclaw_fal.journal import costs, spending
from openclaw_fal.journal import file as journal_file
from openclaw_fal.money.budget import Cap, Spent
from openclaw_fal.money.cost import CostRow, Reservation

if TYPE_CHECKING:
    import sqlite3


class Ledger:
    """The costs and budgets in the journal at `path`. Methods raise LocalError as the journal's."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def history(self, options: str) -> Sequence[str]:
        """The billed units of earlier jobs with the same options that decide the cost."""
        with self._reading() as db:
            return costs.history(db, options) if db else []

    def check(self, model: str, endpoint: str, reservation: Reservation) -> None:
        """Raises BudgetError when a limit would not allow the request now. Reserves nothing."""
        with self._reading() as db:
            if db:
                costs.admit(db, model, endpoint, time.time(), reservation)

    def caps(self) -> Sequence[Cap]:
        """The limits of `openclaw budget set`."""
        with self._reading() as db:
            return costs.caps(db) if db else []

    def spent(self, cap: Cap, run: str = "") -> Spent:
        """What counts against a limit by now; `run` is the run (or batch) of one per run."""
        with self._reading() as db:
            return spending.spent(db, cap, time.time(), run) if db else Spent()

    def set_cap(self, cap: Cap) -> None:
        """Set a limit, in the place of the one for the same period and models."""
        with self._writing() as db:
            costs.set_cap(db, cap, time.time())

    def clear_caps(self, gone: Iterable[Cap]) -> None:
        """Forget limits."""
        if self.path.exists():
            with self._writing() as db:
                costs.clear_caps(db, gone)

    def rows(self, since: float, until: float, *, sandbox: bool = False) -> list[CostRow]:
        """The costs of the jobs that were begun from `since` up to `until`, oldest first."""
        with self._reading() as db:
            return costs.rows(db, since, until, sandbox=sandbox) if db else []

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        if not self.path.exists():
            yield None
            return
        with journal_file.opened(self.path, create=False, reading=True) as db:
            yield db

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with journal_file.opened(self.path, create=True) as db, journal_file.transaction(db):
            yield db
