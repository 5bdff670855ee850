"""Answers that are broken, huge or packed to explode, in every phase that reads one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from openclaw_fal.fal import body, queue, results, wire
from openclaw_fal.sandbox.http1 import Request, Response
from tests.support.effort import effort, some
from tests.support.program import Openclaw, jobs
from tests.support.queueing import Hooked, kept_files
from tests.support.systems import linux
from tests.trust.checks import limited, refused, sparse, strict

MIB = 1024 * 1024
QUEUED = ("image", "p", "--queue", "--poll-interval", "0.05", "--json")
KINDS = (
    "truncated_json",
    "deep_json",
    "bad_type",
    "duplicate_keys",
    "html",
    "empty",
    "bad_charset",
    "gzip_bomb",
    "big_json",
    "garbage",
)
HARMLESS = {"duplicate_keys"}  # the last one counts, as everywhere
NO_JSON = {"truncated_json", "deep_json", "html", "empty", "garbage"}


def strike(fal: Hooked, phase: str, kind: str) -> None:
    options: dict[str, Any] = {"size": 2 * MIB} if kind in ("gzip_bomb", "big_json") else {}
    if kind == "html":
        options = {"status": 200}
    fal.dials.fail(phase, kind, **options)


@pytest.mark.parametrize("kind", KINDS)
def test_the_answer_to_a_synchronous_request(kind: str, openclaw: Openclaw, fal: Hooked) -> None:
    """It is all that there will ever be: what cannot be used is kept."""
    strike(fal, "sync", kind)
    outcome = openclaw("image", "p", "--json")
    assert len(fal.posts()) == 1
    if outcome.status == 0:
        assert kind in HARMLESS or kind == "bad_charset"
        assert strict(outcome.out)["outputs"]
        return
    error = refused(outcome, 6)
    assert jobs(openclaw)[0]["state"] == "failed"
    (kept,) = kept_files()
    assert kept in error["message"]
    if kind not in ("gzip_bomb", "empty"):
        assert Path(kept).stat().st_size > 0


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "html"])
def test_the_answer_to_a_submit(kind: str, openclaw: Openclaw, fal: Hooked) -> None:
    """The job is named by the head of the answer, too."""
    strike(fal, "submit", kind)
    outcome = openclaw(*QUEUED)
    assert outcome.status == 0, outcome.out
    assert len(fal.posts()) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_the_answer_to_a_submit_without_an_id_in_its_head(
    kind: str, openclaw: Openclaw, fal: Hooked
) -> None:
    strike(fal, "submit", kind)
    fal.dials.faults[0].request_id = False
    outcome = openclaw(*QUEUED)
    assert len(fal.posts()) == 1
    if outcome.status == 0:
        assert kind in HARMLESS or kind in ("bad_charset", "truncated_json")
        return
    assert "not sent again" in refused(outcome, 7)["message"]
    assert jobs(openclaw)[0]["state"] == "uncertain"


@pytest.mark.parametrize("kind", KINDS)
def test_the_answers_about_a_job(kind: str, openclaw: Openclaw, fal: Hooked) -> None:
    """One broken answer is asked for again; when all are, the job can be picked up later."""
    fal.dials.stream = False
    strike(fal, "status", kind)
    fal.dials.faults[0].count = 1
    assert openclaw(*QUEUED).status == 0
    strike(fal, "status", kind)
    outcome = openclaw(*QUEUED, "--timeout-ms", "300")
    if outcome.status != 0:
        error = refused(outcome, 7)
        fal.dials.heal()
        assert openclaw("jobs", "wait", error["jobId"], "--timeout-ms", "60000").status == 0
    else:
        assert kind in HARMLESS or kind == "bad_charset"
    assert len(fal.posts()) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_the_result_of_a_job(
    kind: str, openclaw: Openclaw, fal: Hooked, pauses: list[float]
) -> None:
    """fal still has it: what is no JSON is not taken for the result."""
    strike(fal, "result", kind)
    outcome = openclaw(*QUEUED, "--timeout-ms", "2500")
    assert len(fal.posts()) == 1
    fal.dials.heal()
    job = jobs(openclaw)[0]
    if kind in NO_JSON:
        error = refused(outcome, 7)
        assert error["hint"].startswith(f"openclaw jobs wait {job['jobId']}")
        assert openclaw("jobs", "wait", job["jobId"]).status == 0
        assert kept_files() == ["p.png"]
    elif outcome.status == 0:
        assert kind in HARMLESS or kind == "bad_charset"
    else:
        refused(outcome, 6)
        assert kept_files() == ["p.json"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_answer_about_the_key(kind: str, openclaw: Openclaw, fal: Hooked) -> None:
    strike(fal, "platform", kind)
    outcome = openclaw("onboard", "--verify", "--json", "--fal-api-key", "other-key-0123456789")
    assert outcome.status == 0, outcome.out
    strict(outcome.out)


@pytest.mark.parametrize("kind", KINDS)
def test_the_answer_to_an_upload(kind: str, openclaw: Openclaw, fal: Hooked) -> None:
    sparse("big.png", 5 * MIB)
    strike(fal, "initiate", kind)
    outcome = openclaw("image", "edit", "--file", "big.png", "p", "--json")
    if outcome.status != 0:
        refused(outcome, {6, 7})
        assert fal.posts() == []
        assert jobs(openclaw) == []
    else:
        assert kind in HARMLESS or kind == "bad_charset"


@linux
@pytest.mark.exhaustive
def test_a_hundred_megabytes_of_json(fal: Hooked) -> None:
    size, most = effort((20_000_000, 700 * MIB), (100_000_000, 1400 * MIB))
    fal.dials.fail("sync", "big_json", size=size)
    outcome = limited({"RLIMIT_AS": most}, "image", "p", "--json")
    error = refused(outcome, 6)
    kept = Path(kept_files()[0])
    assert str(kept.absolute()) in error["message"]
    assert kept.stat().st_size == size
    kept.unlink()


@linux
@pytest.mark.exhaustive
@pytest.mark.parametrize("phase", some(["sync", "status"], 1))
def test_a_gzip_bomb(phase: str, fal: Hooked) -> None:
    """It is given up at the limit, not when memory is full."""
    fal.dials.stream = False
    fal.dials.fail(phase, "gzip_bomb", size={"sync": 300, "status": 100}[phase] * MIB, count=2)
    more = () if phase == "sync" else ("--queue", "--poll-interval", "0.05")
    outcome = limited({"RLIMIT_AS": 900 * MIB}, "image", "p", "--json", *more)
    assert len(fal.posts()) == 1
    if phase == "sync":
        assert "unpacks to more than" in refused(outcome, 6)["message"]
    else:  # the next looks show how the job stands
        assert outcome.status == 0, outcome.out
        assert fal.dials.faults[0].used == 2


def test_a_gzip_bomb_in_the_place_of_a_file(
    openclaw: Openclaw, fal: Hooked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body, "MOST_UNPACKED", MIB)
    fal.dials.fail("media", "gzip_bomb", size=4 * MIB)
    error = refused(openclaw("image", "p", "--json"), 7)
    assert "it is packed, and unpacks to more than 1 MB" in error["message"]
    assert list(Path.cwd().iterdir()) == []
    fal.dials.heal()
    assert openclaw("jobs", "wait", error["jobId"]).status == 0
    assert kept_files() == ["p.png"]


def test_json_of_very_many_values_is_not_unfolded() -> None:
    """Its bytes are allowed, its thirtyfold in memory is not."""
    with pytest.raises(wire.NotJson, match="too many values"):
        wire.parse(b"[" + b"[]," * 6_000_000 + b"[]]")
    assert wire.parse(b"[" + b"0," * 100_000 + b"0]")


@pytest.mark.parametrize(
    "value",
    [
        {"images": [{"url": None}]},
        {"images": {"a": {"b": [[[[[]]]]]}}},
        {"images": [[[[["https://x"]]]]], "image": 5},
        {"video": {"url": {"url": 1}}},
        {"images": [], "seed": 2**4000, "has_nsfw_concepts": "yes"},
        {"images": "http://"},
        [],
        None,
        "https://v3.fal.media/",
        5e300,
    ],
)
def test_results_of_wrong_types(
    value: object, openclaw: Openclaw, fal: Hooked, pauses: list[float]
) -> None:
    def answer(request: Request) -> Response | None:
        return Response.of(value) if request.method == "POST" else None

    fal.answer = answer
    outcome = openclaw("image", "p", "--json", "--timeout-ms", "2000")
    refused(outcome, {6, 7})
    for name in kept_files():
        assert json.loads(Path(name).read_bytes()) == value


def test_log_lines_without_end(
    openclaw: Openclaw, fal: Hooked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "MOST_LOGS", 50)
    fal.dials.stream = False
    logs = [{"message": f"line {number}", "timestamp": str(number)} for number in range(5000)]

    def answer(request: Request) -> Response | None:
        if request.path.endswith("/status"):
            return Response.of({"status": "COMPLETED", "logs": logs})
        return None

    fal.answer = answer
    outcome = openclaw("image", "p", "--queue", "--verbose")
    assert outcome.status == 0
    assert "line 49" in outcome.err
    assert "line 50" not in outcome.err
    assert "not shown" in outcome.err


def test_a_seed_beyond_all_bounds_names_no_file(openclaw: Openclaw, fal: Hooked) -> None:
    fal.dials.seed = 10**3000
    for output in ("{seed}.png", "{seed}/x.png", "a{seed}{seed}/"):
        outcome = openclaw("image", "p", "--output", output, "--json")
        assert outcome.status == 0, outcome.out
    assert "seed" not in strict(outcome.out)  # no number that another program could read


def test_a_result_with_very_many_files(
    openclaw: Openclaw, fal: Hooked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "MOST_FILES", 12)

    def answer(request: Request) -> Response | None:
        if request.method != "POST":
            return None
        urls = [f"data:image/png;base64,iVBORw0KGgo{number:04}" for number in range(300)]
        return Response.of({"images": urls})

    fal.answer = answer
    outcome = openclaw("image", "p", "--json")
    assert outcome.status == 0
    assert len(kept_files()) == 12
