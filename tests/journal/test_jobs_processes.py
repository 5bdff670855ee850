"""The journal is shared by processes, which may die at any moment."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from openclaw_fal.errors import Interrupted, LocalError, TimedOut
from openclaw_fal.journal import costs as journal_costs
from openclaw_fal.journal import locks, processes
from openclaw_fal.journal.jobs import Journal
from tests.journal.journal_support import URLS, begin, other_owner, output, python
from tests.support import program
from tests.support.systems import linux, not_on_windows, signals

SENDING = """
import sys, time
from pathlib import Path
from openclaw_fal.journal.jobs import Journal
from openclaw_fal.journal.record import NewJob
journal = Journal(Path(sys.argv[1]))
job_id = journal.begin(NewJob(kind="image", capability="image.generate", model="m", endpoint="m",
    transport="sync", base_url="b", prompt="p", target={}, timeout_s=600))
if sys.argv[2] == "saving":
    journal.completed(job_id, b"{}")
    claim = journal.claim(job_id)
    claim.__enter__()
print(job_id, flush=True)
time.sleep(600)
"""


@signals
@pytest.mark.parametrize(("at", "reads"), [("sending", "uncertain"), ("saving", "completed")])
def test_a_killed_process_needs_no_tidying_up(journal: Journal, at: str, reads: str) -> None:
    process = python(SENDING, journal.path, at)
    assert process.stdout is not None
    with process.stdout:
        job_id = process.stdout.readline().strip()
        assert journal.get(job_id).state == at
        assert list(journal.prune(older_than=-1)) == []
        process.send_signal(signal.SIGKILL)
        process.wait()
    job = journal.get(job_id)
    assert job.state == reads
    assert [found.id for found in journal.list(state=job.state)] == [job_id]
    assert journal.list(state=(at,)) == []
    if at == "sending":
        assert job.error is not None
        assert "may have reached fal" in job.error.message
    else:
        with journal.claim(job_id, wait_s=0) as claimed:
            assert claimed.state == "saving"


@linux
def test_a_process_that_nobody_has_waited_for_counts_as_gone(journal: Journal) -> None:
    process = python(SENDING, journal.path, "sending")
    assert process.stdout is not None
    with process.stdout:
        job_id = process.stdout.readline().strip()
        process.send_signal(signal.SIGKILL)
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert journal.get(job_id).state == "uncertain"
    process.wait()


@pytest.mark.parametrize(
    ("age", "state"),
    [(10.0, "sending"), (179.0, "sending"), (181.0, "uncertain"), (-60.0, "uncertain")],
)
def test_a_process_that_cannot_be_checked_has_until_the_timeout(
    journal: Journal, age: float, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = begin(journal)
    other_owner(journal, job_id, "another machine|1|5", age)
    monkeypatch.setattr(locks, "liveness", lambda journal, number: "unknown")
    assert journal.get(job_id).state == state


ELSEWHERE = """
import sys, time
from pathlib import Path
from openclaw_fal.journal import locks, processes
processes._host = lambda: "another machine"
""" + SENDING.lstrip()


@signals
@pytest.mark.parametrize(("at", "reads"), [("sending", "uncertain"), ("saving", "completed")])
def test_a_process_of_another_machine_holds_a_job_for_as_long_as_it_lives(
    journal: Journal, at: str, reads: str
) -> None:
    process = python(ELSEWHERE, journal.path, at)
    assert process.stdout is not None
    with process.stdout:
        job_id = process.stdout.readline().strip()
        assert journal.get(job_id).state == at
        assert journal.get(job_id).state == at, "looking takes nobody's lock"
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert journal.get(job_id).state == reads, "at once, whatever its time-out"


@not_on_windows("a locked file cannot be copied there")
def test_a_folder_restored_on_another_machine_is_taken_over_at_once(
    journal: Journal, tmp_path: Path
) -> None:
    job_id = begin(journal, timeout_s=86400.0)
    journal.completed(job_id, b"{}")
    with journal.claim(job_id):
        copy = Journal(tmp_path / "restored" / "jobs.sqlite3")
        shutil.copytree(journal.path.parent, copy.path.parent)
    owner = "3e1c9b5e-0000-0000-0000-000000000000/4026531836|1234|99|0123456789abcdef"
    other_owner(copy, job_id, owner, state="saving")
    with copy.claim(job_id, wait_s=0) as job:
        assert job.state == "saving"


@pytest.mark.parametrize("owner", ["", "|", "||", "x", "a|b|c", "|9999999999999999999999|"])
def test_owners_that_say_nothing(journal: Journal, owner: str) -> None:
    begin(journal)
    assert processes.liveness(owner, journal.path, 77) in ("unknown", "gone")


def test_this_process_lives(journal: Journal) -> None:
    begin(journal)

    def life(owner: str) -> str:
        return processes.liveness(owner, journal.path, 77)

    me = processes.new_owner()
    assert life(me) == "alive"
    processes.end(me)
    assert life(me) == "gone", "the process lives, and this call of it has ended"
    place, _, start, _ = me.split("|")
    assert life(f"{place}|{os.getpid()}|{start}") in ("alive", "unknown"), "of an older release"
    assert life(f"{place}|{os.getpid()}|1") == "gone", "a later process with this number"
    if os.name == "posix":
        assert life(f"{place}|{2**22 + 7}|") == "gone"
        assert life(f"{place}|{os.getpid()}|") == "unknown"


WORK = """
import sys
from pathlib import Path
from openclaw_fal.journal.jobs import Journal
from openclaw_fal.journal.record import NewJob
journal = Journal(Path(sys.argv[1]))
for number in range(int(sys.argv[3])):
    job_id = journal.begin(NewJob(kind="video", capability="video.generate",
        model="m", endpoint="m", transport="queue", base_url="b",
        prompt=f"{sys.argv[2]}-{number}", target={}, timeout_s=600))
    journal.submitted(job_id, f"r-{sys.argv[2]}-{number}", "s", "r", "c")
    journal.progress(job_id, "running")
    journal.completed(job_id, b"{}")
    with journal.claim(job_id):
        journal.done(job_id)
