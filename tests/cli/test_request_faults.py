"""What fal, and the way to it, can do to a request: nothing is sent twice."""

from __future__ import annotations

import errno
import json
import socket
from typing import Any

import pytest

from openclaw_fal.fal.deadline import Deadline
from openclaw_fal.fal.http import backend
from openclaw_fal.fal.http import call as calls
from openclaw_fal.fal.http.sockets import connect
from openclaw_fal.sandbox import Sandbox
from openclaw_fal.sandbox.answers import BAD_KEY, LOCKED_KEY
from tests.support.program import Openclaw, jobs, write_config
from tests.support.queueing import (
    PATHS,
    SOON,
    Hooked,
    failed,
    kept_files,
    only_job,
    read_request,
    server,
)

paths = pytest.mark.parametrize("argv", PATHS.values(), ids=PATHS.keys())


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
    assert error["hint"].startswith(f"openclaw jobs reconcile {only_job().id} ")
    assert only_job().state == "uncertain"
    kept = kept_files()  # what came of an answer that is paid for
    assert kept == (["p.txt"] if "cut" in kind else [])
    fal.dials.heal()
    again = openclaw("jobs", "wait", only_job().id, "--json")
    if kind in ("reset_after_read", "cut", "cut_reset"):  # fal took it, and lists it
        assert again.status == 0, again.out
    else:
        assert again.status == 7
        assert "may be billed" in failed(again.json, "network")["message"]
        assert kept_files() == kept
    assert len(fal.posts()) == 1


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


class Breaking:
    """A socket on which the given send, and every later one, fails while the other side listens."""

    def __init__(self, real: socket.socket, nth: int) -> None:
        self._real, self._left = real, nth

    def send(self, data: bytes) -> int:
        self._left -= 1
        if self._left < 0:
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")
        return self._real.send(data)

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n"])
def test_a_send_that_breaks_off_is_not_waited_for(
    answer: bytes, openclaw: Openclaw, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless the server has said why: then that is the end, and no request is uncertain."""
    monkeypatch.setattr(calls, "BROKEN_SECONDS", 0.05)
    posts: list[int] = []

    def connected(*args: Any, **options: Any) -> Breaking:
        posts.append(1)
        return Breaking(connect(*args, **options), 1)

    def serve(connection: socket.socket) -> None:
        connection.sendall(answer)
        while connection.recv(65536):
            pass

    monkeypatch.setattr(backend, "connect", connected)
    with server(serve) as url:
        write_config(url)
        outcome = openclaw("image", "p", "--timeout-ms", "4000", "--json")
    assert len(posts) == 1
    if answer:
        assert outcome.status == 6, outcome.out
        assert "too large" in failed(outcome.json, "job_failed")["message"]
    else:
        assert outcome.status == 7
        assert "broke while the request was sent" in failed(outcome.json, "network")["message"]
        assert only_job().state == "uncertain"


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
    assert only_job().attempts == 3


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
