"""Prices and bills of the sandbox: invented figures, not fal's.

Endpoints in the provider's table have units that can be computed from a request. Each other
endpoint has one of the units that fal uses, chosen by a hash of its id; for some of them (compute
seconds) the cost of a request cannot be known before.
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from decimal import Decimal

from openclaw_fal.sandbox import models
from openclaw_fal.sandbox.dials import Dials
from openclaw_fal.sandbox.results import Recipe

_TABLE = {
    "image": ("megapixels", "0.025"),
    "video": ("seconds", "0.05"),
    "audio": ("seconds", "0.002"),
    "other": ("requests", "0.01"),
}
_UNITS = {
    "image": ("images", "megapixels", "images", "compute seconds", "requests", "units"),
    "video": ("seconds", "videos", "seconds", "compute seconds", "units", "requests"),
    "audio": ("seconds", "minutes", "1000 characters", "compute seconds", "requests", "units"),
    "other": ("requests", "compute seconds", "1000 tokens", "units"),
}
_PRICES = ("0.001", "0.0035", "0.01", "0.025", "0.04", "0.08", "0.15", "0.4")
_COMPUTE_SECONDS = Decimal("3.7")  # for each file, and each second of video or audio


@dataclass(frozen=True, slots=True)
class Price:
    """`amount` USD for each `unit`."""

    unit: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Bill:
    """The charge for a successful request: a number of units at a price. `cost` is in USD."""

    units: Decimal
    price: Price

    @property
    def cost(self) -> Decimal:
        return self.units * self.price.amount


def price_of(endpoint: str, dials: Dials) -> Price:
    """The endpoint's price, or the dials' where they set one."""
    kind = models.output_kind(endpoint)
    if models.in_table(endpoint):
        unit, amount = _TABLE[kind]
    else:
        number = zlib.crc32(endpoint.encode())
        unit = _UNITS[kind][number % len(_UNITS[kind])]
        amount = _PRICES[number // 64 % len(_PRICES)]
    return Price(dials.unit or unit, Decimal(str(dials.unit_price or amount)))


def bill(recipe: Recipe, dials: Dials) -> Bill:
    """The charge for a recipe's result. Units that are begun count as whole ones."""
    price = price_of(recipe.endpoint, dials)
    if dials.billable_units:
        return Bill(Decimal(f"{dials.billable_units:g}"), price)
    return Bill(Decimal(_units(recipe, price.unit)), price)


def _units(recipe: Recipe, unit: str) -> int | Decimal:
    count = len(recipe.specs)
    seconds = sum(spec.seconds for spec in recipe.specs)
    if unit in ("images", "videos"):
        return count
    if unit == "megapixels":
        return sum(math.ceil(spec.width * spec.height / 1e6) for spec in recipe.specs)
    if unit == "seconds":
        return math.ceil(seconds)
    if unit == "minutes":
        return math.ceil(seconds / 60)
    if unit.startswith("1000 "):
        return math.ceil(max(1, len(recipe.prompt)) / 1000)
    if unit == "compute seconds":
        return _COMPUTE_SECONDS * (count + round(seconds))
    if unit == "units":
        return 4 * count + round(seconds)
    return 1
