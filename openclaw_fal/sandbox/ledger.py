"""The requests that the sandbox has taken, what each was billed, and the account's balance."""

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

_INPUT = 256 * 1024  # bytes of an input that are kept
_SETTLED_EVERY = 256  # requests: so that finished jobs are let go, though nobody asks


@dataclass(slots=True, eq=False)
class Entry:
    """One request to a model. `status` is that of its result, 0 while there is none.

    `job` is the queued job, None for a synchronous run. `input` is the body, None where it is not
    kept. `bill` is what a success costs.
    """

    request_id: str
    endpoint: str
    sent_at: datetime
    input: bytes | None
    made: Recipe | None
    bill: Bill | None
    job: Job | None = None
    status: int = 0
    ended_at: datetime | None = None

    @property
    def weight(self) -> int:
        """About how many bytes it holds."""
        return 500 + len(self.input or b"") + (self.made.weight if self.made else 0)


class Ledger:
    """All requests, the oldest forgotten first: by count and by bytes. The sums forget nothing."""

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
        """How many requests to models were taken."""
        return self._accepted

    def add(self, entry: Entry) -> None:
        """Take a request down."""
        if entry.input is not None and len(entry.input) > _INPUT:
            entry.input = None
        with self._lock:
            self._accepted += 1
            self._entries.append(entry)
            self._open[entry.request_id] = entry
            self._weight += entry.weight
            while len(self._entries) > self._limits[0] or self._weight > self._limits[1]:
                self._weight -= self._entries.popleft().weight
            if self._accepted % _SETTLED_EVERY == 0:
                self._settle()

    def finish(self, entry: Entry, status: int, dials: Dials) -> None:
        """A synchronous run has ended."""
        with self._lock:
            self._end(entry, status, datetime.now(UTC), dials)
            del self._open[entry.request_id]

    def entries(self) -> list[Entry]:
        """The requests that are remembered, each as it stands now."""
        with self._lock:
            self._settle()
            return list(self._entries)

    def billed(self) -> Decimal:
        """USD for everything that has ended."""
        with self._lock:
            self._settle()
            return self._billed

    def owed(self) -> Decimal:
        """USD for everything that was taken, as if all of it went well."""
        with self._lock:
            self._settle()
            running = (
                entry.bill.cost for entry in self._open.values() if entry.bill and entry.made
            )
            return self._billed + sum(running, Decimal(0))

    def _settle(self) -> None:
        """Look which queued jobs have ended."""
        still: dict[str, Entry] = {}
        for entry in self._open.values():
            job = entry.job
            if job is None or job.progress(self._dials_of(job))[0] != "COMPLETED":
                still[entry.request_id] = entry
                continue
            dials = self._dials_of(job)
            problem = result_problem(job, dials)
            status = problem.status if problem else 200 if job.made else 500
            ran = (job.done_at or job.submitted) - job.submitted
            self._end(entry, status, job.wall + timedelta(seconds=ran), dials)
        self._open = still

    def _end(self, entry: Entry, status: int, at: datetime, dials: Dials) -> None:
        entry.status, entry.ended_at = status, at
        if status != 200 and not (status == 422 and dials.bill_invalid):
            entry.bill = None
        if entry.bill:
            self._billed += entry.bill.cost
