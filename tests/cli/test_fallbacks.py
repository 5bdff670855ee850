"""The config's further models: tried where that is safe, and never where somebody may pay twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from openclaw_fal.sandbox.http1 import Request, Response
from tests.support.program import Openclaw, write_config
from tests.support.queueing import SOON, Hooked, journal, kept_files, only_job

FIRST, SECOND = "fal-ai/flux/dev", "fal-ai/nano-banana-2"
ONE_AT_ONCE = "krea/v2/large/text-to-image"
Failure = tuple[int, object, dict[str, str]]
REFUSAL = {"detail": [{"type": "content_policy_violation", "msg": "no"}]}


@pytest.fixture
def chain(fal: Hooked) -> Hooked:
    """A config with a default image model and two to fall back on."""
    write_config(
        fal.url,
        imageGenerationModel={
            "primary": f"fal/{FIRST}",
            "fallbacks": ["google/gemini-image", f"fal/{SECOND}", f"fal/{ONE_AT_ONCE}"],
            "timeoutMs": 30_000,
        },
    )
    return fal


def failing(status: int, body: object = None, **headers: str) -> Failure:
    return status, body or {"detail": "no"}, headers


def answer_posts(fal: Hooked, failures: dict[str, Failure]) -> None:
    """Let the POSTs to some models fail; the others work."""

    def answer(request: Request) -> Response | None:
        failure = failures.get(request.path.strip("/"))
        if failure is None or request.method != "POST":
            return None
        status, body, headers = failure
        return Response.of(body, status, **headers)

    fal.answer = answer


def asked(fal: Hooked) -> list[str]:
    """The models that were asked, in order."""
    return [post.path.strip("/") for post in fal.posts()]


@pytest.mark.parametrize("argv", [[], ["--queue", *SOON]], ids=["sync", "queue"])
@pytest.mark.parametrize(
    "answer",
    [
        failing(404, {"detail": "Application not found"}),
        failing(500, {"detail": "boom", "error_type": "internal_server_error"}),
        failing(503, {"detail": "down", "error_type": "runner_connection_refused"}),
        failing(504, {"detail": "late", "error_type": "startup_timeout"}),
    ],
    ids=["unknown", "broken", "down", "late"],
)
def test_the_next_model_is_tried(
    answer: Failure, argv: list[str], openclaw: Openclaw, chain: Hooked
) -> None:
    answer_posts(chain, {FIRST: answer})
    outcome = openclaw("image", "p", *argv, "--json")
    assert outcome.status == 0, outcome.out
    assert asked(chain) == [FIRST, SECOND]
    assert outcome.json["model"] == SECOND
    (attempt,) = outcome.json["attempts"]
    assert (attempt["provider"], attempt["model"]) == ("fal", FIRST)
    assert attempt["error"]["code"] in ("job_failed", "timeout")
    assert attempt["error"]["message"]
    assert "google/gemini-image is of another provider and was skipped" in outcome.err
    assert f"trying {SECOND}" in outcome.err
    assert [job.state for job in journal().list()] == ["done", "failed"]
    assert outcome.json["jobId"] == journal().list()[0].id


def test_a_job_that_never_began_may_fall_back(openclaw: Openclaw, chain: Hooked) -> None:
    """fal says in the end that the job timed out in its queue: nobody has worked on it."""

    def answer(request: Request) -> Response | None:
        if "/fal-ai/flux/requests/" not in request.path:
            return None
        if request.path.endswith("/stream"):
            return Response(404, b"")
        if request.path.endswith("/status"):
            end = {"status": "COMPLETED", "error": "late", "error_type": "request_timeout"}
            return Response.of(end)
        body = {"detail": "late", "error_type": "request_timeout"}
        return Response.of(body, 504, x_fal_request_timeout_type="user")

    chain.answer = answer
    outcome = openclaw("image", "p", "--queue", *SOON, "--json")
    assert outcome.status == 0, outcome.out
    assert asked(chain) == [FIRST, SECOND]
    assert [job.state for job in journal().list()] == ["done", "failed"]


@pytest.mark.parametrize("argv", [[], ["--queue", *SOON]], ids=["sync", "queue"])
@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (failing(422, REFUSAL), 6),
        (failing(422), 6),
        (failing(401), 4),
        (failing(403, {"detail": "User is locked. Reason: Exhausted balance."}), 8),
        (failing(500, x_fal_billable_units="1.5"), 6),
    ],
    ids=["policy", "validation", "key", "locked", "billed"],
)
def test_no_other_model_is_tried_where_it_would_not_help_or_could_cost_twice(
    answer: Failure, status: int, argv: list[str], openclaw: Openclaw, chain: Hooked
) -> None:
    answer_posts(chain, {FIRST: answer})
    outcome = openclaw("image", "p", *argv, "--json")
    assert outcome.status == status
    assert asked(chain) == [FIRST]
    assert "attempts" not in outcome.json
    assert outcome.json["model"] == FIRST


@pytest.mark.parametrize("kind", ["reset_after_read", "cut", "html"])
@pytest.mark.parametrize("argv", [[], ["--queue", *SOON]], ids=["sync", "queue"])
def test_nothing_is_tried_after_a_request_that_may_have_arrived(
    kind: str, argv: list[str], openclaw: Openclaw, chain: Hooked
) -> None:
    for phase in ("sync", "submit"):
        chain.dials.fail(phase, kind, request_id=False)
    assert openclaw("image", "p", *argv).status == 7
    assert asked(chain) == [FIRST]


@pytest.mark.parametrize(
    ("phase", "fault"),
    [("result", "404"), ("result", "422"), ("result", "garbage"), ("media", "404")],
)
def test_nothing_is_tried_once_fal_has_taken_a_job(
    phase: str, fault: str, openclaw: Openclaw, chain: Hooked, pauses: list[float]
) -> None:
    chain.dials.fail(phase, fault)
    assert openclaw("image", "p", "--queue", *SOON).status in (6, 7)
    assert asked(chain) == [FIRST]


def test_nothing_is_tried_when_time_runs_out(openclaw: Openclaw, chain: Hooked) -> None:
    chain.dials.run_time = 1e9
    assert openclaw("image", "p", "--queue", *SOON, "--timeout-ms", "400").status == 7
    assert asked(chain) == [FIRST]


def test_a_model_that_was_asked_for_is_never_replaced(openclaw: Openclaw, chain: Hooked) -> None:
    answer_posts(chain, {FIRST: failing(404)})
    outcome = openclaw("image", "p", "--model", f"fal/{FIRST}", "--json")
    assert outcome.status == 6
    assert asked(chain) == [FIRST]


def test_a_fallback_that_does_not_take_the_request_is_an_attempt_too(
    openclaw: Openclaw, fal: Hooked
) -> None:
    models = [f"fal/{model}" for model in (FIRST, ONE_AT_ONCE, SECOND)]
    write_config(fal.url, imageGenerationModel={"primary": models[0], "fallbacks": models[1:]})
    answer_posts(fal, {FIRST: failing(404)})
    outcome = openclaw("image", "p", "--count", "4", "--json")
    assert outcome.status == 0, outcome.out
    assert asked(fal) == [FIRST, SECOND]
    found = [(attempt["model"], attempt["error"]["code"]) for attempt in outcome.json["attempts"]]
    assert found == [(FIRST, "job_failed"), (ONE_AT_ONCE, "capability")]


def test_when_no_fallback_takes_the_request_the_first_error_stands(
    openclaw: Openclaw, fal: Hooked
) -> None:
    models = {"primary": f"fal/{FIRST}", "fallbacks": [f"fal/{ONE_AT_ONCE}"]}
    write_config(fal.url, imageGenerationModel=models)
    answer_posts(fal, {FIRST: failing(404)})
    outcome = openclaw("image", "p", "--count", "4", "--json")
    assert (outcome.status, outcome.json["model"]) == (6, FIRST)
    assert [attempt["model"] for attempt in outcome.json["attempts"]] == [ONE_AT_ONCE]
    assert asked(fal) == [FIRST]


def test_when_all_fail_the_last_error_counts_and_the_others_are_told(
    openclaw: Openclaw, chain: Hooked
) -> None:
    answer_posts(chain, {model: failing(404) for model in (FIRST, SECOND, ONE_AT_ONCE)})
    outcome = openclaw("image", "p", "--json")
    assert outcome.status == 6
    assert asked(chain) == [FIRST, SECOND, ONE_AT_ONCE]
    assert outcome.json["model"] == ONE_AT_ONCE
    assert [attempt["model"] for attempt in outcome.json["attempts"]] == [FIRST, SECOND]
    assert outcome.json["error"]["jobId"] == journal().list()[0].id


def test_no_fallback_no_word_about_fallbacks(openclaw: Openclaw, chain: Hooked) -> None:
    outcome = openclaw("image", "p", "--json")
    assert outcome.status == 0
    assert outcome.json["attempts"] == []
    assert "skipped" not in outcome.err
    assert only_job().timeout_s == 30


def test_a_template_names_the_model_that_made_the_file(openclaw: Openclaw, chain: Hooked) -> None:
    answer_posts(chain, {FIRST: failing(404)})
    assert openclaw("image", "p", "--output", "{model}").status == 0
    assert kept_files() == ["fal-ai-nano-banana-2.png"]


def test_a_fallback_that_is_no_model_is_an_error_of_the_config(
    openclaw: Openclaw, fal: Hooked
) -> None:
    models = {"primary": f"fal/{FIRST}", "fallbacks": ["fal/../x"]}
    path = write_config(fal.url, imageGenerationModel=models)
    outcome = openclaw("image", "p", "--json")
    assert outcome.status == 3
    assert str(path) in outcome.json["error"]["message"]
    assert (fal.requests, Path("p.png").exists()) == ([], False)
