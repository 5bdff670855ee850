"""A budget holds for all processes of a journal, whatever becomes of them."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from openclaw_fal.errors import BudgetError
from openclaw_fal.journal.jobs import Journal
from openclaw_fal.journal.ledger import Ledger
from openclaw_fal.money.amount import Money
from openclaw_fal.money.budget import Cap
from openclaw_fal.money.cost import Reservation
from openclaw_fal.money.estimate import Estimate
from openclaw_fal.money.prices import Price
from tests.journal.journal_support import URLS, begin
from tests.support.effort import effort
from tests.support.program import python

UNIT = 10_000
PRICE = Price("fal-ai/flux/dev", "0.01", "images")

SPENDER = """
import sys
from pathlib import Path
from openclaw_fal.errors import BudgetError
from openclaw_fal.journal import costs, file
from openclaw_fal.journal.jobs import Journal
from openclaw_fal.journal.record import NewJob
from openclaw_fal.money.amount import Money
from openclaw_fal.money.cost import Reservation
from openclaw_fal.money.estimate import Estimate
from openclaw_fal.money.prices import Price

PRICE = Price("fal-ai/flux/dev", "0.01", "images")
COST = Reservation(Estimate(Money(10_000), "units", "10000"), "run", "options", PRICE, ())
JOB = NewJob(kind="image", capability="image.generate", model="m", endpoint="fal-ai/flux/dev",
    transport="sync", base_url="b", prompt="p", target={}, timeout_s=600, reservation=COST)

if sys.argv[1] == "check-then-insert":
    import contextlib, time

    @contextlib.contextmanager
    def no_transaction(connection):
        yield

    def check_and_pause(*arguments, **more):
        check_limits(*arguments, **more)
        time.sleep(0.002)

    check_limits = costs.check_limits
    costs.check_limits, file.transaction = check_and_pause, no_transaction

print("ready", flush=True)
for line in sys.stdin:
    journal, granted = Journal(Path(line.strip())), 0
    for _ in range(int(sys.argv[2])):
        try:
            journal.begin(JOB)
            granted += 1
        except BudgetError:
            pass
    print(granted, flush=True)
