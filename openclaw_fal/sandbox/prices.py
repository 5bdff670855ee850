"""What the sandbox's endpoints cost, and what a request is billed: figures of its own, not fal's.

Endpoints of the table have units that follow from a request. The others have, each always the same,
one of all kinds of units that fal uses, also those that tell nobody what a request will cost.
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
_SECONDS_OF_WORK = Decimal("3.7")  # for each image, or each second of video or sound


@dataclass(frozen=True, slots=True)
class Price:
    """`amount` USD for each `unit`."""

    unit: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Bill:
    """What a request that succeeds costs: so many units at a price, in USD."""

    units: Decimal
    price: Price

    @property
    def cost(self) -> Decimal:
        return self.units * self.price.amount


def price_of(endpoint: str, dials: Dials) -> Price:
    """The price of an endpoint: the dials', or its own."""
    kind = models.makes(endpoint)
    if models.in_table(endpoint):
        unit, amount = _TABLE[kind]
    else:
        number = zlib.crc32(endpoint.encode())
        unit = _UNITS[kind][number % len(_UNITS[kind])]
        amount = _PRICES[number // 64 % len(_PRICES)]
    asked = Decimal(str(dials.unit_price)) if dials.unit_price else Decimal(amount)
    return Price(dials.unit or unit, asked)


def bill(made: Recipe, dials: Dials) -> Bill:
    """What a recipe's result is billed. Begun units count as whole ones."""
    price = price_of(made.endpoint, dials)
    if dials.billable_units:
        return Bill(Decimal(f"{dials.billable_units:g}"), price)
    return Bill(Decimal(_units(made, price.unit)), price)


def _units(made: Recipe, unit: str) -> int | Decimal:
    count = len(made.specs)
    seconds = sum(spec.seconds for spec in made.specs)
    if unit == "images":
        return count
    if unit == "videos":
        return count
    if unit == "megapixels":
        return sum(math.ceil(spec.width * spec.height / 1e6) for spec in made.specs)
    if unit == "seconds":
        return math.ceil(seconds)
    if unit == "minutes":
        return math.ceil(seconds / 60)
    if unit.startswith("1000 "):
        return math.ceil(max(1, len(made.prompt)) / 1000)
    if unit == "compute seconds":
        return _SECONDS_OF_WORK * (count + round(seconds))
    if unit == "units":
        return 4 * count + round(seconds)
    return 1
