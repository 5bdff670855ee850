"""Where media are fetched from, and where not."""

from __future__ import annotations

import pytest

from openclaw_fal.errors import JobFailed, Unreachable
from openclaw_fal.fal.client import Client
from openclaw_fal.fal.download import download
from openclaw_fal.fal.http import sockets
from openclaw_fal.media import RemoteFile
from openclaw_fal.sandbox import Request, Response
from tests.fal.conftest import Memory, client_of, made, soon
from tests.support.queueing import Hooked


def test_redirects_are_followed_a_little_way(fal: Hooked, client: Client) -> None:
    file, data = made(fal, client)
    with Hooked() as other:
        hops = [f"{other.url}/files/a", f"{fal.url}/files/b", file.url]

        def hop(request: Request) -> Response | None:
            return Response(302, b"", [("location", hops[int(request.query["hop"])])])

        other.answer = hop
        start = f"{other.url}/files/x?hop=2"
        sink = Memory()
        download(client, RemoteFile(start), sink, deadline=soon())
        assert bytes(sink.data) == data
        assert all("authorization" not in item.headers for item in other.requests)
        hops[0] = f"{other.url}/files/x?hop=0"
        with pytest.raises(JobFailed, match="too many redirects"):
            download(client, RemoteFile(f"{other.url}/files/x?hop=0"), Memory(), deadline=soon())
        assert len(other.requests) == 1 + 6


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "http://192.168.1.1/x",
        "http://v3.fal.media/x",
        "ftp://x/y",
        "http://[",
    ],
)
def test_redirects_astray_are_refused(fal: Hooked, client: Client, location: str) -> None:
    file, _ = made(fal, client)
    fal.dials.fail("media", "redirect", status=302, to=location)
    with pytest.raises(JobFailed) as caught:
        download(client, file, Memory(), deadline=soon())
    assert caught.value.may_be_billed


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://x/y", "http://v3.fal.media/x", "//x/y", "https://u:p@x/y", "x",
     "http://10.0.0.1/x", "https://x/\r\nHost: y"],
)  # fmt: skip
def test_hostile_urls_are_refused(client: Client, url: str) -> None:
    with pytest.raises(JobFailed):
        download(client, RemoteFile(url), Memory(), deadline=soon())


def test_a_public_name_with_a_private_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The address is looked at when the connection is made, so a name cannot change in between."""
    answers = {"v3.fal.media": "10.1.2.3", "gateway.example": "10.9.9.9", "good.example": "1.1.1.1"}

    def look_up(host: str, port: int, call: object) -> list[str]:
        return ["1.1.1.1", answers[host]]

    monkeypatch.setattr(sockets, "addresses_of", look_up)
    with client_of(None) as client, pytest.raises(JobFailed, match="private network"):
        download(client, RemoteFile("https://v3.fal.media/x"), Memory(), deadline=soon())


def test_an_api_in_a_private_network_may_have_its_media_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def look_up(host: str, port: int, call: object) -> list[str]:
        asked.append(host)
        return ["10.0.0.1"]

    def refuse(*args: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(sockets, "addresses_of", look_up)
    monkeypatch.setattr("openclaw_fal.fal.exchange.addresses_of", look_up)
    monkeypatch.setattr(sockets, "_connected", refuse)
    with client_of("https://gateway.example") as client, pytest.raises(Unreachable):
        download(client, RemoteFile("https://media.example/x"), Memory(), deadline=soon())
    assert asked[:2] == ["gateway.example", "media.example"]
