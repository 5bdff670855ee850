"""A budget around real requests: what is refused, what is settled, and what a kill leaves."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from openclaw_fal.job.settings import RunSettings
from openclaw_fal.journal.ledger import Ledger
from openclaw_fal.money.amount import Money
from openclaw_fal.money.budget import Cap
from openclaw_fal.money.prices import Price
from openclaw_fal.store import paths
from tests.cli.dooming import stopped_at_many_moments
from tests.support.program import Openclaw
from tests.support.queueing import Hooked, only_job
from tests.support.systems import signals

FLUX = "fal-ai/flux/dev"


@pytest.fixture
def priced(fal: Hooked) -> Hooked:
    """A fal whose price for Flux is known: $0.025 a megapixel."""
    from openclaw_fal.job.quoting import price_cache

    price_cache(f"{fal.url}/v1").store([Price(FLUX, "0.025", "megapixels")])
    return fal


def test_the_cost_is_estimated_then_billed_then_known(openclaw: Openclaw, priced: Hooked) -> None:
    shown = openclaw("image", "waves", "--dry-run", "--json").json["cost"]
    assert shown == {"estimated": "0.025", "billed": None, "currency": "USD", "source": "units"}
    outcome = openclaw("image", "waves", "--json")
    assert outcome.json["cost"]["estimated"] == "0.025"
    billed = outcome.json["cost"]["billed"]
    assert Decimal(billed) == Decimal(outcome.json["billableUnits"]) * Decimal("0.025")
    assert openclaw("jobs", "list", "--json").json["jobs"][0]["cost"] == outcome.json["cost"]
    again = openclaw("image", "other", "--dry-run", "--json").json["cost"]
    assert (again["estimated"], again["source"]) == (billed, "history")
    assert openclaw("spend", "--json").json["total"][0]["billed"] == billed


@pytest.mark.parametrize("how", ["option", "variable", "budget"])
def test_what_does_not_fit_is_not_sent(
    openclaw: Openclaw, priced: Hooked, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    more: tuple[str, ...] = ()
    if how == "option":
        more = ("--max-spend", "0.02")
    elif how == "variable":
        monkeypatch.setenv("OPENCLAW_FAL_MAX_SPEND", "0.02")
    else:
        assert openclaw("budget", "set", "0.02", "--per", "day").status == 0
    outcome = openclaw("image", "waves", *more, "--json")
    assert (outcome.status, outcome.json["error"]["code"]) == (9, "budget")
    facts = outcome.json["error"]["budget"]
    assert (facts["remaining"], facts["asked"]) == ("0.02", "0.025")
    assert priced.posts() == []
    assert openclaw("jobs", "list", "--json").json["jobs"] == []


def test_an_unknown_price_needs_an_assumed_cost(openclaw: Openclaw, fal: Hooked) -> None:
    outcome = openclaw("image", "waves", "--max-spend", "1")
    assert outcome.status == 9
    assert "--assume-cost" in outcome.err
    assert fal.posts() == []
    outcome = openclaw("image", "waves", "--max-spend", "1", "--assume-cost", "0.5", "--json")
    assert outcome.status == 0
    assert outcome.json["cost"] == {
        "estimated": "0.50",
        "billed": None,
        "currency": "USD",
        "source": "assumed",
    }


def test_a_sandbox_run_is_never_refused(openclaw: Openclaw) -> None:
    assert openclaw("budget", "set", "0").status == 0
    outcome = openclaw("image", "waves", "--sandbox", "--json")
    assert outcome.status == 0
    assert outcome.json["cost"]["billed"] is not None
    assert openclaw("spend", "--json").json["total"][0]["jobs"] == 0


@signals
def test_a_kill_at_many_moments_never_hides_what_was_billed(priced: Hooked, tmp_path: Path) -> None:
    """reserved + settled + held ≥ what was billed, and no dead process holds on to anything that
    waiting or reconciling cannot settle."""
    import signal

    prices = paths.prices_path().read_bytes()
    moments = 12
    statuses = stopped_at_many_moments(
        tmp_path, moments, signal.SIGKILL, ["image", "--assume-cost", "0.03", "--max-spend", "1"]
    )
    assert prices
    reserved_or_billed = 0
    for moment in statuses:
        journal = tmp_path / moment / "home" / "jobs.sqlite3"
        posts = [item for item in priced.posts() if item.json["prompt"] == f"run {moment}"]
        counted = Ledger(journal).spent(Cap(Money(0), "day")) if journal.exists() else None
        if posts:
            assert counted is not None
            assert counted.micro + counted.unknown > 0
            reserved_or_billed += counted.micro
        assert len(posts) <= 1
    assert reserved_or_billed >= priced.billed * 1_000_000


def test_limits_are_read_from_the_settings() -> None:
    from openclaw_fal.job.quoting import limits

    settings = RunSettings(capability="x", timeout_s=1.0, max_spend="1", assume_cost="0.5")
    made = limits(settings, {"OPENCLAW_FAL_MAX_SPEND": "9"})
    assert (made.assumed, [cap.limit for cap in made.caps]) == (Money(500_000), [Money(1_000_000)])
    assert limits(settings.replaced(max_spend=None), {}).caps == ()


def test_the_only_job_has_its_key_shown(openclaw: Openclaw, priced: Hooked) -> None:
    assert openclaw("image", "waves", "--key", "k").status == 0
    assert openclaw("jobs", "show", only_job().id, "--json").json["job"]["key"] == "k"