"""


CLAIMING = """
import os, sys
from pathlib import Path
from openclaw_fal.media import Output
from openclaw_fal.journal.jobs import Journal
from openclaw_fal.journal.record import NewJob
journal, job_id, mark = Journal(Path(sys.argv[1])), sys.argv[2], Path(sys.argv[3])
with journal.claim(job_id, wait_s=60) as job:
    if job.state == "done":
        print("done")
    else:
        mark.touch(exist_ok=False)
        journal.saved(job_id, 0, Output(mark, "image/png", 0, "https://x"))
        journal.done(job_id)
        print("saved")
"""


def test_a_hundred_jobs_from_eight_processes_are_all_in_the_journal(journal: Journal) -> None:
    workers = [program.python(WORK, journal.path, worker, 13) for worker in range(8)]
    ends = [worker.communicate() for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * 8, ends
    jobs = journal.list(state="done")
    wanted = {f"{worker}-{number}" for worker in range(8) for number in range(13)}
    assert {job.prompt for job in jobs} == wanted
    assert all(job.request_id == f"r-{job.prompt}" for job in jobs)
    assert len({job.number for job in jobs}) == len({job.id for job in jobs}) == 104


def test_only_one_of_two_processes_saves(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = begin(journal)
    journal.completed(job_id, b"{}")
    other_owner(journal, job_id, "another machine|1|5", state="saving")
    monkeypatch.setattr(locks, "liveness", lambda journal, number: "alive")
    with pytest.raises(TimedOut, match="still being saved"), journal.claim(job_id, wait_s=0.05):
        pytest.fail("claimed twice")
    path = tmp_path / "a.png"
    path.write_bytes(b"abc")

    def the_other_one_finishes(seconds: float) -> None:
        journal.saved(job_id, 0, output(path))
        journal.done(job_id)

    monkeypatch.setattr(time, "sleep", the_other_one_finishes)
    with journal.claim(job_id, wait_s=30) as job:
        assert job.state == "done"
        assert job.outputs[0].path == path
    assert journal.get(job_id).state == "done"


def test_claims_from_eight_processes_exclude_each_other(journal: Journal, tmp_path: Path) -> None:
    job_id = begin(journal)
    journal.completed(job_id, b"{}")
    in_use = tmp_path / "in use"
    workers = [program.python(CLAIMING, journal.path, job_id, in_use) for _ in range(8)]
    answers = [worker.communicate()[0].decode().strip() for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * 8
    assert sorted(answers) == ["done"] * 7 + ["saved"]


def test_a_done_job_whose_files_are_gone_can_be_saved_again(
    journal: Journal, tmp_path: Path
) -> None:
    job_id = begin(journal)
    journal.completed(job_id, b"{}")
    journal.saved(job_id, 0, output(tmp_path / "gone.png"))
    journal.done(job_id)
    with journal.claim(job_id) as job:
        assert job.state == "saving"
        assert journal.done(job_id)
    assert journal.get(job_id).state == "done"


def test_a_claim_is_given_back_when_saving_fails(journal: Journal) -> None:
    job_id = begin(journal)
    journal.completed(job_id, b"{}")
    with pytest.raises(LocalError, match="disk"), journal.claim(job_id):
        raise LocalError("disk full")
    assert journal.get(job_id).state == "completed"
    assert journal.result(job_id) == b"{}"


def test_what_has_no_result_cannot_be_claimed(journal: Journal) -> None:
    job_id = begin(journal)
    with pytest.raises(LocalError, match="no result"), journal.claim(job_id):
        pytest.fail("claimed")


@pytest.mark.parametrize("signalled", [KeyboardInterrupt, SystemExit, Interrupted("stop")])
def test_an_interrupt_does_not_lose_the_request_id(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, signalled: Any
) -> None:
    job_id = begin(journal)
    real = journal_costs.update_state
    calls: list[int] = []

    def interrupted_once(db: sqlite3.Connection, changed: str) -> None:
        calls.append(1)
        if len(calls) == 1:
            raise signalled
        real(db, changed)

    monkeypatch.setattr(journal_costs, "update_state", interrupted_once)
    with pytest.raises((KeyboardInterrupt, SystemExit, Interrupted)):
        journal.submitted(job_id, *URLS)
    assert journal.get(job_id).request_id == "req-1"


def test_threads_share_a_journal(journal: Journal, tmp_path: Path) -> None:
    job_id = begin(journal)
    threads = [
        threading.Thread(target=journal.saved, args=(job_id, index, output(tmp_path / str(index))))
        for index in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(journal.get(job_id).outputs) == list(range(8))


def test_a_claim_belongs_to_a_call(journal: Journal, tmp_path: Path) -> None:
    job_id = begin(journal)
    journal.completed(job_id, b"{}")
    with journal.claim(job_id):
        for same_process in (journal, Journal(journal.path)):
            with pytest.raises(TimedOut), same_process.claim(job_id, wait_s=0.05):
                pytest.fail("claimed twice")
    with journal.claim(job_id, wait_s=0) as job:
        assert job.state == "saving"


def test_a_claim_that_could_not_be_given_back_lapses_with_its_call(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = begin(journal)
    journal.completed(job_id, b"{}")
    with monkeypatch.context() as patch, journal.claim(job_id):
        patch.setattr(Journal, "_write", full)
    assert journal.get(job_id).state == "completed"
    with journal.claim(job_id, wait_s=0) as job:
        assert job.state == "saving"


def full(*_: object) -> None:
    raise LocalError("the disk is full")


def test_what_this_call_began_is_its_own_until_it_leaves(journal: Journal) -> None:
    job_id = begin(journal)
    assert Journal(journal.path).get(job_id).state == "sending"
    journal.leave(job_id)
    assert Journal(journal.path).get(job_id).state == "uncertain"
