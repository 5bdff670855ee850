"""Compares the journal's costs with fal's bills, request by request. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

from openclaw_fal.frozen import Frozen
from openclaw_fal.money.amount import Money, parse_decimal, product

if TYPE_CHECKING:
    from openclaw_fal.money.cost import CostRow


class BillingEvent(Protocol):
    """The part of `fal.platform.BillingEvent` that is used; `cost` is a decimal text."""

    @property
    def request_id(self) -> str: ...
    @property
    def cost(self) -> str | None: ...
    @property
    def currency(self) -> str: ...


class Difference(Frozen):
    """A request with different costs in the journal and at fal; None: no bill on that side."""

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


class BillComparison(Frozen):
    """`compared` is the number of requests compared; `not_in_journal` the number that fal billed
    and this journal lacks: requests of other machines, and of deleted jobs."""

    compared: int
    differences: tuple[Difference, ...]
    not_in_journal: int


def compare_bills(
    rows: Iterable[CostRow], request_ids: Mapping[str, str | None], events: Iterable[BillingEvent]
) -> BillComparison:
    """Compares jobs with billing events.

    `request_ids`, by job, are for rows without one. Several events of one request are added up. A
    job without a bill on either side is not a difference: fal may bill it later.
    """
    bills: dict[str, Money] = {}
    seen: set[str] = set()
    for event in events:
        seen.add(event.request_id)
        cost = parse_decimal(event.cost)
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
    return BillComparison(len(known), tuple(differences), len(seen - known))


def _micro(money: Money | None) -> tuple[int, str]:
    """For comparison: no bill equals a bill of 0."""
    return (money.micro, money.currency) if money and money.micro else (0, "")
