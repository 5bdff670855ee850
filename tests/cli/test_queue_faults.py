"""What can happen to a job that waits in the queue: what fal has taken is not lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from openclaw_fal.fal import queue
from openclaw_fal.sandbox import Dials
from openclaw_fal.sandbox.http1 import Request, Response
from tests.support.program import Openclaw
from tests.support.queueing import (
    SOON,
    Hooked,
    endless,
    failed,
    kept_files,
    only_job,
    slow_queue,
)

PASSING = ["500", "502", "html", "429", "garbage", "empty", "truncated_json", "bad_type"]
PASSING += ["bad_charset", "deep_json", "reset", "reset_after_read", "cut", "lie_longer", "403"]


@pytest.mark.parametrize("kind", PASSING)
def test_polls_that_fail_for_a_while_do_not_lose_the_job(
    kind: str, openclaw: Openclaw, fal: Hooked, pauses: list[float]
) -> None:
    fal.dials = slow_queue(stream=False)
    fal.dials.fail("status", kind, 2, after=2, request_id=False, body="<html>" * (kind == "403"))
    outcome = openclaw("video", "p", *SOON, "--json")
    assert outcome.status == 0, outcome.out
    (output,) = outcome.json["outputs"]
    assert Path(output["path"]).read_bytes() == fal.media(output["url"])
    assert len(fal.posts()) == 1


def test_silent_polls_do_not_lose_the_job(
    openclaw: Openclaw, fal: Hooked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "_poll_stall", lambda interval: 0.2)
    fal.dials = slow_queue(stream=False)
    fal.dials.fail("status", "silent", 2)
    outcome = openclaw("video", "p", *SOON)
    assert outcome.status == 0
    assert "does not answer" in outcome.err


@pytest.mark.parametrize("kind", [*PASSING, "stall", "silent", "404", "big_json"])
def test_a_status_stream_that_fails_becomes_polls(
    kind: str, openclaw: Openclaw, fal: Hooked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "STREAM_OPEN", 0.2)
    monkeypatch.setattr(queue, "STREAM_STALL", 0.2)
    fal.dials = slow_queue()
    fal.dials.fail("stream", kind)
    outcome = openclaw("video", "p", *SOON)
    assert outcome.status == 0, outcome.err
    assert len(fal.phase("stream")) == 1
    assert len(fal.posts()) == 1


def test_a_stream_that_says_nothing_is_not_trusted(
    openclaw: Openclaw, fal: Hooked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Comments alone prove that somebody is there, and not that the job still runs."""
    monkeypatch.setattr(queue, "STREAM_DOUBT", 0.05)

    def answer(request: Request) -> Response | None:
        if request.path.endswith("/stream"):
            head = [("content-type", "text/event-stream")]
            return Response(200, iter([b": ping\n\n"] * 1000), head)
        return None

    fal.answer = answer
    assert openclaw("video", "p").status == 0


@pytest.mark.parametrize("kind", ["500", "html", "garbage", "reset", "silent", "none"])
def test_the_deadline_holds_and_the_job_can_be_picked_up(
    kind: str, openclaw: Openclaw, fal: Hooked
) -> None:
    fal.dials = endless() if kind == "none" else slow_queue(stream=False)
    if kind != "none":
        fal.dials.fail("status", kind)
    outcome = openclaw("video", "p", *SOON, "--timeout-ms", "500", "--json")
    assert outcome.status == 7
    error = failed(outcome.json, "timeout")
    assert "the job goes on at fal" in error["message"]
    assert error["hint"] == f"openclaw jobs wait {error['jobId']}"
    assert error["requestId"] == fal.jobs[0].id
    assert only_job().state in ("queued", "running")
    assert kept_files() == []
    fal.dials = Dials()
    assert openclaw("jobs", "wait", error["jobId"]).status == 0
    assert kept_files() == ["p.mp4"]
    assert len(fal.posts()) == 1


@pytest.mark.parametrize(
    "kind", ["500", "html", "404", "garbage", "reset", "cut", "truncated_json"]
)
def test_a_result_that_cannot_be_had_at_once(
    kind: str, openclaw: Openclaw, fal: Hooked, pauses: list[float]
) -> None:
    fal.dials.fail("result", kind, 2)
    assert openclaw("video", "p", *SOON).status == 0
    assert (kept_files(), len(fal.posts())) == (["p.mp4"], 1)


@pytest.mark.parametrize("kind", ["html", "reset", "silent", "429"])
def test_a_result_that_cannot_be_had_in_time_can_be_picked_up(
    kind: str, openclaw: Openclaw, fal: Hooked
) -> None:
    fal.dials.fail("result", kind, request_id=False)
    outcome = openclaw("video", "p", *SOON, "--timeout-ms", "700", "--json")
    assert outcome.status == 7
    error = outcome.json["error"]
    assert f"openclaw jobs wait {error['jobId']}" in error["hint"]
    fal.dials.heal()
    assert openclaw("jobs", "wait", error["jobId"], "--timeout-ms", "60000").status == 0
    assert len(fal.posts()) == 1


def test_a_failure_of_fals_own_may_pass_later(
    openclaw: Openclaw, fal: Hooked, pauses: list[float]
) -> None:
    fal.dials.fail("result", "500")
    assert openclaw("video", "p", *SOON).status == 6
    assert openclaw("jobs", "wait", only_job().id).status == 6
    fal.dials.heal()
    assert openclaw("jobs", "wait", only_job().id).status == 0
    assert len(fal.posts()) == 1
