"""Reads and changes the costs and budgets in the journal."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from openclaw_fal.journal import costs, spending
from openclaw_fal.journal.file import reading, writing
from openclaw_fal.money.budget import Cap, Spent
from openclaw_fal.money.cost import CostRow, Reservation


class Ledger:
    """The costs and budgets in the journal at `path`. Methods raise LocalError like `Journal`'s."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def history(self, options: str) -> Sequence[str]:
        """The billed units of earlier jobs with equal `options`, those that decide the cost."""
        with reading(self.path) as db:
            return costs.history(db, options) if db else []

    def check(self, model: str, endpoint: str, reservation: Reservation) -> None:
        """Raises BudgetError if a limit does not allow the request now. Reserves nothing."""
        with reading(self.path) as db:
            if db:
                costs.check_limits(db, model, endpoint, time.time(), reservation, sandbox=False)

    def caps(self) -> Sequence[Cap]:
        """The limits of `openclaw budget set`."""
        with reading(self.path) as db:
            return costs.caps(db) if db else []

    def spent(self, cap: Cap, run: str = "") -> Spent:
        """What counts against a limit now; `run` is the run or batch of a limit per run."""
        with reading(self.path) as db:
            return spending.spent(db, cap, time.time(), run) if db else Spent()

    def set_cap(self, cap: Cap) -> None:
        """Set a limit; it replaces one for the same period and models."""
        with writing(self.path) as db:
            costs.set_cap(db, cap, time.time())

    def clear_caps(self, removed: Iterable[Cap]) -> None:
        """Remove limits."""
        if self.path.exists():
            with writing(self.path) as db:
                costs.clear_caps(db, removed)

    def rows(self, since: float, until: float, *, sandbox: bool = False) -> list[CostRow]:
        """The costs of the jobs that were begun from `since` up to `until`, oldest first."""
        with reading(self.path) as db:
            return costs.rows(db, since, until, sandbox=sandbox) if db else []
