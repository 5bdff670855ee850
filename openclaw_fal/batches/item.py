"""One item of a batch: as it is planned, what is done for it, and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

from openclaw_fal.errors import OpenClawFalError
from openclaw_fal.frozen import Frozen

if TYPE_CHECKING:
    from openclaw_fal.journal.record import Job
    from openclaw_fal.media import Generated, MediaRequest, Plan


class PlannedItem(Frozen):
    """One item, ready to be sent. `count` is how many files it makes, as far as it is known;
    `named` whether its id is the user's."""

    id: str
    line: int
    request: MediaRequest
    plan: Plan
    output: str | None = None
    named: bool = False

    @property
    def count(self) -> int:
        return getattr(self.request, "count", None) or 1


ItemState = Literal["done", "failed", "uncertain", "running", "not_sent"]


class ItemEnd(Frozen):
    """What came of one item. `running` and `uncertain` can be picked up by a later run."""

    item: PlannedItem
    state: ItemState
    job: Job | None = None
    generated: Generated | None = None
    error: OpenClawFalError | None = None


class Look(Frozen):
    """What fal says of a job: whether it has ended, and whether it runs. `again_s` is the pause
    that fal asks for."""

    ended: bool
    running: bool = False
    again_s: float = 0.0


class Work(Protocol):
    """What the runner has done for it; every method may be called from any thread."""

    def known(self) -> dict[str, Job]:
        """The jobs of this batch in the journal, by item id."""

    def job(self, job_id: str) -> Job:
        """One of these jobs, as it now stands."""

    def has_failed(self, job: Job) -> bool:
        """Whether the journal has the job as ended without a result."""

    def submit(self, item: PlannedItem) -> Job:
        """Send an item once, or find the job that was sent for it before."""

    def held_elsewhere(self, job: Job) -> bool:
        """Whether another process that lives has the job in hand; if not, it is ours from now."""

    def look(self, job: Job) -> Look:
        """Ask fal how a job stands. Raises Unreachable when fal gave no state."""

    def fetch(self, job: Job) -> Generated:
        """The result of a job that has ended, with its files saved."""

    def reconciled(self, job: Job) -> Job | None:
        """The uncertain job, if fal can say which request it became."""
