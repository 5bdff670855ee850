"""`openclaw jobs`: what was sent, what came of it, and how it is picked up."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from openclaw_fal.sandbox import Dials, Sandbox
from openclaw_fal.sandbox.http1 import Request, Response
from tests.support.program import Openclaw, jobs, process, start, write_config
from tests.support.queueing import (
    SOON,
    Hooked,
    endless,
    journal,
    kept_files,
    only_job,
    together,
    until,
)


def submitted(openclaw: Openclaw, prompt: str = "waves", *argv: str) -> str:
    """Submit a video and leave; returns the job id."""
    outcome = openclaw("video", prompt, "--async", *argv)
    assert outcome.status == 0, outcome.err
    return outcome.lines[0]


# list and show


def test_an_empty_journal(openclaw: Openclaw) -> None:
    assert jobs(openclaw) == []
    outcome = openclaw("jobs", "list")
    assert (outcome.status, outcome.out) == (0, "")
    assert "no jobs" in outcome.err


def test_newest_first_with_filters(openclaw: Openclaw, fal: Hooked) -> None:
    assert openclaw("image", "one").status == 0
    assert openclaw("music", "two").status == 0
    submitted(openclaw, "three")
    assert [job["prompt"] for job in jobs(openclaw)] == ["three", "two", "one"]
    filters: dict[tuple[str, ...], list[str]] = {
        ("--kind", "image"): ["one"],
        ("--state", "queued"): ["three"],
        ("--state", "queued", "--state", "done"): ["three", "two", "one"],
        ("--state", "uncertain"): [],
        ("--model", "fal/fal-ai/minimax-music/v2.6"): ["two"],
        ("--limit", "2"): ["three", "two"],
        ("--kind", "image", "--state", "queued"): [],
    }
    for given, prompts in filters.items():
        outcome = openclaw("jobs", "list", "--json", *given)
        assert [job["prompt"] for job in outcome.json["jobs"]] == prompts, given
    rows = openclaw("jobs", "list").lines
    assert len(rows) == 4
    assert "three" in rows[1]


@pytest.mark.parametrize("given", [("--kind", "sound"), ("--state", "lost"), ("--limit", "0")])
def test_filters_that_are_none(given: tuple[str, str], openclaw: Openclaw) -> None:
    outcome = openclaw("jobs", "list", *given, "--json")
    assert outcome.status == 2
    assert given[1] in outcome.json["error"]["message"]


def test_show_tells_all_that_is_known(openclaw: Openclaw, fal: Hooked) -> None:
    document = openclaw("video", "waves", *SOON, "--json").json
    outcome = openclaw("jobs", "show", document["jobId"], "--json")
    job = outcome.json["job"]
    assert job["jobId"] == document["jobId"]
    assert job["requestId"] == document["requestId"]
    assert (job["state"], job["transport"]) == ("done", "queue")
    assert job["outputs"] == document["outputs"]
    assert job["statusUrl"].endswith(f"{document['requestId']}/status")
    text = openclaw("jobs", "show", document["jobId"]).out
    assert document["outputs"][0]["path"] in text


def test_ids_can_be_cut_short_as_long_as_they_name_one_job(
    openclaw: Openclaw, fal: Hooked, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = iter(["abcd000001", "abce000002"])
    monkeypatch.setattr("openclaw_fal.journal.rows.new_id", lambda: next(ids))
    first, second = submitted(openclaw, "first"), submitted(openclaw, "second")
    for given, found in ((first, "first"), ("abcd", "first"), ("ABCE", "second")):
        assert openclaw("jobs", "show", given, "--json").json["job"]["prompt"] == found
    request_id = fal.jobs[1].id
    assert openclaw("jobs", "show", request_id[:13], "--json").json["job"]["prompt"] == "second"
    outcome = openclaw("jobs", "wait", "abc", "--json")
    assert outcome.status == 2
    assert first in outcome.json["error"]["message"]
    assert second in outcome.json["error"]["message"]
    for verb in ("show", "wait", "cancel"):
        missing = openclaw("jobs", verb, "zzz", "--json")
        assert missing.status == 2
        assert missing.json["error"]["code"] == "usage"


# wait


def test_a_job_goes_where_it_was_meant_to_go(
    openclaw: Openclaw,
    fal: Hooked,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home = Path.cwd()
    job_id = submitted(openclaw, "waves", "--output", "shots/{prompt}-{id}.mp4")
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.chdir(elsewhere)
    outcome = openclaw("jobs", "wait", job_id, "--json")
    assert outcome.status == 0, outcome.err
    (output,) = outcome.json["outputs"]
    assert Path(output["path"]) == home / "shots" / f"waves-{job_id}.mp4"
    assert Path(output["path"]).read_bytes() == fal.media(output["url"])
    assert kept_files(elsewhere) == []
    assert outcome.json["capability"] == "jobs.wait"
    assert (outcome.json["jobId"], outcome.json["requestId"]) == (job_id, fal.jobs[0].id)
    assert len(fal.posts()) == 1


def test_waiting_again_costs_nothing_and_saves_nothing(openclaw: Openclaw, fal: Hooked) -> None:
    job_id = submitted(openclaw)
    first = openclaw("jobs", "wait", job_id)
    fal.clear()
    again = openclaw("jobs", "wait", job_id)
    assert (again.status, again.out) == (0, first.out)
    assert fal.requests == []
    assert kept_files() == ["waves.mp4"]


def test_a_saved_file_that_is_gone_is_fetched_again(openclaw: Openclaw, fal: Hooked) -> None:
    openclaw("image", "p", "--count", "2")
    Path("p-2.png").unlink()
    job_id = only_job().id
    fal.clear()
    assert openclaw("jobs", "wait", job_id).status == 0
    assert kept_files() == ["p-1.png", "p-2.png"]
    assert [item.phase for item in fal.requests] == ["media"]


def test_what_is_here_needs_neither_a_key_nor_fals_api(
    openclaw: Openclaw, fal: Hooked, monkeypatch: pytest.MonkeyPatch
) -> None:
    fal.dials.fail("media", "404")
    assert openclaw("image", "p", "--timeout-ms", "1500").status == 7
    fal.dials.heal()
    fal.clear()
    monkeypatch.delenv("FAL_KEY")
    outcome = openclaw("jobs", "wait", only_job().id)
    assert outcome.status == 0, outcome.err
    assert [item.phase for item in fal.requests] == ["media"]


def test_a_job_is_asked_for_where_it_was_sent_if_the_key_may_go_there(
    openclaw: Openclaw, fal: Hooked
) -> None:
    job_id = submitted(openclaw)
    fal.clear()
    write_config("http://127.0.0.1:1")
    for verb in ("wait", "cancel"):
        outcome = openclaw("jobs", verb, job_id, "--json")
        assert outcome.status == 3
        assert f"baseUrl {fal.url}" in outcome.json["error"]["hint"]
    assert fal.requests == []
    write_config(fal.url)
    assert openclaw("jobs", "wait", job_id).status == 0


def test_several_jobs_are_waited_for_together(openclaw: Openclaw, fal: Hooked) -> None:
    """Each one ends only when all of them are being looked at."""
    ids = [submitted(openclaw, prompt) for prompt in ("one", "two", "three")]
    fal.answer = together(3, "/stream")
    outcome = openclaw("jobs", "wait", *ids, "--json")
    assert outcome.status == 0, outcome.err
    assert outcome.json["ok"] is True
    assert [item["jobId"] for item in outcome.json["jobs"]] == ids
    assert kept_files() == ["one.mp4", "three.mp4", "two.mp4"]
    for job_id in ids:
        assert f"{job_id}: downloading" in outcome.err
    assert [Path(line).stem for line in openclaw("jobs", "wait", *ids).lines] == [
        "one",
        "two",
        "three",
    ]


def test_of_several_jobs_each_has_its_own_end(openclaw: Openclaw, fal: Hooked) -> None:
    good, slow, refused = (submitted(openclaw, prompt) for prompt in ("good", "slow", "refused"))
    found = {job.id: job.request_id or "" for job in journal().list()}

    def answer(request: Request) -> Response | None:
        if found[slow] in request.path:
            return Response.of({"status": "IN_PROGRESS"}, 202)
        if request.path.endswith(found[refused]):
            return Response.of({"detail": [{"type": "content_policy_violation"}]}, 422)
        return None

    fal.answer = answer
    wait = ("jobs", "wait", good, slow, refused, "nobody", good[:9], *SOON)
    outcome = openclaw(*wait, "--timeout-ms", "1500", "--json")
    assert outcome.status == 7
    document = outcome.json
    assert document["ok"] is False
    first, second, third, fourth = document["jobs"]
    assert (first["ok"], first["jobId"]) == (True, good)
    assert (second["error"]["code"], second["error"]["jobId"]) == ("timeout", slow)
    assert second["error"]["requestId"] == found[slow]
    assert f"openclaw jobs wait {slow}" in second["error"]["hint"]
    assert (third["error"]["code"], third["error"]["jobId"]) == ("content_policy", refused)
    assert (fourth["error"]["code"], "nobody" in fourth["error"]["message"]) == ("usage", True)
    assert document["error"] == second["error"]
    assert kept_files() == ["good.mp4"]
    assert journal().get(slow).state == "running"
    assert journal().get(refused).state == "failed"
    plain = openclaw(*wait, "--timeout-ms", "500")
    assert [Path(line).name for line in plain.lines] == ["good.mp4"]
    assert f"openclaw jobs wait {slow}" in plain.err


def test_two_processes_that_wait_for_one_job_save_it_once(openclaw: Openclaw, fal: Hooked) -> None:
    job_id = submitted(openclaw)
    fal.dials = Dials(media_bytes=4_000_000, bandwidth=8_000_000)
    both = [start("jobs", "wait", job_id, *SOON, "--json") for _ in range(2)]
    said = [waiting.communicate(timeout=60) for waiting in both]
    assert [waiting.returncode for waiting in both] == [0, 0], said
    assert len(fal.phase("media")) == 1
    assert kept_files() == ["waves.mp4"]
    assert Path("waves.mp4").stat().st_size == 4_000_000


def test_a_job_that_another_process_is_sending_is_waited_for(
    openclaw: Openclaw, fal: Hooked
) -> None:
    waiting = threading.Event()

    def hold(request: Request) -> Response | None:
        if request.method == "POST":
            waiting.wait(20)
        return None

    fal.answer = hold
    running = start("image", "p", "--json")
    until(fal.posts, running)
    second = start("jobs", "wait", only_job().id, "--json")
    waiting.set()
    assert running.communicate(timeout=60)[1] is not None
    out, err = second.communicate(timeout=60)
    assert second.returncode == 0, (out, err)
    assert kept_files() == ["p.png"]
    assert len(fal.posts()) == 1


@pytest.mark.parametrize("dial", ["state", "error"])
def test_a_job_that_has_failed_says_so_again_without_asking(
    dial: str, openclaw: Openclaw, fal: Hooked
) -> None:
    setattr(fal.dials, dial, "FAILED")
    fal.dials.error_type = "content_policy_violation"
    first = openclaw("video", "p", *SOON, "--json")
    fal.clear()
    again = openclaw("jobs", "wait", only_job().id, "--json")
    assert (first.status, again.status) == (6, 6)
    assert again.json["error"]["code"] == first.json["error"]["code"]
    assert again.json["error"]["jobId"] == only_job().id
    assert first.json["error"]["message"] in again.json["error"]["message"]


def test_a_process_that_waits_is_no_different(fal: Hooked, openclaw: Openclaw) -> None:
    job_id = submitted(openclaw)
    outcome = process("jobs", "wait", job_id)
    assert (outcome.status, outcome.lines) == (0, [str(Path.cwd() / "waves.mp4")])


# cancel


def test_cancelling_a_queued_job(openclaw: Openclaw, fal: Hooked) -> None:
    fal.dials = Dials(queue_length=5, queue_step=1000)
    job_id = submitted(openclaw)
    outcome = openclaw("jobs", "cancel", job_id, "--json")
    assert outcome.status == 0
    assert (outcome.json["outcome"], outcome.json["jobId"]) == ("requested", job_id)
    assert outcome.json["requestId"] == fal.jobs[0].id
    (put,) = fal.phase("cancel")
    assert (put.method, put.path.endswith("/cancel")) == ("PUT", True)
    assert jobs(openclaw)[0]["cancelRequested"] is True
    waited = openclaw("jobs", "wait", job_id, *SOON, "--json")
    assert waited.status == 6
    assert "cancelled" in waited.json["error"]["message"].lower()
    assert only_job().state == "cancelled"
    again = openclaw("jobs", "cancel", job_id, "--json")
    assert (again.status, again.json["outcome"]) == (0, "already_cancelled")
    assert len(fal.phase("cancel")) == 1


def test_a_cancelled_job_may_finish_all_the_same(openclaw: Openclaw, fal: Hooked) -> None:
    fal.dials = endless()
    job_id = submitted(openclaw)
    assert openclaw("jobs", "cancel", job_id).status == 0
    fal.dials = Dials()
    assert openclaw("jobs", "wait", job_id).status == 0


@pytest.mark.parametrize("waited", [False, True])
def test_cancelling_what_has_finished(waited: bool, openclaw: Openclaw, fal: Hooked) -> None:
    job_id = submitted(openclaw)
    if waited:
        openclaw("jobs", "wait", job_id)
    outcome = openclaw("jobs", "cancel", job_id, "--json")
    assert outcome.status == 6
    assert outcome.json["error"]["jobId"] == job_id
    assert "finished" in outcome.json["error"]["message"]
    assert len(fal.phase("cancel")) == (0 if waited else 1)
    assert (openclaw("jobs", "wait", job_id).status, kept_files()) == (0, ["waves.mp4"])


def test_cancelling_what_cannot_be_cancelled(openclaw: Openclaw, fal: Hooked) -> None:
    fal.dials.fail("sync", "reset_after_read")
    openclaw("image", "p")
    outcome = openclaw("jobs", "cancel", only_job().id, "--json")
    assert outcome.status == 2
    assert "synchronous" in outcome.json["error"]["message"]


def test_cancelling_a_job_that_fal_has_forgotten(openclaw: Openclaw, fal: Hooked) -> None:
    fal.dials = endless()
    job_id = submitted(openclaw)
    fal.answer = lambda request: Response.of({"status": "NOT_FOUND"}, 404)
    outcome = openclaw("jobs", "cancel", job_id, "--json")
    assert outcome.status == 6
    assert "does not know" in outcome.json["error"]["message"]


def test_fal_cannot_be_asked_to_cancel(openclaw: Openclaw, key: str, pauses: list[float]) -> None:
    with Sandbox(endless()) as fal:
        write_config(fal.url)
        job_id = submitted(openclaw)
    outcome = openclaw("jobs", "cancel", job_id, "--json")
    assert outcome.status == 7
    assert outcome.json["error"]["jobId"] == job_id
    assert only_job().state == "queued"


# prune


def test_pruning_keeps_what_stops_a_second_bill(openclaw: Openclaw, fal: Hooked) -> None:
    Path("p.txt").write_text("one\ntwo\n", encoding="utf-8")
    commands = (
        ("image", "p", "--key", "k", "--overwrite", "-o", "p.png"),
        ("image", "--prompts", "p.txt", "-o", "out/"),
    )
    for command in commands:
        assert openclaw(*command).status == 0
    assert openclaw("jobs", "prune", "--older-than", "0").lines == []
    for command in commands:
        assert openclaw(*command).status == 0
    assert len(fal.posts()) == 3
    assert len(openclaw("jobs", "prune", "--older-than", "0", "--keyed").lines) == 3


def test_pruning_forgets_what_is_finished_and_keeps_the_files(
    openclaw: Openclaw, fal: Hooked
) -> None:
    openclaw("image", "old")
    waiting = submitted(openclaw)
    assert openclaw("jobs", "prune").lines == []
    outcome = openclaw("jobs", "prune", "--older-than", "0", "--json")
    assert len(outcome.json["pruned"]) == 1
    assert [job["jobId"] for job in jobs(openclaw)] == [waiting]
    assert kept_files() == ["old.png"]
    assert openclaw("jobs", "wait", waiting).status == 0
