"""The queue's jobs: their progress over time, and the store that forgets old ones."""

from __future__ import annotations

import heapq
import math
import random
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from openclaw_fal.sandbox import models
from openclaw_fal.sandbox.dials import Dials
from openclaw_fal.sandbox.prices import Bill
from openclaw_fal.sandbox.problems import CONTENT_POLICY, START_TIMEOUT, Problem
from openclaw_fal.sandbox.results import Recipe


@dataclass(slots=True)
class Job:
    """One queued request. `own_dials` are the dials in the header of its submit, if any.

    `delay`: seconds that it waits for a runner when the account's concurrency limit is reached;
    `ahead`: how many jobs wait before it then. `weight`: its approximate size in bytes.
    """

    id: str
    endpoint: str
    recipe: Recipe | None
    problem: Problem | None
    own_dials: Dials | None
    submitted: float
    wall: datetime
    bill: Bill
    webhook: str = ""
    start_within: float = 0.0
    delay: float = 0.0
    ahead: int = 0
    polls: int = 0
    done_at: float | None = None
    cancelled: bool = False
    changed: threading.Event = field(default_factory=threading.Event)
    weight: int = 0

    def __post_init__(self) -> None:
        self.weight = 1000 + len(self.endpoint) + len(self.webhook)
        self.weight += self.recipe.weight if self.recipe else 0
        self.weight += len(repr(self.problem.detail)) if self.problem else 0

    @property
    def app(self) -> str:
        return models.app_of(self.endpoint)

    def elapsed(self, dials: Dials) -> float:
        """How long it has been queued: in seconds or, with clock=polls, in status requests."""
        return float(self.polls) if dials.clock == "polls" else time.monotonic() - self.submitted

    def progress(self, dials: Dials) -> tuple[str, int, float]:
        """State, queue position, and the share of the run that is done (0 to 1)."""
        if self.done_at is not None:
            return "COMPLETED", 0, 1.0
        elapsed = self.elapsed(dials)
        waiting = dials.queue_length * dials.queue_step + self.delay
        if self.start_within and waiting > self.start_within and elapsed >= self.start_within:
            self.problem = START_TIMEOUT
            self.done_at = time.monotonic()
            return "COMPLETED", 0, 0.0
        if elapsed < waiting:
            passed = int(elapsed / dials.queue_step) if dials.queue_step else 0
            behind = math.ceil(self.ahead * (1 - elapsed / waiting))
            return "IN_QUEUE", max(0, dials.queue_length - 1 - passed) + behind, 0.0
        ran = elapsed - waiting
        if ran < dials.run_time:
            return "IN_PROGRESS", 0, ran / dials.run_time
        self.done_at = time.monotonic()
        self.changed.set()
        return "COMPLETED", 0, 1.0

    def log_lines(self, dials: Dials, share: float) -> list[dict[str, str]]:
        """The log lines that the run has written when `share` of it is done."""
        shown = int(dials.log_lines * share) if share < 1 else dials.log_lines
        lines = []
        for number in range(1, shown + 1):
            at = self.wall + timedelta(milliseconds=number)
            text = dials.log_text or f"{self.endpoint}: step {number} of {dials.log_lines}"
            lines.append(
                {"message": text, "level": "INFO", "source": "USER", "timestamp": at.isoformat()}
            )
        return lines


class Runners:
    """Schedules jobs on the account's runners, when the dials limit their number."""

    def __init__(self) -> None:
        self._free_at: list[float] = []
        self._starts: deque[float] = deque()
        self._lock = threading.Lock()

    def take(self, ready: float, run_time: float, limit: int) -> tuple[float, int]:
        """Reserve the runner that is free first, for a job that is ready at the time `ready`.

        Returns the seconds from `ready` until the job starts, and how many other jobs are waiting.
        """
        with self._lock:
            while self._starts and self._starts[0] <= ready:
                self._starts.popleft()
            if len(self._free_at) < limit:
                heapq.heappush(self._free_at, ready + run_time)
                return 0.0, 0
            start = max(ready, self._free_at[0])
            heapq.heapreplace(self._free_at, start + run_time)
            ahead = len(self._starts)
            if start > ready:
                self._starts.append(start)
            return start - ready, ahead


class Ids:
    """Pseudo-random ids and seeds, determined by the sandbox's seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._lock = threading.Lock()

    def uuid(self) -> str:
        with self._lock:
            digits = f"{self._random.getrandbits(128):032x}"
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"

    def seed(self) -> int:
        with self._lock:
            return self._random.getrandbits(32)


class Jobs:
    """The stored jobs. The oldest are forgotten by age, count and size in bytes (`weight`)."""

    def __init__(
        self,
        settled: Callable[[Job], bool],
        *,
        count: int = 2000,
        age: float = 7200.0,
        weight: int = 32 << 20,
    ) -> None:
        self._settled = settled
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._limits = (count, age, weight)
        self._weight = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._jobs)

    def all(self) -> list[Job]:
        with self._lock:
            return list(self._jobs.values())

    def add(self, job: Job) -> None:
        with self._lock:
            self._jobs[job.id] = job
            self._weight += job.weight
            self._evict()

    def get(self, request_id: str, app: str) -> Job | None:
        """The job of this app with this id, if there is one."""
        with self._lock:
            job = self._jobs.get(request_id)
        return job if job and job.app == app else None

    def _evict(self) -> None:
        """Forget finished and old jobs; at twice the limits, also the oldest unfinished ones."""
        count, age, weight = self._limits
        now = time.monotonic()
        oldest = next(iter(self._jobs.values()))
        if len(self._jobs) <= count and self._weight <= weight and now - oldest.submitted <= age:
            return
        for job in list(self._jobs.values()):
            over_limit = len(self._jobs) > count or self._weight > weight
            old = now - job.submitted > age
            if not (over_limit or old):
                return
            far_over_limit = len(self._jobs) > 2 * count or self._weight > 2 * weight
            if self._settled(job) or old or far_over_limit:
                del self._jobs[job.id]
                self._weight -= job.weight
                job.done_at = job.done_at or now  # ends its status streams
                job.changed.set()


def submitted_now() -> tuple[float, datetime]:
    """The current time of the monotonic clock and of the wall clock."""
    return time.monotonic(), datetime.now(UTC)


def result_problem(job: Job, dials: Dials) -> Problem | None:
    """The error that the result route answers instead of an output; None if there is none."""
    return job.problem or dialled_problem(dials)


def dialled_problem(dials: Dials) -> Problem | None:
    """The model's failure that the dials ask for; None if they ask for none."""
    if dials.content_policy:
        return CONTENT_POLICY
    if dials.error:
        return Problem(dials.error_status, dials.error, dials.error_type)
    return None
