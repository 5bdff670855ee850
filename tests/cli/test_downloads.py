"""From a finished job to files: whole or not at all, and never at the price of a new request."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from openclaw_fal.fal import download
from openclaw_fal.sandbox import Dials
from openclaw_fal.sandbox.http1 import Request, Response
from tests.support.program import Openclaw, command, write_config
from tests.support.queueing import (
    SOON,
    Hooked,
    failed,
    kept_files,
    only_job,
    part_files,
    saved,
    together,
)
from tests.support.systems import limits

BROKEN = ["cut", "cut_reset", "reset", "reset_after_read", "lie_longer", "lie_shorter", "empty"]
BROKEN += ["500", "503", "html", "404", "403", "429"]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A download that stalls is given up after a moment."""
    defaults = download.download.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "stall_timeout", 0.2)


@pytest.mark.parametrize("kind", BROKEN)
def test_a_download_that_stays_broken_leaves_no_file_and_is_picked_up(
    kind: str, openclaw: Openclaw, fal: Hooked, pauses: list[float]
) -> None:
    # With ranges, a length that was a lie is found out, and the file is whole.
    fal.dials = Dials(ranges=kind != "lie_longer")
    fal.dials.fail("media", kind)
    outcome = openclaw("video", "p", *SOON, "--json")
    assert outcome.status == 7, outcome.out
    error = outcome.json["error"]
    assert error["code"] == "network"
    assert error["hint"] == f"openclaw jobs wait {error['jobId']}"
    assert error["requestId"] == fal.jobs[0].id
    assert kept_files() == []
    assert only_job().state == "completed"
    fal.dials.heal()
    again = openclaw("jobs", "wait", error["jobId"], "--json")
    assert saved(fal, again) == ["p.mp4"]
    assert part_files() == []
    assert len(fal.posts()) == 1


@pytest.mark.parametrize("kind", BROKEN)
def test_a_download_that_breaks_once_is_taken_up_at_once(
    kind: str, openclaw: Openclaw, fal: Hooked, pauses: list[float]
) -> None:
    fal.dials.fail("media", kind, 1)
    outcome = openclaw("image", "p", "--json")
    if kind == "403":
        assert outcome.status == 7
        return
    assert saved(fal, outcome) == ["p.png"]
    assert part_files() == []


@pytest.mark.parametrize("times", [1, None])
def test_a_download_that_stalls(
    times: int | None, openclaw: Openclaw, fal: Hooked, impatient: None, pauses: list[float]
) -> None:
    fal.dials.fail("media", "stall" if times else "silent", times)
    outcome = openclaw("video", "p", *SOON, "--json")
    if times:
        assert saved(fal, outcome) == ["p.mp4"]
        return
    assert outcome.status == 7
    assert outcome.json["error"]["code"] == "timeout"
    assert kept_files() == []
    fal.dials.heal()
    assert saved(fal, openclaw("jobs", "wait", only_job().id, "--json")) == ["p.mp4"]


@pytest.mark.parametrize("ranges", [True, False])
def test_what_has_arrived_is_not_fetched_again_where_the_server_allows_it(
    ranges: bool, openclaw: Openclaw, fal: Hooked, pauses: list[float]
) -> None:
    fal.dials = Dials(ranges=ranges)
    fal.dials.fail("media", "cut", at=0.3)
    assert openclaw("video", "p", *SOON).status == 7
    (part,) = part_files()
    here = part.stat().st_size
    assert here > 0
    fal.dials.heal()
    fal.clear()
    assert saved(fal, openclaw("jobs", "wait", only_job().id, "--json")) == ["p.mp4"]
    (request,) = fal.phase("media")
    assert request.headers["range"] == f"bytes={here}-"
    assert request.status == (206 if ranges else 200)


def test_the_deadline_is_over_the_download_too(openclaw: Openclaw, fal: Hooked) -> None:
    fal.dials = Dials(bandwidth=400_000)
    outcome = openclaw("video", "p", *SOON, "--timeout-ms", "1000", "--json")
    assert outcome.status == 7
    assert outcome.json["error"]["code"] == "timeout"
    assert kept_files() == []
    fal.dials = Dials()
    assert saved(fal, openclaw("jobs", "wait", only_job().id, "--json")) == ["p.mp4"]


@pytest.mark.parametrize(
    "body",
    [b"<!doctype html><title>Sorry</title>", b'{"detail": "gone"}', b"<?xml version='1.0'?>"],
)
def test_a_page_in_the_place_of_media_is_no_media(
    body: bytes, openclaw: Openclaw, fal: Hooked, pauses: list[float]
) -> None:
    fal.answer = lambda request: (
        Response(200, body, [("content-type", "video/mp4")]) if "/files/" in request.path else None
    )
    outcome = openclaw("video", "p", *SOON, "--json")
    assert outcome.status == 7
    assert kept_files() == []
    fal.answer = None
    assert saved(fal, openclaw("jobs", "wait", only_job().id, "--json")) == ["p.mp4"]
    assert len(fal.posts()) == 1


def test_types_and_names_that_are_not_true(openclaw: Openclaw, fal: Hooked) -> None:
    fal.dials = Dials(media_type="text/html", file_name="../../run.exe")
    outcome = openclaw("video", "p", *SOON, "--json")
    assert saved(fal, outcome) == ["p.mp4"]
    assert outcome.json["outputs"][0]["mimeType"] == "video/mp4"


