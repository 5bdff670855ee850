"""Estimates and reservations for the requests of one command."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from openclaw_fal.frozen import Frozen
from openclaw_fal.money.amount import Money
from openclaw_fal.money.budget import Cap
from openclaw_fal.money.cost import Reservation
from openclaw_fal.money.estimate import Estimate, cost_options, estimate
from openclaw_fal.money.prices import Price


class Limits(Frozen):
    """What the user says on spending: `--assume-cost`, `--max-spend`, and the batch it is for."""

    assumed: Money | None = None
    caps: tuple[Cap, ...] = ()
    batch: str | None = None


class Quotes(Frozen):
    """What the requests of one command will cost, and the limits on them.

    `price_of` gives the price of an endpoint, `history` the billed units of earlier jobs with some
    options, `defaults` the declared defaults of an endpoint's fields (None: not known). `run` is
    what the requests of one command have in common; those of a batch have the batch.
    """

    price_of: Callable[[str], Price | None]
    history: Callable[[str], Sequence[str]]
    defaults: Callable[[str], Mapping[str, object] | None]
    limits: Limits
    run: str

    def estimate(self, endpoint: str, body: Mapping[str, object]) -> Estimate:
        """What a request will cost. `body` is as the journal keeps it: files as their marks."""
        return self.reservation(endpoint, body).estimate

    def reservation(self, endpoint: str, body: Mapping[str, object]) -> Reservation:
        """What a request needs from the budget."""
        options, price = cost_options(endpoint, body), self.price_of(endpoint)
        history = self.history(options) if price else ()
        defaults = self.defaults(endpoint) if price else None
        limits = self.limits
        expected = estimate(price, history, body, defaults, limits.assumed)
        run = limits.batch or self.run
        return Reservation(expected, run, options, price, limits.caps, limits.batch)
