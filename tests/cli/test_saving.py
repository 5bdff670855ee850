"""Results that are no plain downloads, answers that are flagged, and disks that fail."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from openclaw_fal.errors import LocalError
from openclaw_fal.files.part_file import PartFile
from openclaw_fal.sandbox.http1 import Request, Response
from tests.support.program import Openclaw, jobs, python
from tests.support.queueing import (
    SOON,
    Hooked,
    ended,
    journal,
    kept_files,
    only_job,
    part_files,
    saved,
)
from tests.support.systems import limits

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
    def full(*_: object, **__: object) -> None:
        raise LocalError("the disk is full")

    monkeypatch.setattr("openclaw_fal.journal.jobs.RESULT_LIMIT", 1000)
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
    monkeypatch.setattr("openclaw_fal.journal.jobs.RESULT_LIMIT", 1000)
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


@limits
def test_a_disk_that_takes_no_more_leaves_no_file_under_its_name(
    openclaw: Openclaw, fal: Hooked
) -> None:
    status, out, _ = ended(python(LIMITED, "video", "p", *SOON, "--json"))
    assert status == 3, out
    error = json.loads(out)["error"]
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

    monkeypatch.setattr("openclaw_fal.journal.jobs.Journal.completed", full)
    outcome = openclaw("image", "p", "--json")
    assert outcome.status == 3
    assert str(Path.cwd() / "p.json") in outcome.json["error"]["message"]
    assert "images" in json.loads(Path("p.json").read_bytes())


def test_a_submit_that_the_journal_does_not_take_is_not_lost(
    openclaw: Openclaw, fal: Hooked, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise LocalError("the disk of the journal is full")

    monkeypatch.setattr("openclaw_fal.journal.jobs.Journal.submitted", full)
    outcome = openclaw("video", "p", "--json")
    assert outcome.status == 3
    error = outcome.json["error"]
    assert error["requestId"] == fal.jobs[0].id
    assert f"/requests/{fal.jobs[0].id}" in error["message"]


def test_a_data_uri_that_the_journal_does_not_take_is_saved_from_where_it_was_kept(
    openclaw: Openclaw, fal: Hooked, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise LocalError("the disk of the journal is full")

    monkeypatch.setattr("openclaw_fal.journal.jobs.RESULT_LIMIT", 1000)
    with monkeypatch.context() as patch:
        patch.setattr("openclaw_fal.journal.results.put", full)
        outcome = openclaw("image", "p", "--param", "sync_mode=true", "--json")
    assert outcome.status == 3
    answer = str(Path.cwd() / "p.json")
    assert answer in outcome.json["error"]["message"]
    shown = openclaw("jobs", "show", only_job().id, "--json").json["job"]
    assert (shown["state"], shown["answerPath"]) == ("completed", answer)
    assert openclaw("jobs", "wait", only_job().id).status == 0
    assert Path("p.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert len(fal.requests) == 1


def test_a_result_that_is_gone_is_an_error_in_words(
    openclaw: Openclaw, fal: Hooked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openclaw_fal.journal.jobs.RESULT_LIMIT", 1000)
    with monkeypatch.context() as patch:
        patch.setattr(PartFile, "finish", lambda *_: 1 / 0)
        assert openclaw("image", "p", "--param", "sync_mode=true").status == 1
    results = Path(os.environ["OPENCLAW_FAL_HOME"]) / "jobs-results"
    (result,) = results.iterdir()
    result.unlink()
    outcome = openclaw("jobs", "wait", only_job().id, "--json")
    assert outcome.status == 3
    assert "is no longer kept" in outcome.json["error"]["message"]


@pytest.mark.parametrize("at", ["named", "linked"])
def test_a_file_that_was_named_right_before_the_end_is_known_again(
    at: str, openclaw: Openclaw, fal: Hooked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`kill -9` between the name and the journal, or between the two steps of naming."""

    class Killed(BaseException):
        pass

    unlink = os.unlink

    def killed(*_: object) -> None:
        raise Killed

    def killed_at_the_part_file(path: str | Path, **options: Any) -> None:
        if str(path).endswith("-1.part"):
            raise Killed
        unlink(path, **options)

    with monkeypatch.context() as patch:
        if at == "named":
            patch.setattr("openclaw_fal.journal.jobs.Journal.saved", killed)
        else:
            patch.setattr(os, "unlink", killed_at_the_part_file)
        assert openclaw("image", "p").status == 1
    assert kept_files() == ["p.png"]
    outcome = openclaw("jobs", "wait", only_job().id, "--json")
    assert saved(fal, outcome) == ["p.png"]
    assert kept_files() == ["p.png"], "not a second time"
    assert part_files() == []
    assert len(fal.phase("media")) == 1


def test_a_file_of_somebody_else_under_the_name_is_not_taken_for_ours(
    openclaw: Openclaw, fal: Hooked, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def killed_at_the_name(part: Path, names: Iterator[str]) -> None:
        next(names)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("openclaw_fal.files.part_file.take_free_name", killed_at_the_name)
        assert openclaw("image", "p").status == 1
    size = part_files()[0].stat().st_size
    Path("p.png").write_bytes(bytes(size))
    outcome = openclaw("jobs", "wait", only_job().id, "--json")
    assert saved(fal, outcome) == ["p-2.png"]
    assert Path("p.png").read_bytes() == bytes(size)
