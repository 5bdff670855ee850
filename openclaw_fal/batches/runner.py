"""Runs the items of a batch: a bounded window of jobs at fal, each sent once, each fetched soon.

Threads do what waits for others: some submit, one asks how jobs stand, four fetch results. All that
they know of each other stands in `Stages`. What may be sent is decided by the journal alone: an
item's key names its request there, in every process that runs the batch.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING

from openclaw_fal.batches.item import ItemEnd, ItemState, PlannedItem, Work
from openclaw_fal.batches.stages import Stages
from openclaw_fal.errors import (
    AuthError,
    BillingError,
    BudgetError,
    Interrupted,
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
        self._window, self._fail_fast, self._submits = window, fail_fast, submit
        self._clock = clock
        self._stages = Stages(len(items), window, clock)
        self._elsewhere_at = 0.0
        self._faults = 0

    @property
    def stopped_by(self) -> OpenClawFalError | None:
        """Why no more items are sent, though some are left."""
        return self._stages.stopped_by

    def counts(self) -> Counts:
        return self._stages.counts()

    def run(self) -> Generator[list[ItemEnd], None, None]:
        """The items' ends as they come, those of the same moment together.

        An item that was not begun has no end. Raises Interrupted after Ctrl-C, with all that was
        on its way in the journal.
        """
        self._sort_known()
        loops = [self._submitter] * min(self._window, MOST_SUBMITTERS)
        stages = self._stages
        try:  # Ctrl-C may come while the first of them submits already
            for loop in (*loops, self._poller, *[self._fetcher] * DOWNLOADS):
                threading.Thread(target=loop, daemon=True).start()
            while not stages.is_over():
                if first := stages.next_end(0.2):
                    time.sleep(MOMENT_S)
                    yield [first, *stages.ends_so_far()]
                else:
                    self._look_elsewhere()
        except KeyboardInterrupt:
            stages.leave(LEAVING_S)
            yield stages.ends_so_far()
            raise Interrupted(self._where_it_stands()) from None
        finally:
            stages.leave(LEAVING_S)

    # What the journal knows at the start

    def _sort_known(self) -> None:
        """Items that an earlier or another run has begun are not sent again."""
        known = self._work.known()
        pending = []
        for item in self._items:
            job = known.get(item.id)
            if job is not None and job.state != "not_sent":
                self._take_up(item, job)
            elif self._submits:
                pending.append(item)
        self._stages.add_pending(pending)

    def _take_up(self, item: PlannedItem, job: Job) -> None:
        """Go on with the job of an item, wherever it stands."""
        if job.state in ("done", "completed", "saving"):
            self._stages.add_fetch(item, job)
        elif job.state in ("failed", "cancelled"):
            self._end(ItemEnd(item, "failed", job))
        elif self._work.held_elsewhere(job):
            self._stages.follow(item, job)
        elif job.state in ("sending", "uncertain") and not job.status_url:
            self._clear_up(item, job)
        else:
            self._stages.wait_for(item, job)

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

    # Submitting

    def _submitter(self) -> None:
        while (item := self._stages.next_pending()) is not None:
            try:
                self._submit(item)
            except Exception as error:
                self._end(ItemEnd(item, "failed", error=_foreseen(error)))
            finally:
                self._stages.sent()

    def _submit(self, item: PlannedItem) -> None:
        try:
            job = self._work.submit(item)
        except (AuthError, BillingError, BudgetError) as error:
            self._stages.put_back(item)
            self._stages.stop(error)
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
            self._clear_up(item, self._work.job(error.job_id or ""))
            return
        self._stages.put_back(item)
        self._faults += 1  # of several threads, one may be missed
        if self._faults >= MOST_FAULTS:
            self._stages.stop(error)
        else:
            time.sleep(min(0.2 * 2**self._faults, 5.0))

    # Waiting

    def _poller(self) -> None:
        while (due := self._stages.next_look()) is not None:
            self._look(*due)

    def _look(self, item: PlannedItem, job: Job) -> None:
        try:
            look = self._work.look(job)
        except TimedOut as error:
            self._give_up(ItemEnd(item, "running", job, error=error))
        except Unreachable:
            self._stages.goes_on(item)
        except OpenClawFalError:  # fetching asks again, and judges
            self._stages.ended_at_fal(item, job)
        except Exception as error:
            self._give_up(ItemEnd(item, "running", job, error=_foreseen(error)))
        else:
            if look.ended:
                self._stages.ended_at_fal(item, job)
            else:
                self._stages.goes_on(item, running=look.running, again_s=look.again_s)

    def _give_up(self, end: ItemEnd) -> None:
        self._end(end)
        self._stages.gave_up(end.item)

    def _look_elsewhere(self) -> None:
        """Take over what another process had in hand when it has ended; follow it until then."""
        if not (followed := self._stages.followed()) or self._clock() < self._elsewhere_at:
            return
        self._elsewhere_at = self._clock() + ELSEWHERE_EVERY_S
        for item, job in followed:
            job = self._work.job(job.id)
            ended = job.state in ("done", "failed", "cancelled")
            if ended or not self._work.held_elsewhere(job):
                if job.state == "not_sent":
                    self._stages.put_back(item)
                else:
                    self._take_up(item, job)
                self._stages.unfollow(item)

    # Fetching

    def _fetcher(self) -> None:
        while (due := self._stages.next_fetch()) is not None:
            try:
                self._end(self._fetched(*due))
            finally:
                self._stages.fetched()

    def _fetched(self, item: PlannedItem, job: Job) -> ItemEnd:
        try:
            return ItemEnd(item, "done", job, self._work.fetch(job))
        except Exception as error:
            state: ItemState = "failed" if self._work.has_failed(job) else "running"
            return ItemEnd(item, state, job, error=_foreseen(error))

    # The end

    def _end(self, end: ItemEnd) -> None:
        self._stages.end(end)
        if end.state == "failed" and self._fail_fast:
            self._stages.stop(end.error or OpenClawFalError(f"item {end.item.id} failed"))

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
