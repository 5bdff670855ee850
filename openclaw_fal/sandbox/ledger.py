"""The accepted requests and what each was billed."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from openclaw_fal.sandbox.dials import Dials
from openclaw_fal.sandbox.jobs import Job, result_problem
from openclaw_fal.sandbox.prices import Bill
from openclaw_fal.sandbox.results import Recipe

_LARGEST_INPUT = 256 * 1024  # bytes; larger inputs are not stored
_SETTLE_INTERVAL = 256  # requests, after which finished jobs are settled and can be forgotten


@dataclass(slots=True, eq=False)
class Entry:
    """One request to a model. `status` is the HTTP status of its result, 0 before its end.

    `job` is None for a synchronous run. `input` is the body, None if it is not stored. `bill` is
    the charge; before the end, the charge for a success.
    """

    request_id: str
    endpoint: str
    sent_at: datetime
    input: bytes | None
    recipe: Recipe | None
    bill: Bill | None
    job: Job | None = None
    status: int = 0
    ended_at: datetime | None = None

    @property
    def weight(self) -> int:
        """Its approximate size in bytes."""
        return 500 + len(self.input or b"") + (self.recipe.weight if self.recipe else 0)


class Ledger:
    """The entries, of which the oldest are forgotten by count and bytes. The sums are of all."""

    def __init__(
        self,
        dials_of: Callable[[Job], Dials],
        *,
        count: int = 20_000,
        weight: int = 64 << 20,
    ) -> None:
        self._dials_of = dials_of
        self._limits = (count, weight)
        self._entries: deque[Entry] = deque()
        self._weight = 0
        self._accepted = 0
        self._open: dict[str, Entry] = {}
        self._billed = Decimal(0)
        self._lock = threading.Lock()

    @property
    def accepted(self) -> int:
        """How many requests to models were accepted."""
        return self._accepted

    def add(self, entry: Entry) -> None:
        """Add an accepted request."""
        if entry.input is not None and len(entry.input) > _LARGEST_INPUT:
            entry.input = None
        with self._lock:
            self._accepted += 1
            self._entries.append(entry)
            self._open[entry.request_id] = entry
            self._weight += entry.weight
            while len(self._entries) > self._limits[0] or self._weight > self._limits[1]:
                self._weight -= self._entries.popleft().weight
            if self._accepted % _SETTLE_INTERVAL == 0:
                self._settle()

    def finish(self, entry: Entry, status: int, dials: Dials) -> None:
        """Record the end of a synchronous run."""
        with self._lock:
            self._end(entry, status, datetime.now(UTC), dials)
            del self._open[entry.request_id]

    def entries(self) -> list[Entry]:
        """The stored entries, up to date."""
        with self._lock:
            self._settle()
            return list(self._entries)

    def billed(self) -> Decimal:
        """USD for all requests that have ended."""
        with self._lock:
            self._settle()
            return self._billed

    def owed(self) -> Decimal:
        """USD for all accepted requests, as if all that still run will succeed."""
        with self._lock:
            self._settle()
            running = (
                entry.bill.cost for entry in self._open.values() if entry.bill and entry.recipe
            )
            return self._billed + sum(running, Decimal(0))

    def _settle(self) -> None:
        """Enter the results of the queued jobs that have ended."""
        still_open: dict[str, Entry] = {}
        for entry in self._open.values():
            job = entry.job
            if job is None or job.progress(self._dials_of(job))[0] != "COMPLETED":
                still_open[entry.request_id] = entry
                continue
            dials = self._dials_of(job)
            problem = result_problem(job, dials)
            status = problem.status if problem else 200 if job.recipe else 500
            ran = (job.done_at or job.submitted) - job.submitted
            self._end(entry, status, job.wall + timedelta(seconds=ran), dials)
        self._open = still_open

    def _end(self, entry: Entry, status: int, at: datetime, dials: Dials) -> None:
        entry.status, entry.ended_at = status, at
        if status != 200 and not (status == 422 and dials.bill_invalid):
            entry.bill = None
        if entry.bill:
            self._billed += entry.bill.cost
