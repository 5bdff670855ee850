"""Waiting: by stream and by polls, through every trouble."""

from __future__ import annotations

import pytest

from openclaw_fal.errors import (
    AuthError,
    BillingError,
    ContentPolicy,
    JobFailed,
    OpenClawFalError,
    TimedOut,
    Unreachable,
)
from openclaw_fal.fal.client import Client
from openclaw_fal.fal.queue import outcome, wait
from openclaw_fal.fal.results import remote_files
from openclaw_fal.fal.statuses import Completed
from openclaw_fal.sandbox import Dials, Request, Response, Sandbox
from tests.fal.conftest import VIDEO, Seen, client_of, soon, submitted
from tests.support.queueing import Hooked

PROMPT = {"prompt": "a cat"}
FAST = 0.02


def test_the_stream_tells_everything_in_one_request(
    fal: Hooked, client: Client, seen: Seen
) -> None:
    fal.dials = Dials(queue_length=3, queue_step=2, run_time=4, clock="polls", log_lines=4)
    handle = submitted(client, VIDEO)
    wait(client, handle, deadline=soon(), poll_interval=60)
    assert len(fal.phase("stream")) == 1
    assert fal.phase("status") == []
    assert seen.positions[0] == 2
    assert seen.positions[-1] == 0
    assert seen.runs > 0
    assert len(seen.logs) == len(set(seen.logs)) == 4
    (asked,) = fal.phase("stream")
    assert asked.headers["accept"] == "text/event-stream"
    assert asked.query == {"logs": "1"}


def test_without_a_stream_it_polls_and_tells_the_same(
    fal: Hooked, client: Client, seen: Seen
) -> None:
    fal.dials = Dials(
        queue_length=3, queue_step=2, run_time=4, clock="polls", log_lines=4, stream=False
    )
    handle = submitted(client, VIDEO)
    ended = wait(client, handle, deadline=soon(), poll_interval=FAST)
    assert isinstance(ended, Completed)
    assert len(fal.phase("stream")) == 1
    assert len(fal.phase("status")) == 11
    assert next(position for position in seen.positions if position is not None) == 2
    assert len(seen.logs) == len(set(seen.logs)) == 4
    assert {asked.query["logs"] for asked in fal.phase("status")} == {"1"}


def test_the_stream_can_be_left_out(fal: Hooked, client: Client) -> None:
    wait(client, submitted(client, VIDEO), deadline=soon(), poll_interval=FAST, stream=False)
    assert fal.phase("stream") == []


@pytest.mark.parametrize(
    "kind",
    ["reset", "reset_after_read", "cut", "cut_reset", "garbage", "empty", "404", "500", "html",
     "truncated_json", "bad_type", "gzip_bomb", "big_json"],
)  # fmt: skip
def test_a_broken_stream_becomes_polls(fal: Hooked, client: Client, kind: str) -> None:
    fal.dials = Dials(queue_length=2, queue_step=2, run_time=2, clock="polls")
    handle = submitted(client, VIDEO)
    fal.dials.fail("stream", kind, size=5_000_000)
    wait(client, handle, deadline=soon(), poll_interval=FAST)
    assert len(fal.phase("stream")) == 1


