"""Answers to runs and submits: odd, packed, hostile, or leading elsewhere."""

from __future__ import annotations

from itertools import repeat

import pytest

from openclaw_fal.errors import (
    JobFailed,
    LocalError,
    Unreachable,
)
from openclaw_fal.fal.client import Client
from openclaw_fal.fal.results import remote_files
from openclaw_fal.fal.statuses import Completed
from openclaw_fal.media import Handle
from openclaw_fal.sandbox import Request, Response, Sandbox
from tests.fal.conftest import FLUX, Seen, client_of, send, soon, submitted

PROMPT = {"prompt": "a cat"}
PATHS = ("run", "submit")


@pytest.mark.parametrize("kind", ["garbage", "empty", "truncated_json", "deep_json"])
def test_a_run_that_cannot_be_read_keeps_the_bytes(fal: Sandbox, client: Client, kind: str) -> None:
    fal.dials.fail("sync", kind)
    result = client.run(FLUX, PROMPT, deadline=soon())
    assert not result.readable
    assert result.payload is None
    assert result.request_id
    assert len(fal.posts()) == 1


@pytest.mark.parametrize("kind", ["bad_type", "duplicate_keys", "bad_charset"])
def test_odd_json_is_a_result_too(fal: Sandbox, client: Client, kind: str) -> None:
    fal.dials.fail("sync", kind)
    result = client.run(FLUX, PROMPT, deadline=soon())
    assert result.readable
    remote_files(result.payload)


