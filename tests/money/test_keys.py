"""--key: one key, one POST, whoever sends it and whatever becomes of it."""

from __future__ import annotations

import pytest

from openclaw_fal.errors import Conflict
from openclaw_fal.sandbox import Dials
from tests.support.program import Openclaw, start
from tests.support.queueing import Hooked, ended, journal, only_job
from tests.support.systems import signals

IMAGE = ("image", "waves", "--key", "order-1")


def test_the_same_key_and_body_is_the_earlier_job(openclaw: Openclaw, fal: Hooked) -> None:
    first = openclaw(*IMAGE, "--json")
    again = openclaw(*IMAGE, "--json")
    assert (first.status, again.status) == (0, 0)
    assert "repeated" not in first.json
    assert again.json["repeated"] is True
    assert again.json["jobId"] == first.json["jobId"]
    assert again.json["outputs"] == first.json["outputs"]
    assert len(fal.posts()) == 1


def test_the_same_key_with_another_body_is_a_conflict(openclaw: Openclaw, fal: Hooked) -> None:
    assert openclaw(*IMAGE).status == 0
    outcome = openclaw("image", "other waves", "--key", "order-1", "--json")
    assert (outcome.status, outcome.json["error"]["code"]) == (Conflict.status, "conflict")
    assert outcome.json["error"]["jobId"] == only_job().id
    assert len(fal.posts()) == 1


def test_what_was_never_sent_does_not_use_up_its_key(openclaw: Openclaw, fal: Hooked) -> None:
    fal.dials.fail("sync", "429", retry_after=60)
    assert openclaw(*IMAGE, "--timeout-ms", "5000").status == 7
    assert only_job().state == "not_sent"
    fal.dials.heal()
    assert openclaw(*IMAGE).status == 0


def test_a_failure_is_the_earlier_jobs_too(openclaw: Openclaw, fal: Hooked) -> None:
    fal.dials = Dials(content_policy=True)
    assert openclaw(*IMAGE).status == 6
    fal.dials = Dials()
    assert openclaw(*IMAGE).status == 6
    assert len(fal.posts()) == 1


def test_a_job_that_was_left_on_the_queue_is_waited_for(openclaw: Openclaw, fal: Hooked) -> None:
    video = ("video", "waves", "--key", "k", "--poll-interval", "0.05")
    assert openclaw(*video, "--async").status == 0
    assert openclaw(*video, "--async", "--json").json["repeated"] is True
    assert openclaw(*video).status == 0
    assert len(fal.posts()) == 1


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_a_key_has_1_to_255_characters(openclaw: Openclaw, fal: Hooked, key: str) -> None:
    outcome = openclaw("image", "waves", "--key", key)
    assert (outcome.status, "255" in outcome.err) == (2, True)
    assert fal.posts() == []


def test_racing_processes_send_one_post(fal: Hooked) -> None:
    fal.dials = Dials(run_time=1.0)
    runs = [start(*IMAGE, "--json") for _ in range(3)]
    assert [ended(run)[0] for run in runs] == [0, 0, 0]
    assert len(fal.posts()) == 1
    assert only_job().state == "done"


@signals
@pytest.mark.parametrize("phase", ["sync", "media"])
def test_a_killed_process_is_taken_over_with_no_second_post(
    openclaw: Openclaw, fal: Hooked, phase: str
) -> None:
    from tests.cli.test_kill import killed_when

    killed_when(fal, phase, list(IMAGE))
    assert openclaw(*IMAGE).status == 0
    assert len(fal.posts()) == 1
    assert journal().list()[0].state == "done"
