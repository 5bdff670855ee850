"""Sums of spending by model, day, batch or kind. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Literal

from openclaw_fal.frozen import Frozen
from openclaw_fal.money.amount import Money
from openclaw_fal.money.cost import CostRow

By = Literal["model", "day", "batch", "kind"]


class Group(Frozen):
    """The jobs of one model, day, batch or kind.

    `billed`: the cost of fal's billable units. `open`: the estimated cost of jobs without a bill
    yet. `unknown`: the number of jobs without a bill and without an estimate.
    """

    name: str
    jobs: int
    billed: Money
    open: Money
    unknown: int

    def as_json(self) -> dict[str, object]:
        return {
            "jobs": self.jobs,
            "billed": self.billed.decimal,
            "open": self.open.decimal,
            "unknown": self.unknown,
            "currency": self.billed.currency,
        }


def grouped(rows: Iterable[CostRow], by: By) -> list[Group]:
    """One group for each model, day (UTC), batch or kind, and for each currency, sorted by name.

    Released jobs (never sent, or failed by fal's fault) cost nothing and are left out.
    """
    name_of: Mapping[By, Callable[[CostRow], str]] = {
        "model": lambda row: row.model,
        "day": lambda row: datetime.fromtimestamp(row.created, UTC).strftime("%Y-%m-%d"),
        "batch": lambda row: row.batch or "(no batch)",
        "kind": lambda row: row.kind,
    }
    return _sums(rows, name_of[by])


def total(rows: Iterable[CostRow]) -> list[Group]:
    """All jobs, in one group for each currency."""
    return _sums(rows, lambda _: "total") or [Group("total", 0, Money(0), Money(0), 0)]


def _sums(rows: Iterable[CostRow], name_of: Callable[[CostRow], str]) -> list[Group]:
    sums: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        cost = row.cost
        if cost.state == "released":
            continue
        amount = cost.billed or cost.estimated
        group = (name_of(row), amount.currency if amount else "USD")
        columns = sums.setdefault(group, [0, 0, 0, 0])  # jobs, billed, open, unknown
        columns[0] += 1
        if amount is None:
            columns[3] += 1
        else:
            columns[1 if cost.billed else 2] += amount.micro
    return [
        Group(name, jobs, Money(billed, currency), Money(opened, currency), unknown)
        for (name, currency), (jobs, billed, opened, unknown) in sorted(sums.items())
    ]
