"""openclaw spend, openclaw budget: what they print of the journal's costs."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from typing import Any

import pytest

from openclaw_fal.job import wiring
from openclaw_fal.money.amount import Money
from openclaw_fal.money.cost import Reservation
from openclaw_fal.money.estimate import Estimate
from openclaw_fal.money.prices import Price
from tests.journal.journal_support import begin
from tests.support.program import Openclaw

DAY = 86400


@pytest.fixture
def spent() -> Callable[..., str]:
    """Journal a job of some cost, `days` ago."""

    def make(
        estimated: int | None,
        units: str | None = None,
        days: int = 0,
        batch: str | None = None,
        currency: str = "USD",
        **facts: Any,
    ) -> str:
        amount = None if estimated is None else Money(estimated, currency)
        price = Price("m", "0.01", "images", currency)
        estimate = Estimate(amount, "units", "")
        journal = wiring.journal()
        reservation = Reservation(estimate, "run", "options", price, batch=batch)
        job_id = begin(journal, reservation=reservation, **facts)
        if units is not None:
            journal.completed(job_id, b"{}", billable_units=units)
        with sqlite3.connect(journal.path) as db:
            db.execute("UPDATE costs SET created = ? WHERE job_id = ?", (NOON - days * DAY, job_id))
        db.close()
        return job_id

    return make


NOON = 1_700_000_000.0  # 2023-11-14, 22:13 UTC


@pytest.fixture(autouse=True)
def at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: NOON + 1)


def test_nothing_was_spent(openclaw: Openclaw) -> None:
    outcome = openclaw("spend", "--json")
    assert (outcome.status, outcome.json["groups"]) == (0, [])
    assert outcome.json["since"] == "2023-11-01T00:00:00Z"
    assert outcome.json["total"] == [
        {"jobs": 0, "billed": "0.00", "open": "0.00", "unknown": 0, "currency": "USD"}
    ]


def test_by_model_this_month(openclaw: Openclaw, spent: Callable[..., str]) -> None:
    spent(10_000, "2")
    spent(30_000, "3", days=20)  # October
    spent(50_000)
    spent(None, "2", model="fal-ai/other")
    spent(None, model="fal-ai/other")
    wiring.journal().not_sent(spent(70_000), "no route")
    outcome = openclaw("spend", "--json")
    assert outcome.json["groups"] == [
        {
            "model": "fal-ai/flux/dev",
            "jobs": 2,
            "billed": "0.02",
            "open": "0.05",
            "unknown": 0,
            "currency": "USD",
        },
        {
            "model": "fal-ai/other",
            "jobs": 2,
            "billed": "0.02",
            "open": "0.00",
            "unknown": 1,
            "currency": "USD",
        },
    ]
    assert outcome.json["total"][0] == {
        "jobs": 4,
        "billed": "0.04",
        "open": "0.05",
        "unknown": 1,
        "currency": "USD",
    }
    text = openclaw("spend")
    assert [line.split() for line in text.lines] == [
        ["MODEL", "JOBS", "BILLED", "OPEN", "UNKNOWN"],
        ["fal-ai/flux/dev", "2", "$0.02", "$0.05", "0"],
        ["fal-ai/other", "2", "$0.02", "$0.00", "1"],
        ["total", "4", "$0.04", "$0.05", "1"],
    ]
    assert "unknown:" in text.err


def test_by_day_batch_and_kind_between_two_dates(
    openclaw: Openclaw, spent: Callable[..., str]
) -> None:
    spent(1, "1", days=3)
    spent(1, "2", days=1, batch="night")
    spent(1, "4", kind="video")

    def names(*options: str) -> dict[str, str]:
        groups = openclaw("spend", *options, "--json").json["groups"]
        return {next(iter(group.values())): group["billed"] for group in groups}

    days = {"2023-11-11": "0.01", "2023-11-13": "0.02", "2023-11-14": "0.04"}
    assert names("--by", "day") == days
    assert names("--by", "batch") == {"(no batch)": "0.05", "night": "0.02"}
    assert names("--by", "kind") == {"image": "0.03", "video": "0.04"}
    assert names("--by", "day", "--since", "2d") == dict(list(days.items())[1:])
    assert names("--by", "day", "--until", "2023-11-13") == dict(list(days.items())[:1])
    assert names("--by", "day", "--since", "2023-11-14T00:00:00Z") == dict(list(days.items())[2:])


def test_currencies_are_never_added(openclaw: Openclaw, spent: Callable[..., str]) -> None:
    spent(10_000, "1")
    spent(10_000, "1", currency="EUR")
    assert [
        (group["currency"], group["billed"]) for group in openclaw("spend", "--json").json["total"]
    ] == [("EUR", "0.01"), ("USD", "0.01")]


def test_comma_separated(openclaw: Openclaw, spent: Callable[..., str]) -> None:
    spent(10_000, "1", model='odd,"name"')
    outcome = openclaw("spend", "--csv")
    assert outcome.out == (
        'model,jobs,billed,open,unknown,currency\n"odd,""name""",1,0.01,0.00,0,USD\n'
    )
    assert openclaw("spend", "--csv", "--json").status == 2


def test_sandbox_money_is_shown_on_its_own(openclaw: Openclaw, spent: Callable[..., str]) -> None:
    spent(10_000, "1", sandbox=True)
    assert openclaw("spend", "--json").json["groups"] == []
    outcome = openclaw("spend", "--sandbox", "--json")
    assert (outcome.json["sandbox"], outcome.json["total"][0]["billed"]) == (True, "0.01")


@pytest.mark.parametrize(
    "argv",
    [
        ("spend", "--by", "colour"),
        ("spend", "--since", "yesterday"),
        ("spend", "--until", "7w"),
        ("spend", "--since", "99999999d"),
        ("budget", "set", "much"),
        ("budget", "set", "5", "--per", "year"),
        ("budget", "set", "5", "--model", " "),
    ],
)
def test_what_is_not_understood_is_wrong_usage(openclaw: Openclaw, argv: tuple[str, ...]) -> None:
    outcome = openclaw(*argv)
    assert (outcome.status, outcome.out) == (2, "")
    assert "hint:" in outcome.err or "takes" in outcome.err


def test_limits_and_what_remains_of_them(openclaw: Openclaw, spent: Callable[..., str]) -> None:
    spent(10_000, "2")
    spent(30_000)
    spent(None)
    assert openclaw("budget", "show").lines == []
    assert openclaw("budget", "set", "1").lines == ["$1.00 per month"]
    assert openclaw("budget", "set", "$0.5", "--per", "run", "--model", "fal/fal-ai/flux*").out
    outcome = openclaw("budget", "show", "--json")
    assert outcome.json["budget"] == [
        {
            "limit": "1.00",
            "currency": "USD",
            "per": "month",
            "spent": "0.05",
            "remaining": "0.95",
            "unknown": 1,
        },
        {"limit": "0.50", "currency": "USD", "per": "run", "model": "fal-ai/flux*"},
    ]
    shown = openclaw("budget", "show")
    assert shown.lines[1].split() == ["$1.00", "month", "$0.05", "$0.95", "all"]
    assert "1 job of unknown cost" in shown.err
    assert openclaw("budget", "clear", "--per", "run").lines == ["$0.50 per run for fal-ai/flux*"]
    assert "0 limits cleared" in openclaw("budget", "clear", "--per", "day").err
    assert openclaw("budget", "clear").lines == ["$1.00 per month"]
    assert openclaw("budget", "show", "--json").json["budget"] == []
