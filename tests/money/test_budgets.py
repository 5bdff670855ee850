"""The rules of budgets."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from openclaw_fal.errors import BudgetError
from openclaw_fal.money.amount import Money
from openclaw_fal.money.budget import Cap, Spent, check, period_start, state_after
from openclaw_fal.money.estimate import Estimate


def of(micro: int, currency: str = "USD") -> Estimate:
    return Estimate(Money(micro, currency), "units", str(Money(micro, currency)))


def test_what_fits_exactly_is_allowed_and_a_millionth_more_is_not() -> None:
    cap = Cap(Money(1_000_000), "day", origin="budget set")
    check(cap, Spent(900_000), of(100_000), "m")
    with pytest.raises(BudgetError) as caught:
        check(cap, Spent(900_001), of(100_000), "m")
    error = caught.value
    assert (error.status, error.code, error.model) == (9, "budget", "m")
    assert "$0.099999 remains" in error.message
    assert "the request costs $0.10" in error.message
    assert error.budget == {
        "per": "day",
        "model": None,
        "origin": "budget set",
        "limit": "1.00",
        "spent": "0.900001",
        "remaining": "0.099999",
        "asked": "0.10",
        "currency": "USD",
    }


def test_what_was_billed_above_the_cap_stops_the_next_and_leaves_nothing() -> None:
    with pytest.raises(BudgetError, match=r"\$0\.00 remains"):
        check(Cap(Money(1)), Spent(5), of(1), "m")


def test_a_free_request_fits_under_any_cap() -> None:
    check(Cap(Money(0)), Spent(0), of(0), "m")


def test_an_unknown_price_under_a_cap_is_refused() -> None:
    with pytest.raises(BudgetError, match="unknown: why") as caught:
        check(Cap(Money(10)), Spent(), Estimate(None, "unknown", "unknown: why"), "m")
    assert caught.value.hint is not None
    assert "--assume-cost" in caught.value.hint
    assert caught.value.budget["asked"] is None


def test_currencies_are_never_compared() -> None:
    with pytest.raises(BudgetError, match="EUR"):
        check(Cap(Money(10**9)), Spent(), of(1, "EUR"), "m")


@pytest.mark.parametrize(
    ("pattern", "covered"),
    [
        (None, True),
        ("fal-ai/veo3", True),
        ("fal/fal-ai/veo*", True),
        ("FAL-AI/VEO*", True),
        ("*flux*", False),
        ("veo3", False),
    ],
)
def test_a_cap_for_some_models(pattern: str | None, covered: bool) -> None:
    assert Cap(Money(1), model=pattern).covers("fal-ai/veo3") is covered


def test_days_and_months_are_those_of_the_calendar_in_utc() -> None:
    now = datetime(2026, 3, 31, 23, 59, 59, tzinfo=UTC).timestamp()
    assert datetime.fromtimestamp(period_start("day", now), UTC) == datetime(
        2026, 3, 31, tzinfo=UTC
    )
    assert datetime.fromtimestamp(period_start("month", now), UTC) == datetime(
        2026, 3, 1, tzinfo=UTC
    )
    assert period_start("day", now + 1) == now + 1
    assert period_start("run", now) == 0
    with pytest.raises(AssertionError, match="year"):
        period_start("year", now)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("state", "status", "billed", "cost"),
    [
        ("sending", None, False, "reserved"),
        ("queued", None, False, "reserved"),
        ("running", None, False, "reserved"),
        ("completed", None, False, "settled"),
        ("done", None, True, "settled"),
        ("uncertain", None, False, "held"),
        ("not_sent", None, False, "released"),
        ("cancelled", None, False, "held"),
        ("failed", 500, False, "released"),
        ("failed", 503, False, "released"),
        ("failed", 504, False, "held"),
        ("failed", 408, False, "held"),
        ("failed", 422, False, "held"),
        ("failed", 429, False, "released"),
        *(("failed", refused, False, "released") for refused in (401, 402, 403, 404, 413)),
        ("failed", None, False, "held"),
        ("failed", None, True, "settled"),
        ("failed", 422, True, "settled"),
    ],
)
def test_the_cost_follows_the_job(state: str, status: int | None, billed: bool, cost: str) -> None:
    assert state_after(state, status, billed=billed) == cost
