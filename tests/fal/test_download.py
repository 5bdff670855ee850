"""Downloads: whole or not at all, resumed where they can be, and only from where they may come."""

from __future__ import annotations

import base64
import contextlib
import gzip
import socket
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_fal.errors import JobFailed, LocalError, OpenClawFalError, TimedOut, Unreachable
from openclaw_fal.fal import network
from openclaw_fal.fal.client import Client
from openclaw_fal.fal.data_uri import data_uri_bytes, data_uri_type
from openclaw_fal.fal.download import download
from openclaw_fal.fal.results import remote_files
from openclaw_fal.media import RemoteFile
from openclaw_fal.sandbox import Dials, Request, Response, Sandbox
from tests.fal.conftest import (
    FLUX,
    KEY,
    Memory,
    Seen,
    answering,
    client_of,
    read_request,
    soon,
)

SIZE = 1_000_000


def made(fal: Sandbox, client: Client, size: int = SIZE) -> tuple[RemoteFile, bytes]:
    """A file of a result, and its true bytes."""
    fal.dials.media_bytes = size
    result = client.run(FLUX, {"prompt": "p"}, deadline=soon())
    (file,) = remote_files(result.payload)
    return file, fal.media(file.url)


def test_a_file_arrives_whole_and_in_pieces(fal: Sandbox, client: Client) -> None:
    file, data = made(fal, client)
    sink, told = Memory(), list[tuple[int, int | None]]()
    found = download(
        client, file, sink, deadline=soon(), progress=lambda done, all_: told.append((done, all_))
    )
    assert bytes(sink.data) == data
    assert found.size == SIZE
    assert found.content_type == file.content_type
    assert sink.largest <= 256 * 1024
    assert told[0] == (0, SIZE)
    assert told[-1] == (SIZE, SIZE)
    (asked,) = fal.phase("media")
    assert "authorization" not in asked.headers
    assert KEY not in str(asked.headers)


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("kind", ["cut", "cut_reset", "lie_longer", "reset", "reset_after_read"])
def test_a_broken_download_is_taken_up_again(
    fal: Sandbox, client: Client, kind: str, ranges: bool
) -> None:
    file, data = made(fal, client)
    fal.dials.ranges = ranges
    fal.dials.fail("media", kind, 1)
    sink = Memory()
    download(client, file, sink, deadline=soon())
    assert bytes(sink.data) == data
    asked = fal.phase("media")
    assert len(asked) == 2
    if kind in ("cut", "cut_reset"):
        assert asked[1].headers["range"].startswith("bytes=")
        assert asked[1].headers["if-range"].startswith('"')
        assert sink.restarts == (0 if ranges else 1)


@pytest.mark.parametrize("status", ["500", "502", "503", "404", "429", "408", "html"])
def test_a_media_host_in_trouble_is_asked_again(fal: Sandbox, client: Client, status: str) -> None:
    file, data = made(fal, client)
    fal.dials.fail("media", status, 2)
    sink = Memory()
    download(client, file, sink, deadline=soon())
    assert bytes(sink.data) == data


@pytest.mark.parametrize("kind", ["stall", "silent"])
def test_a_stalled_download_is_taken_up_again(fal: Sandbox, client: Client, kind: str) -> None:
    file, data = made(fal, client)
    fal.dials.fail("media", kind, 1)
    sink = Memory()
    download(client, file, sink, deadline=soon(), stall_timeout=0.2)
    assert bytes(sink.data) == data


BROKEN = (
    "cut", "cut_reset", "stall", "silent", "reset", "lie_shorter", "500", "404", "empty", "html",
    "403", "410",
)  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "ranges"),
    [*((kind, ranges) for kind in BROKEN for ranges in (True, False)), ("lie_longer", False)],
)
def test_a_download_that_stays_broken_is_never_taken_for_whole(
    fal: Sandbox, client: Client, kind: str, ranges: bool
) -> None:
    file, _ = made(fal, client, 5000)
    fal.dials.ranges = ranges
    fal.dials.fail("media", kind, at=0.0 if ranges else 0.5)
    with pytest.raises(Unreachable) as caught:
        download(client, file, Memory(), deadline=soon(), stall_timeout=0.1)
    assert caught.value.may_be_billed
    assert len(fal.phase("media")) <= 12


