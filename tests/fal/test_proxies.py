"""Through proxies of every kind: what is promised without one holds behind one, too."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from openclaw_fal.errors import JobFailed, LocalError, OpenClawFalError, TimedOut, Unreachable
from openclaw_fal.fal.download import download
from openclaw_fal.fal.http import call as calls
from openclaw_fal.fal.http import proxies, sockets
from openclaw_fal.fal.queue import outcome, wait
from openclaw_fal.fal.results import remote_files
from openclaw_fal.media import RemoteFile
from openclaw_fal.sandbox import Sandbox
from tests.fal.conftest import FLUX, Memory, answering, client_of, soon, submitted
from tests.fal.relay import certificate_for, relay
from tests.support.queueing import read_request

PROMPT = {"prompt": "p"}
KINDS = {
    "http": "http://{host}:{port}",
    "https": "https://localhost:{port}",
    "socks5": "socks5://{host}:{port}",
    "socks5h": "socks5h://us%40er:pass@{host}:{port}",
}


def looked_up(addresses: dict[str, str]) -> Callable[..., list[str]]:
    """Names that resolve so, and all others to an address of the open internet."""

    def look_up(host: str, port: int, call: object) -> list[str]:
        if host in ("127.0.0.1", "localhost"):
            return ["127.0.0.1"]
        return [addresses.get(host, "93.184.216.34")]

    return look_up


@pytest.fixture(autouse=True)
def _no_real_lookups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "addresses_of", looked_up({}))


@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_job_goes_through(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str
) -> None:
    own = certificate_for("localhost", tmp_path / "proxy.pem")
    with Sandbox(tls=True) as fal, relay(kind[:5], fal.url, own) as proxy:
        trusted = tmp_path / "trusted.pem"
        assert fal.ca_file is not None
        trusted.write_bytes(fal.ca_file.read_bytes() + own.read_bytes())
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        monkeypatch.setenv("ALL_PROXY", KINDS[kind].format(host=proxy.host, port=proxy.port))
        fal.dials.media_bytes = 700_000
        with client_of(None) as client:
            left: list[bool] = []
            result = client.run(FLUX, PROMPT, deadline=soon(30), on_sending=left.append)
            (file,) = remote_files(result.payload)
            sink = Memory()
            download(client, file, sink, deadline=soon(30))
            handle = submitted(client)
            ended = wait(client, handle, deadline=soon(30), poll_interval=0.01)
            assert outcome(client, handle, ended, deadline=soon(30)).readable
        assert bytes(sink.data) == fal.media(file.url)
        assert left == [True]
    names = {"fal.run:443", "v3.fal.media:443", "queue.fal.run:443"}
    assert set(proxy.targets) == ({"93.184.216.34:443"} if kind == "socks5" else names)
    assert proxy.credentials == ([(b"us@er", b"pass")] * len(proxy.targets) if "5h" in kind else [])
    assert b"canary" not in b"".join(proxy.heads)


def test_a_socks_proxy_is_given_no_private_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "addresses_of", looked_up({"v3.fal.media": "10.1.2.3"}))
    with relay("socks", "http://127.0.0.1:1") as proxy:
        monkeypatch.setenv("https_proxy", f"socks5://{proxy.host}:{proxy.port}")
        with client_of(None) as client, pytest.raises(JobFailed, match="private network"):
            download(client, RemoteFile("https://v3.fal.media/x"), Memory(), deadline=soon())
    assert proxy.targets == []


def test_a_proxy_may_be_in_a_private_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the user's own; media behind it are asked for by name."""
    with relay("http", "http://127.0.0.1:1") as proxy:
        monkeypatch.setenv("https_proxy", f"http://{proxy.host}:{proxy.port}")
        with client_of(None) as client, pytest.raises(OpenClawFalError):
            download(client, RemoteFile("https://v3.fal.media/x"), Memory(), deadline=soon(5))
    assert set(proxy.targets) == {"v3.fal.media:443"}


def silent(sock: socket.socket, number: int) -> None:
    while sock.recv(65536):
        pass


def dripping(sock: socket.socket, number: int) -> None:
    """A SOCKS or HTTP proxy that never says anything whole."""
    sock.recv(65536)
    sock.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        sock.sendall(b"x")
        time.sleep(0.02)


@pytest.mark.parametrize("served", [silent, dripping])
@pytest.mark.parametrize("kind", KINDS)
def test_a_proxy_that_never_answers_does_not_hang(
    monkeypatch: pytest.MonkeyPatch, kind: str, served: Callable[[socket.socket, int], None]
) -> None:
    with answering(served) as (host, port):
        monkeypatch.setenv("https_proxy", KINDS[kind].format(host=host, port=port))
        left: list[bool] = []
        with client_of(None) as client, pytest.raises(Unreachable) as caught:
            client.run(FLUX, PROMPT, deadline=soon(0.5), on_sending=left.append)
    assert not caught.value.may_have_arrived
    assert left == []


