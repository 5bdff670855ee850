"""Downloads: whole or not at all, resumed where they can be, and only from where they may come."""

from __future__ import annotations

import gzip
import io
import socket
import threading

import pytest
from PIL import Image

from openclaw_fal.errors import LocalError, TimedOut, Unreachable
from openclaw_fal.fal.client import Client
from openclaw_fal.fal.download import download
from openclaw_fal.media import RemoteFile
from openclaw_fal.sandbox import Request, Response, Sandbox
from tests.fal.conftest import (
    KEY,
    MEDIA_SIZE,
    Memory,
    Seen,
    answering,
    client_of,
    made,
    soon,
)
from tests.support.queueing import read_request


def test_a_file_arrives_whole_and_in_pieces(fal: Sandbox, client: Client) -> None:
    file, data = made(fal, client)
    sink, told = Memory(), list[tuple[int, int | None]]()
    download(
        client, file, sink, deadline=soon(), progress=lambda done, all_: told.append((done, all_))
    )
    assert bytes(sink.data) == data
    assert sink.largest <= 256 * 1024
    assert told[0] == (0, MEDIA_SIZE)
    assert told[-1] == (MEDIA_SIZE, MEDIA_SIZE)
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
    assert 0 < sink.offset < MEDIA_SIZE


@pytest.mark.parametrize("have", [1, 400_000, MEDIA_SIZE])
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
    sink = Memory(b"x" * (MEDIA_SIZE + 5))
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


def test_a_part_of_another_version_is_not_glued_to_what_is_there() -> None:
    """A server that answers 206 although If-Range named the version from before."""
    asked: list[str] = []

    def answer(request: Request) -> Response | None:
        asked.append(request.headers.get("range", ""))
        if len(asked) == 1:
            return Response(200, b"aaaaaaaaaa", [("etag", '"1"')], wire="cut")
        if request.headers.get("range"):
            return Response(206, b"bbbbb", [("content-range", "bytes 5-9/10"), ("etag", '"2"')])
        return Response(200, b"bbbbbbbbbb", [("etag", '"2"')])

    assert bytes(fetched(answer).data) == b"bbbbbbbbbb"
    assert asked == ["", "bytes=5-", ""]


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


UNMEASURED = {
    "HTTP/1.0": b"HTTP/1.0 200 OK\r\n\r\n%s",
    "closed": b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n%s",
    "chunked": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("framing", UNMEASURED)
@pytest.mark.parametrize("cuts", [1, 100])
def test_of_a_body_without_a_length_the_format_tells_the_end(framing: str, cuts: int) -> None:
    """A host that knows no ranges, and leaves out the last byte of its first answers."""
    Image.new("RGB", (60, 40), (1, 2, 3)).save(png := io.BytesIO(), "PNG")
    data = png.getvalue()

    def serve(sock: socket.socket, number: int) -> None:
        read_request(sock)
        body = data[:-1] if number < cuts else data
        sock.sendall(UNMEASURED[framing] % ((len(body), body) if framing == "chunked" else body))

    sink = Memory()
    with answering(serve) as (host, port), client_of(f"http://{host}:{port}") as client:
        file = RemoteFile(f"http://{host}:{port}/x.png")
        if cuts == 1:
            download(client, file, sink, deadline=soon())
            assert bytes(sink.data) == data
        else:
            with pytest.raises(Unreachable, match="the PNG file has no end"):
                download(client, file, sink, deadline=soon())
            assert bytes(sink.data) == data[:-1]


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
