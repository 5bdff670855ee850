"""Runs and submits: how often they are sent, and what is known when they fail."""

from __future__ import annotations

import json
import socket
import struct

import pytest

from openclaw_fal.errors import (
    AuthError,
    BillingError,
    ContentPolicy,
    JobFailed,
    OpenClawFalError,
    RateLimited,
    TimedOut,
    Unreachable,
    UsageError,
)
from openclaw_fal.fal.client import Client
from openclaw_fal.fal.http.request import Request
from openclaw_fal.fal.results import remote_files
from openclaw_fal.fal.statuses import Completed, Queued
from openclaw_fal.fal.urls import parse
from openclaw_fal.media import Handle
from openclaw_fal.sandbox import Dials, Sandbox
from tests.fal.conftest import (
    FLUX,
    KEY,
    VIDEO,
    Seen,
    answering,
    client_of,
    send,
    soon,
    submitted,
    unused_port,
)
from tests.support.queueing import read_request

PROMPT = {"prompt": "a cat"}
PATHS = ("run", "submit")


def phase_of(path: str) -> str:
    return "sync" if path == "run" else "submit"


def test_a_run_gives_the_models_output(fal: Sandbox, client: Client) -> None:
    fal.dials.seed = 2**63 + 1
    result = client.run(FLUX, {"prompt": "p"}, deadline=soon())
    assert isinstance(result.payload, dict)
    assert result.payload["seed"] == 2**63 + 1
    assert json.loads(result.raw) == result.payload
    assert result.request_id
    assert float(result.billable_units or 0) > 0
    (sent,) = fal.posts()
    assert sent.path == f"/{FLUX}"
    assert sent.json == {"prompt": "p"}
    assert sent.headers["authorization"] == f"Key {KEY}"
    assert sent.headers["user-agent"].startswith("openclaw-fal/")
    assert sent.headers["content-type"] == "application/json"
    assert "x-fal-queue-priority" not in sent.headers


def test_a_submit_gives_a_handle_that_leads_to_the_result(fal: Sandbox, client: Client) -> None:
    handle = submitted(client)
    (sent,) = fal.posts()
    assert sent.headers["x-fal-queue-priority"] == "normal"
    assert handle.status_url == f"{fal.url}/fal-ai/flux/requests/{handle.request_id}/status"
    assert isinstance(client.status(handle, deadline=soon()), Completed)
    assert remote_files(client.result(handle, deadline=soon()).payload)
    assert client.cancel(handle, deadline=soon()) == "already_completed"


def test_a_waiting_job_has_a_position_and_can_be_cancelled(fal: Sandbox, client: Client) -> None:
    fal.dials = Dials(queue_length=5, queue_step=60)
    handle = submitted(client, VIDEO)
    assert handle.queue_position == 4
    status = client.status(handle, deadline=soon())
    assert isinstance(status, Queued)
    assert status.position == 4
    with pytest.raises(Unreachable):  # it is still in progress
        client.result(handle, deadline=soon(0.5))
    assert client.cancel(handle, deadline=soon()) == "requested"
    gone = Handle(
        "other", handle.status_url, handle.response_url, f"{fal.url}/a/b/requests/x/cancel"
    )
    assert client.cancel(gone, deadline=soon()) == "not_found"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "kind",
    ["reset", "reset_after_read", "cut", "cut_reset", "silent", "stall", "lie_longer"],
)
def test_what_may_have_arrived_is_sent_once(
    fal: Sandbox, client: Client, path: str, kind: str
) -> None:
    fal.dials.fail(phase_of(path), kind, request_id=False)
    with pytest.raises(Unreachable) as caught:
        send(client, path, seconds=0.5)
    assert caught.value.may_have_arrived
    assert caught.value.may_be_billed
    assert len(fal.posts()) == 1


@pytest.mark.parametrize("path", PATHS)
def test_a_connection_that_is_reset_at_once_is_uncertain(
    fal: Sandbox, client: Client, path: str
) -> None:
    fal.dials.fail("connect", "reset", 1)
    uncertain = False
    try:
        send(client, path)
    except Unreachable as error:
        uncertain = error.may_have_arrived
    # Unless the reset came before the connection stood: then nothing had left, and it went again.
    assert uncertain is not bool(fal.posts())
    assert len(fal.posts()) <= 1


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_gateways_page_to_a_post_is_uncertain(
    fal: Sandbox, client: Client, path: str, status: int
) -> None:
    fal.dials.fail(phase_of(path), "html", status=status, request_id=False)
    with pytest.raises(Unreachable) as caught:
        send(client, path)
    assert caught.value.may_have_arrived
    assert len(fal.posts()) == 1


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, JobFailed), (401, AuthError), (402, BillingError), (403, AuthError), (404, JobFailed),
     (422, JobFailed), (499, JobFailed), (500, JobFailed)],
)  # fmt: skip
def test_answers_that_end_it(
    fal: Sandbox, client: Client, path: str, status: int, kind: type[OpenClawFalError]
) -> None:
    fal.dials.fail(phase_of(path), status, detail="these words")
    with pytest.raises(kind) as caught:
        send(client, path)
    assert "these words" in caught.value.message
    assert caught.value.http_status == status
    assert caught.value.request_id
    assert len(fal.posts()) == 1


