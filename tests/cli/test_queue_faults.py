"""What fal, and the way to it, can do to a request and to a waiting job: nothing is sent twice,
and nothing that was taken is lost."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from openclaw_fal.fal import queue
from openclaw_fal.fal.deadline import Deadline
from openclaw_fal.sandbox import Dials, Sandbox
from openclaw_fal.sandbox.answers import BAD_KEY, LOCKED_KEY
from openclaw_fal.sandbox.http1 import Request, Response
from tests.cli.queueing import (
    SOON,
    VIDEO,
    Hooked,
    endless,
    journal,
    kept_files,
    only_job,
    read_request,
    server,
    slow_queue,
)
from tests.program import Openclaw, jobs, write_config

PATHS = {
    "sync": ["image", "p"],
    "queue": ["video", "p", *SOON],
    "queued image": ["image", "p", "--queue", *SOON],
}
paths = pytest.mark.parametrize("argv", PATHS.values(), ids=PATHS.keys())


def failed(document: dict[str, Any], code: str) -> dict[str, Any]:
    """The failure in a document, which names the job."""
    assert document["ok"] is False
    error: dict[str, Any] = document["error"]
    assert (error["code"], error["jobId"]) == (code, only_job().id), error
    return error


# The request


@paths
@pytest.mark.parametrize("kind", ["reset_after_read", "cut", "cut_reset", "reset", "html", "503"])
def test_a_post_without_an_answer_is_sent_once_and_is_uncertain(
    kind: str, argv: list[str], openclaw: Openclaw, fal: Hooked
) -> None:
    for phase in ("sync", "submit"):
        fal.dials.fail(phase, kind, request_id=False)
    outcome = openclaw(*argv, "--json")
    assert outcome.status == 7
    error = failed(outcome.json, "network")
    assert "may have reached fal" in error["message"]
    assert only_job().id in error["hint"]
    assert only_job().state == "uncertain"
    again = openclaw("jobs", "wait", only_job().id, "--json")
    assert again.status == 7
    assert "may be billed" in failed(again.json, "network")["message"]
    assert len(fal.posts()) == 1
    assert kept_files() == []


@pytest.mark.parametrize("path", ["sync", "queue"])
def test_a_server_of_any_kind_that_cuts_sees_one_post(
    path: str, openclaw: Openclaw, key: str
) -> None:
    seen: list[bytes] = []

    def cut(connection: socket.socket) -> None:
        seen.append(read_request(connection))

    with server(cut) as url:
        write_config(url)
        assert openclaw(*PATHS[path], "--json").status == 7
    (request,) = seen
    assert request.startswith(b"POST /fal-ai/")
    assert json.loads(request.partition(b"\r\n\r\n")[2])["prompt"] == "p"
    assert [job["state"] for job in jobs(openclaw)] == ["uncertain"]


@paths
def test_silence_after_a_post_ends_with_the_time(
    argv: list[str], openclaw: Openclaw, fal: Hooked
) -> None:
    fal.dials.fail("any", "silent")
    outcome = openclaw(*argv, "--timeout-ms", "400", "--json")
    assert outcome.status == 7
    failed(outcome.json, "timeout")
    assert only_job().state == "uncertain"
    assert len(fal.posts()) == 1


def test_a_submit_whose_answer_is_cut_is_found_by_its_header(
    openclaw: Openclaw, fal: Hooked
) -> None:
    """fal names the request in a header too, which comes before the body."""
    fal.dials.fail("submit", "cut")
    outcome = openclaw("video", "p", *SOON, "--json")
    assert outcome.status == 0, outcome.out
    assert outcome.json["requestId"] == fal.jobs[0].id


@pytest.mark.parametrize("path", ["sync", "queue"])
def test_a_refused_connection_is_retried(
    path: str, openclaw: Openclaw, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    late = Sandbox(port=port)
    pauses: list[float] = []

    def pause(self: Deadline, seconds: float, **_: object) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            late.start()

    monkeypatch.setattr(Deadline, "pause", pause)
    write_config(f"http://127.0.0.1:{port}")
    try:
        outcome = openclaw(*PATHS[path])
    finally:
        late.stop()
    assert outcome.status == 0, outcome.err
    assert "trying again" in outcome.err
    assert len(late.posts()) == 1


@paths
def test_a_connection_that_is_always_refused_is_reported_soon(
    argv: list[str], openclaw: Openclaw, key: str, pauses: list[float]
) -> None:
    write_config("http://127.0.0.1:1")
    outcome = openclaw(*argv, "--json")
    assert outcome.status == 7
    failed(outcome.json, "network")
    assert only_job().state == "not_sent"
    assert len(pauses) >= 2
    assert sum(pauses) < 10
    again = openclaw("jobs", "wait", only_job().id, "--json")
    assert again.status == 7
    assert "never took" in failed(again.json, "network")["message"]


def test_a_failed_handshake_sent_nothing(
    openclaw: Openclaw, fal: Hooked, pauses: list[float]
) -> None:
    write_config(fal.url.replace("http:", "https:"))
    assert openclaw("image", "p", "--json").status == 7
    assert only_job().state == "not_sent"
    assert fal.posts() == []


@paths
def test_a_post_that_was_not_taken_goes_again_after_the_pause_asked_for(
    argv: list[str], openclaw: Openclaw, fal: Hooked, pauses: list[float]
) -> None:
    for phase in ("sync", "submit"):
        fal.dials.fail(phase, "429", 2, retry_after="7")
    assert openclaw(*argv).status == 0
    assert pauses[:2] == [7.0, 7.0]
    assert len(fal.posts()) == 3
    assert len(fal.jobs) <= 1


@paths
def test_when_fal_is_too_busy_for_too_long_nothing_was_taken(
    argv: list[str], openclaw: Openclaw, fal: Hooked
) -> None:
    for phase in ("sync", "submit"):
        fal.dials.fail(phase, "429", retry_after="3600")
    outcome = openclaw(*argv, "--json")
    assert outcome.status == 7
    assert "3600" in failed(outcome.json, "rate_limited")["hint"]
    assert only_job().state == "not_sent"


@paths
@pytest.mark.parametrize(
    ("key_given", "status", "code"), [(BAD_KEY, 4, "auth"), (LOCKED_KEY, 8, "billing")]
)
def test_a_refused_key_and_a_locked_account(
    key_given: str,
    status: int,
    code: str,
    argv: list[str],
    openclaw: Openclaw,
    fal: Hooked,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FAL_KEY", key_given)
    outcome = openclaw(*argv, "--json")
    assert outcome.status == status
    error = failed(outcome.json, code)
    assert error["requestId"]
    if code == "billing":
        assert "key" not in error["message"].lower()
        assert "billing" in error["hint"]
    again = openclaw("jobs", "wait", only_job().id, "--json")
    assert (again.status, again.json["error"]["code"]) == (status, code)
    assert len(fal.posts()) == 1


# While it waits


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
    monkeypatch.setattr(queue, "_patience", lambda interval: 0.2)
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
    assert openclaw("jobs", "wait", error["jobId"]).status == 0
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


# How it can end


ENDS: dict[str, tuple[dict[str, object], str, str, str]] = {
    "FAILED": ({"state": "FAILED"}, "job_failed", "failed", "failed"),
    "CANCELLED": ({"state": "CANCELLED"}, "job_failed", "cancelled", "cancelled"),
    "an error": ({"error": "out of paint"}, "job_failed", "out of paint", "failed"),
    "a type": (
        {"error": "no", "error_type": "no_media_generated", "error_status": 422},
        "job_failed",
        "made no media",
        "failed",
    ),
    "a broken runner": (
        {"error": "boom", "error_type": "runner_disconnected"},
        "job_failed",
        "machine",
        "failed",
    ),
    "content policy": ({"content_policy": True}, "content_policy", "content policy", "failed"),
}


@pytest.mark.parametrize("stream", [False, True], ids=["polls", "stream"])
@pytest.mark.parametrize("end", ENDS)
def test_bad_ends_of_a_queued_job(
    end: str, stream: bool, openclaw: Openclaw, fal: Hooked, pauses: list[float]
) -> None:
    dials, code, words, state = ENDS[end]
    fal.dials = Dials(**dials, stream=stream)  # type: ignore[arg-type]
    outcome = openclaw("video", "p", *SOON, "--json")
    assert outcome.status == 6
    error = failed(outcome.json, code)
    assert words in error["message"]
    assert error["requestId"] == fal.jobs[0].id
    assert only_job().state == state
    assert (kept_files(), len(fal.posts())) == ([], 1)
    plain = openclaw("video", "p", *SOON)
    assert (plain.status, plain.out) == (6, "")
    assert fal.jobs[1].id in plain.err
    assert journal().list()[0].id in plain.err


def test_a_validation_failure_shows_when_the_result_is_fetched(
    openclaw: Openclaw, fal: Hooked
) -> None:
    outcome = openclaw("video", "p", *SOON, "--param", "prompt_optimizer=maybe", "--json")
    assert outcome.status == 6
    error = failed(outcome.json, "job_failed")
    assert error["status"] == 422
    assert "prompt_optimizer" in error["message"]
    assert error["requestId"] == fal.jobs[0].id


@pytest.mark.parametrize(
    ("dials", "code", "status"),
    [
        ({"content_policy": True}, "content_policy", 422),
        ({"error": "out of paint", "error_status": 500}, "job_failed", 500),
        ({"error": "no", "error_type": "image_too_small", "error_status": 422}, "job_failed", 422),
    ],
)
def test_bad_ends_of_a_synchronous_run(
    dials: dict[str, Any], code: str, status: int, openclaw: Openclaw, fal: Hooked
) -> None:
    fal.dials = Dials(**dials)
    outcome = openclaw("image", "p", "--json")
    assert outcome.status == 6
    error = failed(outcome.json, code)
    assert (error["status"], bool(error["requestId"])) == (status, True)
    assert only_job().state == "failed"
    assert len(fal.posts()) == 1


def test_a_state_that_nobody_knows_does_not_end_the_job(
    openclaw: Openclaw, fal: Hooked, pauses: list[float]
) -> None:
    fal.dials = Dials(state="EXPLODED", stream=False)
    outcome = openclaw("video", "p", *SOON, "--json")
    assert outcome.status == 6
    error = failed(outcome.json, "job_failed")
    assert "EXPLODED" in error["message"]
    assert f"openclaw jobs wait {error['jobId']}" in error["hint"]
    assert only_job().state == "queued"
    fal.dials = Dials()
    assert openclaw("jobs", "wait", error["jobId"]).status == 0


def test_completed_with_an_error_and_a_file_is_a_success(openclaw: Openclaw, fal: Hooked) -> None:
    """The result decides."""

    def answer(request: Request) -> Response | None:
        if request.path.endswith("/status/stream"):
            return Response(404, b"")
        if request.path.endswith("/status"):
            return Response.of({"status": "COMPLETED", "error": "a late warning"})
        return None

    fal.answer = answer
    assert openclaw("video", "p", *SOON).status == 0


def test_a_result_that_fal_has_forgotten(
    openclaw: Openclaw, fal: Hooked, pauses: list[float]
) -> None:
    fal.dials.fail("result", "404")
    outcome = openclaw("video", "p", *SOON, "--json")
    assert outcome.status == 6
    assert "about an hour" in failed(outcome.json, "job_failed")["hint"]


# Of a queued job, fal still has the result: what is no JSON is not taken for it.
UNREADABLE = [("sync", "garbage"), ("sync", "empty"), *((path, "bad_type") for path in PATHS)]


@pytest.mark.parametrize(("path", "kind"), UNREADABLE)
def test_a_result_that_cannot_be_read_is_kept_beside_where_the_media_would_be(
    path: str, kind: str, openclaw: Openclaw, fal: Hooked, pauses: list[float]
) -> None:
    argv = PATHS[path]
    for phase in ("sync", "result"):
        fal.dials.fail(phase, kind)
    outcome = openclaw(*argv, "--output", "shots/it.png", "--json")
    assert outcome.status == 6, outcome.out
    error = failed(outcome.json, "job_failed")
    (kept,) = kept_files(Path("shots"))
    assert str(Path.cwd() / "shots" / kept) in error["message"]
    assert kept == ("it.json" if kind == "bad_type" else "it.txt")
    assert error["requestId"]
    again = openclaw("jobs", "wait", error["jobId"], "--json")
    assert again.status == 6
    assert kept in again.json["error"]["message"]
    assert kept_files(Path("shots")) == [kept]


@pytest.mark.parametrize("kind", ["garbage", "empty", "truncated_json"])
def test_a_result_that_stays_garbled_can_be_had_later(
    kind: str, openclaw: Openclaw, fal: Hooked, pauses: list[float]
) -> None:
    """fal keeps it."""
    fal.dials.fail("result", kind)
    outcome = openclaw("video", "p", *SOON, "--json")
    assert outcome.status == 7
    error = failed(outcome.json, "network")
    assert error["hint"] == f"openclaw jobs wait {error['jobId']}"
    assert "fal still has the job" in error["message"]
    fal.dials.heal()
    assert openclaw("jobs", "wait", error["jobId"]).status == 0
    assert len(fal.posts()) == 1


def test_a_result_in_a_form_that_nobody_knows_is_kept_as_it_came(
    openclaw: Openclaw, fal: Hooked
) -> None:
    strange = {"clip": {"ref": "abc"}, "seed": 2**70}
    fal.answer = lambda request: Response.of(strange) if request.method == "POST" else None
    outcome = openclaw("image", "p", "--json")
    assert outcome.status == 6
    assert json.loads(Path("p.json").read_bytes()) == strange


def test_the_key_is_nowhere_in_what_is_kept(openclaw: Openclaw, fal: Hooked, key: str) -> None:
    fal.answer = lambda request: (
        Response.of({"echo": request.headers.get("authorization")})
        if request.method == "POST"
        else None
    )
    outcome = openclaw("image", "p", "--json")
    assert outcome.status == 6
    folder = Path(only_job().target["folder"])  # type: ignore[arg-type]
    secret = key.partition(":")[2]
    assert all(secret.encode() not in path.read_bytes() for path in folder.iterdir())
    assert secret not in outcome.out + outcome.err


def test_the_default_video_model_is_asked_for(openclaw: Openclaw, fal: Hooked) -> None:
    assert openclaw("video", "p", *SOON).status == 0
    assert fal.posts()[0].path == f"/{VIDEO}"
