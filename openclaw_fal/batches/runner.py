"""Runs the items of a batch: a bounded window of jobs at fal, each sent once, each fetched soon.

Threads do what waits for others: some submit, one asks how jobs stand, four fetch results. All that
they know of each other stands in `_State`, behind one lock. What may be sent is decided by the
journal alone: an item's key names its request there, in every process that runs the batch.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from openclaw_fal.batches.item import ItemEnd, ItemState, PlannedItem, Work
from openclaw_fal.batches.polling import Polling
from openclaw_fal.errors import (
    AuthError,
    BillingError,
    BudgetError,
    Interrupted,
    LocalError,
    OpenClawFalError,
    TimedOut,
    Unreachable,
)
from openclaw_fal.progress import Counts

if TYPE_CHECKING:
    from openclaw_fal.journal.record import Job

DOWNLOADS = 4
"""Results that are fetched at the same time."""

MOST_SUBMITTERS = 8
"""Requests that are on their way to fal at the same time."""

MOMENT_S = 0.1
"""Ends within this many seconds are written down together."""

LEAVING_S = 6.0
"""How long an interrupted run waits for fal's answers to what is on its way: they name the jobs."""

MOST_FAULTS = 5
"""Submits in a row that do not reach fal before no more are tried."""

ELSEWHERE_EVERY_S = 1.0
"""The pause between two looks at items that another process has in hand."""


