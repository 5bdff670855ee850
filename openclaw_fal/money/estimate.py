"""What a request will cost, as far as that can be said, and where the figure comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Literal

from openclaw_fal.frozen import Frozen
from openclaw_fal.money.amount import Money, number
from openclaw_fal.money.prices import Price
from openclaw_fal.money.units import quantity

Source = Literal["history", "units", "assumed", "unknown"]

_TEXT_FIELDS = frozenset({"prompt", "negative_prompt", "lyrics", "text", "seed", "system_prompt"})
"""Fields that never decide what an image, a video or a song costs."""


class Estimate(Frozen):
    """What a request will cost; `amount` None is unknown.

    `source`: "history" (the largest bill of earlier jobs with the same options), "units" (units
    that follow from the request × fal's price), "assumed" (`--assume-cost`) or "unknown". `detail`
    says it for people.
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

    `history` are the billed units of earlier jobs with the same options (`cost_options`); `body`
    and `defaults` are as for `units.quantity`.
    """
    known = _by_price(price, history, body, defaults) if price else None
    if known is not None:
        return known
    if assumed is not None:
        return Estimate(assumed, "assumed", f"{assumed} (--assume-cost)")
    return Estimate(None, "unknown", f"unknown: {_why_unknown(price)}")


def billed(price: Price | None, units: str | None) -> Money | None:
    """What a finished job cost, from fal's billable units; None where that is not known."""
    count = number(units)
    return None if price is None or count is None else price.of(count)


def cost_options(endpoint: str, body: Mapping[str, object]) -> str:
    """The options of a request that decide its cost, as a text that is equal for equal costs.

    Texts and the seed are left out. Of reference images, how many there are; of other references,
    which ones: a video is billed by its length.
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
    if unit.noun != "characters":  # the texts decide, and they are not among the options
        counts = [count for units in history if (count := number(units)) is not None]
        if counts and (amount := price.of(max(counts))):
            detail = f"{amount} ({_plain(max(counts))} {price.unit} for the same options before)"
            return Estimate(amount, "history", detail)
    units = quantity(unit, body, defaults)
    amount = None if units is None else price.of(units)
    if units is None or amount is None:
        return None
    return Estimate(amount, "units", f"{amount} ({_plain(units)} × {price})")


def _why_unknown(price: Price | None) -> str:
    if price is None:
        return "no price is known here (openclaw models refresh)"
    if price.meaning is None:
        return f"fal bills by {price.unit}, which are known after the job only"
    return f"how many {price.unit} it takes does not follow from the request"


def _without_images(value: object) -> object:
    """A field's value with each reference image as a bare mark."""
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
