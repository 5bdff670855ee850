"""The journal: it outlives processes, it is shared, and it says so when it cannot be used."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openclaw_fal.errors import Interrupted, LocalError, TimedOut, UsageError
from openclaw_fal.media import Output
from openclaw_fal.store import job_record, journal_file, journal_rows, processes
from openclaw_fal.store.jobs import RESULT_LIMIT, Journal

FACTS: dict[str, Any] = {
    "kind": "image",
    "capability": "image.generate",
    "model": "fal-ai/flux/dev",
    "endpoint": "fal-ai/flux/dev",
    "transport": "sync",
    "base_url": "https://fal.run",
    "prompt": "a lighthouse",
    "target": {"folder": "/tmp", "template": "{prompt}"},
    "timeout_s": 180.0,
}
URLS = ("req-1", "https://q/s", "https://q/r", "https://q/c")
posix = pytest.mark.skipif(os.name != "posix", reason="POSIX only")


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "state" / "jobs.sqlite3")


def begin(journal: Journal, **changes: Any) -> str:
    return journal.begin(**{**FACTS, **changes})


def output(path: Path, url: str = "https://v3.fal.media/a.png") -> Output:
    return Output(path, "image/png", 3, url, width=8, height=9)


def python(code: str, *arguments: object) -> subprocess.Popen[str]:
    """A process that runs `code` with the arguments in `argv[1:]`."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)], stdout=subprocess.PIPE, text=True
    )


def other_owner(
    journal: Journal, job_id: str, owner: str, age: float = 0.0, state: str = "sending"
) -> None:
    """Make the row of a job look as if another process had been at work on it `age` seconds ago."""
    with sqlite3.connect(journal.path) as db:
        db.execute(
            "UPDATE jobs SET owner = ?, updated = ?, state = ? WHERE id = ?",
            (owner, time.time() - age, state, job_id),
        )
    db.close()


# The life of a job


def test_a_queued_job_from_the_request_to_the_file(journal: Journal, tmp_path: Path) -> None:
    job_id = begin(journal, transport="queue", seed=2**70, config_path=Path("/c/openclaw.json"))
    job = journal.get(job_id)
    assert (job.state, job.attempts, job.seed, job.outputs) == ("sending", 1, 2**70, {})
    assert job.config_path == Path("/c/openclaw.json")
    assert journal.submitted(job_id, *URLS, queue_position=3)
    job = journal.get(job_id)
    assert (job.state, job.queue_position, job.status_url) == ("queued", 3, "https://q/s")
    assert journal.progress(job_id, "running")
    assert journal.get(job_id).state == "running"
    assert journal.completed(job_id, b'{"images": []}', billable_units="1.5", seed=7)
    job = journal.get(job_id)
    assert (job.state, job.has_result, job.billable_units, job.seed) == (
        "completed",
        True,
        "1.5",
        7,
    )
    assert job.request_id == "req-1"
    assert journal.result(job_id) == b'{"images": []}'
    with journal.claim(job_id) as claimed:
        assert claimed.state == "saving"
        assert journal.saved(job_id, 0, output(tmp_path / "a.png"))
        assert journal.done(job_id)
    job = journal.get(job_id)
    assert job.state == "done"
    assert job.finished
    assert job.outputs == {0: output(tmp_path / "a.png")}


def test_late_words_change_nothing(journal: Journal) -> None:
    job_id = begin(journal)
    journal.completed(job_id, b"{}")
    journal.done(job_id)
    assert not journal.progress(job_id, "running")
    assert not journal.submitted(job_id, *URLS)
    assert not journal.failed(job_id, "network", "late")
    assert not journal.uncertain(job_id, "late")
    assert not journal.not_sent(job_id, "late")
    assert not journal.cancelled(job_id)
    assert not journal.again(job_id)
    assert journal.get(job_id).state == "done"
    assert journal.get(job_id).error is None


