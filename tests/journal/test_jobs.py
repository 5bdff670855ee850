"""The journal: a job from the request to the file, and how it is found again."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openclaw_fal.errors import UsageError
from openclaw_fal.journal import record as job_record
from openclaw_fal.journal import rows as journal_rows
from openclaw_fal.journal.jobs import RESULT_LIMIT, Journal
from tests.journal.journal_support import URLS, begin, output
from tests.support.folders import mode

# The life of a job


def test_a_queued_job_from_the_request_to_the_file(journal: Journal, tmp_path: Path) -> None:
    job_id = begin(journal, transport="queue", seed=2**70)
    job = journal.get(job_id)
    assert (job.state, job.attempts, job.seed, job.outputs) == ("sending", 1, 2**70, {})
    assert journal.submitted(job_id, *URLS, queue_position=3)
    job = journal.get(job_id)
    assert (job.state, job.queue_position, job.status_url) == ("queued", 3, "https://q/s")
    assert journal.progress(job_id, "running")
    assert journal.get(job_id).state == "running"
    assert journal.completed(job_id, b'{"images": []}', billable_units="1.5")
    job = journal.get(job_id)
    assert (job.state, job.has_result, job.billable_units) == ("completed", True, "1.5")
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
    assert not journal.count_attempt(job_id)
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
    assert journal.count_attempt(job_id)
    assert journal.count_attempt(job_id)
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


def test_the_body_is_kept_exactly_but_for_the_bytes_of_files(journal: Journal) -> None:
    uri = "data:image/png;base64," + "QUJD" * 5000
    body = {"prompt": "p" * 9000, "image_url": uri, "more": [{"deep": uri}], "n": 2}
    job_id = begin(journal, body=body, prompt="ü" * 9000)
    job = journal.get(job_id)
    mark = {
        "sha256": hashlib.sha256(b"ABC" * 5000).hexdigest(),
        "size": 15_000,
        "type": "image/png",
    }
    assert job.body == {"prompt": "p" * 9000, "image_url": mark, "more": [{"deep": mark}], "n": 2}
    assert job.prompt == "ü" * 1999 + "…"
    assert b"QUJD" not in journal.path.read_bytes()
    assert b"ABCABC" not in journal.path.read_bytes()


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
        assert mode(aside) == 0o600
        assert mode(aside.parent) == 0o700
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
        "cost": {"estimated": None, "billed": None, "currency": "USD", "source": "unknown"},
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
    ids = [begin(journal, kind=kind) for kind in ("image", "video", "image", "music")]
    assert [job.id for job in journal.list()] == ids[::-1], "whatever the clock says"
    assert [job.id for job in journal.list(kind="image")] == [ids[2], ids[0]]
    assert [job.id for job in journal.list(limit=2)] == [ids[3], ids[2]]
    assert [job.id for job in journal.list(limit=0)] == []
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
    journal.done(ids[2])
    assert list(journal.prune(older_than=-1)) == [ids[2]]
    assert list((journal.path.parent / "jobs-results").iterdir()) == []
    with sqlite3.connect(journal.path) as db:
        assert db.execute("SELECT count(*) FROM outputs").fetchone() == (0,)
    db.close()
