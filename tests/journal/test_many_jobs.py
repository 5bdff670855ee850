"""Ten thousand jobs: what is asked for each of them costs the same as for the first."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import cache, partial
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_fal.journal import file as journal_file
from openclaw_fal.journal import spending
from openclaw_fal.journal.jobs import Journal
from openclaw_fal.money.amount import Money
from openclaw_fal.money.budget import COUNTED, Cap, Period, Spent, period_start
from openclaw_fal.money.cost import Reservation
from openclaw_fal.money.estimate import Estimate
from tests.journal.journal_support import begin, output

DAY = spending.DAY_S
NOW = 20_000.5 * DAY
PRICED = Reservation(Estimate(Money(7), "units", ""), "run", None, None, ())
PERIODS: tuple[Period, ...] = ("run", "day", "month")


def steps(journal: Journal, action: Callable[[sqlite3.Connection], object]) -> int:
    """How many steps SQLite takes for something."""
    taken = [0]

    def step() -> int:
        taken[0] += 1
        return 0

    with journal_file.open_journal(journal.path, create=True) as db:
        db.set_progress_handler(step, 1)
        action(db)
        db.set_progress_handler(None, 1)
    return taken[0]


def test_a_budget_costs_the_same_however_much_was_spent(journal: Journal) -> None:
    def asked() -> list[int]:
        return [
            steps(journal, partial(spending.spent, cap=Cap(Money(9), per), now=NOW, run="run"))
            for per in PERIODS
        ]

    begin(journal, reservation=PRICED)
    few = asked()
    for _ in range(60):
        begin(journal, reservation=PRICED)
    assert asked() == few


def test_the_jobs_of_a_batch_are_read_with_few_queries(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    opened = sqlite3.connect

    def traced(*arguments: object, **options: object) -> sqlite3.Connection:
        connection: sqlite3.Connection = opened(*arguments, **options)  # type: ignore[call-overload]
        connection.set_trace_callback(said.append)
        return connection

    def asked() -> int:
        with monkeypatch.context() as patch:
            patch.setattr(sqlite3, "connect", traced)
            said.clear()
            journal.keyed("batch:b/")
        return len(said)

    first = begin(journal, key="batch:b/1", reservation=PRICED)
    few = asked()
    for number in range(2, 9):
        job_id = begin(journal, key=f"batch:b/{number}", reservation=PRICED)
        journal.saved(job_id, 1, output(Path("/b.png")))
        journal.saved(job_id, 0, output(Path("/a.png")))
    begin(journal, key="batch:c/1")
    assert asked() == few
    known = journal.keyed("batch:b/")
    assert set(known) == {str(number) for number in range(1, 9)}
    assert known["1"] == journal.get(first)
    assert known["8"] == journal.get(job_id)
    assert sorted(known["8"].outputs) == [0, 1]


COSTS = st.fixed_dictionaries(
    {
        "created": st.sampled_from([NOW, NOW - DAY, NOW - 20 * DAY]),
        "model": st.sampled_from(["a", "b"]),
        "run": st.sampled_from(["run", "other"]),
        "sandbox": st.integers(0, 1),
        "state": st.sampled_from([*COUNTED, "released"]),
        "estimated": st.none() | st.integers(0, 9),
        "billed": st.none() | st.integers(0, 9),
        "currency": st.sampled_from(["USD", "EUR"]),
    }
)


def from_the_rows(db: sqlite3.Connection, cap: Cap) -> Spent:
    """What counts against a cap, from the costs themselves."""
    micro = unknown = 0
    start = period_start(cap.per, NOW)
    for row in db.execute("SELECT * FROM costs WHERE sandbox = 0"):
        in_time = row["run"] == "run" if cap.per == "run" else row["created"] >= start
        if not (in_time and row["state"] in COUNTED and cap.covers(row["model"], "e")):
            continue
        amount = row["billed"] if row["billed"] is not None else row["estimated"]
        if amount is None or row["currency"] != cap.limit.currency:
            unknown += 1
        else:
            micro += amount
    return Spent(micro, unknown)


@cache
def made() -> sqlite3.Connection:
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.row_factory = sqlite3.Row
    for statement in chain.from_iterable(journal_file.MIGRATIONS):
        db.execute(statement)
    return db


@contextmanager
def empty() -> Iterator[sqlite3.Connection]:
    """The tables of a journal, with nothing in them afterwards."""
    made().execute("BEGIN")
    try:
        yield made()
    finally:
        made().execute("ROLLBACK")


@given(changes=st.lists(st.tuples(st.integers(0, 3), st.none() | COSTS), max_size=12))
def test_the_sums_are_those_of_the_costs(
    changes: list[tuple[int, dict[str, object] | None]],
) -> None:
    with empty() as db:
        for number, cost in changes:
            if cost is None:
                db.execute("DELETE FROM costs WHERE job_id = ?", (str(number),))
                continue
            there = db.execute("SELECT 1 FROM costs WHERE job_id = ?", (str(number),)).fetchone()
            if there:
                changed = ", ".join(f"{name} = ?" for name in cost)
                query = f"UPDATE costs SET {changed} WHERE job_id = ?"
            else:
                names = ", ".join(cost)
                marks = ", ".join("?" * len(cost))
                query = (
                    f"INSERT INTO costs ({names}, job_id, kind, endpoint, source) "
                    f"VALUES ({marks}, ?, 'image', 'e', 'units')"
                )
            db.execute(query, (*cost.values(), str(number)))
        for cap in (Cap(Money(9), per, model) for per in PERIODS for model in (None, "a")):
            assert spending.spent(db, cap, NOW, "run") == from_the_rows(db, cap)


def test_a_former_journal_that_cannot_be_written_has_its_sums() -> None:
    with closing(sqlite3.connect(":memory:")) as db:
        db.row_factory = sqlite3.Row
        for statement in chain.from_iterable(journal_file.MIGRATIONS[:2]):
            db.execute(statement)
        db.execute(
            "INSERT INTO costs (job_id, created, kind, model, endpoint, run, sandbox, state, "
            "source, currency, billed) VALUES ('1', ?, 'image', 'a', 'e', 'run', 0, 'settled', "
            "'units', 'USD', 7)",
            (NOW,),
        )
        journal_file._read_unmigrated(db, 2)
        assert spending.spent(db, Cap(Money(9), "day"), NOW, "") == Spent(7, 0)
