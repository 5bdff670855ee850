"""The journal for many threads: what it says to have written is on the disk, and no more."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from openclaw_fal.errors import LocalError
from openclaw_fal.journal import file as journal_file
from openclaw_fal.journal.jobs import Journal
from openclaw_fal.journal.ledger import Ledger
from openclaw_fal.journal.shared import SharedJournal
from openclaw_fal.money.amount import Money
from openclaw_fal.money.budget import Cap, Spent
from openclaw_fal.money.cost import Reservation
from openclaw_fal.money.estimate import Estimate
from tests.journal.journal_support import URLS, begin, output
from tests.support.queueing import until

RESERVED = Reservation(Estimate(Money(7), "units", ""), "run", None, None, ())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "jobs.sqlite3"


class Broken(threading.Event):
    """Ctrl-C comes while a change waits for those of other threads."""

    def wait(self, timeout: float | None = None) -> bool:
        raise KeyboardInterrupt


def test_an_interrupt_does_not_keep_a_change_from_the_disk(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with SharedJournal(path) as journal:
        job_id = begin(journal)
        with monkeypatch.context() as patch:
            patch.setattr(threading, "Event", Broken)
            with pytest.raises(KeyboardInterrupt):
                journal.submitted(job_id, *URLS)
        assert Journal(path).get(job_id).request_id == URLS[0]


def test_what_was_put_off_is_written_at_the_end(path: Path, tmp_path: Path) -> None:
    with SharedJournal(path) as journal:
        job_id = begin(journal)
        journal.saved(job_id, 0, output(tmp_path / "a.png"))
    assert set(Journal(path).get(job_id).outputs) == {0}


def test_what_was_put_off_is_written_with_the_next_change(path: Path, tmp_path: Path) -> None:
    with SharedJournal(path) as journal:
        job_id = begin(journal)
        journal.saved(job_id, 0, output(tmp_path / "a.png"))
        begin(journal)
        assert set(Journal(path).get(job_id).outputs) == {0}


def together(journal: SharedJournal, *actions: Callable[[], object]) -> list[BaseException | None]:
    """Run actions in threads so that one commit has the changes of all; what each one raised."""
    raised: list[BaseException | None] = [None] * len(actions)

    def run(number: int) -> None:
        try:
            actions[number]()
        except BaseException as error:
            raised[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(actions))]
    with journal._connection_lock:
        for thread in threads:
            thread.start()
        until(lambda: len(journal._waiting) == len(actions))
    for thread in threads:
        thread.join(10)
    return raised


def test_a_change_that_fails_undoes_itself_and_no_other(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = [LocalError("no locks here")]

    def hold(self: Journal, job_id: str, owner: str, number: int) -> None:
        if failures:  # of the first, whose row and cost have been written by then
            raise failures.pop()

    with SharedJournal(path) as journal:
        begin(journal)
        monkeypatch.setattr(Journal, "_hold", hold)
        one_more = partial(begin, journal, reservation=RESERVED)
        raised = together(journal, one_more, one_more)
    assert sorted(type(error).__name__ for error in raised) == ["LocalError", "NoneType"]
    assert len(Journal(path).list()) == 2
    assert Ledger(path).spent(Cap(Money(99), "run"), "run") == Spent(7, 0)


def test_a_commit_that_fails_is_told_to_all(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with SharedJournal(path) as journal:
        begin(journal)

        def full(*_: object) -> None:
            raise LocalError("the disk is full")

        monkeypatch.setattr(journal_file, "transaction", full)
        raised = together(journal, lambda: begin(journal), lambda: begin(journal))
        monkeypatch.undo()
    assert [type(error) for error in raised] == [LocalError, LocalError]
    assert len(Journal(path).list()) == 1