def test_a_gzip_bomb_is_not_unpacked(
    fal: Sandbox, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openclaw_fal.fal.client.RESULT_LIMIT", 8 << 20)
    fal.dials.fail("sync", "gzip_bomb", size=64 << 20)
    with pytest.raises(JobFailed) as caught:
        client.run(FLUX, PROMPT, deadline=soon(60))
    assert "larger than" in caught.value.message
    assert caught.value.may_be_billed


@pytest.mark.parametrize("encoding", ["br", "gzip"])
def test_an_answer_without_an_end_is_bounded(
    encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one that is packed in a way that is not known, all that comes is kept, up to the limit."""
    monkeypatch.setattr("openclaw_fal.fal.client.RESULT_LIMIT", 1 << 20)

    def answer(request: Request) -> Response | None:
        return Response(200, repeat(bytes(10_000)), [("content-encoding", encoding)])

    with Sandbox(on_request=answer) as fal, client_of(fal.url) as client:
        with pytest.raises(JobFailed) as caught:
            client.run(FLUX, PROMPT, deadline=soon(60))
        assert (1 << 20) - 70_000 < len(caught.value.raw) <= 1 << 20


def test_a_large_answer_is_read_and_holds_no_media(fal: Sandbox, client: Client) -> None:
    fal.dials.fail("sync", "big_json", size=20_000_000)
    result = client.run(FLUX, PROMPT, deadline=soon(30))
    assert len(result.raw) == 20_000_000
    assert remote_files(result.payload) == []


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "gzip, gzip"])
def test_packed_answers(encoding: str) -> None:
    import gzip
    import zlib

    packed = {"gzip": gzip.compress(b'{"a": 1}'), "deflate": zlib.compress(b'{"a": 1}')}

    def answer(request: Request) -> Response | None:
        return Response(200, packed.get(encoding, b"?"), [("content-encoding", encoding)])

    with Sandbox(on_request=answer) as fal, client_of(fal.url) as client:
        if encoding in packed:
            assert client.run(FLUX, PROMPT, deadline=soon()).payload == {"a": 1}
        else:
            with pytest.raises(JobFailed):
                client.run(FLUX, PROMPT, deadline=soon())


def test_a_truncated_gzip_body_is_no_result() -> None:
    import gzip

    def answer(request: Request) -> Response | None:
        return Response(200, gzip.compress(b'{"a": 1}')[:-9], [("content-encoding", "gzip")])

    with (
        Sandbox(on_request=answer) as fal,
        client_of(fal.url) as client,
        pytest.raises(JobFailed),
    ):
        client.run(FLUX, PROMPT, deadline=soon())


def test_an_error_of_a_hundred_megabytes_is_not_read() -> None:
    def answer(request: Request) -> Response | None:
        return Response(422, (b"x" * 65536 for _ in range(1600)), length=65536 * 1600)

    with (
        Sandbox(on_request=answer) as fal,
        client_of(fal.url) as client,
        pytest.raises(JobFailed),
    ):
        client.run(FLUX, PROMPT, deadline=soon())


def test_the_key_is_nowhere_in_what_comes_back(fal: Sandbox, client: Client) -> None:
    fal.dials.echo_auth = True
    for phase in ("sync", "submit"):
        fal.dials.fail(phase, 422)
    for path in PATHS:
        with pytest.raises(JobFailed) as caught:
            send(client, path)
        assert "canary" not in f"{caught.value!r} {caught.value.message} {caught.value.hint}"
        assert "[redacted]" in caught.value.message


def test_a_result_that_echoes_the_key_is_kept_without_it() -> None:
    def echo(request: Request) -> Response | None:
        return Response.of({"prompt": request.headers["authorization"], "images": []})

    with Sandbox(on_request=echo) as fal, client_of(fal.url) as client:
        result = client.run(FLUX, PROMPT, deadline=soon())
    assert b"canary" not in result.raw
    assert "canary" not in str(result.payload)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirected_post_is_neither_followed_nor_repeated(
    fal: Sandbox, client: Client, status: int
) -> None:
    with Sandbox() as other:
        fal.dials.fail("sync", "redirect", status=status, to=f"{other.url}/{FLUX}")
        with pytest.raises(JobFailed):
            client.run(FLUX, PROMPT, deadline=soon())
        assert other.requests == []
    assert len(fal.posts()) == 1


def test_a_read_follows_redirects_on_its_own_host_only(fal: Sandbox, client: Client) -> None:
    handle = submitted(client)
    fal.dials.fail("status", "redirect", 1, status=307, to=f"{handle.status_url}?again=1")
    assert isinstance(client.status(handle, deadline=soon()), Completed)
    with Sandbox() as other:
        fal.dials.fail("status", "redirect", 1, status=302, to=f"{other.url}/a/b/requests/x/status")
        with pytest.raises(JobFailed):
            client.status(handle, deadline=soon())
        assert other.requests == []
    fal.dials.fail("status", "redirect", status=302, to=handle.status_url)
    with pytest.raises(JobFailed):
        client.status(handle, deadline=soon())


def test_urls_on_other_hosts_are_not_used(fal: Sandbox, client: Client, seen: Seen) -> None:
    with Sandbox() as other:
        fal.dials.queue_urls = other.url
        handle = submitted(client)
        assert handle.status_url.startswith(fal.url)
        assert isinstance(client.status(handle, deadline=soon()), Completed)
        strange = Handle("x", f"{other.url}/a/b/requests/x/status", handle.response_url, "")
        with pytest.raises(LocalError):
            client.status(strange, deadline=soon())
        assert other.requests == []
    assert seen.notes


@pytest.mark.parametrize("kind", ["garbage", "empty", "truncated_json", "bad_type", "cut", "stall"])
def test_the_id_in_the_header_saves_a_job_whose_answer_is_lost(
    fal: Sandbox, client: Client, kind: str
) -> None:
    fal.dials.fail("submit", kind)
    handle = submitted(client, seconds=3 if kind == "stall" else 30)
    assert isinstance(client.status(handle, deadline=soon()), Completed)
    assert len(fal.posts()) == 1


@pytest.mark.parametrize("kind", ["garbage", "empty", "bad_type"])
def test_a_submit_without_any_id_is_uncertain(fal: Sandbox, client: Client, kind: str) -> None:
    fal.dials.fail("submit", kind, request_id=False)
    with pytest.raises(Unreachable) as caught:
        client.submit(FLUX, PROMPT, deadline=soon())
    assert caught.value.may_have_arrived


@pytest.mark.parametrize(
    ("endpoint", "app"),
    [(FLUX, "fal-ai/flux"), ("workflows/me/mine/x", "workflows/me/mine"), ("a/b", "a/b")],
)
def test_missing_urls_are_made_from_the_id(endpoint: str, app: str) -> None:
    def answer(request: Request) -> Response | None:
        return Response.of({"request_id": "r-1"})

    with Sandbox(on_request=answer) as fal, client_of(fal.url) as client:
        base = f"{fal.url}/{app}/requests/r-1"
        handle = client.submit(endpoint, PROMPT, deadline=soon())
        assert handle == Handle("r-1", f"{base}/status", base, f"{base}/cancel", None)


@pytest.mark.parametrize("fault", ["reset", "cut", "garbage", "502", "429", "408", "html"])
def test_a_result_is_fetched_until_it_comes(fal: Sandbox, client: Client, fault: str) -> None:
    handle = submitted(client)
    fal.dials.fail("result", fault, 2, request_id=False)
    assert remote_files(client.result(handle, deadline=soon()).payload)
    assert len(fal.phase("result")) == 3
    assert len(fal.posts()) == 1


def test_a_result_that_never_is_json_is_kept_as_it_is(fal: Sandbox, client: Client) -> None:
    handle = submitted(client)
    fal.dials.fail("result", "garbage")
    result = client.result(handle, deadline=soon())
    assert not result.readable
    assert result.raw
    assert result.request_id == handle.request_id
