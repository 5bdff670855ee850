"""Files whose URLs have expired: asked for by new ones, and given up only when fal has them no
more."""

from __future__ import annotations

import json
import sqlite3

import pytest

from openclaw_fal.sandbox import Dials
from openclaw_fal.sandbox.http1 import Request, Response
from tests.cli.batching import lines, numbered
from tests.support.program import Openclaw
from tests.support.queueing import SOON, Hooked, failed, journal, only_job, part_files, saved


class Expiring:
    """A media host on which the first URL of each file has expired. With `renews`, the result names
    another one when it is asked for again."""

    S3 = b"<?xml version='1.0'?><Error><Message>Request has expired</Message></Error>"

    def __init__(self, status: int, *, renews: bool) -> None:
        self.status, self.renews = status, renews
        self.results = 0
        self.urls: dict[str, None] = {}

    def __call__(self, request: Request) -> Response | None:
        if "/files/" in request.path and "fresh" not in request.query:
            self.urls[f"{request.base}{request.target}"] = None
            return Response(self.status, self.S3, [("content-type", "application/xml")])
        if request.method == "GET" and request.path.split("/")[-2] == "requests":
            self.results += 1
            if self.urls and self.renews:
                return Response.of({"video": {"url": f"{next(iter(self.urls))}?fresh=1"}})
        return None


expired = pytest.mark.parametrize("status", [403, 404, 410])


@expired
def test_an_expired_url_is_asked_for_again(
    status: int, openclaw: Openclaw, fal: Hooked, pauses: list[float]
) -> None:
    fal.answer = host = Expiring(status, renews=True)
    outcome = openclaw("video", "p", *SOON, "--json")
    assert saved(fal, outcome) == ["p.mp4"]
    assert host.results == 2
    assert len(fal.posts()) == 1
    assert part_files() == []


def test_an_expired_url_is_asked_for_again_by_a_later_process(
    openclaw: Openclaw, fal: Hooked, pauses: list[float]
) -> None:
    """Whose part file is of the old URL, which may have been another file."""
    fal.dials.fail("media", "cut")
    assert openclaw("video", "p", *SOON).status == 7
    fal.dials.heal()
    (part,) = part_files()
    part.write_bytes(bytes(10))
    fal.answer = Expiring(403, renews=True)
    assert saved(fal, openclaw("jobs", "wait", only_job().id, "--json")) == ["p.mp4"]
    assert len(fal.posts()) == 1


@expired
def test_a_file_that_is_gone(
    status: int, openclaw: Openclaw, fal: Hooked, pauses: list[float]
) -> None:
    fal.answer = host = Expiring(status, renews=False)
    outcome = openclaw("video", "p", *SOON, "--json")
    assert outcome.status == 7, outcome.out
    error = failed(outcome.json, "network")
    assert "the file is gone" in error["message"]
    assert "Request has expired" in error["message"]
    assert error["status"] == status
    assert host.results == 2
    assert only_job().state == "completed"
    again = openclaw("jobs", "wait", only_job().id, "--json")
    assert "the file is gone" in failed(again.json, "network")["message"]
    fal.answer = None
    assert saved(fal, openclaw("jobs", "wait", only_job().id, "--json")) == ["p.mp4"]
    assert len(fal.posts()) == 1


def an_hour_later() -> None:
    """Make every job in the journal older than fal keeps files."""
    with sqlite3.connect(journal().path) as db:
        db.execute("UPDATE jobs SET created = created - 7200")
    db.close()


