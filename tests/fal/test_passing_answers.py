"""Answers that pass: a job is not given up for what does not come from the model itself."""

from __future__ import annotations

import gzip
import time
import zlib
from collections.abc import Callable, Iterator

import pytest

from openclaw_fal.errors import JobFailed, OpenClawFalError, TimedOut, Unreachable
from openclaw_fal.fal import queue
from openclaw_fal.fal.client import Client
from openclaw_fal.fal.queue import outcome, wait
from openclaw_fal.fal.retry import Retry
from openclaw_fal.fal.statuses import Completed, Queued, status_of
from openclaw_fal.sandbox import Dials, Request, Response
from tests.fal.conftest import FLUX, QUICK, soon, submitted
from tests.support.queueing import Hooked

PROMPT = {"prompt": "p"}
NO_ID = ("x-fal-request-id", "?")  # the sandbox would add one


def html(status: int, request_id: str = "?") -> Response:
    headers = [("content-type", "text/html"), ("x-fal-request-id", request_id)]
    return Response(status, b"<html><title>No</title>", headers)


def plain(status: int, body: str = "{}", **headers: str) -> Response:
    pairs = [("content-type", "application/json"), NO_ID, *headers.items()]
    return Response(status, body.encode(), pairs)


PASSING: dict[str, Callable[[], Response]] = {
    "404 without a request id": lambda: plain(404, '{"detail": "Not found"}'),
    "410": lambda: plain(410, '{"detail": "Gone"}'),
    "a gateway's 400": lambda: html(400),
    "a page that passes fal's id on": lambda: html(400, "6baa9455-e3e7-4682-a209-4cac629f6fbe"),
    "a portal's redirect": lambda: plain(302, "", location="https://login.example/"),
}
NO_RESULT: dict[str, Callable[[], Response]] = {
    "nothing": lambda: plain(200, "{}"),
    "a status": lambda: plain(200, '{"status": "IN_PROGRESS", "request_id": "x"}'),
}


def answering_first(fal: Hooked, end: str, answers: Iterator[Response]) -> list[str]:
    """The sandbox answers so, as long as there are answers, to paths with this end."""
    asked: list[str] = []

    def hook(request: Request) -> Response | None:
        if request.method != "GET" or not request.path.endswith(end):
            return None
        asked.append(request.path)
        return next(answers, None)

    fal.answer = hook
    return asked


@pytest.mark.parametrize("what", [*PASSING, *NO_RESULT])
def test_a_result_that_is_refused_for_a_while(fal: Hooked, client: Client, what: str) -> None:
    handle = submitted(client)
    ended = wait(client, handle, deadline=soon(), poll_interval=0.01, stream=False)
    made = (PASSING | NO_RESULT)[what]
    asked = answering_first(fal, handle.request_id, iter([made() for _ in range(12)]))

    assert outcome(client, handle, ended, deadline=soon(30)).readable
    assert len(asked) == 13


@pytest.mark.parametrize("what", PASSING)
def test_a_status_that_is_refused_for_a_while(fal: Hooked, client: Client, what: str) -> None:
    handle = submitted(client)
    asked = answering_first(fal, "/status", iter([PASSING[what]() for _ in range(12)]))

    wait(client, handle, deadline=soon(30), poll_interval=0.01, stream=False)
    assert len(asked) == 13


@pytest.mark.parametrize("what", [*PASSING, *NO_RESULT])
def test_a_result_that_never_comes_leaves_the_job_open(
    fal: Hooked, client: Client, what: str
) -> None:
    handle = submitted(client)
    made = (PASSING | NO_RESULT)[what]
    answering_first(fal, handle.request_id, (made() for _ in iter(int, 1)))

    with pytest.raises(Unreachable) as caught:
        outcome(client, handle, Completed(), deadline=soon(0.4))
    assert caught.value.request_id == handle.request_id


def test_a_verdict_of_the_model_is_not_asked_for_again(fal: Hooked, client: Client) -> None:
    handle = submitted(client)
    body = '{"detail": [{"loc": ["body", "x"], "msg": "no", "type": "value_error"}]}'
    asked = answering_first(fal, handle.request_id, (plain(422, body) for _ in iter(int, 1)))

    with pytest.raises(JobFailed):
        outcome(client, handle, Completed(), deadline=soon())
    assert len(asked) == 1


