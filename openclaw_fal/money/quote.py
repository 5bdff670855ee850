"""Estimates and reservations for the requests of one command."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from openclaw_fal.frozen import Frozen
from openclaw_fal.money.amount import Money
from openclaw_fal.money.budget import Cap
from openclaw_fal.money.cost import Reservation
from openclaw_fal.money.estimate import Estimate, cost_options, estimate
from openclaw_fal.money.prices import Price

Defaults = Mapping[str, object]


class Quotes(Frozen):
    """What the requests of one command will cost, and the limits on them.

    `price_of` gives the price of an endpoint, `history` the billed units of earlier jobs with some
    options, `defaults` the declared defaults of an endpoint's fields (None: not known). `assumed`
    is `--assume-cost`, `caps` the command's own limits, `run` what the requests of one command or
    one batch have in common.
    """

    price_of: Callable[[str], Price | None]
    history: Callable[[str], Sequence[str]]
    defaults: Callable[[str], Defaults | None]
    run: str
    assumed: Money | None = None
    caps: tuple[Cap, ...] = ()
    batch: str | None = None

    def estimate(self, endpoint: str, body: Mapping[str, object]) -> Estimate:
        """What a request will cost. `body` is as the journal keeps it: files as their marks."""
        return self.reservation(endpoint, body).estimate

    def reservation(self, endpoint: str, body: Mapping[str, object]) -> Reservation:
        """What a request needs from the budget."""
        options = cost_options(endpoint, body)
        price = self.price_of(endpoint)
        defaults = self.defaults(endpoint) if price else None
        found = estimate(
            price, self.history(options) if price else (), body, defaults, self.assumed
        )
        return Reservation(found, self.run, options, price, self.caps, self.batch)