def test_unknown_jobs_are_no_crash(journal: Journal) -> None:
    begin(journal)
    assert not journal.submitted("nosuchjob0", *URLS)
    assert not journal.saved("nosuchjob0", 0, output(Path("a")))
    assert not journal.progress("nosuchjob0", "queued")
    assert journal.result("nosuchjob0") is None


def test_endings(journal: Journal) -> None:
    ids = [begin(journal) for _ in range(4)]
    journal.failed(ids[0], "content_policy", "refused", 422)
    journal.uncertain(ids[1], "cut")
    journal.not_sent(ids[2], "no route")
    journal.cancel_requested(ids[3])
    assert journal.get(ids[3]).cancel_requested
    assert journal.get(ids[3]).state == "sending"
    journal.cancelled(ids[3])
    jobs = [journal.get(job_id) for job_id in ids]
    assert [job.state for job in jobs] == ["failed", "uncertain", "not_sent", "cancelled"]
    assert jobs[0].error == job_record.JobError("content_policy", "refused", 422)
    assert jobs[0].as_json()["error"] == {
        "code": "content_policy",
        "message": "refused",
        "status": 422,
    }
    assert [job.finished for job in jobs] == [True, False, True, True]


def test_attempts_are_counted(journal: Journal) -> None:
    job_id = begin(journal)
    assert journal.again(job_id)
    assert journal.again(job_id)
    assert journal.get(job_id).attempts == 3


def test_an_uncertain_job_can_turn_out_to_be_there(journal: Journal) -> None:
    job_id = begin(journal, transport="queue")
    journal.uncertain(job_id, "cut")
    assert journal.submitted(job_id, *URLS)
    job = journal.get(job_id)
    assert (job.state, job.error) == ("queued", None)


def test_news_only_are_written(journal: Journal) -> None:
    job_id = begin(journal)
    journal.submitted(job_id, *URLS)
    before = journal.get(job_id).updated
    assert journal.progress(job_id, "queued", 2)
    assert journal.get(job_id).updated == before
    assert not journal.progress(job_id, "no such state")
    assert journal.get(job_id).state == "queued"


def test_a_ready_job_whose_result_is_not_fetched(journal: Journal) -> None:
    job_id = begin(journal)
    journal.completed(job_id)
    assert journal.get(job_id).state == "completed"
    assert not journal.get(job_id).has_result
    assert journal.result(job_id) is None


# What is kept, and what is not


def test_data_uris_and_long_texts_of_the_request_are_cut(journal: Journal) -> None:
    uri = "data:image/png;base64," + "QUJD" * 5000
    body = {"prompt": "p" * 9000, "image_url": uri, "more": [{"deep": uri}], "n": 2}
    job_id = begin(journal, body=body, prompt="ü" * 9000)
    job = journal.get(job_id)
    assert job.body == {
        "prompt": "p" * 1999 + "…",
        "image_url": "data:image/png",
        "more": [{"deep": "data:image/png"}],
        "n": 2,
    }
    assert job.prompt == "ü" * 1999 + "…"
    assert b"QUJD" not in journal.path.read_bytes()


def test_the_data_uri_of_an_output_is_cut(journal: Journal, tmp_path: Path) -> None:
    job_id = begin(journal)
    journal.saved(job_id, 0, output(tmp_path / "a", "data:image/png;base64," + "QUJD" * 99))
    assert journal.get(job_id).outputs[0].url == "data:image/png"


def test_a_large_result_is_kept_aside_until_the_files_are_saved(journal: Journal) -> None:
    job_id = begin(journal)
    result = b'{"x": "' + b"a" * RESULT_LIMIT + b'"}'
    journal.completed(job_id, result)
    aside = journal.path.parent / "jobs-results" / f"{job_id}.json"
    assert aside.read_bytes() == result == journal.result(job_id)
    assert journal.get(job_id).has_result
    if os.name == "posix":
        assert stat.S_IMODE(aside.stat().st_mode) == 0o600
        assert stat.S_IMODE(aside.parent.stat().st_mode) == 0o700
    journal.done(job_id)
    assert list(aside.parent.iterdir()) == []
    assert not journal.get(job_id).has_result


