"""Where each item of a running batch is: to be sent, at fal, to be fetched, ended. One lock.

Who waits for something is woken by its own condition: with one for all, each step of an item woke
a dozen threads, which cost more than the step.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from openclaw_fal.batches.item import ItemEnd, ItemState, PlannedItem
from openclaw_fal.batches.polling import Polling
from openclaw_fal.errors import OpenClawFalError
from openclaw_fal.progress import Counts

if TYPE_CHECKING:
    from openclaw_fal.journal.record import Job

AWAKE_S = 0.5
"""The longest wait for a thread that nobody wakes."""


class Stages:
    """The items of one run. `window` is the most jobs that wait at fal for us.

    Every method may be called from any thread. Those that give work wait for it, and return None
    when there is none any more.
    """

    def __init__(self, total: int, window: int, clock: Callable[[], float]) -> None:
        self._total, self._window, self._clock = total, window, clock
        self._lock = threading.Lock()
        self._room = threading.Condition(self._lock)
        self._looks = threading.Condition(self._lock)
        self._fetches = threading.Condition(self._lock)
        self._answers = threading.Condition(self._lock)
        self._pending: deque[PlannedItem] = deque()
        self._sending = 0
        self._at_fal: dict[str, tuple[PlannedItem, Job]] = {}
        self._running: set[str] = set()
        self._held_elsewhere: dict[str, tuple[PlannedItem, Job]] = {}
        self._to_fetch: deque[tuple[PlannedItem, Job]] = deque()
        self._fetching = 0
        self._polling = Polling(float(window), clock)
        self._ends: SimpleQueue[ItemEnd] = SimpleQueue()
        self._counted: dict[ItemState, int] = dict.fromkeys(
            ("done", "failed", "uncertain", "running", "not_sent"), 0
        )
        self._leaving = False
        self.stopped_by: OpenClawFalError | None = None
        """Why no more items are sent, though some are left."""

    def counts(self) -> Counts:
        with self._lock:
            return Counts(
                total=self._total,
                done=self._counted["done"],
                failed=self._counted["failed"],
                uncertain=self._counted["uncertain"],
                submitted=len(self._at_fal) - len(self._running),
                running=len(self._running),
                fetching=self._fetching + len(self._to_fetch),
                pending=len(self._pending) + self._sending,
            )

    def is_over(self) -> bool:
        """Whether nothing more will happen to any item."""
        with self._lock:
            sending = self._sending or (self._pending and self.stopped_by is None)
            waiting = self._at_fal or self._to_fetch or self._fetching or self._held_elsewhere
            return not sending and not waiting and self._ends.empty()

    # Sending

    def add_pending(self, items: Iterable[PlannedItem]) -> None:
        """Items to be sent, after those that are there."""
        with self._lock:
            self._pending.extend(items)
            self._room.notify_all()

    def put_back(self, item: PlannedItem) -> None:
        """An item that fal has provably not taken: it is the next to be sent."""
        with self._lock:
            self._pending.appendleft(item)
            self._room.notify()

    def next_pending(self) -> PlannedItem | None:
        """The next item once there is room for it at fal; `sent` follows."""
        with self._lock:
            while not self._leaving and self.stopped_by is None:
                if self._pending and self._has_room():
                    self._sending += 1
                    return self._pending.popleft()
                if not (self._pending or self._sending or self._held_elsewhere):
                    break
                self._room.wait(AWAKE_S)
            self._room.notify()  # the other submitters can go, too
            return None

    def _has_room(self) -> bool:
        at_fal = len(self._at_fal) + self._sending
        return at_fal < self._window and len(self._to_fetch) <= self._window

    def sent(self) -> None:
        """What `next_pending` gave has been dealt with."""
        with self._lock:
            self._sending -= 1
            self._room.notify()
            self._answers.notify()

    def stop(self, error: OpenClawFalError) -> None:
        """Send no more. What fal has taken is still waited for and saved."""
        with self._lock:
            self.stopped_by = self.stopped_by or error
            self._room.notify_all()

    # At fal

    def wait_for(self, item: PlannedItem, job: Job) -> None:
        with self._lock:
            self._at_fal[item.id] = (item, job)
            self._polling.add(item.id, job.endpoint)
            self._looks.notify()

    def next_look(self) -> tuple[PlannedItem, Job] | None:
        """The next job to ask fal for, once it is due."""
        with self._lock:
            while not self._leaving:
                if (key := self._polling.due()) is not None:
                    return self._at_fal[key]
                self._looks.wait(min(self._polling.pause_s() or 0.01, AWAKE_S))
            return None

    def goes_on(self, item: PlannedItem, *, running: bool = False, again_s: float = 0.0) -> None:
        """The job has not ended: it is asked for again later."""
        with self._lock:
            if running:
                self._running.add(item.id)
            self._polling.later(item.id, again_s)

    def ended_at_fal(self, item: PlannedItem, job: Job) -> None:
        """fal has the result, or a reason why there is none."""
        with self._lock:
            self._no_longer_at_fal(item, learn=True)
            self._to_fetch.append((item, job))
            self._fetches.notify()

    def gave_up(self, item: PlannedItem) -> None:
        """The job is not asked for any more, without an end."""
        with self._lock:
            self._no_longer_at_fal(item, learn=False)

    def _no_longer_at_fal(self, item: PlannedItem, *, learn: bool) -> None:
        self._polling.ended(item.id, learn=learn)
        self._at_fal.pop(item.id, None)
        self._running.discard(item.id)
        self._room.notify()

    # In the hands of another process

    def follow(self, item: PlannedItem, job: Job) -> None:
        """Another process that lives has the job."""
        with self._lock:
            self._held_elsewhere[item.id] = (item, job)

    def followed(self) -> list[tuple[PlannedItem, Job]]:
        with self._lock:
            return [] if self._leaving else list(self._held_elsewhere.values())

    def unfollow(self, item: PlannedItem) -> None:
        with self._lock:
            self._held_elsewhere.pop(item.id, None)

    # Fetching

    def add_fetch(self, item: PlannedItem, job: Job) -> None:
        """A job whose result is known to be there."""
        with self._lock:
            self._to_fetch.append((item, job))
            self._fetches.notify()

    def next_fetch(self) -> tuple[PlannedItem, Job] | None:
        """The next job to fetch; `fetched` follows."""
        with self._lock:
            while not self._to_fetch:
                if self._leaving:
                    return None
                self._fetches.wait(AWAKE_S)
            self._fetching += 1
            if len(self._to_fetch) == self._window + 1:
                self._room.notify_all()
            return self._to_fetch.popleft()

    def fetched(self) -> None:
        """What `next_fetch` gave has been dealt with."""
        with self._lock:
            self._fetching -= 1

    # Ends

    def end(self, end: ItemEnd) -> None:
        """What came of an item."""
        with self._lock:
            self._counted[end.state] += 1
            self._ends.put(end)

    def next_end(self, wait_s: float) -> ItemEnd | None:
        try:
            return self._ends.get(timeout=wait_s)
        except Empty:
            return None

    def ends_so_far(self) -> list[ItemEnd]:
        """The ends that nobody has seen yet."""
        ends = []
        while not self._ends.empty():
            ends.append(self._ends.get_nowait())
        return ends

    def leave(self, wait_s: float) -> None:
        """No more work for anybody. Waits up to `wait_s` seconds for what is on its way to fal."""
        with self._lock:
            self._leaving = True
            for condition in (self._room, self._looks, self._fetches):
                condition.notify_all()
            end = self._clock() + wait_s
            while self._sending and self._clock() < end:
                self._answers.wait(0.1)