@expired
def test_a_file_that_is_gone_for_good_ends_the_job(
    status: int, openclaw: Openclaw, fal: Hooked, pauses: list[float]
) -> None:
    fal.answer = Expiring(status, renews=False)
    assert openclaw("video", "p", *SOON, "--key", "k").status == 7
    job_id = only_job().id
    an_hour_later()
    for _ in range(2):  # asked once more, because somebody asks
        end = openclaw("jobs", "wait", job_id, "--json")
        assert end.status == 6, end.out
        error = failed(end.json, "job_failed")
        assert "fal finished this job, but no longer has its files" in error["message"]
        assert (error["requestId"], error["status"]) == (only_job().request_id, status)
        assert f"openclaw jobs show {job_id}" in error["hint"]
        assert only_job().state == "expired"
    (listed,) = openclaw("jobs", "list", "--state", "expired", "--json").json["jobs"]
    shown = openclaw("jobs", "show", job_id, "--json").json["job"]
    assert listed["requestId"] == shown["requestId"]
    assert json.loads(shown["answer"])["video"]["url"].startswith(fal.url)
    assert json.loads(shown["answer"])["video"]["url"] in openclaw("jobs", "show", job_id).out
    assert openclaw("jobs", "cancel", job_id).status == 6
    assert openclaw("video", "p", *SOON, "--key", "k").status == 6
    fal.answer = Expiring(status, renews=True)
    assert saved(fal, openclaw("jobs", "wait", job_id, "--json")) == ["p.mp4"]
    assert only_job().state == "done"
    assert len(fal.posts()) == 1


def test_a_job_that_fal_cannot_be_asked_for_has_not_expired(
    openclaw: Openclaw, fal: Hooked, pauses: list[float]
) -> None:
    """A wall in between answers for all hosts; one file of two is only slow."""
    fal.answer = Expiring(403, renews=False)
    assert openclaw("video", "p", *SOON).status == 7
    an_hour_later()
    fal.answer = lambda request: Response(503, b"no")
    assert openclaw("jobs", "wait", only_job().id, "--timeout-ms", "300").status == 7
    assert only_job().state == "completed"


def test_a_file_that_may_still_come_keeps_a_job_from_expiring(
    openclaw: Openclaw, fal: Hooked, pauses: list[float]
) -> None:
    def one_gone_one_busy(request: Request) -> Response | None:
        if "/files/" not in request.path:
            return None
        return Response(404 if request.path.endswith("_0.png") else 500, b"no")

    fal.answer = one_gone_one_busy
    assert openclaw("image", "p", "--count", "2").status == 7
    an_hour_later()
    assert openclaw("jobs", "wait", only_job().id).status == 7
    assert only_job().state == "completed"
    fal.answer = lambda request: one_gone_one_busy(request) if "_0.png" in request.path else None
    end = openclaw("jobs", "wait", only_job().id, "--json")
    assert end.status == 6
    assert "p-2.png" in failed(end.json, "job_failed")["message"]
    assert only_job().state == "expired"
    assert len(fal.posts()) == 1


def test_a_batch_gives_up_what_is_gone_for_good(
    openclaw: Openclaw, fal: Hooked, pauses: list[float]
) -> None:
    fal.dials = Dials(queue_length=0, run_time=0.05)
    fal.answer = Expiring(404, renews=False)
    numbered(1)
    assert openclaw("batch", "run", "m.jsonl", "--out", "out/").status == 7
    an_hour_later()
    end = openclaw("batch", "resume", "m.jsonl", "--json")
    assert end.status == 6, end.out
    assert {line["state"] for line in lines()} == {"failed"}
    assert all("no longer has its files" in line["error"]["message"] for line in lines())
    assert all(line["requestId"] for line in lines())
    (status,) = openclaw("batch", "status", "--json").json["batches"]
    assert status["states"] == {"expired": 1}
    assert "1 expired" in openclaw("batch", "status").out

    fal.answer = None
    asked = len(fal.requests)
    assert openclaw("batch", "resume", "m.jsonl").status == 6
    assert openclaw("batch", "wait", "m.jsonl").status == 6
    assert len(fal.requests) == asked
    assert openclaw("batch", "resume", "m.jsonl", "--retry-failed").status == 0
    assert len(fal.posts()) == 2
