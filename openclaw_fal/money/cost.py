"""The cost of one job, and the reservation for it."""

from __future__ import annotations

from openclaw_fal.frozen import Frozen
from openclaw_fal.money.amount import Money
from openclaw_fal.money.budget import Cap, CostState
from openclaw_fal.money.estimate import Estimate, Source
from openclaw_fal.money.prices import Price


class Reservation(Frozen):
    """What a request needs from the budget; it is granted when the job's row is written.

    `caps` are the limits of this command (those of `openclaw budget set` are in the journal).
    `run` is the same for all requests of one command or batch. `options` is the text of
    `estimate.cost_options`, by which later estimates find this job's bill.
    """

    estimate: Estimate
    run: str
    options: str | None = None
    price: Price | None = None
    caps: tuple[Cap, ...] = ()
    batch: str | None = None


UNKNOWN = Reservation(Estimate(None, "unknown", "unknown"), run="")
"""The cost is unknown, and the command sets no limit."""


class Cost(Frozen):
    """The cost of a job: estimated before it was sent, and billed by fal's billable units.

    None: unknown. `sandbox`: no real money.
    """

    estimated: Money | None
    billed: Money | None
    source: Source
    state: CostState
    sandbox: bool = False

    def as_json(self) -> dict[str, str | None]:
        """`cost` in JSON documents: amounts as decimal texts, null if unknown."""
        return cost_document(self.estimated, self.billed, self.source)

    def __str__(self) -> str:
        """For people: `$0.025 billed, $0.05 estimated`."""
        parts = [f"{self.billed} billed"] if self.billed else []
        if self.state == "released":
            return "nothing is billed"
        if self.billed and self.estimated == self.billed:
            parts.append("as estimated")
        elif self.estimated is not None:
            parts.append(f"{self.estimated} estimated")
        text = ", ".join(parts) or "unknown"
        return f"{text} (sandbox money)" if self.sandbox and parts else text


class CostRow(Frozen, kw_only=True):
    """The cost of one job, for `spend`. `created` is in seconds since 1970."""

    job_id: str
    created: float
    kind: str
    model: str
    endpoint: str
    batch: str | None
    request_id: str | None
    units: str | None
    cost: Cost


def cost_document(
    estimated: Money | None, billed: Money | None, source: Source
) -> dict[str, str | None]:
    """`cost` in JSON documents."""
    known = billed or estimated
    return {
        "estimated": estimated.decimal if estimated else None,
        "billed": billed.decimal if billed else None,
        "currency": known.currency if known else "USD",
        "source": source,
    }
