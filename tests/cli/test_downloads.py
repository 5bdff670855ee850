"""From a finished job to files: whole or not at all, and never at the price of a new request."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from openclaw_fal.errors import LocalError
from openclaw_fal.fal import download
from openclaw_fal.sandbox import Dials
from openclaw_fal.sandbox.http1 import Request, Response
from openclaw_fal.store.part_file import PartFile
from tests.cli.queueing import SOON, Hooked, journal, kept_files, only_job, part_files
from tests.program import Openclaw, command, jobs, write_config

BROKEN = ["cut", "cut_reset", "reset", "reset_after_read", "lie_longer", "lie_shorter", "empty"]
BROKEN += ["500", "503", "html", "404", "403", "429"]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A download that stalls is given up after a moment."""
    monkeypatch.setitem(download.download.__kwdefaults__, "stall_timeout", 0.2)


def saved(fal: Hooked, outcome: Any) -> list[str]:
    """The names of the files of a success, each of which is what fal serves."""
    assert outcome.status == 0, outcome.out
    paths = []
    for output in outcome.json["outputs"]:
        path = Path(output["path"])
        assert path.read_bytes() == fal.media(output["url"])
        paths.append(path.name)
    return paths


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


# Sizes


def test_a_file_above_the_limit_is_refused_and_kept_for_a_higher_one(
    openclaw: Openclaw, fal: Hooked
) -> None:
    write_config(fal.url, mediaMaxMb=0.5)
    outcome = openclaw("video", "p", *SOON, "--json")
    assert outcome.status == 3
    assert "mediaMaxMb" in outcome.json["error"]["hint"]
    assert outcome.json["error"]["jobId"] == only_job().id
    assert kept_files() == part_files() == []
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


@pytest.mark.skipif(os.name == "nt", reason="no getrusage")
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
    import threading

    together = threading.Barrier(4, timeout=20)

    def meet(request: Request) -> Response | None:
        if request.path.startswith("/files/"):
            together.wait()
        return None

    fal.answer = meet
    assert len(saved(fal, openclaw("image", "p", "--count", "4", "--json"))) == 4


# Data URIs


def test_a_result_with_data_uris(openclaw: Openclaw, fal: Hooked) -> None:
    outcome = openclaw("image", "p", "--param", "sync_mode=true", "--json")
    assert outcome.status == 0, outcome.out
    (output,) = outcome.json["outputs"]
    assert output["url"].startswith("data:image/png")
    assert len(output["url"]) < 40
    assert Path(output["path"]).read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert fal.phase("media") == []
    home = Path(os.environ["OPENCLAW_FAL_HOME"])
    assert sum(path.stat().st_size for path in home.rglob("*") if path.is_file()) < 500_000
    assert openclaw("jobs", "wait", only_job().id).status == 0