class Runner:
    """One run of a batch in this process. `window` is the most jobs that wait at fal for us."""

    def __init__(
        self,
        items: Sequence[PlannedItem],
        work: Work,
        *,
        window: int,
        fail_fast: bool = False,
        submit: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._items, self._work = items, work
        self._window, self._fail_fast = window, fail_fast
        self._clock = clock
        self._lock = threading.Condition()
        self._pending: deque[PlannedItem] = deque(items if submit else ())
        self._not_begun = () if submit else tuple(items)
        self._sending = 0
        self._at_fal: dict[str, tuple[PlannedItem, Job]] = {}
        self._is_running: set[str] = set()
        self._elsewhere: dict[str, tuple[PlannedItem, Job]] = {}
        self._elsewhere_at = 0.0
        self._to_fetch: deque[tuple[PlannedItem, Job]] = deque()
        self._fetching = 0
        self._polling = Polling(float(window), clock)
        self._ends: SimpleQueue[ItemEnd] = SimpleQueue()
        self._counted: dict[ItemState, int] = dict.fromkeys(
            ("done", "failed", "uncertain", "running", "not_sent"), 0
        )
        self._faults = 0
        self._leaving = False
        self.stopped_by: OpenClawFalError | None = None
        """Why no more items are sent, though some are left."""

    def counts(self) -> Counts:
        with self._lock:
            return Counts(
                total=len(self._items),
                done=self._counted["done"],
                failed=self._counted["failed"],
                uncertain=self._counted["uncertain"],
                submitted=len(self._at_fal) - len(self._is_running),
                running=len(self._is_running),
                fetching=self._fetching + len(self._to_fetch),
                pending=len(self._pending) + self._sending,
            )

    def run(self) -> Generator[list[ItemEnd], None, None]:
        """The items' ends as they come, those of the same moment together.

        An item that was not begun has no end. Raises Interrupted after Ctrl-C, with all that was
        on its way in the journal.
        """
        self._sort_known()
        threads = [
            threading.Thread(target=self._submitter, daemon=True)
            for _ in range(min(self._window, MOST_SUBMITTERS))
        ]
        threads.append(threading.Thread(target=self._poller, daemon=True))
        threads += [threading.Thread(target=self._fetcher, daemon=True) for _ in range(DOWNLOADS)]
        for thread in threads:
            thread.start()
        try:
            while True:
                if not (ends := self._next_ends()):
                    self._look_elsewhere()
                    if self._is_over() and self._ends.empty():
                        return
                    continue
                yield ends
        except KeyboardInterrupt:
            self._leave()
            yield self._left_over()
            raise Interrupted(self._where_it_stands()) from None
        finally:
            self._leave()

    # What the journal knows at the start

    def _sort_known(self) -> None:
        """Items that an earlier or another run has begun are not sent again."""
        known = self._work.known()
        pending: deque[PlannedItem] = deque()
        for item in self._items:
            job = known.get(item.id)
            if job is None or job.state == "not_sent":
                if not self._not_begun:
                    pending.append(item)
                continue
            self._take_up(item, job)
        with self._lock:
            self._pending = pending

    def _take_up(self, item: PlannedItem, job: Job) -> None:
        """Go on with the job of an item, wherever it stands."""
        if job.state in ("done", "completed", "saving"):
            with self._lock:
                self._to_fetch.append((item, job))
                self._lock.notify_all()
        elif job.state in ("failed", "cancelled"):
            self._end(ItemEnd(item, "failed", job))
        elif self._work.held_elsewhere(job):
            with self._lock:
                self._elsewhere[item.id] = (item, job)
        elif job.state in ("sending", "uncertain") and not job.status_url:
            self._clear_up(item, job)
        else:
            self._wait_for(item, job)

    def _clear_up(self, item: PlannedItem, job: Job) -> None:
        """An uncertain item: go on with its job where fal can say which it is."""
        try:
            adopted = self._work.reconciled(job)
        except OpenClawFalError as error:
            self._end(ItemEnd(item, "uncertain", job, error=error))
            return
        if adopted is None:
            self._end(ItemEnd(item, "uncertain", job))
        else:
            self._take_up(item, adopted)

    def _wait_for(self, item: PlannedItem, job: Job) -> None:
        with self._lock:
            self._at_fal[item.id] = (item, job)
            self._polling.add(item.id, job.endpoint)
            self._lock.notify_all()

    # Submitting

    def _submitter(self) -> None:
        while (item := self._next_pending()) is not None:
            try:
                self._submit(item)
            except Exception as error:
                self._end(ItemEnd(item, "failed", error=_foreseen(error)))
            finally:
                with self._lock:
                    self._sending -= 1
                    self._lock.notify_all()

    def _next_pending(self) -> PlannedItem | None:
        """The next item once there is room for it; None when no more are to be sent."""
        with self._lock:
            while not self._leaving and self.stopped_by is None:
                if self._pending and self._has_room():
                    self._sending += 1
                    return self._pending.popleft()
                if not (self._pending or self._sending or self._elsewhere):
                    return None
                self._lock.wait(0.5)
            return None

    def _has_room(self) -> bool:
        at_fal = len(self._at_fal) + self._sending
        return at_fal < self._window and len(self._to_fetch) <= self._window

    def _submit(self, item: PlannedItem) -> None:
        try:
            job = self._work.submit(item)
        except (AuthError, BillingError, BudgetError) as error:
            self._put_back(item)
            self._stop(error)
        except Unreachable as error:
            self._unreachable(item, error)
        except OpenClawFalError as error:
            self._end(ItemEnd(item, "failed", error=error))
        else:
            self._faults = 0
            self._take_up(item, job)

    def _unreachable(self, item: PlannedItem, error: Unreachable) -> None:
        """A submit that got no answer: uncertain if it may have arrived, else tried again later."""
        if error.may_have_arrived:
            job = self._work.known().get(item.id)
            if job is not None:
                self._clear_up(item, job)
            else:
                self._end(ItemEnd(item, "uncertain", error=error))
            return
        self._put_back(item)
        with self._lock:
            self._faults += 1
            faults = self._faults
        if faults >= MOST_FAULTS:
            self._stop(error)
        else:
            time.sleep(min(0.2 * 2**faults, 5.0))

    def _put_back(self, item: PlannedItem) -> None:
        with self._lock:
            self._pending.appendleft(item)

    def _stop(self, error: OpenClawFalError) -> None:
        """Send no more. What fal has taken is still waited for and saved."""
        with self._lock:
            self.stopped_by = self.stopped_by or error
            self._lock.notify_all()

    # Waiting

    def _poller(self) -> None:
        while True:
            with self._lock:
                key = self._polling.due()
                if key is None:
                    if self._leaving:
                        return
                    self._lock.wait(min(self._polling.pause_s() or 0.01, 0.2))
                    continue
                item, job = self._at_fal[key]
            self._look(item, job)

    def _look(self, item: PlannedItem, job: Job) -> None:
        try:
            look = self._work.look(job)
        except TimedOut as error:
            self._give_up(item, ItemEnd(item, "running", job, error=error))
        except Unreachable:
            with self._lock:
                self._polling.later(item.id)
        except OpenClawFalError as error:
            self._give_up(item, ItemEnd(item, "failed", job, error=error))
        except Exception as error:
            self._give_up(item, ItemEnd(item, "running", job, error=_foreseen(error)))
        else:
            with self._lock:
                if look.ended:
                    self._polling.ended(item.id)
                    self._at_fal.pop(item.id, None)
                    self._is_running.discard(item.id)
                    self._to_fetch.append((item, job))
                    self._lock.notify_all()
                else:
                    if look.running:
                        self._is_running.add(item.id)
                    self._polling.later(item.id, look.again_s)

    def _give_up(self, item: PlannedItem, end: ItemEnd) -> None:
        with self._lock:
            self._polling.ended(item.id, learn=False)
            self._at_fal.pop(item.id, None)
            self._is_running.discard(item.id)
        self._end(end)

    def _look_elsewhere(self) -> None:
        """Take over what another process had in hand when it has ended; follow it until then."""
        if not self._elsewhere or self._leaving:
            return
        now = self._clock()
        if now < self._elsewhere_at:
            return
        self._elsewhere_at = now + ELSEWHERE_EVERY_S
        known = self._work.known()
        for item, job in list(self._elsewhere.values()):
            job = known.get(item.id, job)
            if job.state in ("done", "failed", "cancelled") or not self._work.held_elsewhere(job):
                with self._lock:
                    self._elsewhere.pop(item.id, None)
                if job.state == "not_sent":
                    self._put_back(item)
                else:
                    self._take_up(item, job)

    # Fetching

    def _fetcher(self) -> None:
        while True:
            with self._lock:
                while not self._to_fetch:
                    if self._leaving:
                        return
                    self._lock.wait(0.5)
                item, job = self._to_fetch.popleft()
                self._fetching += 1
            try:
                self._fetch(item, job)
            finally:
                with self._lock:
                    self._fetching -= 1
                    self._lock.notify_all()

    def _fetch(self, item: PlannedItem, job: Job) -> None:
        try:
            generated = self._work.fetch(job)
        except (Unreachable, LocalError) as error:
            self._end(ItemEnd(item, "running", job, error=error))
        except OpenClawFalError as error:
            self._end(ItemEnd(item, "failed", job, error=error))
        except Exception as error:
            self._end(ItemEnd(item, "running", job, error=_foreseen(error)))
        else:
            self._end(ItemEnd(item, "done", job, generated))

    # The end

    def _end(self, end: ItemEnd) -> None:
        with self._lock:
            self._counted[end.state] += 1
            self._ends.put(end)
            if end.state == "failed" and self._fail_fast and self.stopped_by is None:
                self.stopped_by = end.error or OpenClawFalError(f"item {end.item.id} failed")
            self._lock.notify_all()

    def _is_over(self) -> bool:
        with self._lock:
            sending = self._sending or (self._pending and self.stopped_by is None)
            waiting = self._at_fal or self._to_fetch or self._fetching or self._elsewhere
            return not sending and not waiting

    def _leave(self) -> None:
        """No more submits or looks; wait a moment for answers and files that are on their way."""
        with self._lock:
            self._leaving = True
            self._lock.notify_all()
            end = self._clock() + LEAVING_S
            while self._sending and self._clock() < end:
                self._lock.wait(0.1)

    def _next_ends(self) -> list[ItemEnd]:
        """The ends of about the same moment; none when a moment brings none."""
        try:
            first = self._ends.get(timeout=0.2)
        except Empty:
            return []
        time.sleep(MOMENT_S)
        return [first, *self._left_over()]

    def _left_over(self) -> list[ItemEnd]:
        ends = []
        with suppress(Empty):
            while True:
                ends.append(self._ends.get_nowait())
        return ends

    def _where_it_stands(self) -> str:
        counts = self.counts()
        waiting = counts.submitted + counts.running + counts.fetching
        return (
            f"interrupted: {counts.done} of {counts.total} items are done, {waiting} are at fal, "
            f"{counts.pending} were not sent"
        )


def _foreseen(error: Exception) -> OpenClawFalError:
    """An error of one item, so that one failure never stops the rest."""
    if isinstance(error, OpenClawFalError):
        return error
    return OpenClawFalError(f"this is a bug in openclaw-fal: {type(error).__name__}: {error}")
