"""A request whose answer never came is found at fal by what was asked, and is never sent again."""

from __future__ import annotations

from pathlib import Path

import pytest

from openclaw_fal.sandbox import Dials
from tests.cli.test_uploads import picture
from tests.support.program import Openclaw
from tests.support.queueing import Hooked, journal, kept_files, only_job

LOST = ["silent", "reset_after_read", "cut"]
VIDEO = ("video", "waves", "--poll-interval", "0.05")
IMAGE = ("image", "waves", "--seed", "7", "--param", "guidance_scale=3.25")


def lost(openclaw: Openclaw, fal: Hooked, form: str, *argv: str) -> str:
    """A run whose answer is lost in this way; returns the id of its job."""
    phase = "submit" if argv[0] == "video" else "sync"
    fal.dials.fail(phase, form, 1, request_id=False)
    outcome = openclaw(*argv, "--timeout-ms", "1500")
    assert outcome.status == 7, outcome.err
    fal.dials.heal()
    job = journal().list()[0]
    assert job.state == "uncertain"
    assert job.cost is not None
    assert job.cost.state == "held"
    return job.id


@pytest.mark.parametrize("form", LOST)
@pytest.mark.parametrize("argv", [VIDEO, IMAGE], ids=["queue", "sync"])
def test_a_lost_answer_is_found_and_its_file_saved_with_one_post(
    openclaw: Openclaw, fal: Hooked, form: str, argv: tuple[str, ...]
) -> None:
    job_id = lost(openclaw, fal, form, *argv)
    outcome = openclaw("jobs", "reconcile", job_id, "--json")
    assert outcome.status == 0, outcome.out
    (found,) = outcome.json["jobs"]
    assert found["outcome"] == "adopted"
    outcome = openclaw("jobs", "wait", job_id, "--poll-interval", "0.05", "--json")
    assert outcome.status == 0, outcome.out
    assert outcome.json["requestId"] == found["requestId"]
    (output,) = outcome.json["outputs"]
    assert Path(output["path"]).read_bytes() == fal.media(output["url"])
    assert len(fal.posts()) == 1


@pytest.mark.parametrize("argv", [VIDEO, IMAGE], ids=["queue", "sync"])
def test_waiting_for_an_uncertain_job_looks_for_it_first(
    openclaw: Openclaw, fal: Hooked, argv: tuple[str, ...]
) -> None:
    job_id = lost(openclaw, fal, "reset_after_read", *argv)
    outcome = openclaw("jobs", "wait", job_id, "--poll-interval", "0.05")
    assert outcome.status == 0, outcome.err
    assert "it is fal's request" in outcome.err
    assert kept_files() == [f"waves.{'mp4' if argv is VIDEO else 'png'}"]
    assert len(fal.posts()) == 1


def test_equal_requests_at_the_same_time_are_listed_and_one_is_chosen(
    openclaw: Openclaw, fal: Hooked
) -> None:
    first = lost(openclaw, fal, "reset_after_read", *VIDEO)
    second = lost(openclaw, fal, "reset_after_read", *VIDEO)
    outcome = openclaw("jobs", "reconcile", "--json")
    assert [found["outcome"] for found in outcome.json["jobs"]] == ["several", "several"]
    ids = [one["request_id"] for one in outcome.json["jobs"][0]["candidates"]]
    assert sorted(ids) == sorted(job.id for job in fal.jobs)
    assert {job.state for job in journal().list()} == {"uncertain"}
    outcome = openclaw("jobs", "wait", first)
    assert outcome.status == 7
    assert "it may be any of" in outcome.err
    outcome = openclaw("jobs", "reconcile", first, "--adopt", ids[0])
    assert ids[0] in outcome.out
    # What one job has is no candidate of the other.
    assert openclaw("jobs", "reconcile", second, "--json").json["jobs"][0]["requestId"] == ids[1]
    for job_id in (first, second):
        assert openclaw("jobs", "wait", job_id, "--poll-interval", "0.05").status == 0
    assert len(fal.posts()) == 2


def test_other_requests_of_the_endpoint_are_none_of_ours(openclaw: Openclaw, fal: Hooked) -> None:
    fal.dials = Dials(history_delay=3600)
    job_id = lost(openclaw, fal, "reset_after_read", *VIDEO)
    assert openclaw("video", "other waves", "--poll-interval", "0.05").status == 0
    outcome = openclaw("jobs", "reconcile", job_id)
    assert "not seen at fal 0 minutes after" in outcome.out
    assert journal().get(job_id).state == "uncertain"
    fal.dials = Dials()
    assert "it is fal's request" in openclaw("jobs", "reconcile").out


def test_a_reference_file_is_compared_by_its_bytes(openclaw: Openclaw, fal: Hooked) -> None:
    picture("a.png", 1000)
    picture("b.png", 1000, b"\2")
    edit = ("image", "edit", "night")
    job_id = lost(openclaw, fal, "reset_after_read", *edit, "--file", "a.png")
    fal.dials.fail("sync", "silent", 1)
    assert openclaw(*edit, "--file", "b.png", "--timeout-ms", "1500").status == 7
    fal.dials.heal()
    outcome = openclaw("jobs", "reconcile", job_id, "--json")
    assert [found["outcome"] for found in outcome.json["jobs"]] == ["adopted"]


def test_what_cannot_be_reconciled(openclaw: Openclaw, fal: Hooked) -> None:
    assert "no uncertain job" in openclaw("jobs", "reconcile").err
    assert openclaw(*IMAGE).status == 0
    outcome = openclaw("jobs", "reconcile", only_job().id)
    assert (outcome.status, "is done" in outcome.err) == (2, True)
    job_id = lost(openclaw, fal, "reset_after_read", *VIDEO)
    assert openclaw("jobs", "reconcile", job_id, "--adopt", "nonsense").status == 2
    assert openclaw("jobs", "reconcile", "--adopt", "x", "--since", "0m").status == 2
    fal.dials.fail("platform", "503")
    outcome = openclaw("jobs", "wait", job_id, "--timeout-ms", "900")
    assert outcome.status == 7
    assert journal().get(job_id).state == "uncertain"