@pytest.mark.parametrize("path", PATHS)
def test_429_was_not_taken_and_goes_again(
    fal: Sandbox, client: Client, seen: Seen, path: str
) -> None:
    fal.dials.fail(phase_of(path), 429, 6)
    send(client, path)
    assert len(fal.posts()) == 7
    assert len(seen.notes) == 6


def test_retry_after_is_honoured(fal: Sandbox) -> None:
    waited: list[float] = []
    with client_of(fal.url) as client:
        client.retry = client.retry._replace(sleep=waited.append)
        fal.dials.fail("sync", 429, 1, retry_after="7")
        client.run(FLUX, PROMPT, deadline=soon())
    assert sum(waited) == 7.0


def test_a_pause_beyond_the_deadline_ends_it(fal: Sandbox, client: Client) -> None:
    fal.dials.fail("sync", 429, retry_after="3600")
    with pytest.raises(RateLimited) as caught:
        client.run(FLUX, PROMPT, deadline=soon())
    assert "3600" in (caught.value.hint or "")
    assert not caught.value.may_have_arrived
    assert len(fal.posts()) == 1


def test_429_until_the_deadline(fal: Sandbox, client: Client) -> None:
    fal.dials.fail("submit", 429)
    with pytest.raises(Unreachable):  # TimedOut when it passes during a request
        client.submit(FLUX, PROMPT, deadline=soon(0.3))
    assert len(fal.posts()) > 2


@pytest.mark.parametrize("path", PATHS)
def test_a_refused_connection_is_tried_again_and_given_up_soon(path: str, seen: Seen) -> None:
    with client_of(f"http://127.0.0.1:{unused_port()}", seen) as client:
        with pytest.raises(Unreachable) as caught:
            send(client, path)
        assert not caught.value.may_have_arrived
        assert not caught.value.may_be_billed
        assert len(seen.notes) == client.retry.attempts - 1


def test_a_server_that_comes_up_in_the_meantime_is_reached() -> None:
    port = unused_port()
    with client_of(f"http://127.0.0.1:{port}") as client:
        servers: list[Sandbox] = []

        def sleep(seconds: float) -> None:
            servers.append(Sandbox(port=port).start())

        client.retry = client.retry._replace(sleep=sleep)
        client.run(FLUX, PROMPT, deadline=soon())
        assert len(servers[0].posts()) == 1
        servers[0].stop()


def test_an_unknown_name_is_no_uncertain_request() -> None:
    with client_of("http://nowhere.invalid") as client, pytest.raises(Unreachable) as caught:
        client.run(FLUX, PROMPT, deadline=soon())
    assert not caught.value.may_have_arrived


def test_the_deadline_holds_while_a_model_runs(fal: Sandbox, client: Client) -> None:
    fal.dials.run_time = 60
    with pytest.raises(TimedOut) as caught:
        client.run(FLUX, PROMPT, deadline=soon(0.3))
    assert caught.value.may_have_arrived


