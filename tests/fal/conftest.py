"""A running sandbox, a client for it that does not wait long, and places for what comes."""

from __future__ import annotations

import io
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from openclaw_fal.fal.client import Client
from openclaw_fal.fal.deadline import Deadline
from openclaw_fal.fal.hosts import hosts_for
from openclaw_fal.fal.results import remote_files
from openclaw_fal.fal.retry import Retry
from openclaw_fal.files.whole import truncation
from openclaw_fal.media import Handle, RemoteFile
from openclaw_fal.progress import Progress
from openclaw_fal.sandbox import Sandbox
from tests.support.queueing import Hooked

KEY = "canary-key-id-0123456789:canary-key-secret-0123456789abcdef"
FLUX = "fal-ai/flux/dev"
VIDEO = "fal-ai/minimax/video-01-live"
MEDIA_SIZE = 1_000_000
QUICK = Retry(pauses=(0.01,), jitter=0.0)


class Seen(Progress):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.logs: list[str] = []
        self.positions: list[int | None] = []
        self.runs = 0

    def queued(self, position: int | None) -> None:
        self.positions.append(position)

    def running(self) -> None:
        self.runs += 1

    def log(self, message: str) -> None:
        self.logs.append(message)

    def note(self, message: str) -> None:
        self.notes.append(message)


class Memory:
    """A sink in memory. `restarts` counts how often it began anew."""

    def __init__(self, data: bytes = b"") -> None:
        self.data = bytearray(data)
        self.restarts = 0
        self.largest = 0

    @property
    def offset(self) -> int:
        return len(self.data)

    def write(self, data: bytes, /) -> None:
        self.largest = max(self.largest, len(data))
        self.data += data

    def restart(self) -> None:
        self.restarts += 1
        self.data.clear()

    def truncation(self) -> str | None:
        return truncation(io.BytesIO(self.data), len(self.data))


@pytest.fixture
def fal() -> Iterator[Hooked]:
    """A sandbox that must have had no crash, and seen no key where none belongs."""
    with Hooked() as running:
        yield running
        assert running.leaks == []


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def client(fal: Sandbox, seen: Seen) -> Iterator[Client]:
    with client_of(fal.url, seen) as made:
        yield made


@contextmanager
def client_of(url: str | None, seen: Progress | None = None, key: str = KEY) -> Iterator[Client]:
    """A client that retries at once."""
    with Client(hosts_for(url, allow_http=True), key, observer=seen, retry=QUICK) as made:
        yield made


def soon(seconds: float = 10.0) -> Deadline:
    return Deadline(seconds)


@contextmanager
def answering(serve: Callable[[socket.socket, int], None]) -> Iterator[tuple[str, int]]:
    """A bare socket for what is below HTTP: `serve` gets each connection and its number (from 0).

    Yields the host and port.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    done = threading.Event()

    def accept() -> None:
        number = 0
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            if done.is_set():
                sock.close()
                return
            threading.Thread(target=guarded, args=(sock, number), daemon=True).start()
            number += 1

    def guarded(sock: socket.socket, number: int) -> None:
        with sock:
            sock.settimeout(10)
            with suppress(OSError):
                serve(sock, number)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    host, port = listener.getsockname()[:2]
    try:
        yield host, port
    finally:
        done.set()
        socket.create_connection((host, port)).close()
        thread.join(5)
        listener.close()


def unused_port() -> int:
    """A port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def made(fal: Sandbox, client: Client, size: int = MEDIA_SIZE) -> tuple[RemoteFile, bytes]:
    """A file of a result, and its true bytes."""
    fal.dials.media_bytes = size
    result = client.run(FLUX, {"prompt": "p"}, deadline=soon())
    (file,) = remote_files(result.payload)
    return file, fal.media(file.url)


def submitted(client: Client, endpoint: str = FLUX, seconds: float = 30.0) -> Handle:
    """A job in the queue."""
    handle = client.submit(endpoint, {"prompt": "a cat"}, deadline=soon(seconds))
    assert isinstance(handle, Handle)
    return handle


def send(client: Client, path: str, seconds: float = 10.0) -> object:
    """A synchronous run or a submit, of the same endpoint."""
    if path == "run":
        return client.run(FLUX, {"prompt": "a cat"}, deadline=soon(seconds))
    return client.submit(FLUX, {"prompt": "a cat"}, deadline=soon(seconds))
