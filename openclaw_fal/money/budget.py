"""Budgets: how much may be spent, and whether one more request fits. Pure."""

from __future__ import annotations

import fnmatch
from datetime import UTC, datetime
from typing import Literal, assert_never, get_args

from openclaw_fal.errors import BudgetError
from openclaw_fal.frozen import Frozen
from openclaw_fal.money.amount import Money
from openclaw_fal.money.estimate import Estimate

Period = Literal["run", "day", "month"]
PERIODS: tuple[Period, ...] = get_args(Period)

CostState = Literal["reserved", "settled", "released", "held"]
"""The state of a job's cost.

reserved: the request is being sent, or its job runs. settled: fal has reported the billed units.
released: nothing is billed (it was never sent, or fal itself failed). held: it may be billed, so it
counts: it is unknown whether it arrived, or fal refused it after it had run.
"""
COUNTED: tuple[CostState, ...] = ("reserved", "settled", "held")

_FREE = (401, 402, 403, 404, 413, 429)
"""HTTP statuses with which fal says that it did not accept the request."""


class Cap(Frozen):
    """A limit on spending.

    `per`: one run of a command (a batch is one run), or a calendar day or month (UTC). `model`: the
    limit is only for endpoints that match this pattern (`fal-ai/veo*`). `origin` says where the
    limit was set.
    """

    limit: Money
    per: Period = "run"
    model: str | None = None
    origin: str = "--max-spend"

    def covers(self, *endpoints: str) -> bool:
        """Whether the limit applies to any of these endpoints."""
        pattern = None if self.model is None else self.model.removeprefix("fal/").lower()
        return pattern is None or any(
            fnmatch.fnmatchcase(endpoint.lower(), pattern) for endpoint in endpoints
        )

    def spent_of(self, spent: Spent) -> Money:
        """The spent amount, in the currency of the limit."""
        return Money(spent.micro, self.limit.currency)

    def remaining(self, spent: Spent) -> Money:
        """The amount that may still be spent; never negative."""
        return Money(max(self.limit.micro - spent.micro, 0), self.limit.currency)

    def __str__(self) -> str:
        models = f" for {self.model}" if self.model else ""
        return f"{self.limit} per {self.per}{models}"


class Spent(Frozen):
    """What counts against a cap: `micro` is the sum of reserved, settled and held costs, in
    millionths; `unknown` is the number of jobs with unknown cost, which are not in the sum."""

    micro: int = 0
    unknown: int = 0


def period_start(per: Period, now: float) -> float:
    """The start of the period that `now` is in, in seconds since 1970; 0 for a run."""
    today = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    match per:
        case "run":
            return 0.0
        case "day":
            return today.timestamp()
        case "month":
            return today.replace(day=1).timestamp()
    assert_never(per)


def check(cap: Cap, spent: Spent, expected: Estimate, model: str) -> None:
    """Raises BudgetError when a request of the expected cost does not fit under the cap."""
    remaining = cap.remaining(spent)
    facts = {
        "per": cap.per,
        "model": cap.model,
        "origin": cap.origin,
        "limit": cap.limit.decimal,
        "spent": cap.spent_of(spent).decimal,
        "remaining": remaining.decimal,
        "asked": expected.amount.decimal if expected.amount else None,
        "currency": cap.limit.currency,
    }
    if expected.amount is None:
        raise BudgetError(
            f"the cost of this request is {expected.detail}; under a budget ({cap}, {cap.origin}) "
            "such a request is not sent",
            hint="--assume-cost USD sets the cost to count for it",
            budget=facts,
            model=model,
        )
    if expected.amount.currency != cap.limit.currency:
        raise BudgetError(
            f"the request costs {expected.amount}, and the budget is in {cap.limit.currency}; "
            "nothing was sent",
            hint="openclaw budget show",
            budget=facts,
            model=model,
        )
    if spent.micro + expected.amount.micro > cap.limit.micro:
        raise BudgetError(
            f"the request would exceed the budget of {cap} ({cap.origin}): {remaining} remains, "
            f"and the request costs {expected.detail}; nothing was sent",
            hint=_HIGHER.get(cap.origin, "openclaw budget show, openclaw spend"),
            budget=facts,
            model=model,
        )


_HIGHER = {
    origin: f"a higher {origin}, or a cheaper --model"
    for origin in ("--max-spend", "OPENCLAW_FAL_MAX_SPEND")
}


def state_after(job_state: str, http_status: int | None, *, billed: bool) -> CostState:
    """The state of a job's cost, from the job's own state in the journal.

    `billed`: whether fal has reported the billed units; `http_status`: that of a failure.
    """
    if job_state in ("completed", "saving", "done", "expired"):
        return "settled"
    if job_state == "not_sent":
        return "released"
    if job_state in ("sending", "queued", "running"):
        return "reserved"
    if billed:
        return "settled"
    if job_state == "failed" and http_status is not None:
        timed_out = http_status in (408, 504)
        if http_status in _FREE or (http_status >= 500 and not timed_out):
            return "released"
    return "held"