@pytest.mark.parametrize("kind", ["silent", "stall"])
def test_a_stream_that_stalls_becomes_polls(
    fal: Hooked, client: Client, seen: Seen, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr("openclaw_fal.fal.queue.STREAM_OPEN", 0.2)
    monkeypatch.setattr("openclaw_fal.fal.queue.STREAM_STALL", 0.2)
    fal.dials = Dials(queue_length=2, queue_step=1, clock="polls")
    handle = submitted(client, VIDEO)
    fal.dials.fail("stream", kind)
    wait(client, handle, deadline=soon(), poll_interval=FAST)
    assert len(seen.notes) == 1


def test_a_stream_of_mere_comments_is_doubted(
    fal: Hooked, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openclaw_fal.fal.queue.STREAM_DOUBT", 0.0)
    handle = submitted(client, VIDEO)

    def comments(request: Request) -> Response | None:
        if not request.path.endswith("/stream"):
            return None
        body = iter([b": ping\n\n"] * 1000)
        return Response(200, body, [("content-type", "text/event-stream")])

    fal.answer = comments
    ended = wait(client, handle, deadline=soon(), poll_interval=60)
    assert isinstance(ended, Completed)
    assert len(fal.phase("status")) == 1


@pytest.mark.parametrize(
    "kind",
    ["500", "502", "503", "504", "408", "429", "html", "garbage", "empty", "truncated_json",
     "bad_type", "deep_json", "reset", "reset_after_read", "cut", "cut_reset", "lie_longer"],
)  # fmt: skip
def test_polls_that_fail_for_a_while_do_not_lose_the_job(
    fal: Hooked, client: Client, seen: Seen, kind: str
) -> None:
    fal.dials = Dials(queue_length=2, queue_step=1, run_time=1, clock="polls", stream=False)
    handle = submitted(client, VIDEO)
    fal.dials.fail("status", kind, 4, after=1)
    ended = wait(client, handle, deadline=soon(), poll_interval=FAST)
    assert remote_files(outcome(client, handle, ended, deadline=soon()).payload)
    assert seen.notes
    assert len(fal.posts()) == 1


def test_a_poll_that_stays_silent_is_given_up_for_the_next(
    fal: Hooked, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openclaw_fal.fal.queue.POLL_STALL", 0.2)
    handle = submitted(client, VIDEO)
    fal.dials.fail("status", "silent", 2)
    wait(client, handle, deadline=soon(), poll_interval=FAST, stream=False)
    assert len(fal.phase("status")) == 3


@pytest.mark.parametrize("kind", ["500", "silent", "garbage", "reset", "429"])
def test_the_deadline_holds_through_all_trouble(fal: Hooked, client: Client, kind: str) -> None:
    handle = submitted(client, VIDEO)
    fal.dials.fail("status", kind)
    with pytest.raises(TimedOut) as caught:
        wait(client, handle, deadline=soon(0.3), poll_interval=FAST, stream=False)
    assert caught.value.request_id == handle.request_id
    assert not caught.value.may_have_arrived


def test_the_deadline_holds_while_a_job_waits(fal: Hooked, client: Client) -> None:
    fal.dials = Dials(queue_length=5, queue_step=60)
    handle = submitted(client, VIDEO)
    for stream in (True, False):
        with pytest.raises(TimedOut):
            wait(client, handle, deadline=soon(0.2), poll_interval=FAST, stream=stream)


@pytest.mark.parametrize(
    ("status", "kind", "polls"),
    [(401, AuthError, 1), (403, AuthError, 1), (402, BillingError, 1), (404, JobFailed, 3)],
)
def test_lasting_refusals_end_the_wait(
    fal: Hooked, client: Client, status: int, kind: type[OpenClawFalError], polls: int
) -> None:
    handle = submitted(client, VIDEO)
    fal.dials.fail("status", status)
    with pytest.raises(kind) as caught:
        wait(client, handle, deadline=soon(), poll_interval=FAST, stream=False)
    assert caught.value.request_id == handle.request_id
    assert len(fal.phase("status")) == polls


def test_a_404_that_passes_is_survived(fal: Hooked, client: Client) -> None:
    handle = submitted(client, VIDEO)
    fal.dials.fail("status", 404, 2)
    wait(client, handle, deadline=soon(), poll_interval=FAST, stream=False)


def test_a_gateways_403_is_asked_about_again(fal: Hooked, client: Client) -> None:
    handle = submitted(client, VIDEO)
    fal.dials.fail("status", "html", 2, status=403)
    wait(client, handle, deadline=soon(), poll_interval=FAST, stream=False)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("state", "words", "polls"),
    [("FAILED", "failed", 3), ("CANCELLED", "cancelled", 1), ("EXPLODED", "EXPLODED", 3)],
)
def test_each_bad_end_has_its_words(
    fal: Hooked, client: Client, state: str, words: str, polls: int, stream: bool
) -> None:
    fal.dials.state = state
    handle = submitted(client, VIDEO)
    with pytest.raises(JobFailed) as caught:
        wait(client, handle, deadline=soon(), poll_interval=FAST, stream=stream)
    assert words in caught.value.message
    assert caught.value.request_id == handle.request_id
    if not stream:
        assert len(fal.phase("status")) == polls


def test_a_failed_job_says_why(fal: Hooked, client: Client) -> None:
    fal.dials.state = "FAILED"
    fal.dials.error, fal.dials.error_type = "out of memory", "runner_server_error"
    with pytest.raises(JobFailed) as caught:
        wait(client, submitted(client, VIDEO), deadline=soon(), poll_interval=FAST)
    assert "out of memory" in caught.value.message
    assert caught.value.error_type == "runner_server_error"


def test_a_failed_job_that_does_not_say_why_is_asked_by_its_result(
    fal: Hooked, client: Client
) -> None:
    fal.dials.state = "FAILED"
    handle = submitted(client, VIDEO)
    fal.dials.fail("result", 422, detail="width is odd")
    with pytest.raises(JobFailed, match="width is odd"):
        wait(client, handle, deadline=soon(), poll_interval=FAST)


def judged(client: Client) -> object:
    handle = submitted(client, VIDEO)
    ended = wait(client, handle, deadline=soon(), poll_interval=FAST)
    return outcome(client, handle, ended, deadline=soon(2))


def test_completed_is_judged_by_the_result(fal: Hooked, client: Client) -> None:
    fal.dials.error, fal.dials.error_status = "boom", 500
    with pytest.raises(JobFailed, match="boom"):
        judged(client)
    fal.dials = Dials(content_policy=True)
    with pytest.raises(ContentPolicy):
        judged(client)
    fal.dials = Dials()
    fal.dials.fail("result", 422, detail="bad width")
    with pytest.raises(JobFailed, match="bad width"):
        judged(client)


@pytest.mark.parametrize(
    ("payload", "good"),
    [({"video": {"url": "https://x.example/a.mp4"}}, True), ({"video": None}, False), ({}, False)],
)
def test_an_error_in_the_status_counts_when_there_are_no_files(
    payload: dict[str, object], good: bool
) -> None:
    def answer(request: Request) -> Response | None:
        if request.method == "POST":
            return Response.of({"request_id": "r"})
        if request.path.endswith("/status"):
            return Response.of({"status": "COMPLETED", "error": "no luck"})
        return Response.of(payload) if not request.path.endswith("/stream") else Response(404)

    with Sandbox(on_request=answer) as fal, client_of(fal.url) as client:
        if good:
            judged(client)
        else:
            with pytest.raises(JobFailed, match="no luck"):
                judged(client)


def test_a_result_that_is_missing_at_first(fal: Hooked, client: Client) -> None:
    fal.dials.fail("result", 404, 2)
    judged(client)
    fal.dials.fail("result", 404)
    with pytest.raises(JobFailed):
        judged(client)


def test_a_result_that_cannot_be_fetched_in_time(fal: Hooked, client: Client) -> None:
    fal.dials.fail("result", "silent")
    handle = submitted(client, VIDEO)
    ended = wait(client, handle, deadline=soon(), poll_interval=FAST)
    with pytest.raises(Unreachable):
        outcome(client, handle, ended, deadline=soon(0.3))


def test_hostile_log_lines_are_tamed(fal: Hooked, client: Client, seen: Seen) -> None:
    fal.dials.log_text = "\x1b[2J\x1b]0;owned\x07 done\r\n"
    fal.dials.log_lines = 1
    wait(client, submitted(client, VIDEO), deadline=soon())
    assert seen.logs == ["done"]


def test_a_content_policy_refusal_in_the_status(fal: Hooked, client: Client) -> None:
    fal.dials.state, fal.dials.error_type = "FAILED", "content_policy_violation"
    fal.dials.error = "flagged"
    with pytest.raises(ContentPolicy, match="flagged"):
        wait(client, submitted(client, VIDEO), deadline=soon(), poll_interval=FAST)
