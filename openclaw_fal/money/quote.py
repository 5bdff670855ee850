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
    """The user's limits: `--assume-cost`, `--max-spend`; and the batch that they are for."""

    assumed: Money | None = None
    caps: tuple[Cap, ...] = ()
    batch: str | None = None


class Quotes(Frozen):
    """Estimates the requests of one command, and reserves their cost.

    `price_of` returns the price of an endpoint, `history` the billed units of earlier jobs with
    the same options, `defaults` the declared defaults of an endpoint's fields (None: unknown).
    `run` identifies the requests of one command; in a batch the batch id does.
    """

    price_of: Callable[[str], Price | None]
    history: Callable[[str], Sequence[str]]
    defaults: Callable[[str], Mapping[str, object] | None]
    limits: Limits
    run: str

    def estimate(self, endpoint: str, body: Mapping[str, object]) -> Estimate:
        """The estimate for a request. `body` is in the journal's form: files by their digests."""
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
