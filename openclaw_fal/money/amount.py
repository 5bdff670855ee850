"""Amounts of money, in whole millionths of a currency. Never floats."""

from __future__ import annotations

import re
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from typing import TypeAlias

from openclaw_fal.errors import UsageError
from openclaw_fal.frozen import Frozen

MICRO = 1_000_000
MAX_AMOUNT = 1_000_000_000
"""The largest amount, in currency units: it keeps every sum within SQLite's 64 bits."""

_AMOUNT = r"[0-9]+(\.[0-9]+)?|\.[0-9]+"


class Money(Frozen):
    """An amount in millionths of `currency` (an ISO 4217 code such as USD)."""

    micro: int
    currency: str = "USD"

    @property
    def decimal(self) -> str:
        """The amount as a decimal number with at least two decimals: `0.025`, `12.00`."""
        whole, fraction = divmod(abs(self.micro), MICRO)
        decimals = f"{fraction:06d}".rstrip("0").ljust(2, "0")
        return f"{'-' * (self.micro < 0)}{whole}.{decimals}"

    def __str__(self) -> str:
        """For people: `$0.025`, or `0.025 EUR`."""
        if self.currency == "USD":
            return f"{'-' * (self.micro < 0)}${self.decimal.lstrip('-')}"
        return f"{self.decimal} {self.currency}"


def parse_usd(text: str, option: str) -> Money:
    """The US dollars in a user's text (`5`, `0.25`, `$0.25`).

    Raises UsageError, which names the `option`, for a text that is not a decimal number, has more
    than six decimals, or is too large.
    """
    number = text.strip().removeprefix("$")
    if not re.fullmatch(_AMOUNT, number):
        raise UsageError(
            f"{option} {text!r} is not an amount in US dollars", hint="for example 2.50"
        )
    value = Decimal(number) * MICRO
    if value != value.to_integral_value():
        raise UsageError(f"{option} {text}: at most six decimals are allowed")
    if value > MAX_AMOUNT * MICRO:
        raise UsageError(f"{option} {text}: the most is {MAX_AMOUNT}")
    return Money(int(value))


def parse_decimal(text: object) -> Decimal | None:
    """A quantity or a price in fal's form (a decimal text or a JSON number), exactly.

    None if it is not a number from 0 to MAX_AMOUNT.
    """
    if isinstance(text, bool) or not isinstance(text, (str, int, float, Decimal)):
        return None
    try:
        value = Decimal(str(text).strip())  # str of a float gives the digits that fal wrote
    except InvalidOperation:
        return None
    return value if value.is_finite() and 0 <= value <= MAX_AMOUNT else None


def product(units: Decimal, unit_price: Decimal, currency: str) -> Money | None:
    """Units × price, rounded up to a millionth; None above MAX_AMOUNT."""
    micro = (units * unit_price * MICRO).to_integral_value(rounding=ROUND_CEILING)
    return Money(int(micro), currency) if micro <= MAX_AMOUNT * MICRO else None


Dollars: TypeAlias = str | int | float | Decimal
"""US dollars: "0.25", 0.25 or Decimal("0.25")."""


def dollars(name: str, amount: Dollars | None) -> str | None:
    """An amount as a decimal text. Raises TypeError for what is no amount, in any type."""
    if amount is None or isinstance(amount, str):
        return amount
    if isinstance(amount, bool) or not isinstance(amount, (int, float, Decimal)):
        raise TypeError(f"{name} is US dollars ('0.25', 0.25), not {type(amount).__name__}")
    return format(Decimal(str(amount)), "f")
