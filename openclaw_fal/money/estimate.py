"""Estimates the cost of a request, and says where the figure comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Literal

from openclaw_fal.frozen import Frozen
from openclaw_fal.money.amount import Money, parse_decimal
from openclaw_fal.money.prices import Price, singular
from openclaw_fal.money.units import quantity

Source = Literal["history", "units", "assumed", "unknown"]

_TEXT_FIELDS = frozenset({"prompt", "negative_prompt", "lyrics", "text", "seed", "system_prompt"})
"""Fields that do not change the cost of an image, a video or a song."""


class Estimate(Frozen):
    """The estimated cost of a request; `amount` None: unknown.

    `source`: "history" (the largest bill of earlier jobs with the same options), "units" (the
    request's units × fal's price), "assumed" (`--assume-cost`) or "unknown". `detail`: for people.
    """

    amount: Money | None
    source: Source
    detail: str


def estimate(
    price: Price | None,
    history: Iterable[str],
    body: Mapping[str, object],
    defaults: Mapping[str, object] | None,
    assumed: Money | None = None,
) -> Estimate:
    """The estimate for one request.

    `history`: the billed units of earlier jobs with the same options (`cost_options`); `body` and
    `defaults`: as for `units.quantity`.
    """
    priced = _by_price(price, history, body, defaults) if price else None
    if priced is not None:
        return priced
    if assumed is not None:
        return Estimate(assumed, "assumed", f"{assumed} (--assume-cost)")
    return Estimate(None, "unknown", f"unknown: {_why_unknown(price)}")


def billed(price: Price | None, units: str | None) -> Money | None:
    """The cost of a finished job, from fal's billable units; None if unknown."""
    count = parse_decimal(units)
    return None if price is None or count is None else price.cost_of(count)


def cost_options(endpoint: str, body: Mapping[str, object]) -> str:
    """The options that decide a request's cost, as a text: equal texts mean equal costs.

    Texts and the seed are left out. Reference images count only by their number, other references
    by their content: a video is billed by its length.
    """
    import json

    options = {
        name: _without_images(value) for name, value in body.items() if name not in _TEXT_FIELDS
    }
    return json.dumps([endpoint, options], sort_keys=True, separators=(",", ":"))


def _by_price(
    price: Price,
    history: Iterable[str],
    body: Mapping[str, object],
    defaults: Mapping[str, object] | None,
) -> Estimate | None:
    unit = price.meaning
    if unit is None:
        return None
    if unit.noun != "characters":  # the cost depends on the texts, which `cost_options` leaves out
        counts = [count for units in history if (count := parse_decimal(units)) is not None]
        if counts and (amount := price.cost_of(max(counts))):
            unit_word = singular(price.unit) if max(counts) == 1 else price.unit
            detail = f"{amount} ({_plain(max(counts))} {unit_word} for the same options before)"
            return Estimate(amount, "history", detail)
    units = quantity(unit, body, defaults)
    amount = None if units is None else price.cost_of(units)
    if units is None or amount is None:
        return None
    return Estimate(amount, "units", f"{amount} ({_plain(units)} × {price})")


def _why_unknown(price: Price | None) -> str:
    if price is None:
        return "its price is not known (openclaw models refresh)"
    if price.meaning is None:
        return f"fal bills by {price.unit}, which are known only after the job"
    return f"the number of {price.unit} does not follow from the request"


def _without_images(value: object) -> object:
    """A field's value with the word `image` for each reference image."""
    if isinstance(value, Mapping):
        if str(value.get("type", "")).startswith("image/") and "sha256" in value:
            return "image"
        return {str(key): _without_images(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_images(item) for item in value]
    return value


def _plain(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
