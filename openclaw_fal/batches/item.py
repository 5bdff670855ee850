"""One item of a batch: the request that was planned for it, and its outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from openclaw_fal.errors import OpenClawFalError
from openclaw_fal.frozen import Frozen

if TYPE_CHECKING:
    from openclaw_fal.journal.record import Job
    from openclaw_fal.media import Generated, MediaRequest, Plan


class PlannedItem(Frozen):
    """One item, ready to be sent. `line` is its line in the manifest; `named` says whether the
    manifest gives its id."""

    id: str
    line: int
    request: MediaRequest
    plan: Plan
    output: str | None = None
    named: bool = False

    @property
    def count(self) -> int:
        """How many files the request asks for."""
        return getattr(self.request, "count", None) or 1


ItemState = Literal["done", "failed", "uncertain", "running"]


class ItemOutcome(Frozen):
    """The outcome of one item in one run. A later run goes on with an item that is `running` or
    `uncertain`."""

    item: PlannedItem
    state: ItemState
    job: Job | None = None
    generated: Generated | None = None
    error: OpenClawFalError | None = None