def test_a_large_result_that_somebody_removed_is_to_be_fetched_again(journal: Journal) -> None:
    job_id = begin(journal)
    journal.completed(job_id, b"x" * (RESULT_LIMIT + 1))
    (journal.path.parent / "jobs-results" / f"{job_id}.json").unlink()
    assert not journal.get(job_id).has_result
    assert journal.result(job_id) is None


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    text=st.text(st.characters(exclude_categories=())),
    number=st.integers(),
    data=st.recursive(st.none() | st.floats() | st.text(), lambda x: st.lists(x)),
)
def test_any_text_and_number_is_taken(
    journal: Journal, text: str, number: int, data: object
) -> None:
    job_id = begin(journal, prompt=text, seed=number, target={"t": text}, body={text: data})
    journal.submitted(job_id, text, text, text, text)
    journal.failed(job_id, "job_failed", text)
    job = journal.get(job_id)
    assert job.target == {"t": text}
    assert job.seed == (number if abs(number) < 2**256 else None)
    json.dumps(job.as_json())


def test_the_json_of_a_job(journal: Journal, tmp_path: Path) -> None:
    job_id = begin(journal)
    journal.completed(job_id, b"{}", request_id="r")
    journal.saved(job_id, 1, output(tmp_path / "b.png"))
    journal.saved(job_id, 0, output(tmp_path / "a.png"))
    document = journal.get(job_id).as_json()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", str(document.pop("createdAt")))
    assert document.pop("updatedAt")
    outputs: Any = document.pop("outputs")
    assert document == {
        "jobId": job_id,
        "state": "completed",
        "capability": "image.generate",
        "model": "fal-ai/flux/dev",
        "endpoint": "fal-ai/flux/dev",
        "transport": "sync",
        "prompt": "a lighthouse",
        "requestId": "r",
        "baseUrl": "https://fal.run",
        "attempts": 1,
    }
    assert [item["path"] for item in outputs] == [
        str(tmp_path / "a.png"),
        str(tmp_path / "b.png"),
    ]


@pytest.mark.parametrize("moment", [float("nan"), float("inf"), 1e300, -1e300])
def test_times_that_no_calendar_holds(moment: float) -> None:
    assert job_record.iso_time(moment) is None


# Finding jobs


def test_ids_are_short_and_easy_to_type(journal: Journal) -> None:
    assert re.fullmatch(r"[0-9abcdefghjkmnpqrstvwxyz]{10}", begin(journal))


