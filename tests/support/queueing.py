"""What the tests of jobs share: dials, servers that misbehave, and a look into the journal."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from openclaw_fal.journal.jobs import Journal
from openclaw_fal.journal.record import Job
from openclaw_fal.sandbox import Dials, Sandbox
from openclaw_fal.sandbox.http1 import Request, Response
from openclaw_fal.store import paths
from tests.support.forks import Process

SOON = ("--poll-interval", "0.05")
VIDEO = "fal-ai/minimax/video-01-live"
MP4 = b"\0\0\0\x18ftypisom\0\0\2\0isommp42" + bytes(64)

PATHS = {
    "sync": ["image", "p"],
    "queue": ["video", "p", *SOON],
    "queued image": ["image", "p", "--queue", *SOON],
}


class Hooked(Sandbox):
    """A sandbox of which a test sees each request first, and may answer it."""

    answer: Callable[[Request], Response | None] | None = None

    def __init__(self, dials: Dials | None = None) -> None:
        super().__init__(dials, on_request=lambda request: self.answer and self.answer(request))


def together(count: int, part: str) -> Callable[[Request], None]:
    """An answer for `Hooked`: requests with `part` in their path wait until so many have come."""
    barrier = threading.Barrier(count, timeout=20)

    def meet(request: Request) -> None:
        if part in request.path:
            barrier.wait()

    return meet


def slow_queue(**more: Any) -> Dials:
    """A queue in which a job stands third, then runs for three looks."""
    return Dials(queue_length=3, queue_step=1, run_time=3, clock="polls", **more)


def endless(**more: Any) -> Dials:
    """A job that runs until the dials are turned."""
    return Dials(run_time=1e9, **more)


def journal() -> Journal:
    return Journal(paths.jobs_path())


def only_job() -> Job:
    """The one job in the journal."""
    (job,) = journal().list()
    return job


def saved(fal: Hooked, outcome: Any) -> list[str]:
    """The names of the files of a success, each of which is what fal serves."""
    assert outcome.status == 0, outcome.out
    paths = []
    for output in outcome.json["outputs"]:
        path = Path(output["path"])
        assert path.read_bytes() == fal.media(output["url"])
        paths.append(path.name)
    return paths


def failed(document: dict[str, Any], code: str) -> dict[str, Any]:
    """The failure in a document, which names the job."""
    assert document["ok"] is False
    error: dict[str, Any] = document["error"]
    assert (error["code"], error["jobId"]) == (code, only_job().id), error
    return error


def kept_files(folder: Path | None = None) -> list[str]:
    """The names in a folder (default: the current one) that are not part files."""
    return sorted(path.name for path in (folder or Path.cwd()).iterdir() if path.name[0] != ".")


def part_files(folder: Path | None = None) -> list[Path]:
    """What downloads have left of files that are not complete."""
    found = (folder or Path.cwd()).glob(".*.*-*.part")
    return sorted(path for path in found if not path.name.startswith(".openclaw-"))


def ended(process: Process) -> tuple[int, str, str]:
    """Wait for a process: its status, its output and its errors."""
    try:
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    return process.returncode, out.decode(), err.decode()


@contextlib.contextmanager
def server(serve: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that does whatever `serve` does with each connection; gives its URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    threads: list[threading.Thread] = []

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=handle, args=(connection,), daemon=True)
            thread.start()
            threads.append(thread)

    def handle(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            serve(connection)

    acceptor = threading.Thread(target=accept, daemon=True)
    acceptor.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        acceptor.join(5)
        for thread in threads:
            thread.join(5)


def read_request(connection: socket.socket) -> bytes:
    """One whole request, as it came."""
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(65536)
        if not chunk:
            return data
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
    while len(body) < length and (chunk := connection.recv(65536)):
        body += chunk
    return head + b"\r\n\r\n" + body


def until(condition: Callable[[], object], process: Process | None = None) -> None:
    """Wait for something that happens in another thread or process. A process that ends before it
    has happened fails the test, and so does half a minute."""
    for _ in range(3000):
        if condition():
            return
        if process is not None and process.poll() is not None:
            raise AssertionError(f"the process has ended: {ended(process)}")
        time.sleep(0.01)
    raise AssertionError("it never happened")