def test_a_server_that_sends_more_than_it_says_is_not_believed(
    fal: Sandbox, client: Client
) -> None:
    file, data = made(fal, client)
    fal.dials.fail("media", "lie_shorter", 1)
    sink = Memory()
    download(client, RemoteFile(file.url), sink, deadline=soon())
    assert bytes(sink.data) == data


def test_a_size_in_the_result_that_is_untrue_does_not_matter(fal: Sandbox, client: Client) -> None:
    file, data = made(fal, client)
    for size in (1, 10**9):
        sink = Memory()
        download(client, RemoteFile(file.url, size=size), sink, deadline=soon())
        assert bytes(sink.data) == data


def test_the_deadline_holds_for_a_slow_download(fal: Sandbox, client: Client) -> None:
    file, _ = made(fal, client)
    fal.dials.bandwidth = 100_000
    sink = Memory()
    with pytest.raises(TimedOut):
        download(client, file, sink, deadline=soon(0.4))
    assert 0 < sink.offset < SIZE


@pytest.mark.parametrize("have", [1, 400_000, SIZE])
def test_a_part_file_is_continued(fal: Sandbox, client: Client, have: int) -> None:
    file, data = made(fal, client)
    sink = Memory(data[:have])
    download(client, file, sink, deadline=soon())
    assert bytes(sink.data) == data
    assert sink.restarts == 0
    assert fal.phase("media")[0].headers["range"] == f"bytes={have}-"


@pytest.mark.parametrize("ranges", [True, False])
def test_a_part_file_that_is_too_long_starts_anew(
    fal: Sandbox, client: Client, ranges: bool
) -> None:
    file, data = made(fal, client)
    fal.dials.ranges = ranges
    sink = Memory(b"x" * (SIZE + 5))
    download(client, file, sink, deadline=soon())
    assert bytes(sink.data) == data


def test_a_file_that_changed_in_between_starts_anew() -> None:
    versions = [b"a" * 1000, b"b" * 900]
    asked: list[str] = []

    def answer(request: Request) -> Response | None:
        asked.append(request.headers.get("if-range", ""))
        if len(asked) == 1:
            return Response(200, versions[0], [("etag", '"1"')], wire="cut")
        return Response(200, versions[1], [("etag", '"2"')])

    sink = fetched(answer)
    assert bytes(sink.data) == versions[1]
    assert asked == ["", '"1"']


@pytest.mark.parametrize(
    "content_range", ["", "bytes 0-9/10", "bytes 7-9/10", "bytes 5-9/11", "nonsense", "bytes 5-/10"]
)
def test_a_part_that_was_not_asked_for_is_not_used(content_range: str) -> None:
    count = 0

    def answer(request: Request) -> Response | None:
        nonlocal count
        count += 1
        if count == 1:
            return Response(200, b"0123456789", [("etag", '"1"')], wire="cut")
        if "range" in request.headers:
            return Response(206, b"xxxxx", [("content-range", content_range)])
        return Response(200, b"0123456789")

    assert bytes(fetched(answer).data) == b"0123456789"


def test_a_part_without_a_total_is_used() -> None:
    count = 0

    def answer(request: Request) -> Response | None:
        nonlocal count
        count += 1
        if count == 1:
            return Response(200, b"0123456789", wire="cut")
        return Response(206, b"56789", [("content-range", "bytes 5-9/*")])

    assert bytes(fetched(answer).data) == b"0123456789"


@pytest.mark.parametrize("etag", ['W/"1"', "", "1"])
def test_weak_etags_are_not_built_on(etag: str) -> None:
    heads: list[dict[str, str]] = []
    date = "Wed, 21 Oct 2015 07:28:00 GMT"

    def answer(request: Request) -> Response | None:
        heads.append(request.headers)
        if len(heads) == 1:
            return Response(
                200, b"0123456789", [("etag", etag), ("last-modified", date)], wire="cut"
            )
        return Response(206, b"56789", [("content-range", "bytes 5-9/10")])

    fetched(answer)
    assert heads[1]["if-range"] == date


