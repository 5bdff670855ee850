"""How a job can end: each way with its own words, status and state."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from openclaw_fal.api import generate
from openclaw_fal.errors import ContentPolicy, LocalError
from openclaw_fal.media import ImageRequest
from openclaw_fal.sandbox import Dials
from openclaw_fal.sandbox.http1 import Request, Response
from tests.support.program import Openclaw
from tests.support.queueing import (
    PATHS,
    SOON,
    VIDEO,
    Hooked,
    failed,
    journal,
    kept_files,
    only_job,
    saved,
)

ENDS: dict[str, tuple[dict[str, object], str, str, str]] = {
    "FAILED": ({"state": "FAILED"}, "job_failed", "failed", "failed"),
    "CANCELLED": ({"state": "CANCELLED"}, "job_failed", "cancelled", "cancelled"),
    "an error": ({"error": "out of paint"}, "job_failed", "out of paint", "failed"),
    "a type": (
        {"error": "no", "error_type": "no_media_generated", "error_status": 422},
        "job_failed",
        "made no media",
        "failed",
    ),
    "a broken runner": (
        {"error": "boom", "error_type": "runner_disconnected"},
        "job_failed",
        "machine",
        "failed",
    ),
    "content policy": ({"content_policy": True}, "content_policy", "content policy", "failed"),
}


@pytest.mark.parametrize("stream", [False, True], ids=["polls", "stream"])
@pytest.mark.parametrize("end", ENDS)
def test_bad_ends_of_a_queued_job(
    end: str, stream: bool, openclaw: Openclaw, fal: Hooked, pauses: list[float]
) -> None:
    dials, code, words, state = ENDS[end]
    fal.dials = Dials(**dials, stream=stream)  # type: ignore[arg-type]
    outcome = openclaw("video", "p", *SOON, "--json")
    assert outcome.status == 6
    error = failed(outcome.json, code)
    assert words in error["message"]
    assert error["requestId"] == fal.jobs[0].id
    assert only_job().state == state
    assert (kept_files(), len(fal.posts())) == ([], 1)
    plain = openclaw("video", "p", *SOON)
    assert (plain.status, plain.out) == (6, "")
    assert fal.jobs[1].id in plain.err
    assert journal().list()[0].id in plain.err


def test_a_validation_failure_shows_when_the_result_is_fetched(
    openclaw: Openclaw, fal: Hooked
) -> None:
    outcome = openclaw(
        "video", "p", *SOON, "--param", "prompt_optimizer=maybe", "--unchecked", "--json"
    )
    assert outcome.status == 6
    error = failed(outcome.json, "job_failed")
    assert error["status"] == 422
    assert "prompt_optimizer" in error["message"]
    assert error["requestId"] == fal.jobs[0].id


@pytest.mark.parametrize(
    ("dials", "code", "status"),
    [
        ({"content_policy": True}, "content_policy", 422),
        ({"error": "out of paint", "error_status": 500}, "job_failed", 500),
        ({"error": "no", "error_type": "image_too_small", "error_status": 422}, "job_failed", 422),
    ],
)
def test_bad_ends_of_a_synchronous_run(
    dials: dict[str, Any], code: str, status: int, openclaw: Openclaw, fal: Hooked
) -> None:
    fal.dials = Dials(**dials)
    outcome = openclaw("image", "p", "--json")
    assert outcome.status == 6
    error = failed(outcome.json, code)
    assert (error["status"], bool(error["requestId"])) == (status, True)
    assert only_job().state == "failed"
    assert len(fal.posts()) == 1


POLICY = {"loc": ["body", "prompt"], "msg": "flagged", "type": "content_policy_violation"}
WORDS: dict[str, tuple[dict[str, object], str, str]] = {
    "a list of details": ({"detail": [POLICY]}, "content_policy", "prompt: flagged"),
    "a detail": ({"detail": "flagged", "error_type": POLICY["type"]}, "content_policy", "flagged"),
    "an error object": (
        {"error": {"type": POLICY["type"], "message": "flagged"}},
        "content_policy",
        "flagged",
    ),
    "an error in a wrapper": ({"payload": {"detail": [POLICY]}}, "content_policy", "flagged"),
    "another error": ({"error": {"message": "out of paint"}}, "job_failed", "out of paint"),
    "another detail": ({"detail": [{"msg": "out of paint"}]}, "job_failed", "out of paint"),
}
REFUSALS: dict[str, tuple[dict[str, object], str, str]] = {
    "the model refuses": (
        {"images": [], "description": "I cannot draw that: it violates our policies."},
        "content_policy",
        "I cannot draw that",
    ),
    "the model asks": (
        {"images": [], "description": "Which cat do you mean?"},
        "job_failed",
        "Which cat",
    ),
}


@pytest.mark.parametrize("path", ["sync", "queue"])
@pytest.mark.parametrize("name", WORDS | REFUSALS)
def test_fals_words_in_the_place_of_a_result(
    name: str, path: str, openclaw: Openclaw, fal: Hooked, pauses: list[float]
) -> None:
    body, code, words = (WORDS | REFUSALS)[name]

    def answer(request: Request) -> Response | None:
        return Response.of(body) if fal.requests[-1].phase in ("sync", "result") else None

    fal.answer = answer
    outcome = openclaw(*PATHS[path], "--json")
    assert outcome.status == 6
    error = failed(outcome.json, code)
    assert words in error["message"]
    assert only_job().state == "failed"
    (kept,) = kept_files()
    assert kept in error["message"], "what came is kept"
    again = openclaw("jobs", "wait", only_job().id, "--json")
    assert (again.status, again.json["error"]["code"]) == (6, code)
    assert len(fal.posts()) == 1


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "polls"])
@pytest.mark.parametrize("state", ["FAILED", "ERROR", "COMPLETED"])
@pytest.mark.parametrize("name", ["a list of details", "an error object", "another error"])
def test_fals_words_in_a_status(
    name: str, state: str, stream: bool, openclaw: Openclaw, fal: Hooked, pauses: list[float]
) -> None:
    body, code, words = WORDS[name]

    def answer(request: Request) -> Response | None:
        status = {"status": state, **body}
        if fal.requests[-1].phase == "status":
            return Response.of(status)
        if fal.requests[-1].phase == "stream" and stream:
            data = [f"data: {json.dumps(status)}\n\n".encode()]
            return Response(200, iter(data), [("content-type", "text/event-stream")])
        if fal.requests[-1].phase == "result":
            return Response.of({"images": [], **body} if "payload" in body else {"images": []})
        return Response(404, b"") if fal.requests[-1].phase == "stream" else None

    fal.answer = answer
    outcome = openclaw("video", "p", *SOON, "--json")
    assert outcome.status == 6
    assert words in failed(outcome.json, code)["message"]
    assert only_job().state == "failed"


@pytest.mark.parametrize("name", WORDS)
def test_fals_words_in_the_place_of_a_queued_job(
    name: str, openclaw: Openclaw, fal: Hooked
) -> None:
    body, code, words = WORDS[name]
    fal.answer = lambda request: Response.of(body) if request.method == "POST" else None
    outcome = openclaw("video", "p", *SOON, "--json")
    assert outcome.status == 6
    assert words in failed(outcome.json, code)["message"]
    assert (only_job().state, len(fal.posts())) == ("failed", 1)


def test_fals_words_to_a_program_and_in_a_batch(
    openclaw: Openclaw, fal: Hooked, pauses: list[float]
) -> None:
    refused = WORDS["a list of details"][0]
    fal.answer = lambda _: (
        Response.of(refused) if fal.requests[-1].phase in ("sync", "result") else None
    )
    with pytest.raises(ContentPolicy, match="flagged"):
        generate(ImageRequest("fal-ai/flux/dev", "p"))
    Path("m.jsonl").write_text(json.dumps({"prompt": "p"}) + "\n", encoding="utf-8")
    outcome = openclaw("batch", "run", "m.jsonl", "--json")
    assert outcome.status == 6, outcome.out
    assert "content_policy" in outcome.out, outcome.out


def test_a_state_that_nobody_knows_does_not_end_the_job(
    openclaw: Openclaw, fal: Hooked, pauses: list[float]
) -> None:
    fal.dials = Dials(state="EXPLODED", stream=False)
    outcome = openclaw("video", "p", *SOON, "--json")
    assert outcome.status == 6
    error = failed(outcome.json, "job_failed")
    assert "EXPLODED" in error["message"]
    assert f"openclaw jobs wait {error['jobId']}" in error["hint"]
    assert only_job().state == "queued"
    fal.dials = Dials()
    assert openclaw("jobs", "wait", error["jobId"]).status == 0


def test_completed_with_an_error_and_a_file_is_a_success(openclaw: Openclaw, fal: Hooked) -> None:
    """The result decides."""

    def answer(request: Request) -> Response | None:
        if request.path.endswith("/status/stream"):
            return Response(404, b"")
        if request.path.endswith("/status"):
            return Response.of({"status": "COMPLETED", "error": "a late warning"})
        return None

    fal.answer = answer
    assert openclaw("video", "p", *SOON).status == 0


def test_a_result_that_fal_has_forgotten(
    openclaw: Openclaw, fal: Hooked, pauses: list[float]
) -> None:
    fal.dials.fail("result", "404")
    outcome = openclaw("video", "p", *SOON, "--json")
    assert outcome.status == 6
    assert "about an hour" in failed(outcome.json, "job_failed")["hint"]


# Of a queued job, fal still has the result: what is no JSON is not taken for it.
UNREADABLE = [("sync", "garbage"), ("sync", "empty"), *((path, "bad_type") for path in PATHS)]


@pytest.mark.parametrize(("path", "kind"), UNREADABLE)
def test_a_result_that_cannot_be_read_is_kept_beside_where_the_media_would_be(
    path: str, kind: str, openclaw: Openclaw, fal: Hooked, pauses: list[float]
) -> None:
    argv = PATHS[path]
    for phase in ("sync", "result"):
        fal.dials.fail(phase, kind)
    outcome = openclaw(*argv, "--output", "shots/it.png", "--json")
    assert outcome.status == 6, outcome.out
    error = failed(outcome.json, "job_failed")
    (kept,) = kept_files(Path("shots"))
    assert str(Path.cwd() / "shots" / kept) in error["message"]
    assert kept == {"bad_type": "it.json", "garbage": "it.raw", "empty": "it.txt"}[kind]
    assert error["requestId"]
    again = openclaw("jobs", "wait", error["jobId"], "--json")
    assert again.status == 6
    assert kept in again.json["error"]["message"]
    assert kept_files(Path("shots")) == [kept]


@pytest.mark.parametrize("kind", ["garbage", "empty", "truncated_json"])
def test_a_result_that_stays_garbled_can_be_had_later(
    kind: str, openclaw: Openclaw, fal: Hooked, pauses: list[float]
) -> None:
    """fal keeps it."""
    fal.dials.fail("result", kind)
    outcome = openclaw("video", "p", *SOON, "--json")
    assert outcome.status == 7
    error = failed(outcome.json, "network")
    assert error["hint"] == f"openclaw jobs wait {error['jobId']}"
    assert "fal still has the job" in error["message"]
    fal.dials.heal()
    assert openclaw("jobs", "wait", error["jobId"]).status == 0
    assert len(fal.posts()) == 1


def test_a_result_in_a_form_that_nobody_knows_is_kept_as_it_came(
    openclaw: Openclaw, fal: Hooked
) -> None:
    strange = {"clip": {"ref": "abc"}, "seed": 2**70}
    fal.answer = lambda request: Response.of(strange) if request.method == "POST" else None
    outcome = openclaw("image", "p", "--json")
    assert outcome.status == 6
    assert json.loads(Path("p.json").read_bytes()) == strange


def test_the_key_is_nowhere_in_what_is_kept(openclaw: Openclaw, fal: Hooked, key: str) -> None:
    fal.answer = lambda request: (
        Response.of({"echo": request.headers.get("authorization")})
        if request.method == "POST"
        else None
    )
    outcome = openclaw("image", "p", "--json")
    assert outcome.status == 6
    folder = Path(only_job().target["folder"])  # type: ignore[arg-type]
    secret = key.partition(":")[2]
    assert all(secret.encode() not in path.read_bytes() for path in folder.iterdir())
    assert secret not in outcome.out + outcome.err


def test_the_default_video_model_is_asked_for(openclaw: Openclaw, fal: Hooked) -> None:
    assert openclaw("video", "p", *SOON).status == 0
    assert fal.posts()[0].path == f"/{VIDEO}"


def test_a_run_whose_answer_broke_off_keeps_fals_request_id(
    openclaw: Openclaw, fal: Hooked
) -> None:
    fal.dials.fail("sync", "cut")
    outcome = openclaw("image", "p", "--json")
    request_id = failed(outcome.json, "network")["requestId"]
    assert request_id
    assert (only_job().state, only_job().request_id) == ("uncertain", request_id)
    again = openclaw("jobs", "wait", only_job().id, "--json")
    assert (again.status, again.json["requestId"]) == (0, request_id)


def test_what_went_wrong_is_said_though_the_journal_fails_too(
    openclaw: Openclaw, fal: Hooked, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise LocalError("the disk of the journal is full")

    for name in ("uncertain", "failed"):
        monkeypatch.setattr(f"openclaw_fal.journal.jobs.Journal.{name}", full)
    fal.dials.fail("sync", "reset_after_read")
    failed(openclaw("image", "p", "--json").json, "network")
    fal.dials = Dials(state="FAILED")
    outcome = openclaw("video", "p", *SOON, "--json")
    assert (outcome.status, outcome.json["error"]["code"]) == (6, "job_failed")


# One more look, which costs nothing

PASSING: dict[str, Callable[[Request], Response]] = {
    "not found": lambda request: Response.of({"detail": "not found"}, status=404),
    "gone": lambda request: Response.of({"detail": "gone"}, status=410),
    "a gateway's page": lambda request: Response(400, b"<html>Bad Request</html>"),
    "a validation error": lambda request: Response.of({"detail": "no"}, status=422),
}


@pytest.mark.parametrize("name", PASSING)
def test_a_job_that_failed_by_a_passing_answer_is_brought_all_the_same(
    name: str, openclaw: Openclaw, fal: Hooked
) -> None:
    def answer(request: Request) -> Response | None:
        return PASSING[name](request) if fal.requests[-1].phase == "result" else None

    fal.answer = answer
    outcome = openclaw("video", "p", *SOON, "--timeout-ms", "3000", "--json")
    assert outcome.status in (6, 7)
    fal.answer = None
    again = openclaw("jobs", "wait", only_job().id, *SOON, "--json")
    assert saved(fal, again) == ["p.mp4"]
    assert only_job().state == "done"
    assert len(fal.posts()) == 1


def test_failed_once_and_completed_later(openclaw: Openclaw, fal: Hooked) -> None:
    fal.dials = Dials(state="FAILED")
    assert openclaw("video", "p", *SOON).status == 6
    assert only_job().state == "failed"
    again = openclaw("jobs", "wait", only_job().id, *SOON, "--json")
    assert (again.status, only_job().state) == (6, "failed"), "fal says so again"
    assert again.json["error"]["message"].startswith(f"job {only_job().id} failed: ")
    fal.dials = Dials()
    again = openclaw("jobs", "wait", only_job().id, *SOON, "--json")
    assert saved(fal, again) == ["p.mp4"]
    assert (only_job().state, only_job().error) == ("done", None)
    assert len(fal.posts()) == 1


def test_a_known_failure_is_said_when_fal_cannot_be_asked_again(
    openclaw: Openclaw, fal: Hooked, monkeypatch: pytest.MonkeyPatch
) -> None:
    fal.dials = Dials(state="FAILED")
    assert openclaw("video", "p", *SOON).status == 6
    monkeypatch.delenv("FAL_KEY")
    again = openclaw("jobs", "wait", only_job().id, *SOON, "--json")
    failed(again.json, "job_failed")
    assert again.status == 6
