"""Which stage each item of a running batch is in: to be sent, at fal, to be fetched, or ended.

One lock guards all stages. Each kind of thread has its own condition: with one condition for all,
each step of an item woke a dozen threads, which cost more than the step.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from openclaw_fal.batches.item import ItemOutcome, ItemState, PlannedItem
from openclaw_fal.batches.polling import Polling
from openclaw_fal.errors import OpenClawFalError
from openclaw_fal.progress import Counts

if TYPE_CHECKING:
    from openclaw_fal.journal.record import Job

MAX_WAIT_S = 0.5
"""The longest wait of a thread that is not woken, in seconds."""


class Stages:
    """The items of one run. `window` is the most jobs at fal at the same time.

    Every method may be called from any thread. `next_pending`, `next_poll` and `next_fetch` wait
    until there is something to do, and return None when the thread can end.
    """

    def __init__(self, total: int, window: int, clock: Callable[[], float]) -> None:
        self._total, self._window, self._clock = total, window, clock
        self._lock = threading.Lock()
        self._can_submit = threading.Condition(self._lock)
        self._can_poll = threading.Condition(self._lock)
        self._can_fetch = threading.Condition(self._lock)
        self._submit_ended = threading.Condition(self._lock)
        self._pending: deque[PlannedItem] = deque()
        self._sending = 0
        self._at_fal: dict[str, tuple[PlannedItem, Job]] = {}
        self._running: set[str] = set()
        self._leased_by_others: dict[str, tuple[PlannedItem, Job]] = {}
        self._to_fetch: deque[tuple[PlannedItem, Job]] = deque()
        self._fetching = 0
        self._polling = Polling(float(window), clock)
        self._outcomes: SimpleQueue[ItemOutcome] = SimpleQueue()
        self._outcome_counts: dict[ItemState, int] = dict.fromkeys(
            ("done", "failed", "uncertain", "running"), 0
        )
        self._shutting_down = False
        self.stopped_by: OpenClawFalError | None = None
        """The error that stopped the sending, if one did."""

    def counts(self) -> Counts:
        """How many items are in each state now."""
        with self._lock:
            return Counts(
                total=self._total,
                done=self._outcome_counts["done"],
                failed=self._outcome_counts["failed"],
                uncertain=self._outcome_counts["uncertain"],
                submitted=len(self._at_fal) - len(self._running),
                running=len(self._running),
                fetching=self._fetching + len(self._to_fetch),
                pending=len(self._pending) + self._sending,
            )

    def is_over(self) -> bool:
        """Whether no item will change any more and every outcome was returned."""
        with self._lock:
            sending = self._sending or (self._pending and self.stopped_by is None)
            waiting = self._at_fal or self._to_fetch or self._fetching or self._leased_by_others
            return not sending and not waiting and self._outcomes.empty()

    # Sending

    def add_pending(self, items: Iterable[PlannedItem]) -> None:
        """Add items to be sent, after those that wait already."""
        with self._lock:
            self._pending.extend(items)
            self._can_submit.notify_all()

    def put_back(self, item: PlannedItem) -> None:
        """Add an item that provably did not reach fal; it is the next to be sent."""
        with self._lock:
            self._pending.appendleft(item)
            self._can_submit.notify()

    def next_pending(self) -> PlannedItem | None:
        """The next item to send, once the window has room. Call `sent` afterwards."""
        with self._lock:
            while not self._shutting_down and self.stopped_by is None:
                if self._pending and self._has_room():
                    self._sending += 1
                    return self._pending.popleft()
                if not (self._pending or self._sending or self._leased_by_others):
                    break
                self._can_submit.wait(MAX_WAIT_S)
            self._can_submit.notify()  # so that the other submitters end too
            return None

    def _has_room(self) -> bool:
        at_fal = len(self._at_fal) + self._sending
        return at_fal < self._window and len(self._to_fetch) <= self._window

    def sent(self) -> None:
        """The submit of an item from `next_pending` has ended, well or not."""
        with self._lock:
            self._sending -= 1
            self._can_submit.notify()
            self._submit_ended.notify()

    def stop(self, error: OpenClawFalError) -> None:
        """Send no more items. Jobs at fal are still waited for and saved."""
        with self._lock:
            self.stopped_by = self.stopped_by or error
            self._can_submit.notify_all()

    # At fal

    def wait_for(self, item: PlannedItem, job: Job) -> None:
        """Add a job that is at fal."""
        with self._lock:
            self._at_fal[item.id] = (item, job)
            self._polling.add(item.id, job.endpoint)
            self._can_poll.notify()

    def next_poll(self) -> tuple[PlannedItem, Job] | None:
        """The next job to poll, once it is due."""
        with self._lock:
            while not self._shutting_down:
                if (key := self._polling.due()) is not None:
                    return self._at_fal[key]
                self._can_poll.wait(min(self._polling.pause_s() or 0.01, MAX_WAIT_S))
            return None

    def poll_later(self, item: PlannedItem, *, running: bool = False) -> None:
        """The job has not ended: poll it again later."""
        with self._lock:
            if running:
                self._running.add(item.id)
            self._polling.later(item.id)

    def ended_at_fal(self, item: PlannedItem, job: Job) -> None:
        """The job has ended at fal, with a result or an error: it is to be fetched."""
        with self._lock:
            self._no_longer_at_fal(item, learn=True)
            self._to_fetch.append((item, job))
            self._can_fetch.notify()

    def polling_stopped(self, item: PlannedItem) -> None:
        """The job has not ended, but is not polled any more."""
        with self._lock:
            self._no_longer_at_fal(item, learn=False)

    def _no_longer_at_fal(self, item: PlannedItem, *, learn: bool) -> None:
        self._polling.ended(item.id, learn=learn)
        self._at_fal.pop(item.id, None)
        self._running.discard(item.id)
        self._can_submit.notify()

    # Leased by another process

    def add_leased(self, item: PlannedItem, job: Job) -> None:
        """Add a job that another live process has leased."""
        with self._lock:
            self._leased_by_others[item.id] = (item, job)

    def leased_by_others(self) -> list[tuple[PlannedItem, Job]]:
        """The items whose jobs another process has leased; none during a shutdown."""
        with self._lock:
            return [] if self._shutting_down else list(self._leased_by_others.values())

    def remove_leased(self, item: PlannedItem) -> None:
        """The job of this item is no longer leased by another process."""
        with self._lock:
            self._leased_by_others.pop(item.id, None)

    # Fetching

    def add_fetch(self, item: PlannedItem, job: Job) -> None:
        """Add a job whose result fal has."""
        with self._lock:
            self._to_fetch.append((item, job))
            self._can_fetch.notify()

    def next_fetch(self) -> tuple[PlannedItem, Job] | None:
        """The next job to fetch. Call `fetched` afterwards."""
        with self._lock:
            while not self._to_fetch:
                if self._shutting_down:
                    return None
                self._can_fetch.wait(MAX_WAIT_S)
            self._fetching += 1
            if len(self._to_fetch) == self._window + 1:
                self._can_submit.notify_all()
            return self._to_fetch.popleft()

    def fetched(self) -> None:
        """The fetch of a job from `next_fetch` has ended, well or not."""
        with self._lock:
            self._fetching -= 1

    # Outcomes

    def add_outcome(self, outcome: ItemOutcome) -> None:
        """Add the outcome of an item, and count it."""
        with self._lock:
            self._outcome_counts[outcome.state] += 1
            self._outcomes.put(outcome)

    def next_outcome(self, timeout_s: float) -> ItemOutcome | None:
        """The next outcome; None if there is none within `timeout_s` seconds."""
        try:
            return self._outcomes.get(timeout=timeout_s)
        except Empty:
            return None

    def ready_outcomes(self) -> list[ItemOutcome]:
        """The outcomes that are there now."""
        outcomes = []
        while not self._outcomes.empty():
            outcomes.append(self._outcomes.get_nowait())
        return outcomes

    def shut_down(self, timeout_s: float) -> None:
        """Let all threads end. Waits up to `timeout_s` seconds for submits to end."""
        with self._lock:
            self._shutting_down = True
            for condition in (self._can_submit, self._can_poll, self._can_fetch):
                condition.notify_all()
            end = self._clock() + timeout_s
            while self._sending and self._clock() < end:
                self._submit_ended.wait(0.1)