@pytest.mark.parametrize("kind", ["http", "socks5h"])
def test_a_silent_proxy_is_given_up_long_before_a_long_deadline(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """A paid request may wait for its answer without end, a proxy may not."""
    monkeypatch.setattr(calls, "PREPARE_SECONDS", 0.05)
    with answering(silent) as (host, port):
        monkeypatch.setenv("https_proxy", KINDS[kind].format(host=host, port=port))
        with client_of(None) as client, pytest.raises(TimedOut) as caught:
            client.run(FLUX, PROMPT, deadline=soon(3600))
    assert "proxy" in caught.value.message
    assert not caught.value.may_have_arrived


def refusing(sock: socket.socket, number: int) -> None:
    sock.recv(256)
    sock.sendall(b"\x05\x00")
    sock.recv(256)
    sock.sendall(b"\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00")


@pytest.mark.parametrize(
    "answer", [b"", b"\x05\xff", b"\x04\x00", b"\x05", b"HTTP/1.1 400 Bad\r\n\r\n", None]
)
def test_a_socks_proxy_that_refuses_is_no_uncertain_request(
    monkeypatch: pytest.MonkeyPatch, answer: bytes | None
) -> None:
    def serve(sock: socket.socket, number: int) -> None:
        if answer is None:
            refusing(sock, number)
        else:
            sock.recv(256)
            sock.sendall(answer)

    with answering(serve) as (host, port):
        monkeypatch.setenv("https_proxy", f"socks5h://{host}:{port}")
        with client_of(None) as client, pytest.raises(Unreachable) as caught:
            client.run(FLUX, PROMPT, deadline=soon())
    assert not caught.value.may_have_arrived
    assert "proxy" in caught.value.message


@pytest.mark.parametrize("kind", ["http", "socks5h"])
def test_a_request_that_is_lost_behind_a_proxy_is_uncertain(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """The connection is reset after the first bytes of the request itself."""

    def swallow(sock: socket.socket, number: int) -> None:
        heads.append(read_request(sock)[:4])
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    heads: list[bytes] = []
    with answering(swallow) as (host, port), relay(kind[:5], f"http://{host}:{port}") as proxy:
        monkeypatch.setenv("http_proxy", KINDS[kind].format(host=proxy.host, port=proxy.port))
        if kind == "http":  # plain http goes to the proxy itself
            monkeypatch.setenv("http_proxy", f"http://{host}:{port}")
        left: list[bool] = []
        with client_of("http://fal.example") as client, pytest.raises(Unreachable) as caught:
            client.run(FLUX, PROMPT, deadline=soon(), on_sending=left.append)
    assert caught.value.may_have_arrived
    assert (heads, left) == ([b"POST"], [True])


def test_socks_without_its_package_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "socks5://proxy.example:1080")
    monkeypatch.setattr(
        proxies, "find_spec", lambda name: None if name == "socksio" else find_spec(name)
    )
    with client_of(None) as client, pytest.raises(LocalError) as caught:
        client.run(FLUX, PROMPT, deadline=soon())
    assert caught.value.hint == "pip install 'openclaw-fal[socks]'"


@pytest.mark.parametrize("place", ["head", "body", "handshake"])
def test_a_dripping_server_keeps_the_deadline(place: str) -> None:
    """Each byte comes in time, and none of them is the last."""
    done = threading.Event()

    def drip(sock: socket.socket, number: int) -> None:
        if place == "body":
            read_request(sock)
            sock.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
        elif place == "head":
            read_request(sock)
            sock.sendall(b"HTTP/1.1 200 OK\r\nx: ")
        else:
            sock.sendall(b"\x16\x03\x03\x40\x00")  # the head of a TLS record of 16 KB
        while not done.wait(0.02):
            sock.sendall(b"1")

    scheme = "https" if place == "handshake" else "http"
    with answering(drip) as (_, port):
        with client_of(f"{scheme}://localhost:{port}") as client, pytest.raises(TimedOut) as caught:
            client.run(FLUX, PROMPT, deadline=soon(0.5))
        done.set()
    assert caught.value.may_have_arrived is (place != "handshake")


@pytest.mark.skipif(not hasattr(socket, "SO_REUSEPORT"), reason="another queue of connections")
def test_a_connection_that_is_never_accepted_keeps_the_deadline() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        waiting = []
        for _ in range(3):  # more than the system queues
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", port))
            waiting.append(sock)
        with client_of(f"http://127.0.0.1:{port}") as client, pytest.raises(TimedOut) as caught:
            client.run(FLUX, PROMPT, deadline=soon(0.5))
        for sock in waiting:
            sock.close()
    assert not caught.value.may_have_arrived