"""


def of(micro: int | None = UNIT, *, run: str = "run", caps: tuple[Cap, ...] = ()) -> Reservation:
    amount = None if micro is None else Money(micro)
    return Reservation(Estimate(amount, "units", str(amount)), run, "options", PRICE, caps)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "jobs.sqlite3")


@pytest.fixture
def ledger(journal: Journal) -> Ledger:
    return Ledger(journal.path)


def granted(folder: Path, rounds: int, how: str, cap: int = 100, tries: int = 200) -> list[int]:
    """How many of `tries` requests of one unit eight processes get under a cap of `cap` units, all
    of them set off at the same moment, once for each round."""
    processes = [python(SPENDER, how, tries // 8, talks=True) for _ in range(8)]
    counts = []
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
    for number in range(rounds):
        path = folder / f"{number}.sqlite3"
        Ledger(path).set_cap(Cap(Money(cap * UNIT), "day"))
        for process in processes:
            assert process.stdin is not None
            process.stdin.write(f"{path}\n".encode())
            process.stdin.flush()
        got = sum(int(process.stdout.readline()) for process in processes if process.stdout)
        assert len(Journal(path).list()) == got
        counts.append(got)
    for process in processes:
        process.communicate()
    return counts


@pytest.mark.exhaustive
def test_eight_processes_get_exactly_what_the_cap_allows(tmp_path: Path) -> None:
    rounds, cap = effort((1, 40), (20, 100))
    assert granted(tmp_path, rounds, "as it is", cap, 2 * cap) == [cap] * rounds


def test_without_the_transaction_the_same_processes_overspend(tmp_path: Path) -> None:
    (count,) = granted(tmp_path, 1, "check-then-insert", cap=20, tries=80)
    assert count > 20


# How the cost of a job stands


def spent(ledger: Ledger, per: str = "day") -> int:
    return ledger.spent(Cap(Money(0), "month" if per == "month" else "day")).micro


def test_a_cost_is_reserved_and_then_settled_by_what_fal_billed(
    journal: Journal, ledger: Ledger
) -> None:
    job_id = begin(journal, reservation=of(), transport="queue")
    job = journal.get(job_id)
    assert job.cost is not None
    assert (job.cost.state, job.cost.estimated, job.cost.billed) == ("reserved", Money(UNIT), None)
    journal.submitted(job_id, *URLS)
    journal.progress(job_id, "running")
    assert spent(ledger) == UNIT
    journal.completed(job_id, b"{}", billable_units="2.5")
    job = journal.get(job_id)
    assert job.cost is not None
    assert (job.cost.state, job.cost.billed) == ("settled", Money(25_000))
    assert job.cost.as_json() == {
        "estimated": "0.01",
        "billed": "0.025",
        "currency": "USD",
        "source": "units",
    }
    assert spent(ledger) == spent(ledger, "month") == 25_000
    assert ledger.history("options") == ["2.5"]
    assert ledger.history("others") == []


def test_what_was_billed_above_its_estimate_stops_the_next(
    journal: Journal, ledger: Ledger
) -> None:
    ledger.set_cap(Cap(Money(2 * UNIT), "day"))
    job_id = begin(journal, reservation=of())
    journal.completed(job_id, b"{}", billable_units="9")
    assert spent(ledger) == 9 * UNIT
    with pytest.raises(BudgetError) as caught:
        begin(journal, reservation=of())
    assert caught.value.budget["spent"] == "0.09"
    assert caught.value.budget["remaining"] == "0.00"
    assert len(journal.list()) == 1


def test_what_is_not_billed_is_released(journal: Journal, ledger: Ledger) -> None:
    ledger.set_cap(Cap(Money(UNIT), "day"))
    journal.not_sent(begin(journal, reservation=of()), "no route")
    journal.failed(begin(journal, reservation=of()), "job_failed", "broken", 500)
    assert spent(ledger) == 0
    begin(journal, reservation=of())
    assert spent(ledger) == UNIT


@pytest.mark.parametrize("end", ["uncertain", "refused", "cancelled", "timed out"])
def test_what_may_be_billed_is_held(end: str, journal: Journal, ledger: Ledger) -> None:
    job_id = begin(journal, reservation=of())
    {
        "uncertain": lambda: journal.uncertain(job_id, "cut"),
        "refused": lambda: journal.failed(job_id, "job_failed", "no", 422),
        "cancelled": lambda: journal.cancelled(job_id),
        "timed out": lambda: journal.failed(job_id, "timeout", "late", 504),
    }[end]()
    cost = journal.get(job_id).cost
    assert cost is not None
    assert cost.state == "held"
    assert spent(ledger) == UNIT


def test_a_job_that_is_forgotten_was_paid_for_all_the_same(
    journal: Journal, ledger: Ledger
) -> None:
    journal.completed(begin(journal, reservation=of()), b"{}", billable_units="1")
    journal.done(journal.list()[0].id)
    assert len(journal.prune(older_than=0)) == 1
    assert spent(ledger) == UNIT
    assert [row.job_id for row in ledger.rows(0, time.time() + 1)] != []


def test_a_sandbox_job_never_counts_and_is_never_refused(journal: Journal, ledger: Ledger) -> None:
    ledger.set_cap(Cap(Money(0), "day"))
    job_id = begin(journal, reservation=of(), sandbox=True)
    journal.completed(job_id, b"{}", billable_units="1")
    assert spent(ledger) == 0
    assert ledger.history("options") == []
    assert ledger.rows(0, time.time() + 1) == []
    cost = journal.get(job_id).cost
    assert str(cost) == "$0.01 billed, as estimated (sandbox money)"


def test_a_limit_of_a_run_counts_that_run_alone(journal: Journal) -> None:
    caps = (Cap(Money(UNIT)),)
    begin(journal, reservation=of(run="one", caps=caps))
    begin(journal, reservation=of(run="other", caps=caps))
    with pytest.raises(BudgetError, match="per run"):
        begin(journal, reservation=of(run="one", caps=caps))


def test_a_limit_for_some_models_counts_those_alone(journal: Journal, ledger: Ledger) -> None:
    ledger.set_cap(Cap(Money(UNIT), "day", "fal-ai/veo*"))
    begin(journal, reservation=of())
    begin(journal, reservation=of(), model="fal-ai/veo3", endpoint="fal-ai/veo3/image-to-video")
    with pytest.raises(BudgetError, match="fal-ai/veo"):
        begin(journal, reservation=of(), model="fal-ai/veo2")
    begin(journal, reservation=of())


def test_unknown_costs_are_refused_under_a_limit_only(journal: Journal, ledger: Ledger) -> None:
    begin(journal, reservation=of(None))
    assert ledger.spent(Cap(Money(0), "day")).unknown == 1
    ledger.set_cap(Cap(Money(10**9), "month"))
    with pytest.raises(BudgetError):
        begin(journal, reservation=of(None))


def test_limits_are_set_shown_and_cleared(ledger: Ledger) -> None:
    assert ledger.caps() == []
    ledger.clear_caps([Cap(Money(1))])
    assert not ledger.path.exists()
    ledger.set_cap(Cap(Money(1), "day"))
    ledger.set_cap(Cap(Money(2), "day"))
    ledger.set_cap(Cap(Money(3), "day", "fal-ai/veo*"))
    assert [(cap.limit.micro, cap.per, cap.model) for cap in ledger.caps()] == [
        (2, "day", None),
        (3, "day", "fal-ai/veo*"),
    ]
    ledger.clear_caps([Cap(Money(0), "day")])
    assert [cap.model for cap in ledger.caps()] == ["fal-ai/veo*"]


def test_a_day_that_is_over_no_longer_counts(journal: Journal, ledger: Ledger) -> None:
    import sqlite3

    begin(journal, reservation=of())
    with sqlite3.connect(journal.path) as db:
        db.execute("UPDATE costs SET created = created - 86400")
    db.close()
    assert spent(ledger) == 0
