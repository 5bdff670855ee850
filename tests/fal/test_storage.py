"""Uploads: in one piece and in parts, through trouble, and without the key."""

from __future__ import annotations

import io

import pytest

from openclaw_fal.errors import (
    AuthError,
    BillingError,
    JobFailed,
    LocalError,
    OpenClawFalError,
    TimedOut,
    Unreachable,
)
from openclaw_fal.fal import storage
from openclaw_fal.fal.client import Client
from openclaw_fal.fal.storage import upload
from openclaw_fal.sandbox import Sandbox
from tests.fal.conftest import client_of, soon

SMALL = bytes(range(256)) * 2000
LARGE = bytes(range(251)) * 200_000  # 50 MB: five parts


def sent(
    client: Client, data: bytes, told: list[int] | None = None, seconds: float = 20.0, **more: int
) -> str:
    return upload(
        client,
        open_file=lambda: io.BytesIO(data),
        size=len(data),
        name="ref ü.png",
        content_type="image/png",
        deadline=soon(seconds),
        progress=None if told is None else told.append,
        **more,
    )


def test_a_file_in_one_piece(fal: Sandbox, client: Client) -> None:
    told: list[int] = []
    url = sent(client, SMALL, told)
    (kept,) = fal.uploads
    assert kept.url == url
    assert kept.data() == SMALL
    assert (kept.file_name, kept.content_type) == ("ref ü.png", "image/png")
    assert told[0] == 0
    assert told[-1] == len(SMALL)
    assert told == sorted(told)
    (initiated,) = fal.phase("initiate")
    assert initiated.query == {"storage_type": "fal-cdn-v3"}
    (put,) = fal.phase("upload")
    assert "authorization" not in put.headers
    assert put.headers["content-type"] == "image/png"


def test_a_large_file_in_parts(fal: Sandbox, client: Client) -> None:
    told: list[int] = []
    url = sent(client, LARGE, told, multipart_over=20_000_000)
    (kept,) = fal.uploads
    assert kept.url == url
    assert kept.complete
    assert kept.data() == LARGE
    assert told[-1] == max(told) == len(LARGE)
    assert (
        sorted(item.size for item in fal.phase("upload") if item.method == "PUT")[-1]
        == storage.PART
    )


@pytest.mark.parametrize("kind", ["reset", "reset_after_read", "500", "502", "429", "cut", "html"])
def test_trouble_with_a_piece_is_overcome(fal: Sandbox, client: Client, kind: str) -> None:
    fal.dials.fail("upload", kind, 2)
    told: list[int] = []
    sent(client, SMALL, told)
    assert fal.uploads[0].data() == SMALL
    assert told[-1] == len(SMALL)


@pytest.mark.parametrize("kind", ["reset", "500", "cut"])
def test_trouble_with_parts_is_overcome(fal: Sandbox, client: Client, kind: str) -> None:
    fal.dials.fail("upload", kind, 2, after=2)
    sent(client, LARGE, multipart_over=20_000_000)
    assert fal.uploads[0].data() == LARGE


@pytest.mark.parametrize("kind", ["reset", "garbage", "500", "html", "429", "stall"])
def test_trouble_at_the_start_is_overcome(
    fal: Sandbox, client: Client, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    if kind == "garbage":
        fal.dials.fail("initiate", kind)
        with pytest.raises(Unreachable):
            sent(client, SMALL)
        return
    if kind == "stall":
        fal.dials.fail("initiate", kind)
        with pytest.raises(TimedOut):
            sent(client, SMALL, seconds=0.3)
        return
    fal.dials.fail("initiate", kind, 2, request_id=False, body="" if kind != "500" else "oops")
    sent(client, SMALL)
    assert fal.uploads[-1].data() == SMALL


@pytest.mark.parametrize("phase", ["initiate", "upload"])
@pytest.mark.parametrize("kind", ["502", "reset"])
def test_lasting_trouble_ends_it(fal: Sandbox, client: Client, phase: str, kind: str) -> None:
    fal.dials.fail(phase, kind, request_id=False)
    for over in (10**9, 1000):
        with pytest.raises(Unreachable) as caught:
            sent(client, SMALL, multipart_over=over)
        assert not caught.value.may_be_billed
        assert not caught.value.may_have_arrived
    assert fal.posts() == []


@pytest.mark.parametrize(
    ("key", "kind"), [("sandbox-bad-key", AuthError), ("sandbox-locked", BillingError)]
)
def test_a_refused_key(fal: Sandbox, key: str, kind: type[OpenClawFalError]) -> None:
    with client_of(fal.url, key=key) as client, pytest.raises(kind):
        sent(client, SMALL)


def test_the_deadline_holds(fal: Sandbox, client: Client) -> None:
    fal.dials.fail("upload", "silent")
    with pytest.raises(TimedOut):
        sent(client, SMALL, seconds=0.3)


def test_a_file_that_became_shorter(fal: Sandbox, client: Client) -> None:
    for over in (1000, 10**9):
        with pytest.raises(LocalError, match="shorter"):
            upload(
                client,
                open_file=lambda: io.BytesIO(SMALL[:-1]),
                size=len(SMALL),
                name="x.png",
                content_type="image/png",
                deadline=soon(),
                multipart_over=over,
            )


def test_a_file_that_cannot_be_read(fal: Sandbox, client: Client) -> None:
    def broken() -> io.BytesIO:
        raise PermissionError(13, "Permission denied")

    with pytest.raises(LocalError, match="Permission denied"):
        upload(client, open_file=broken, size=5, name="x", content_type="x/y", deadline=soon())


@pytest.mark.parametrize(
    "url", ["http://example.com/x", "file:///x", "https://u:p@example.com/x", "http://10.0.0.1/x"]
)
def test_hostile_upload_urls_are_refused(fal: Sandbox, client: Client, url: str) -> None:
    fal.dials.upload_url = url
    with pytest.raises(JobFailed):
        sent(client, SMALL)