def test_packed_media_are_unpacked_and_their_length_still_counts() -> None:
    data = bytes(range(256)) * 400

    def answer(request: Request) -> Response | None:
        assert request.headers["accept-encoding"] == "identity"
        return Response(200, gzip.compress(data), [("content-encoding", "gzip")])

    assert bytes(fetched(answer).data) == data


def test_packed_media_that_are_cut_start_anew() -> None:
    data = bytes(range(256)) * 400
    count = 0

    def answer(request: Request) -> Response | None:
        nonlocal count
        count += 1
        packed = Response(200, gzip.compress(data), [("content-encoding", "gzip"), ("etag", '"1"')])
        packed.wire = "cut" if count == 1 else ""
        return packed

    assert bytes(fetched(answer).data) == data


def test_a_chunked_answer_that_is_cut_is_not_whole() -> None:
    def answer(request: Request) -> Response | None:
        return Response(200, iter([b"0123456789", b"more"]), wire="cut")

    with pytest.raises(Unreachable):
        fetched(answer)


def test_a_chunked_answer() -> None:
    def answer(request: Request) -> Response | None:
        return Response(200, iter([b"0123456789", b"more"]))

    assert bytes(fetched(answer).data) == b"0123456789more"


def fetched(answer: object, *, size: int | None = None, max_bytes: int | None = None) -> Memory:
    """What a media host with such answers gives."""
    sink = Memory()
    with Sandbox(on_request=answer) as fal, client_of(fal.url) as client:  # type: ignore[arg-type]
        file = RemoteFile(f"{fal.url}/files/x.png", size=size)
        download(client, file, sink, deadline=soon(), max_bytes=max_bytes)
    return sink


