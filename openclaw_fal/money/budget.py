"""Budgets: what may be spent, by whom, and whether one more request fits. Pure."""

from __future__ import annotations

import fnmatch
from datetime import UTC, datetime
from typing import Literal

from openclaw_fal.errors import BudgetError
from openclaw_fal.frozen import Frozen
from openclaw_fal.money.amount import Money
from openclaw_fal.money.estimate import Estimate

Period = Literal["run", "day", "month"]
PERIODS: tuple[Period, ...] = ("run", "day", "month")

CostState = Literal["reserved", "settled", "released", "held"]
"""How a job's cost stands.

reserved: the request is on its way, or its job runs. settled: fal has named the billed units.
released: nothing is billed (never sent, or a failure of fal's own). held: it may be billed, and
counts: nobody knows whether it arrived, or fal refused it after it had run.
"""
COUNTED: tuple[CostState, ...] = ("reserved", "settled", "held")

_FREE = (401, 402, 403, 404, 413, 429)
"""Statuses by which fal says that it has not taken a request."""


class Cap(Frozen):
    """A limit on what may be spent.

    `per`: one run of a command (a batch is one run), or a calendar day or month (UTC). `model`:
    only endpoints that match this pattern (`fal-ai/veo*`) count and are limited. `origin` names
    where the limit was set.
    """

    limit: Money
    per: Period = "run"
    model: str | None = None
    origin: str = "--max-spend"

    def covers(self, *endpoints: str) -> bool:
        """Whether the limit is on a request to any of these endpoints."""
        pattern = None if self.model is None else self.model.removeprefix("fal/").lower()
        return pattern is None or any(
            fnmatch.fnmatchcase(endpoint.lower(), pattern) for endpoint in endpoints
        )

    def spent_of(self, spent: Spent) -> Money:
        """What is spent, as an amount."""
        return Money(spent.micro, self.limit.currency)

    def remaining(self, spent: Spent) -> Money:
        """What may still be spent; never less than nothing."""
        return Money(max(self.limit.micro - spent.micro, 0), self.limit.currency)

    def __str__(self) -> str:
        models = f" for {self.model}" if self.model else ""
        return f"{self.limit} per {self.per}{models}"


class Spent(Frozen):
    """What counts against a cap already: the sum, in millionths, of what is reserved, settled and
    held; and how many jobs are not in it since nobody knows what they cost."""

    micro: int = 0
    unknown: int = 0


def since(per: Period, now: float) -> float:
    """When the period began that `now` lies in: seconds since 1970. A run has no beginning."""
    if per == "run":
        return 0.0
    moment = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return (moment.replace(day=1) if per == "month" else moment).timestamp()


def check(cap: Cap, spent: Spent, asked: Estimate, model: str) -> None:
    """Raises BudgetError when a request that costs `asked` does not fit under the cap."""
    remaining = cap.remaining(spent)
    facts = {
        "per": cap.per,
        "model": cap.model,
        "origin": cap.origin,
        "limit": cap.limit.decimal,
        "spent": cap.spent_of(spent).decimal,
        "remaining": remaining.decimal,
        "asked": asked.amount.decimal if asked.amount else None,
        "currency": cap.limit.currency,
    }
    if asked.amount is None:
        raise BudgetError(
            f"what this request costs is {asked.detail}; under a budget ({cap}, {cap.origin}) "
            "it is not sent",
            hint="--assume-cost USD says what to count it as",
            budget=facts,
            model=model,
        )
    if asked.amount.currency != cap.limit.currency:
        raise BudgetError(
            f"the request costs {asked.amount}, and the budget is in {cap.limit.currency}; "
            "nothing was sent",
            hint="openclaw budget show",
            budget=facts,
            model=model,
        )
    if spent.micro + asked.amount.micro > cap.limit.micro:
        raise BudgetError(
            f"the budget of {cap} ({cap.origin}) does not allow it: {remaining} remains, and the "
            f"request would cost {asked.detail}; nothing was sent",
            hint="openclaw budget show, openclaw spend",
            budget=facts,
            model=model,
        )


def state_after(job_state: str, http_status: int | None, *, billed: bool) -> CostState:
    """How the cost of a job stands, by the job's own state in the journal.

    `billed` is whether fal has named the billed units; `http_status` that of a failure.
    """
    if job_state in ("completed", "saving", "done"):
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
