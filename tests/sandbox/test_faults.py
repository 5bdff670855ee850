"""Each fault does on the wire what its name says, and takes the request or does not."""

from __future__ import annotations

import gzip
import json
import socket
import threading
from collections import deque

import httpx
import pytest

from openclaw_fal.sandbox import Dials, Sandbox
from openclaw_fal.sandbox.faults import BODY_KINDS, WIRE_KINDS

FLUX = "/fal-ai/flux/dev"
VIDEO = "/fal-ai/minimax/video-01-live"
BODY = {"prompt": "a cat"}


def run(http: httpx.Client) -> httpx.Response:
    return http.post(FLUX, json=BODY)


def raw(fal: Sandbox, path: str = "/") -> tuple[bytes, bytes]:
    """Head and body of a GET, read to the end of the connection."""
    with socket.create_connection(("127.0.0.1", fal.port)) as sock:
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        data = b""
        while chunk := sock.recv(65536):
            data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    return head, body


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 408, 429, 499, 500, 502, 503, 504])
def test_a_status_is_answered_and_nothing_is_taken(
    fal: Sandbox, http: httpx.Client, status: int
) -> None:
    fal.dials.fail("submit", status, 1, type="some_type", detail="because", retry_after="3")

    answer = http.post(VIDEO, json=BODY)

    assert answer.status_code == status
    assert answer.json() == {"detail": "because", "error_type": "some_type"}
    assert answer.headers["x-fal-error-type"] == "some_type"
    assert answer.headers["retry-after"] == "3"
    assert fal.jobs == []
    assert [post.status for post in fal.posts()] == [status]


def test_a_status_can_come_although_the_job_was_taken(fal: Sandbox, http: httpx.Client) -> None:
    fal.dials.fail("submit", 504, 1, taken=True)
    assert http.post(VIDEO, json=BODY).status_code == 504
    assert len(fal.jobs) == 1


def test_a_body_of_ones_own(fal: Sandbox, http: httpx.Client) -> None:
    fal.dials.fail("sync", 500, 1, body='["odd"]', request_id=False)
    answer = run(http)
    assert answer.json() == ["odd"]
    assert "x-fal-request-id" not in answer.headers


def test_platform_failures_have_the_platforms_shape(fal: Sandbox, http: httpx.Client) -> None:
    fal.dials.fail("platform", 500, 1, detail="down")
    answer = http.get("/v1/models")
    assert answer.json()["error"]["message"] == "down"


