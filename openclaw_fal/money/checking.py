"""The journal's costs beside what fal has billed, request by request. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

from openclaw_fal.frozen import Frozen
from openclaw_fal.money.amount import Money, number, product

if TYPE_CHECKING:
    from openclaw_fal.money.cost import CostRow


class Event(Protocol):
    """What `fal.platform.BillingEvent` has: `cost` is a decimal text."""

    @property
    def request_id(self) -> str: ...
    @property
    def cost(self) -> str | None: ...
    @property
    def currency(self) -> str: ...


class Difference(Frozen):
    """A request of which the journal and fal say different things; None: nothing was billed, as far
    as that side knows."""

    job_id: str
    request_id: str
    model: str
    journal: Money | None
    fal: Money | None

    def as_json(self) -> dict[str, object]:
        known = self.fal or self.journal
        return {
            "jobId": self.job_id,
            "requestId": self.request_id,
            "model": self.model,
            "journal": self.journal.decimal if self.journal else None,
            "fal": self.fal.decimal if self.fal else None,
            "currency": known.currency if known else "USD",
        }


class Check(Frozen):
    """`compared` requests were looked at. `elsewhere` are requests that fal has billed and this
    journal does not know: those of other machines, or of jobs that were forgotten."""

    compared: int
    differences: tuple[Difference, ...]
    elsewhere: int


def compared(
    rows: Iterable[CostRow], request_ids: Mapping[str, str | None], events: Iterable[Event]
) -> Check:
    """Compare jobs with billing events. `request_ids` has those that the costs have not, by job.

    Several events of one request are added up. A job without a bill on either side is no
    difference: fal may yet bill it.
    """
    bills: dict[str, Money] = {}
    seen: set[str] = set()
    for event in events:
        seen.add(event.request_id)
        cost = number(event.cost)
        money = None if cost is None else product(cost, Decimal(1), event.currency)
        if money is not None:
            before = bills.get(event.request_id)
            micro = money.micro + (before.micro if before else 0)
            bills[event.request_id] = Money(micro, money.currency)
    differences, known = [], set()
    for row in rows:
        request_id = row.request_id or request_ids.get(row.job_id)
        if request_id is None:
            continue
        known.add(request_id)
        ours, theirs = row.cost.billed, bills.get(request_id)
        if _micro(ours) != _micro(theirs):
            differences.append(Difference(row.job_id, request_id, row.model, ours, theirs))
    return Check(len(known), tuple(differences), len(seen - known))


def _micro(money: Money | None) -> tuple[int, str]:
    """Nothing billed and a bill of nothing are the same."""
    return (money.micro, money.currency) if money and money.micro else (0, "")
