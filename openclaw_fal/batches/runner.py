"""Runs the items of a batch: each is sent once, and at most `window` jobs are at fal at a time.

Some threads submit, one polls, four fetch results; they share their state in `Stages`. Only the
journal decides whether an item may be sent: its key there is the same in every process.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING

from openclaw_fal.batches.item import ItemOutcome, ItemState, PlannedItem
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
from openclaw_fal.journal.record import UNSUCCESSFUL
from openclaw_fal.progress import Counts
from openclaw_fal.text import counted

if TYPE_CHECKING:
    from openclaw_fal.batches.jobs import BatchJobs
    from openclaw_fal.journal.record import Job

FETCHERS = 4
"""Threads that fetch results."""

MAX_SUBMITTERS = 8
"""The most threads that submit requests."""

GROUP_S = 0.1
"""Outcomes that follow within this many seconds are returned together."""

SHUTDOWN_S = 6.0
"""How long an interrupted run waits for the answers to its submits: they have the request ids."""

MAX_FAILED_SUBMITS = 5
"""After this many submits in a row that did not reach fal, no more are sent."""

LEASE_CHECK_EVERY_S = 1.0
"""Seconds between two checks of the items that another process has leased."""


class Runner:
    """One run of a batch. `window` is the most jobs at fal at the same time. Without `submit`, only
    jobs that were sent before are fetched."""

    def __init__(
        self,
        items: Sequence[PlannedItem],
        jobs: BatchJobs,
        *,
        window: int,
        fail_fast: bool = False,
        submit: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._items, self._jobs = items, jobs
        self._window, self._fail_fast, self._may_submit = window, fail_fast, submit
        self._clock = clock
        self._stages = Stages(len(items), window, clock)
        self._next_lease_check = 0.0
        self._failed_submits = 0

    @property
    def stopped_by(self) -> OpenClawFalError | None:
        """The error that stopped the sending, if one did."""
        return self._stages.stopped_by

    def counts(self) -> Counts:
        """How many items are in each state now."""
        return self._stages.counts()

    def run(self) -> Generator[list[ItemOutcome], None, None]:
        """Yield the outcomes as they come, in groups. An item that was not sent has none.

        After Ctrl-C, raises Interrupted once the answers to its submits are in the journal.
        """
        self._sort_items()
        loops = [self._submitter] * min(self._window, MAX_SUBMITTERS)
        stages = self._stages
        try:  # Ctrl-C may come while threads start and the first already submits
            for loop in (*loops, self._poller, *[self._fetcher] * FETCHERS):
                threading.Thread(target=loop, daemon=True).start()
            while not stages.is_over():
                if first := stages.next_outcome(timeout_s=0.2):
                    time.sleep(GROUP_S)
                    yield [first, *stages.ready_outcomes()]
                else:
                    self._check_leases()
        except KeyboardInterrupt:
            stages.shut_down(SHUTDOWN_S)
            yield stages.ready_outcomes()
            raise Interrupted(self._interrupted_message()) from None
        finally:
            stages.shut_down(SHUTDOWN_S)

    # The start

    def _sort_items(self) -> None:
        """Go on with the items that the journal has a job for; queue the others to be sent."""
        known = self._jobs.known()
        pending = []
        for item in self._items:
            job = known.get(item.id)
            if job is not None and job.state != "not_sent":
                self._continue_with(item, job)
            elif self._may_submit:
                pending.append(item)
        self._stages.add_pending(pending)

    def _continue_with(self, item: PlannedItem, job: Job) -> None:
        """Take the next step for a job, as its state in the journal says."""
        if job.state in ("done", "completed", "saving"):
            self._stages.add_fetch(item, job)
        elif job.state in UNSUCCESSFUL:
            self._finish(ItemOutcome(item, "failed", job))
        elif not self._jobs.lease(job):
            self._stages.add_leased(item, job)
        elif job.state in ("sending", "uncertain") and not job.status_url:
            self._reconcile(item, job)
        else:
            self._stages.wait_for(item, job)

    def _reconcile(self, item: PlannedItem, job: Job) -> None:
        """Go on with an uncertain item if fal's list has its request."""
        try:
            identified = self._jobs.reconciled(job)
        except OpenClawFalError as error:
            self._finish(ItemOutcome(item, "uncertain", job, error=error))
            return
        if identified is None:
            self._finish(ItemOutcome(item, "uncertain", job))
        else:
            self._continue_with(item, identified)

    # Submitting

    def _submitter(self) -> None:
        while (item := self._stages.next_pending()) is not None:
            try:
                self._submit(item)
            except Exception as error:
                self._finish(ItemOutcome(item, "failed", error=_as_item_error(error)))
            finally:
                self._stages.sent()

    def _submit(self, item: PlannedItem) -> None:
        try:
            job = self._jobs.submit(item)
        except (AuthError, BillingError, BudgetError) as error:
            self._stages.put_back(item)
            self._stages.stop(error)
        except Unreachable as error:
            self._unreachable(item, error)
        except OpenClawFalError as error:
            self._finish(ItemOutcome(item, "failed", error=error))
        else:
            self._failed_submits = 0
            self._continue_with(item, job)

    def _unreachable(self, item: PlannedItem, error: Unreachable) -> None:
        """After a submit without an answer: reconcile if it may have arrived, else send again."""
        if error.may_have_arrived:
            self._reconcile(item, self._jobs.job(error.job_id or ""))
            return
        self._stages.put_back(item)
        self._failed_submits += 1  # not locked: a lost count only means one more try
        if self._failed_submits >= MAX_FAILED_SUBMITS:
            self._stages.stop(error)
        else:
            time.sleep(min(0.2 * 2**self._failed_submits, 5.0))

    # Waiting

    def _poller(self) -> None:
        while (due := self._stages.next_poll()) is not None:
            self._poll(*due)

    def _poll(self, item: PlannedItem, job: Job) -> None:
        try:
            state = self._jobs.poll(job)
        except TimedOut as error:
            self._stop_polling(ItemOutcome(item, "running", job, error=error))
        except Unreachable:
            self._stages.poll_later(item)
        except OpenClawFalError:  # the fetch asks again, and decides whether the job failed
            self._stages.ended_at_fal(item, job)
        except Exception as error:
            self._stop_polling(ItemOutcome(item, "running", job, error=_as_item_error(error)))
        else:
            if state == "ended":
                self._stages.ended_at_fal(item, job)
            else:
                self._stages.poll_later(item, running=state == "running")

    def _stop_polling(self, outcome: ItemOutcome) -> None:
        self._finish(outcome)
        self._stages.polling_stopped(outcome.item)

    def _check_leases(self) -> None:
        """Go on with items that another process has leased, once it has ended or finished them."""
        leased = self._stages.leased_by_others()
        if not leased or self._clock() < self._next_lease_check:
            return
        self._next_lease_check = self._clock() + LEASE_CHECK_EVERY_S
        for item, job in leased:
            job = self._jobs.job(job.id)
            ended = job.state in UNSUCCESSFUL | {"done"}
            if ended or self._jobs.lease(job):
                if job.state == "not_sent":
                    self._stages.put_back(item)
                else:
                    self._continue_with(item, job)
                self._stages.remove_leased(item)

    # Fetching

    def _fetcher(self) -> None:
        while (due := self._stages.next_fetch()) is not None:
            try:
                self._finish(self._fetched(*due))
            finally:
                self._stages.fetched()

    def _fetched(self, item: PlannedItem, job: Job) -> ItemOutcome:
        try:
            return ItemOutcome(item, "done", job, self._jobs.fetch(job))
        except Exception as error:
            state: ItemState = "failed" if self._jobs.has_failed(job) else "running"
            return ItemOutcome(item, state, job, error=_as_item_error(error))

    # Outcomes

    def _finish(self, outcome: ItemOutcome) -> None:
        self._stages.add_outcome(outcome)
        if outcome.state == "failed" and self._fail_fast:
            self._stages.stop(outcome.error or OpenClawFalError(f"item {outcome.item.id} failed"))

    def _interrupted_message(self) -> str:
        counts = self.counts()
        waiting = counts.submitted + counts.running + counts.fetching
        return (
            f"interrupted: of {counted(counts.total, 'item')}, {counts.done} done, "
            f"{waiting} at fal, {counts.pending} not sent"
        )


def _as_item_error(error: Exception) -> OpenClawFalError:
    """Any exception as the error of one item, so that it does not stop the others."""
    if isinstance(error, OpenClawFalError):
        return error
    return OpenClawFalError(f"this is a bug in openclaw-fal: {type(error).__name__}: {error}")
