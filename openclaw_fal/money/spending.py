"""What was spent, added up by model, day, batch or kind. Pure."""

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

    `billed` is what fal's billable units come to. `open` is the estimate of what may yet be billed:
    jobs that run, and those of which nobody knows. `unknown` counts the jobs in neither.
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
    """One group for each model, day (UTC), batch or kind and each currency, in order of name.

    Jobs that were never sent, or failed at fal's own fault, cost nothing and are in none.
    """
    name_of: Mapping[By, Callable[[CostRow], str]] = {
        "model": lambda row: row.model,
        "day": lambda row: datetime.fromtimestamp(row.created, UTC).strftime("%Y-%m-%d"),
        "batch": lambda row: row.batch or "(no batch)",
        "kind": lambda row: row.kind,
    }
    return _added(rows, name_of[by])


def total(rows: Iterable[CostRow]) -> list[Group]:
    """Everything, in one group for each currency."""
    return _added(rows, lambda _: "total") or [Group("total", 0, Money(0), Money(0), 0)]


def _added(rows: Iterable[CostRow], name_of: Callable[[CostRow], str]) -> list[Group]:
    sums: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        cost = row.cost
        if cost.state == "released":
            continue
        known = cost.billed or cost.estimated
        sums_of = sums.setdefault((name_of(row), known.currency if known else "USD"), [0, 0, 0, 0])
        sums_of[0] += 1
        if known is None:
            sums_of[3] += 1
        else:
            sums_of[1 if cost.billed else 2] += known.micro
    return [
        Group(name, jobs, Money(billed, currency), Money(opened, currency), unknown)
        for (name, currency), (jobs, billed, opened, unknown) in sorted(sums.items())
    ]