def test_the_key_goes_to_no_media_host(openclaw: Openclaw, fal: Hooked) -> None:
    def moved(request: Request) -> Response | None:
        if request.path.startswith("/files/") and not request.query:
            return Response(302, b"", [("location", f"{request.path}?moved=1")])
        return None

    fal.answer = moved
    assert openclaw("image", "p").status == 0
    assert len(fal.phase("media")) == 2
    assert fal.leaks == []


# Bodies without a length: the file's format knows its end


def cut_short(fal: Hooked, times: int) -> None:
    """Answer the first requests for a file with all but its last 100 bytes, in whole chunks, and
    without a word about ranges."""

    def answer(request: Request) -> Response | None:
        nonlocal times
        if "/files/" not in request.path or times == 0:
            return None
        times -= 1
        return Response(200, iter([fal.media(request.path)[:-100]]))

    fal.answer = answer


@pytest.mark.parametrize("kind", ["image", "video"])
def test_a_body_without_a_length_that_is_cut_is_gone_on_with(
    kind: str, openclaw: Openclaw, fal: Hooked, pauses: list[float]
) -> None:
    cut_short(fal, 1)
    assert saved(fal, openclaw(kind, "p", "--poll-interval", "0.05", "--json")) != []
    first, second = fal.phase("media")
    assert "range" not in first.headers
    assert second.headers["range"].startswith("bytes=")
    assert part_files() == []
    assert len(fal.posts()) == 1


def test_a_body_without_a_length_that_stays_short_is_kept_and_not_called_whole(
    openclaw: Openclaw, fal: Hooked, pauses: list[float]
) -> None:
    cut_short(fal, 100)
    outcome = openclaw("image", "p", "--json")
    assert outcome.status == 7, outcome.out
    error = failed(outcome.json, "network")
    (part,) = part_files()
    size = part.stat().st_size
    assert "the PNG file has no end" in error["message"]
    assert f"{size} bytes of it are kept in {part.absolute()}" in error["message"]
    assert kept_files() == []
    assert openclaw("jobs", "wait", error["jobId"]).status == 7
    assert part.stat().st_size == size
    fal.answer = None
    assert saved(fal, openclaw("jobs", "wait", error["jobId"], "--json")) == ["p.png"]
    assert part_files() == []
    assert len(fal.posts()) == 1


# Sizes


def test_a_file_above_the_limit_is_refused_and_kept_for_a_higher_one(
    openclaw: Openclaw, fal: Hooked
) -> None:
    write_config(fal.url, mediaMaxMb=0.5)
    outcome = openclaw("video", "p", *SOON, "--json")
    assert outcome.status == 3
    assert "mediaMaxMb" in outcome.json["error"]["hint"]
    assert outcome.json["error"]["jobId"] == only_job().id
    assert kept_files() == []
    assert part_files() == []
    assert openclaw("jobs", "wait", only_job().id).status == 3
    write_config(fal.url, mediaMaxMb=5)
    assert saved(fal, openclaw("jobs", "wait", only_job().id, "--json")) == ["p.mp4"]
    assert len(fal.posts()) == 1


def test_the_limit_holds_for_a_file_that_does_not_say_how_large_it_is(
    openclaw: Openclaw, fal: Hooked
) -> None:
    write_config(fal.url, mediaMaxMb=0.5)
    fal.answer = lambda request: (
        Response(200, (b"\xff" * 100_000 for _ in range(10_000)))
        if "/files/" in request.path
        else None
    )
    assert openclaw("video", "p", *SOON).status == 3
    assert kept_files() == []
    assert sum(part.stat().st_size for part in part_files()) <= 0.5 * 1024 * 1024


def test_the_limit_holds_for_a_data_uri(openclaw: Openclaw, fal: Hooked) -> None:
    write_config(fal.url, mediaMaxMb=0.001)
    assert openclaw("image", "p", "--param", "sync_mode=true").status == 3
    assert kept_files() == []


MEASURE = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], check=False)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(peak // 1024 if sys.platform == "darwin" else peak)
raise SystemExit(done.returncode)
"""


@limits
def test_a_video_of_200_mb_takes_less_than_60_mb_of_memory(fal: Hooked) -> None:
    fal.dials = Dials(media_bytes=200_000_000)
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *command("video", "p", *SOON, "--json")],
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    document, _, peak = done.stdout.decode().strip().rpartition("\n")
    (output,) = json.loads(document)["outputs"]
    assert Path(output["path"]).stat().st_size == output["size"] == 200_000_000
    assert int(peak) < 60 * 1024


# Several files


def test_of_several_files_those_that_could_be_had_are_kept(
    openclaw: Openclaw, fal: Hooked, pauses: list[float]
) -> None:
    fal.answer = lambda request: Response(404, b"") if request.path.endswith("_1.png") else None
    outcome = openclaw("image", "p", "--count", "3", "--json")
    assert outcome.status == 7
    assert "file 2 of 3" in outcome.json["error"]["message"]
    assert kept_files() == ["p-1.png", "p-3.png"]
    assert [Path(output["path"]).name for output in outcome.json["outputs"]] == kept_files()
    fal.answer = None
    fal.clear()
    again = openclaw("jobs", "wait", only_job().id, "--json")
    assert saved(fal, again) == ["p-1.png", "p-2.png", "p-3.png"]
    (request,) = fal.requests
    assert request.path.endswith("_1.png")


def test_several_files_are_fetched_at_once(openclaw: Openclaw, fal: Hooked) -> None:
    fal.answer = together(4, "/files/")
    assert len(saved(fal, openclaw("image", "p", "--count", "4", "--json"))) == 4