def test_an_answer_without_a_length_ends_with_the_connection() -> None:
    def serve(sock: socket.socket, number: int) -> None:
        read_request(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n0123456789")

    with answering(serve) as (host, port), client_of(f"http://{host}:{port}") as client:
        url = f"http://{host}:{port}/x"
        sink = Memory()
        download(client, RemoteFile(url), sink, deadline=soon())
        assert bytes(sink.data) == b"0123456789"
        with pytest.raises(Unreachable):
            download(client, RemoteFile(url, size=20), Memory(), deadline=soon())


@pytest.mark.parametrize("chunked", [True, False])
def test_the_limit_holds_before_more_is_written(chunked: bool) -> None:
    def answer(request: Request) -> Response | None:
        return Response(200, (b"x" * 1000 for _ in range(50)), length=None if chunked else 50_000)

    sink = Memory()
    with Sandbox(on_request=answer) as fal, client_of(fal.url) as client:
        file = RemoteFile(f"{fal.url}/files/x")
        with pytest.raises(LocalError, match="larger than"):
            download(client, file, sink, deadline=soon(), max_bytes=10_000)
    assert sink.offset <= 10_000
    assert chunked or sink.offset == 0


def test_a_file_of_exactly_the_limit_is_taken(fal: Sandbox, client: Client) -> None:
    file, data = made(fal, client)
    sink = Memory()
    download(client, file, sink, deadline=soon(), max_bytes=len(data))
    assert bytes(sink.data) == data


def test_redirects_are_followed_a_little_way(fal: Sandbox, client: Client) -> None:
    file, data = made(fal, client)
    with Sandbox() as other:
        hops = [f"{other.url}/files/a", f"{fal.url}/files/b", file.url]

        def hop(request: Request) -> Response | None:
            return Response(302, b"", [("location", hops[int(request.query["hop"])])])

        other._world.hook = hop
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
def test_redirects_astray_are_refused(fal: Sandbox, client: Client, location: str) -> None:
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

    monkeypatch.setattr(network, "addresses_of", look_up)
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

    monkeypatch.setattr(network, "addresses_of", look_up)
    monkeypatch.setattr("openclaw_fal.fal.exchange.addresses_of", look_up)
    monkeypatch.setattr(socket, "create_connection", refuse)
    with client_of("https://gateway.example") as client, pytest.raises(Unreachable):
        download(client, RemoteFile("https://media.example/x"), Memory(), deadline=soon())
    assert asked[:2] == ["gateway.example", "media.example"]


def test_several_downloads_at_once_share_a_client(fal: Sandbox, client: Client) -> None:
    file, data = made(fal, client)
    sinks = [Memory() for _ in range(8)]

    def work(sink: Memory) -> None:
        download(client, file, sink, deadline=soon())

    threads = [threading.Thread(target=work, args=(sink,)) for sink in sinks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(bytes(sink.data) == data for sink in sinks)


def test_a_sink_that_fails_is_heard(fal: Sandbox, client: Client) -> None:
    file, _ = made(fal, client)

    class Full(Memory):
        def write(self, data: bytes, /) -> None:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        download(client, file, Full(), deadline=soon())


def test_notes_tell_of_a_resumed_download(fal: Sandbox, client: Client, seen: Seen) -> None:
    file, _ = made(fal, client)
    fal.dials.fail("media", "cut", 1)
    download(client, file, Memory(), deadline=soon())
    assert len(seen.notes) == 1


@pytest.mark.parametrize("inline", [True])
def test_data_uris_of_a_result(fal: Sandbox, client: Client, inline: bool) -> None:
    fal.dials = Dials()
    body = {"prompt": "p", "sync_mode": inline}
    (file,) = remote_files(client.run(FLUX, body, deadline=soon()).payload)
    sink = Memory(b"left over")
    found = download(client, file, sink, deadline=soon())
    assert file.url.startswith("data:")
    assert base64.b64encode(sink.data).decode() in file.url
    assert found.content_type in ("image/png", "image/jpeg")
    assert len(found.url) < 100
    assert fal.phase("media") == []


@given(
    st.binary(min_size=1, max_size=500), st.sampled_from(["plain", "url-safe", "spaced", "bare"])
)
def test_base64_of_every_dialect(data: bytes, dialect: str) -> None:
    text = base64.b64encode(data).decode()
    if dialect == "url-safe":
        text = base64.urlsafe_b64encode(data).decode()
    elif dialect == "spaced":
        text = "\n ".join(text)
    elif dialect == "bare":
        text = text.rstrip("=")
    assert b"".join(data_uri_bytes(f"data:image/png;base64,{text}")) == data


def test_large_data_uris_come_in_pieces() -> None:
    data = bytes(range(256)) * 20_000
    uri = f"data:;base64,{base64.b64encode(data).decode()}"
    pieces = list(data_uri_bytes(uri))
    assert len(pieces) > 5
    assert b"".join(pieces) == data
    text = "%41%42c%" * 150_000
    assert b"".join(data_uri_bytes(f"data:text/plain,{text}")) == b"ABc%" * 150_000


@pytest.mark.parametrize(
    "uri",
    ["data:", "data:image/png;base64", "data:image/png;base64,????", "data:image/png;base64,AAA=A",
     "data:image/png;base64,A", "data:image/png;base64,", "data:image/png,"],
)  # fmt: skip
def test_broken_data_uris(client: Client, uri: str) -> None:
    with pytest.raises(JobFailed):
        download(client, RemoteFile(uri), Memory(), deadline=soon())


@given(st.text(max_size=100))
def test_data_uris_never_fail_otherwise(text: str) -> None:
    for uri in (f"data:{text}", f"data:image/png;base64,{text}"):
        data_uri_type(uri)
        with contextlib.suppress(ValueError):
            list(data_uri_bytes(uri))


def test_data_uris_keep_the_limit(client: Client) -> None:
    uri = f"data:image/png;base64,{'QUJD' * 1000}"
    with pytest.raises(OpenClawFalError, match="larger than"):
        download(client, RemoteFile(uri), Memory(), deadline=soon(), max_bytes=100)