def test_a_job_is_found_by_any_unambiguous_beginning(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = iter(["abc0000001", "abc1000000", "xyz0000000"])
    monkeypatch.setattr(journal_rows, "new_id", lambda: next(ids))
    first, second, third = begin(journal), begin(journal), begin(journal)
    journal.submitted(third, "REQ_%-9", None, None, None)
    assert journal.get("abc0").id == first
    assert journal.get(" ABCOOO ").id == first, "o reads as 0"
    assert journal.get("abcl").id == second, "l reads as 1"
    assert journal.get("x").id == third
    assert journal.get("REQ_%-9").id == journal.get("REQ_%").id == third
    with pytest.raises(UsageError, match=r"names 2 jobs: abc1000000.*abc0000001"):
        journal.get("abc")
    for unknown in ("q", "%", "REQ_x", "abc0000001x"):
        with pytest.raises(UsageError, match="no job"):
            journal.get(unknown)
    with pytest.raises(UsageError, match="empty"):
        journal.get("  ")


def test_lists_are_newest_first_and_filtered(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([1000.0, 5000.0, 200.0, 3000.0])
    monkeypatch.setattr(time, "time", lambda: next(clock, 3000.0))
    monkeypatch.setattr(processes, "life", lambda owner: "alive")
    ids = [begin(journal, kind=kind) for kind in ("image", "video", "image", "music")]
    assert [job.id for job in journal.list()] == ids[::-1], "whatever the clock says"
    assert [job.id for job in journal.list(kind="image")] == [ids[2], ids[0]]
    assert [job.id for job in journal.list(limit=2)] == [ids[3], ids[2]]
    assert [job.id for job in journal.list(limit=0)] == []
    assert [job.id for job in journal.list(since=3000.0)] == [ids[3], ids[1]]
    assert [job.id for job in journal.list(state="sending", model="fal-ai/flux/dev")] == ids[::-1]
    assert journal.list(model="other") == []
    assert journal.list(state=("done", "failed")) == []


def test_looking_makes_no_journal(journal: Journal) -> None:
    assert journal.list() == []
    assert list(journal.prune(older_than=0)) == []
    with pytest.raises(UsageError):
        journal.get("abc")
    assert not journal.path.parent.exists()


def test_pruning_leaves_what_is_not_finished(journal: Journal) -> None:
    ids = [begin(journal) for _ in range(4)]
    journal.completed(ids[0], b"{}")
    journal.saved(ids[0], 0, output(Path("a")))
    journal.done(ids[0])
    journal.uncertain(ids[1], "cut")
    journal.completed(ids[2], b"x" * (RESULT_LIMIT + 1))
    assert list(journal.prune(older_than=3600)) == []
    assert list(journal.prune(older_than=-1)) == [ids[0]]
    assert {job.id for job in journal.list()} == set(ids[1:])
    everything = job_record.STATES
    assert set(journal.prune(older_than=-1, states=everything)) == {ids[1], ids[2]}
    assert [job.id for job in journal.list()] == [ids[3]], "this process is still sending it"
    assert list((journal.path.parent / "jobs-results").iterdir()) == []
    with sqlite3.connect(journal.path) as db:
        assert db.execute("SELECT count(*) FROM outputs").fetchone() == (0,)
    db.close()


# Processes

SENDING = """
import sys, time
from pathlib import Path
from openclaw_fal.store.jobs import Journal
journal = Journal(Path(sys.argv[1]))
job_id = journal.begin(kind="image", capability="image.generate", model="m", endpoint="m",
    transport="sync", base_url="b", prompt="p", target={}, timeout_s=600)
if sys.argv[2] == "saving":
    journal.completed(job_id, b"{}")
    claim = journal.claim(job_id)
    claim.__enter__()
print(job_id, flush=True)
time.sleep(600)
"""


@posix
@pytest.mark.parametrize(("at", "reads"), [("sending", "uncertain"), ("saving", "completed")])
def test_a_killed_process_needs_no_tidying_up(journal: Journal, at: str, reads: str) -> None:
    process = python(SENDING, journal.path, at)
    assert process.stdout is not None
    with process.stdout:
        job_id = process.stdout.readline().strip()
        assert journal.get(job_id).state == at
        assert list(journal.prune(older_than=-1, states=job_record.STATES)) == []
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


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
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
    journal: Journal, age: float, state: str
) -> None:
    job_id = begin(journal)
    other_owner(journal, job_id, "another machine|1|5", age)
    assert journal.get(job_id).state == state


@pytest.mark.parametrize("owner", ["", "|", "||", "x", "a|b|c", "|9999999999999999999999|"])
def test_owners_that_say_nothing(owner: str) -> None:
    assert processes.life(owner) in ("unknown", "gone")


def test_this_process_lives() -> None:
    me = processes.this_process()
    assert processes.life(me) in ("alive", "unknown")
    place, _, _ = me.split("|")
    assert processes.life(f"{place}|{os.getpid()}|1") == "gone", "a later process with this number"
    if os.name == "posix":
        assert processes.life(f"{place}|{2**22 + 7}|") == "gone"
        assert processes.life(f"{place}|{os.getpid()}|") == "unknown"


WORK = """
import sys
from pathlib import Path
from openclaw_fal.store.jobs import Journal
journal = Journal(Path(sys.argv[1]))
for number in range(int(sys.argv[3])):
    job_id = journal.begin(kind="video", capability="video.generate", model="m", endpoint="m",
        transport="queue", base_url="b", prompt=f"{sys.argv[2]}-{number}", target={}, timeout_s=600)
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
from openclaw_fal.store.jobs import Journal
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
    workers = [python(WORK, journal.path, worker, 13) for worker in range(8)]
    assert [worker.wait() for worker in workers] == [0] * 8
    for worker in workers:
        assert worker.stdout is not None
        worker.stdout.close()
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
    with pytest.raises(TimedOut, match="another process"), journal.claim(job_id, wait_s=0.05):
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
    workers = [python(CLAIMING, journal.path, job_id, tmp_path / "in use") for _ in range(8)]
    answers = [worker.communicate()[0].strip() for worker in workers]
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
    real = journal_rows.by_id
    calls: list[int] = []

    def interrupted_once(db: sqlite3.Connection, wanted: str) -> sqlite3.Row | None:
        calls.append(1)
        if len(calls) == 1:
            raise signalled
        return real(db, wanted)

    monkeypatch.setattr(journal_rows, "by_id", interrupted_once)
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


# The file


@posix
def test_the_journal_is_private(journal: Journal) -> None:
    before = os.umask(0)
    try:
        begin(journal)
        mode = stat.S_IMODE(journal.path.stat().st_mode)
        assert mode == 0o600
        assert stat.S_IMODE(journal.path.parent.stat().st_mode) == 0o700
        for beside in journal.path.parent.iterdir():
            assert stat.S_IMODE(beside.stat().st_mode) == 0o600, beside
        journal.path.chmod(0o644)
        begin(journal)
        assert stat.S_IMODE(journal.path.stat().st_mode) == 0o600
    finally:
        os.umask(before)


@posix
def test_a_folder_that_was_there_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    begin(Journal(tmp_path / "jobs.sqlite3"))
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_an_older_schema_is_upgraded_and_a_newer_one_refused(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = begin(journal)
    later = (*journal_file.MIGRATIONS, ("ALTER TABLE jobs ADD COLUMN colour TEXT DEFAULT 'red'",))
    monkeypatch.setattr(journal_file, "MIGRATIONS", later)
    assert journal.get(job_id).id == job_id
    with sqlite3.connect(journal.path) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (len(later),)
        assert db.execute("SELECT colour FROM jobs").fetchone() == ("red",)
    db.close()
    before = journal.path.read_bytes()
    monkeypatch.setattr(journal_file, "MIGRATIONS", later[:-1])
    for use in (lambda: begin(journal), journal.list, lambda: journal.done(job_id)):
        with pytest.raises(LocalError, match="newer openclaw-fal") as error:
            use()
        assert error.value.hint == "upgrade openclaw-fal"
    assert journal.path.read_bytes() == before


def test_a_failed_upgrade_leaves_the_journal_as_it_was(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = begin(journal)
    broken = (*journal_file.MIGRATIONS, ("ALTER TABLE jobs ADD COLUMN colour TEXT", "NONSENSE"))
    with monkeypatch.context() as patch:
        patch.setattr(journal_file, "MIGRATIONS", broken)
        with pytest.raises(LocalError):
            journal.list()
    assert journal.get(job_id).id == job_id


def test_upgrades_at_the_same_time(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    journal.path.parent.mkdir()
    threads = [threading.Thread(target=begin, args=(journal,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(journal.list()) == 8


def damage(name: str) -> Callable[[Path], None]:
    def apply(path: Path) -> None:
        data = bytearray(path.read_bytes())
        if name == "garbage":
            data = bytearray(b"this is not a database, but it is long enough to look like one" * 99)
        elif name == "truncated":
            del data[4096 + 100 :]
        elif name == "pages":
            data[4096:] = b"\xff" * (len(data) - 4096)
        elif name == "no tables":
            path.unlink()
            with sqlite3.connect(path) as db:
                db.execute(f"PRAGMA application_id = {journal_file.APPLICATION_ID}")
                db.execute(f"PRAGMA user_version = {len(journal_file.MIGRATIONS)}")
            db.close()
            return
        path.write_bytes(data)

    return apply


@pytest.mark.parametrize("how", ["garbage", "truncated", "pages", "no tables"])
def test_a_damaged_journal_is_an_error_that_says_what_to_do(journal: Journal, how: str) -> None:
    begin(journal)
    damage(how)(journal.path)
    before = journal.path.read_bytes()
    for use in (lambda: begin(journal), journal.list):
        with pytest.raises(LocalError, match="is damaged") as error:
            use()
        assert error.value.status == 3
        assert "jobs.sqlite3.damaged" in (error.value.hint or "")
    assert journal.path.read_bytes() == before
    journal.path.rename(journal.path.with_name("jobs.sqlite3.damaged"))
    begin(journal)
    assert len(journal.list()) == 1


def test_an_unreadable_row_is_damage_and_no_crash(journal: Journal) -> None:
    begin(journal)
    with sqlite3.connect(journal.path) as db:
        db.execute("UPDATE jobs SET target = '{'")
    db.close()
    with pytest.raises(LocalError, match="is damaged"):
        journal.list()


def test_the_database_of_another_program_is_left_alone(journal: Journal) -> None:
    journal.path.parent.mkdir()
    with sqlite3.connect(journal.path) as db:
        db.execute("CREATE TABLE cookies (a)")
    db.close()
    before = journal.path.read_bytes()
    with pytest.raises(LocalError, match="not a job journal"):
        begin(journal)
    assert journal.path.read_bytes() == before


def test_a_folder_or_a_pipe_in_the_place_of_the_journal(journal: Journal) -> None:
    journal.path.mkdir(parents=True)
    with pytest.raises(LocalError, match="not a regular file"):
        begin(journal)
    with pytest.raises(LocalError, match="not a regular file"):
        journal.list()
    if hasattr(os, "mkfifo"):
        journal.path.rmdir()
        os.mkfifo(journal.path)
        with pytest.raises(LocalError, match="not a regular file"):
            begin(journal)


def test_a_file_in_the_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("x", encoding="utf-8")
    with pytest.raises(LocalError, match="journal") as error:
        begin(Journal(tmp_path / "state" / "jobs.sqlite3"))
    assert "OPENCLAW_FAL_HOME" in (error.value.hint or "")


@posix
def test_a_read_only_home(journal: Journal) -> None:
    if os.geteuid() == 0:
        pytest.skip("permissions do not hold root back")
    job_id = begin(journal)
    journal.path.chmod(0o400)
    journal.path.parent.chmod(0o500)
    try:
        assert journal.get(job_id).id == job_id
        with pytest.raises(LocalError, match="cannot be written"):
            begin(journal)
    finally:
        journal.path.parent.chmod(0o700)


def test_a_journal_that_is_held_for_too_long(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(journal)
    monkeypatch.setattr(journal_file, "BUSY_S", 0.0)
    holder = sqlite3.connect(journal.path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(LocalError, match="held by another process"):
        begin(journal)
    assert len(journal.list()) == 1, "reading goes on"
    holder.execute("ROLLBACK")
    holder.close()
    begin(journal)


LIMITED = """
import os, resource, signal, sys
from pathlib import Path
from openclaw_fal.errors import LocalError
from openclaw_fal.store.jobs import Journal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
path = Path(sys.argv[1])
journal = Journal(path)
def begin():
    return journal.begin(kind="image", capability="image.generate", model="m", endpoint="m",
        transport="queue", base_url="b", prompt="p" * 1500, target={}, timeout_s=600)
job_id = begin()
size = path.stat().st_size
assert path.with_name(path.name + "-journal").stat().st_size > 64 * 1024
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
try:
    for _ in range(1000):
        begin()
except LocalError as error:
    print(error.status, error.message)
url = "https://queue.fal.run/fal-ai/flux/requests/" + "x" * 300
assert journal.submitted(job_id, "the request id", url, url, url)
assert journal.get(job_id).request_id == "the request id"
"""


@posix
def test_a_full_disk_is_an_error_before_the_request_and_keeps_the_request_id(
    journal: Journal,
) -> None:
    process = python(LIMITED, journal.path)
    answer, _ = process.communicate()
    assert process.returncode == 0
    assert answer.startswith("3 the ")