@pytest.mark.parametrize("stream", [True, False])
def test_failed_once_and_completed_later(fal: Hooked, client: Client, stream: bool) -> None:
    handle = submitted(client)
    once = iter([plain(200, '{"status": "FAILED"}')])
    answering_first(fal, "/status", once)
    if stream:
        fal.dials.stream = False

    assert isinstance(
        wait(client, handle, deadline=soon(), poll_interval=0.01, stream=stream), Completed
    )


def test_a_last_look_before_the_deadline(fal: Hooked, client: Client) -> None:
    """However long the pauses are that the user, or the server, asks for."""
    fal.dials = Dials(queue_length=1, run_time=0.3)
    handle = submitted(client)
    began = time.monotonic()

    ended = wait(client, handle, deadline=soon(4), poll_interval=3600, stream=False)

    assert isinstance(ended, Completed)
    assert time.monotonic() - began < 4


def test_a_day_of_retry_after_leaves_a_last_look(fal: Hooked, client: Client) -> None:
    handle = submitted(client)
    busy = plain(503, "{}", **{"retry-after": "86400"})
    asked = answering_first(fal, "/status", iter([busy]))

    wait(client, handle, deadline=soon(4), poll_interval=0.01, stream=False)
    assert len(asked) == 2


@pytest.mark.parametrize("after", ["0", "-5", "Thu, 01 Jan 1970 00:00:00 GMT"])
@pytest.mark.parametrize("method", ["POST", "GET"])
def test_retry_after_is_no_licence_to_hammer(
    fal: Hooked, client: Client, after: str, method: str
) -> None:
    client.retry = Retry(pauses=(0.05,), jitter=0.0)
    handle = submitted(client)
    asked: list[str] = []

    def hook(request: Request) -> Response | None:
        asked.append(request.method)
        return plain(429, '{"detail": "busy"}', **{"retry-after": after})

    fal.answer = hook
    works: dict[str, Callable[[], object]] = {
        "POST": lambda: client.run(FLUX, PROMPT, deadline=soon(0.5)),
        "GET": lambda: client.result(handle, deadline=soon(0.5)),
    }
    with pytest.raises(OpenClawFalError):
        works[method]()
    assert 1 < len(asked) <= 11


def test_a_queue_position_beyond_all_bounds_counts_as_unknown() -> None:
    status = status_of({"status": "IN_QUEUE", "queue_position": 2**63})

    assert status == Queued(None)


@pytest.mark.parametrize("kind", ["br", "gzip without its end", "bomb", "cut"])
def test_what_came_of_a_paid_answer_is_kept(
    fal: Hooked, client: Client, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openclaw_fal.fal.body.MOST_UNPACKED", 1 << 20)
    packed = zlib.compressobj(wbits=31)
    data = packed.compress(b'{"images": []}' * 50) + packed.flush()
    bodies = {
        "br": (b"\x8b\x01\x80xyz\x03", [("content-encoding", "br")]),
        "gzip without its end": (data[:-9], [("content-encoding", "gzip")]),
        "bomb": (gzip.compress(bytes(2 << 20)) + bytes(1_000_000), [("content-encoding", "gzip")]),
        "cut": (b'{"images": [{"url": ', [("content-length", "1000")]),
    }
    body, headers = bodies[kind]

    def hook(request: Request) -> Response | None:
        return Response(200, body, headers) if request.method == "POST" else None

    fal.answer = hook
    if kind == "cut":
        fal.answer = None
        fal.dials.fail("sync", "cut")
    with pytest.raises((JobFailed, Unreachable, TimedOut)) as caught:
        client.run(FLUX, PROMPT, deadline=soon())
    assert caught.value.may_be_billed
    assert caught.value.raw if kind == "cut" else caught.value.raw == body


def test_the_pauses_here_are_short() -> None:
    assert max(QUICK.pauses) < queue.LAST_POLL