def test_a_data_uri_is_kept_until_it_is_saved(
    openclaw: Openclaw, fal: Hooked, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise LocalError("the disk is full")

    monkeypatch.setattr("openclaw_fal.store.jobs.RESULT_LIMIT", 1000)
    with monkeypatch.context() as patch:
        patch.setattr(PartFile, "finish", full)
        assert openclaw("image", "p", "--param", "sync_mode=true").status == 3
    assert kept_files() == []
    outcome = openclaw("jobs", "wait", only_job().id)
    assert (outcome.status, kept_files()) == (0, ["p.png"])
    assert len(fal.requests) == 1


def test_a_saved_data_uri_that_is_gone_cannot_be_fetched_again(
    openclaw: Openclaw, fal: Hooked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal does not keep large results for ever."""
    monkeypatch.setattr("openclaw_fal.store.jobs.RESULT_LIMIT", 1000)
    openclaw("image", "p", "--count", "4", "--param", "sync_mode=true")
    Path("p-2.png").unlink()
    outcome = openclaw("jobs", "wait", only_job().id, "--json")
    assert outcome.status == 3
    assert str(Path.cwd() / "p-2.png") in outcome.json["error"]["message"]
    assert outcome.json["error"]["jobId"] == only_job().id


# The safety checker


def flagged(images: int, flags: object) -> Any:
    """An answer that changes which files the safety checker has flagged."""

    def answer(request: Request) -> Response | None:
        if request.method != "POST":
            return None
        files = [{"url": f"{request.base}/files/f{index}.png"} for index in range(images)]
        return Response.of({"images": files, "has_nsfw_concepts": flags}, x_fal_request_id="r1")

    return answer


def test_when_all_is_flagged_it_is_no_success(openclaw: Openclaw, fal: Hooked) -> None:
    fal.dials.nsfw = True
    outcome = openclaw("image", "p", "--count", "2", "--json")
    assert outcome.status == 6
    error = outcome.json["error"]
    assert (error["code"], error["jobId"]) == ("content_policy", only_job().id)
    assert error["requestId"]
    assert kept_files() == ["p-1.png", "p-2.png"]
    assert [Path(output["path"]).name for output in outcome.json["outputs"]] == kept_files()
    assert len(fal.posts()) == 1
    assert openclaw("jobs", "wait", only_job().id).status == 6
    assert len(fal.phase("media")) == 2


def test_when_some_are_flagged_it_is_a_success_with_a_note(openclaw: Openclaw, fal: Hooked) -> None:
    png = b"\x89PNG\r\n\x1a\n" + bytes(64)
    change = flagged(3, [False, True, False])
    fal.answer = lambda request: (
        Response(200, png) if request.path.startswith("/files/") else change(request)
    )
    assert openclaw("image", "p", "--count", "3", "--json").json["flagged"] == [1]
    outcome = openclaw("image", "p", "--count", "3")
    assert outcome.status == 0
    assert Path(outcome.lines[1]).name in outcome.err
    assert "flagged" in outcome.err


@pytest.mark.parametrize("flags", [True, [True]])
def test_flagged_and_empty(flags: object, openclaw: Openclaw, fal: Hooked) -> None:
    fal.answer = flagged(0, flags)
    outcome = openclaw("image", "p", "--json")
    assert outcome.status == 6
    assert outcome.json["error"]["code"] == "content_policy"
    assert outcome.json["error"]["requestId"] == "r1"
    assert jobs(openclaw)[0]["error"]["code"] == "content_policy"


# The disk

LIMITED = """
import resource, sys
from openclaw_fal.__main__ import main
resource.setrlimit(resource.RLIMIT_FSIZE, (700_000, resource.RLIM_INFINITY))
raise SystemExit(main(sys.argv[1:]))
"""


@pytest.mark.skipif(os.name == "nt", reason="no limits")
def test_a_disk_that_takes_no_more_leaves_no_file_under_its_name(
    openclaw: Openclaw, fal: Hooked
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, "video", "p", *SOON, "--json"],
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 3, done
    error = json.loads(done.stdout)["error"]
    assert error["jobId"] == only_job().id
    assert f"openclaw jobs wait {error['jobId']}" in error["hint"]
    assert kept_files() == []
    fal.clear()
    assert saved(fal, openclaw("jobs", "wait", error["jobId"], "--json")) == ["p.mp4"]
    assert [item.phase for item in fal.requests] == ["media"]
    assert fal.requests[0].headers["range"] == "bytes=700000-"


def test_a_folder_that_is_gone_by_then(openclaw: Openclaw, fal: Hooked) -> None:
    folder = Path("shots")

    def spoil(request: Request) -> Response | None:
        if request.path.endswith("/stream"):
            folder.rmdir()
            folder.write_text("in the way")
        return None

    fal.answer = spoil
    outcome = openclaw("video", "p", "--output", "shots/", *SOON, "--json")
    assert outcome.status == 3
    assert outcome.json["error"]["jobId"] == only_job().id
    assert journal().list(state="completed")
    folder.unlink()
    assert openclaw("jobs", "wait", only_job().id).status == 0
    assert kept_files(folder) == ["p.mp4"]
    assert len(fal.posts()) == 1


def test_what_the_journal_does_not_take_is_kept_beside_the_media(
    openclaw: Openclaw, fal: Hooked, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise LocalError("the disk of the journal is full")

    monkeypatch.setattr("openclaw_fal.store.jobs.Journal.completed", full)
    outcome = openclaw("image", "p", "--json")
    assert outcome.status == 3
    assert str(Path.cwd() / "p.json") in outcome.json["error"]["message"]
    assert "images" in json.loads(Path("p.json").read_bytes())


def test_a_submit_that_the_journal_does_not_take_is_not_lost(
    openclaw: Openclaw, fal: Hooked, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise LocalError("the disk of the journal is full")

    monkeypatch.setattr("openclaw_fal.store.jobs.Journal.submitted", full)
    outcome = openclaw("video", "p", "--json")
    assert outcome.status == 3
    error = outcome.json["error"]
    assert error["requestId"] == fal.jobs[0].id
    assert f"/requests/{fal.jobs[0].id}" in error["message"]