def test_the_deadline_holds_against_a_head_that_drips() -> None:
    def drip(sock: socket.socket, number: int) -> None:
        read_request(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\n")
        sock.settimeout(0.01)
        while True:
            sock.sendall(b"x: y\r\n")
            try:
                if not sock.recv(1):
                    return
            except TimeoutError:
                continue

    with answering(drip) as (host, port), client_of(f"http://{host}:{port}") as client:
        with pytest.raises(Unreachable) as caught:
            client.run(FLUX, PROMPT, deadline=soon(0.4))
        assert caught.value.may_have_arrived


@pytest.mark.parametrize("reads_on", [True, False])
def test_an_early_answer_to_a_large_body_is_read(reads_on: bool) -> None:
    """Also when the connection is reset before the body was taken."""

    def refuse(sock: socket.socket, number: int) -> None:
        read_request(sock)
        sock.sendall(b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        sock.shutdown(socket.SHUT_WR)
        while reads_on and sock.recv(65536):
            pass

    body = {"prompt": "x" * 20_000_000}
    with answering(refuse) as (host, port), client_of(f"http://{host}:{port}") as client:
        with pytest.raises(JobFailed) as caught:
            client.run(FLUX, body, deadline=soon())
        assert caught.value.http_status == 413


def test_a_post_never_goes_over_a_used_connection() -> None:
    """A server that closes each connection after one answer would swallow it."""
    heads: list[tuple[int, bytes]] = []

    def once(sock: socket.socket, number: int) -> None:
        heads.append((number, read_request(sock).split(b"\r\n")[0]))
        sock.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
        linger = struct.pack("ii", 1, 0)
        sock.recv(65536)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    with answering(once) as (host, port), client_of(f"http://{host}:{port}") as client:
        for _ in range(3):
            client.run(FLUX, {}, deadline=soon())
    assert [number for number, _ in heads] == [0, 1, 2]


def test_reads_share_a_connection() -> None:
    def serve(sock: socket.socket, number: int) -> None:
        while head := read_request(sock):
            asked.append((number, head.split(b" ")[1]))
            answer = b'{"status": "IN_QUEUE"}'
            sock.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(answer) + answer)

    asked: list[tuple[int, bytes]] = []
    with answering(serve) as (host, port), client_of(f"http://{host}:{port}") as client:
        url = f"http://{host}:{port}/x/requests/1"
        for _ in range(5):
            client.status(Handle("1", f"{url}/status", url, f"{url}/cancel"), deadline=soon())
    assert asked == [(0, b"/x/requests/1/status?logs=1")] * 5


@pytest.mark.parametrize("endpoint", ["", "/", "a//b", "../b", "a/../b", "a/./b"])
def test_endpoints_that_lead_elsewhere(client: Client, fal: Sandbox, endpoint: str) -> None:
    with pytest.raises(UsageError):
        client.run(endpoint, PROMPT, deadline=soon())
    assert fal.requests == []


@pytest.mark.parametrize("body", [{"x": float("nan")}, {"x": object()}, {"x": "\ud800"}])
def test_bodies_that_are_no_json(client: Client, fal: Sandbox, body: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        client.run(FLUX, body, deadline=soon())
    assert fal.requests == []


@pytest.mark.parametrize("key", [None, "", "with space", "line\nbreak", "ünïcode", "\x00"])
def test_keys_that_cannot_be_sent(fal: Sandbox, key: str) -> None:
    with client_of(fal.url, key=key) as client, pytest.raises(AuthError):
        client.run(FLUX, PROMPT, deadline=soon())
    assert fal.requests == []


@pytest.mark.parametrize(
    ("key", "kind"),
    [(KEY, None), ("sandbox-bad-key", AuthError), ("sandbox-locked", BillingError)],
)
def test_a_key_is_verified(fal: Sandbox, key: str, kind: type[OpenClawFalError] | None) -> None:
    with client_of(fal.url, key=key) as client:
        if kind is None:
            client.verify_key(deadline=soon())
        else:
            with pytest.raises(kind):
                client.verify_key(deadline=soon())
    (asked,) = fal.requests
    assert (asked.method, asked.path) == ("GET", "/v1/models/pricing")
    assert asked.query == {"endpoint_id": FLUX}


@pytest.mark.parametrize("fault", ["500", "404", "silent", "html", "reset"])
def test_a_key_that_cannot_be_verified(fal: Sandbox, client: Client, fault: str) -> None:
    fal.dials.fail("platform", fault)
    with pytest.raises(Unreachable):
        client.verify_key(deadline=soon(1))


def test_a_content_policy_refusal_is_its_own_error(fal: Sandbox, client: Client) -> None:
    fal.dials.content_policy = True
    with pytest.raises(ContentPolicy) as caught:
        client.run(FLUX, PROMPT, deadline=soon())
    assert "prompt" in caught.value.message
    assert len(fal.posts()) == 1


def test_a_read_does_not_pause_beyond_its_deadline(fal: Sandbox) -> None:
    def pause(seconds: float) -> None:
        raise AssertionError(f"it paused for {seconds} s")

    with client_of(fal.url) as client:
        client.retry = client.retry._replace(sleep=pause)
        handle = client.submit(FLUX, PROMPT, deadline=soon())
        assert isinstance(handle, Handle)
        fal.dials.fail("status", 503, retry_after="60")
        request = Request("GET", parse(handle.status_url), soon())
        assert client.ask(request).status == 503