@pytest.mark.parametrize("kind", ["reset", "reset_after_read"])
def test_resets(fal: Sandbox, kind: str) -> None:
    fal.dials.fail("submit", kind, 1)
    body = json.dumps(BODY)
    with socket.create_connection(("127.0.0.1", fal.port)) as sock:
        sock.sendall(
            f"POST {VIDEO} HTTP/1.1\r\nHost: x\r\nAuthorization: Key k\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        with pytest.raises(ConnectionResetError):
            sock.recv(1)
    assert len(fal.posts()) == 1
    assert len(fal.jobs) == (kind == "reset_after_read")


def test_a_connection_is_reset_when_it_is_made(fal: Sandbox, http: httpx.Client) -> None:
    fal.dials.fail("connect", "reset", 1)
    with pytest.raises(httpx.TransportError):
        run(http)
    assert fal.requests == []
    assert run(http).status_code == 200


@pytest.mark.parametrize("kind", ["cut", "cut_reset"])
def test_cuts(fal: Sandbox, http: httpx.Client, kind: str) -> None:
    url = run(http).json()["images"][0]["url"]
    whole = fal.media(url)
    fal.dials.fail("media", kind, 1, at=0.25)

    received = bytearray()
    with httpx.stream("GET", url) as answer:
        assert int(answer.headers["content-length"]) == len(whole)
        with pytest.raises(httpx.TransportError):
            deque(map(received.extend, answer.iter_raw()), maxlen=0)

    if kind == "cut":
        assert received == whole[: len(whole) // 4]


def test_a_lie_about_a_longer_body(fal: Sandbox) -> None:
    fal.dials.faults = [Dials.parse("fail=any:lie-longer").faults[0]]
    head, body = raw(fal)
    assert f"content-length: {len(body)}".encode() not in head
    assert int(head.lower().split(b"content-length: ")[1].split()[0]) > len(body) > 0


def test_a_lie_about_a_shorter_body(fal: Sandbox) -> None:
    fal.dials.fail("any", "lie-shorter")
    head, body = raw(fal)
    assert 0 < int(head.lower().split(b"content-length: ")[1].split()[0]) < len(body)


@pytest.mark.parametrize("kind", ["stall", "silent"])
def test_stalls_last_until_the_client_leaves(fal: Sandbox, http: httpx.Client, kind: str) -> None:
    fal.dials.fail("submit", kind, 1)
    with pytest.raises(httpx.ReadTimeout):
        http.post(VIDEO, json=BODY, timeout=0.2)
    assert len(fal.jobs) == 1
    assert http.post(VIDEO, json=BODY).status_code == 200


def test_a_stalled_connection_ends_with_the_sandbox() -> None:
    ended = threading.Event()
    with Sandbox(Dials.parse("fail=any:silent")) as fal:

        def wait() -> None:
            with pytest.raises(httpx.TransportError):
                httpx.get(fal.url, timeout=30)
            ended.set()

        thread = threading.Thread(target=wait)
        thread.start()
        fal.wait_for("other")
    thread.join(timeout=10)
    assert ended.is_set()


def test_redirects(fal: Sandbox, http: httpx.Client) -> None:
    fal.dials.fail("sync", "redirect", 1, to="http://127.0.0.1:1/elsewhere", status=302)
    answer = run(http)
    assert answer.status_code == 302
    assert answer.headers["location"] == "http://127.0.0.1:1/elsewhere"


def test_a_gateways_page(fal: Sandbox, http: httpx.Client) -> None:
    fal.dials.fail("sync", "html", 1, status=504, request_id=False)
    answer = run(http)
    assert (answer.status_code, answer.headers["content-type"]) == (504, "text/html; charset=utf-8")
    assert "nginx" in answer.text
    assert "x-fal-request-id" not in answer.headers


@pytest.mark.parametrize("kind", ["garbage", "truncated_json", "bad_charset", "deep_json"])
def test_bodies_that_are_no_json(fal: Sandbox, http: httpx.Client, kind: str) -> None:
    fal.dials.fail("submit", kind, 1)
    answer = http.post(VIDEO, json=BODY)
    assert answer.status_code == 200
    with pytest.raises((ValueError, RecursionError)):
        json.loads(answer.content)
    assert len(fal.jobs) == 1


def test_an_empty_body(fal: Sandbox, http: httpx.Client) -> None:
    fal.dials.fail("sync", "empty", 1)
    answer = run(http)
    assert (answer.status_code, answer.content) == (200, b"")


def test_values_of_other_types(fal: Sandbox, http: httpx.Client) -> None:
    fal.dials.fail("submit", "bad_type", 1)
    answer = http.post(VIDEO, json=BODY).json()
    assert set(answer) >= {"request_id", "status_url", "queue_position"}
    assert not isinstance(answer["request_id"], str)


def test_duplicate_keys(fal: Sandbox, http: httpx.Client) -> None:
    fal.dials.fail("sync", "duplicate_keys", 1)
    pairs = json.loads(run(http).content, object_pairs_hook=list)
    names = [name for name, _ in pairs]
    assert len(names) == 2 * len(set(names))


def test_a_large_body_is_not_held(fal: Sandbox, http: httpx.Client) -> None:
    fal.dials.fail("sync", "big_json", 1, size=3_000_000)
    answer = run(http)
    assert len(answer.content) == 3_000_000
    assert list(json.loads(answer.content)) == ["filler"]


def test_a_gzip_bomb(fal: Sandbox, http: httpx.Client) -> None:
    fal.dials.fail("sync", "gzip_bomb", 1, size=8 << 20)
    with http.stream("POST", FLUX, json=BODY) as answer:
        assert answer.headers["content-encoding"] == "gzip"
        packed = b"".join(answer.iter_raw())
    assert len(packed) < 20_000
    assert len(gzip.decompress(packed)) > 8 << 20


@pytest.mark.parametrize(
    ("phase", "method", "path"),
    [
        ("sync", "POST", FLUX),
        ("submit", "POST", VIDEO),
        ("status", "GET", "{job}/status"),
        ("stream", "GET", "{job}/status/stream"),
        ("result", "GET", "{job}"),
        ("cancel", "PUT", "{job}/cancel"),
        ("media", "GET", "{file}"),
        ("initiate", "POST", "/storage/upload/initiate"),
        ("upload", "PUT", "{upload}"),
        ("platform", "GET", "/v1/models/pricing?endpoint_id=fal-ai/flux/dev"),
    ],
)
def test_every_phase_can_fail(
    fal: Sandbox, http: httpx.Client, phase: str, method: str, path: str
) -> None:
    file = {"file_name": "a.png", "content_type": "image/png"}
    path = path.format(
        job=http.post(VIDEO, json=BODY).json()["response_url"],
        file=run(http).json()["images"][0]["url"],
        upload=http.post("/storage/upload/initiate", json=file).json()["upload_url"],
    )
    fal.dials.fail(phase, 418, 1)
    body = None if method == "GET" else file | BODY

    assert http.request(method, path, json=body).status_code == 418
    assert fal.requests[-1].phase == phase
    assert http.request(method, path, json=body).status_code < 300 or phase == "cancel"


@pytest.mark.parametrize("kind", [*WIRE_KINDS, *BODY_KINDS])
def test_wire_and_body_faults_take_the_request(kind: str) -> None:
    fault = Dials().fail("submit", kind)
    assert fault.takes_effect


def test_errors_can_echo_the_key(fal: Sandbox, http: httpx.Client) -> None:
    fal.dials.echo_auth = True
    answer = http.post(FLUX, json={})
    assert answer.status_code == 422
    assert "Key an-id:a-secret" in answer.text
