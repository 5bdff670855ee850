"""Servers behind `baseUrl` that are not quite fal: what was paid for is kept all the same."""

from __future__ import annotations

import gzip
import socket
import tempfile
from pathlib import Path

import pytest

from openclaw_fal.errors import LocalError
from openclaw_fal.files.part_file import PartFile
from openclaw_fal.sandbox import Request, Response, Sandbox
from tests.support.program import Openclaw, jobs, write_config
from tests.support.queueing import PATHS, read_request, server


@pytest.fixture
def png(fal: Sandbox, openclaw: Openclaw) -> str:
    """The URL of an image that the sandbox serves."""
    url: str = openclaw("image", "p", "--json").json["outputs"][0]["url"]
    fal.clear()
    return url


def test_a_submit_that_is_answered_with_the_result(
    openclaw: Openclaw, fal: Sandbox, png: str
) -> None:
    def at_once(request: Request) -> Response | None:
        if request.method != "POST":
            return None
        return Response.of({"images": [{"url": png}], "seed": 7})

    with Sandbox(on_request=at_once) as other:
        write_config(other.url)
        outcome = openclaw("image", "p", "--queue", "--json")
        assert outcome.status == 0, outcome.out
        assert Path(outcome.json["outputs"][0]["path"]).read_bytes() == fal.media(png)
        assert outcome.json["seed"] == 7
        assert len(other.posts()) == 1


def test_a_run_that_is_queued_instead(openclaw: Openclaw, fal: Sandbox) -> None:
    """The sandbox queues what carries the queue's header: a proxy that adds it is such a server."""

    def queued(request: Request) -> Response | None:
        if request.method == "POST":
            request.headers["x-fal-queue-priority"] = "normal"
        return None

    with Sandbox(on_request=queued) as other:
        write_config(other.url)
        outcome = openclaw("image", "p", "--json")
        assert outcome.status == 0, outcome.out
        url = outcome.json["outputs"][0]["url"]
        assert Path(outcome.json["outputs"][0]["path"]).read_bytes() == other.media(url)
        assert len([r for r in other.requests if r.method == "POST"]) == 1


UNREADABLE = {
    "packed in br": (b"\x8b\x00\xff", [("content-encoding", "br")], "p.raw"),
    "a gzip without its end": (
        gzip.compress(b'{"request_id": "r"}')[:-9],
        [("content-encoding", "gzip")],
        "p.raw",
    ),
    "no JSON": (b"thanks!", [], "p.txt"),
    "no request id": (b'{"status": "IN_QUEUE"}', [], "p.json"),
}


@pytest.mark.parametrize("path", ["sync", "queue"])
@pytest.mark.parametrize("name", UNREADABLE)
def test_a_paid_answer_that_cannot_be_read_is_kept(
    name: str, path: str, openclaw: Openclaw, fal: Sandbox
) -> None:
    body, headers, kept = UNREADABLE[name]
    posts: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        posts.append(read_request(connection))
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
        head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(body)}\r\n{lines}\r\n"
        connection.sendall(head.encode() + body)

    with server(serve) as url:
        write_config(url)
        outcome = openclaw(*PATHS[path], "--timeout-ms", "5000", "--json")
    assert outcome.status in (6, 7), outcome.out
    assert str(Path(kept).absolute()) in outcome.json["error"]["message"]
    assert Path(kept).read_bytes() == body
    (job,) = jobs(openclaw)
    assert str(Path(kept).absolute()) in job["error"]["message"]
    assert len(posts) == 1


@pytest.mark.parametrize("full", [(), ("out",)], ids=["the journal", "the folder, too"])
def test_a_result_that_no_disk_takes_is_kept_where_there_is_room(
    full: tuple[str, ...],
    openclaw: Openclaw,
    fal: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Media as data URIs are too large for the journal's row."""

    def no_room(*_: object) -> str:
        raise LocalError("no space left on device")

    def write(part: PartFile, data: bytes) -> int:
        if part.path.parent.name in full:
            raise LocalError("no space left on device")
        return real(part, data)

    real = PartFile.write
    spare = tmp_path / "spare"
    spare.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(spare))
    with monkeypatch.context() as disks:
        disks.setattr("openclaw_fal.journal.results.put", no_room)
        disks.setattr(PartFile, "write", write)
        disks.setattr("openclaw_fal.journal.jobs.RESULT_LIMIT", 100)
        argv = ["image", "p", "-o", "out/p.png", "--param", "sync_mode=true", "--json"]
        outcome = openclaw(*argv)
    assert outcome.status == 3, outcome.out
    kept = (spare if full else Path("out").absolute()) / "p.json"
    assert str(kept) in outcome.json["error"]["message"]
    (job,) = jobs(openclaw)
    assert (job["state"], job["answerPath"]) == ("completed", str(kept))
    again = openclaw("jobs", "wait", job["jobId"], "--json")
    assert again.status == 0, again.out
    assert len(fal.posts()) == 1
