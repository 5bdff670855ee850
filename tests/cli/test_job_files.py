"""`last` and `job:ID` in the place of a reference file: the file that an earlier job made."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from tests.support.program import Openclaw
from tests.support.queueing import Hooked

SEEDANCE = ("--model", "fal/bytedance/seedance-2.0/fast/reference-to-video")


def job_of(openclaw: Openclaw, *argv: str) -> str:
    outcome = openclaw(*argv, "--json")
    assert outcome.status == 0, outcome.err
    return str(outcome.json["jobId"])


def sent(openclaw: Openclaw, *argv: str) -> str:
    """The body that would be sent, as text."""
    outcome = openclaw(*argv, "--dry-run", "--json")
    assert outcome.status == 0, outcome.out
    return outcome.out


def holds(body: str, path: str) -> bool:
    return base64.b64encode(Path(path).read_bytes()).decode() in body


def test_last_is_the_newest_file_of_its_kind_that_is_there(openclaw: Openclaw, fal: Hooked) -> None:
    job_of(openclaw, "image", "one")
    job_of(openclaw, "image", "two")
    job_of(openclaw, "video", "waves", "--poll-interval", "0.05")
    assert openclaw("video", "later", "--async").status == 0
    assert Path("one.png").read_bytes() != Path("two.png").read_bytes()
    for argv in (("image", "p", "--image"), ("image", "edit", "p", "--file")):
        assert holds(sent(openclaw, *argv, "last"), "two.png")
    assert holds(sent(openclaw, "video", "p", *SEEDANCE, "--video", "last"), "waves.mp4")
    Path("two.png").unlink()
    fal.clear()
    outcome = openclaw("image", "edit", "--file", "last", "warmer")
    assert outcome.status == 0, outcome.err
    assert holds(fal.posts()[0].body.decode(), "one.png")


def test_a_job_by_its_id_and_the_number_of_its_file(openclaw: Openclaw, fal: Hooked) -> None:
    job_id = job_of(openclaw, "image", "p", "--count", "2")
    for named, path in (
        (job_id, "p-1.png"),
        (job_id[:6] + "/1", "p-1.png"),
        (f"{job_id}/2", "p-2.png"),
    ):
        body = sent(openclaw, "image", "edit", "x", "--file", f"job:{named}")
        assert holds(body, path), named
    assert Path("p-1.png").read_bytes() != Path("p-2.png").read_bytes()


def test_a_file_of_that_name_is_that_file(openclaw: Openclaw, fal: Hooked) -> None:
    job_of(openclaw, "image", "p", "--count", "2")
    Path("last").write_bytes(Path("p-1.png").read_bytes())
    Path("p-1.png").unlink()
    assert holds(sent(openclaw, "image", "edit", "x", "--file", "last"), "last")


@pytest.mark.parametrize(
    ("named", "status", "code", "said"),
    [
        ("job:zzzz", 2, "usage", "there is no job 'zzzz'"),
        ("job:", 2, "usage", "the job id is empty"),
        ("job:{image}/3", 2, "usage", "the job has 2 files"),
        ("job:{image}/x", 2, "usage", "a whole number from 1"),
        ("job:{image}/0", 2, "usage", "a whole number from 1"),
        ("job:{image}/2", 3, "config", "p-2.png is gone"),
        ("job:{video}", 3, "config", "is not an image file: it is video/mp4"),
        ("job:{open}", 3, "config", "has no files"),
        ("last", 3, "config", "no finished job has an image file"),
    ],
)
def test_what_names_no_file_is_an_error_before_any_request(
    named: str, status: int, code: str, said: str, openclaw: Openclaw, fal: Hooked
) -> None:
    ids = {
        "image": job_of(openclaw, "image", "p", "--count", "2"),
        "video": job_of(openclaw, "video", "waves", "--poll-interval", "0.05"),
        "open": openclaw("video", "later", "--async").lines[0],
    }
    Path("p-1.png").unlink()
    Path("p-2.png").unlink()
    fal.clear()
    outcome = openclaw("image", "edit", "x", "--file", named.format_map(ids), "--json")
    assert (outcome.status, outcome.json["error"]["code"]) == (status, code), outcome.out
    assert said in outcome.json["error"]["message"]
    assert fal.requests == []
