"""Ctrl-C and its like: the job goes on, and whoever stopped the program hears how to go on with it.

A signal to the test's own process reaches the program that runs in it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from openclaw_fal.errors import OpenClawFalError
from openclaw_fal.job import engine, interruption
from openclaw_fal.sandbox import Dials
from openclaw_fal.sandbox.http1 import Request, Response
from openclaw_fal.ui.render import Renderer
from tests.support.program import Openclaw, Process, command, jobs, start, write_config
from tests.support.queueing import (
    SOON,
    Hooked,
    ended,
    endless,
    journal,
    kept_files,
    only_job,
    part_files,
    until,
)
from tests.support.systems import signals

pytestmark = signals

VIDEO_RUN = ("video", "waves", *SOON)


def interrupt_when(fal: Hooked, phase: str, nth: int = 1) -> None:
    """Interrupt this process when the sandbox sees the nth request of a phase."""

    def answer(request: Request) -> Response | None:
        if len(fal.phase(phase)) == nth and fal.requests[-1].phase == phase:
            os.kill(os.getpid(), signal.SIGINT)
        return None

    fal.answer = answer


def interrupted(outcome: Any) -> dict[str, Any]:
    """The failure of an interrupted command, which names the job."""
    assert outcome.status == 130, outcome.out
    error: dict[str, Any] = outcome.json["error"]
    assert (error["code"], error["jobId"]) == ("interrupted", only_job().id)
    return error


# While a job waits in the queue


@pytest.mark.parametrize("stream", [False, True], ids=["polls", "stream"])
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_the_job_goes_on_and_the_message_says_how_to_go_on_with_it(
    name: str, stream: bool, openclaw: Openclaw, fal: Hooked
) -> None:
    fal.dials = endless(stream=stream)
    running = start(*VIDEO_RUN, "--json")
    until(lambda: fal.phase("stream" if stream else "status"), running)
    running.send_signal(getattr(signal, name))
    status, out, _ = ended(running)
    assert status == 130
    error = json.loads(out)["error"]
    job = only_job()
    assert error == {
        "code": "interrupted",
        "message": "interrupted; the job goes on at fal",
        "hint": f"openclaw jobs wait {job.id} (fetch it), openclaw jobs cancel {job.id} (stop it)",
        "requestId": fal.jobs[0].id,
        "jobId": job.id,
    }
    assert job.state in ("queued", "running")
    assert fal.phase("cancel") == []
    fal.dials = Dials()
    assert openclaw("jobs", "wait", job.id).status == 0
    assert (kept_files(), len(fal.posts())) == (["waves.mp4"], 1)


def test_for_people_the_message_is_on_stderr(fal: Hooked) -> None:
    fal.dials = endless()
    running = start(*VIDEO_RUN)
    until(lambda: fal.phase("stream"), running)
    running.send_signal(signal.SIGINT)
    status, out, err = ended(running)
    assert (status, out) == (130, "")
    job_id = only_job().id
    assert "the job goes on at fal" in err
    assert f"openclaw jobs wait {job_id}" in err
    assert f"openclaw jobs cancel {job_id}" in err
    assert "Traceback" not in err


def test_a_second_signal_ends_at_once(fal: Hooked) -> None:
    """Here while fal is asked, in vain, to cancel the job."""
    fal.dials = endless()
    fal.dials.fail("cancel", "silent")
    running = start(*VIDEO_RUN, "--cancel-on-interrupt")
    until(lambda: fal.phase("stream"), running)
    running.send_signal(signal.SIGINT)
    until(lambda: fal.phase("cancel"), running)
    running.send_signal(signal.SIGINT)
    assert running.wait(interruption.CANCEL_TIMEOUT_S / 2) == 130
    running.communicate()
    assert only_job().state in ("queued", "running")


@pytest.mark.parametrize(
    ("fault", "words"),
    [(None, "asked to cancel"), ("400", "could not be asked"), ("404", "does not know")],
)
def test_cancelling_on_interrupt(
    fault: str | None, words: str, openclaw: Openclaw, fal: Hooked
) -> None:
    fal.dials = endless()
    if fault:
        fal.dials.fail("cancel", fault)
    interrupt_when(fal, "stream")
    error = interrupted(openclaw(*VIDEO_RUN, "--cancel-on-interrupt", "--json"))
    assert words in error["message"]
    assert error["requestId"] == fal.jobs[0].id
    (put,) = fal.phase("cancel")
    assert put.method == "PUT"
    assert fal.jobs[0].cancelled is (fault is None)
    assert only_job().cancel_requested is (fault is None)


def test_without_the_option_nothing_is_cancelled_by_jobs_wait_either(
    openclaw: Openclaw, fal: Hooked
) -> None:
    fal.dials = endless()
    openclaw("video", "waves", "--async")
    interrupt_when(fal, "stream")
    interrupted(openclaw("jobs", "wait", only_job().id, "--json"))
    assert fal.phase("cancel") == []
    interrupt_when(fal, "stream", nth=2)
    wait = ("jobs", "wait", only_job().id, "--cancel-on-interrupt", "--json")
    assert "asked to cancel" in interrupted(openclaw(*wait))["message"]


def test_several_jobs_that_are_waited_for(openclaw: Openclaw, fal: Hooked) -> None:
    for prompt in ("good", "slow", "slower"):
        openclaw("video", prompt, "--async")
    slower, slow, good = (job.id for job in journal().list())
    found = {job.id: job.request_id or "" for job in journal().list()}
    seen: set[str] = set()
    once = iter([True])  # a second signal, from the other job's thread, would end the process

    def answer(request: Request) -> Response | None:
        for job_id in (slow, slower):
            if found[job_id] in request.path:
                seen.add(job_id)
                if len(seen) == 2 and journal().get(good).state == "done" and next(once, False):
                    os.kill(os.getpid(), signal.SIGINT)
                return Response.of({"status": "IN_PROGRESS"}, 202)
        return None

    fal.answer = answer
    outcome = openclaw("jobs", "wait", good, slow, slower, *SOON, "--json")
    assert outcome.status == 130
    first, second, third = outcome.json["jobs"]
    assert (first["ok"], first["jobId"]) == (True, good)
    for item, job_id in ((second, slow), (third, slower)):
        assert item["error"]["code"] == "interrupted"
        assert (item["error"]["jobId"], item["error"]["requestId"]) == (job_id, found[job_id])
        assert f"openclaw jobs wait {job_id}" in item["error"]["hint"]
        assert journal().get(job_id).state in ("queued", "running")
    assert outcome.json["error"]["code"] == "interrupted"


# While the request is on its way


def test_a_synchronous_run_cannot_be_picked_up(openclaw: Openclaw, fal: Hooked) -> None:
    fal.dials = endless()
    interrupt_when(fal, "sync")
    error = interrupted(openclaw("image", "p", "--json"))
    assert "may be billed" in error["message"]
    assert "--queue" in error["message"]
    assert error["hint"].startswith(f"openclaw jobs reconcile {only_job().id} ")
    assert only_job().state == "uncertain"
    assert openclaw("jobs", "wait", only_job().id).status == 7
    assert len(fal.posts()) == 1


def test_a_submit_is_still_answered(openclaw: Openclaw, fal: Hooked) -> None:
    """fal's answer names the job: the signal waits for it for a moment."""
    interrupt_when(fal, "submit")
    outcome = openclaw(*VIDEO_RUN, "--json")
    error = interrupted(outcome)
    assert "goes on at fal" in error["message"]
    assert error["requestId"] == fal.jobs[0].id
    assert engine.STOPPING in outcome.err
    assert [item.phase for item in fal.requests] == ["submit"]
    fal.answer = None
    assert openclaw("jobs", "wait", error["jobId"]).status == 0
    assert len(fal.posts()) == 1


def test_a_submit_that_is_not_answered_is_uncertain(
    openclaw: Openclaw, fal: Hooked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "SUBMIT_GRACE_S", 0.2)
    fal.dials.fail("submit", "silent")
    interrupt_when(fal, "submit")
    error = interrupted(openclaw(*VIDEO_RUN, "--json"))
    assert "may be billed" in error["message"]
    assert only_job().state == "uncertain"
    assert len(fal.posts()) == 1


def test_a_submit_that_fails_meanwhile(openclaw: Openclaw, fal: Hooked) -> None:
    """The signal is not forgotten, and above all no fallback is tried after it."""
    models = ["fal/fal-ai/wan/v2.2-a14b/text-to-video", "fal/fal-ai/minimax/video-01-live"]
    write_config(fal.url, videoGenerationModel={"primary": models[0], "fallbacks": models[1:]})
    fal.dials.fail("submit", "404")
    interrupt_when(fal, "submit")
    error = interrupted(openclaw(*VIDEO_RUN, "--json"))
    assert "failed" in error["message"]
    assert only_job().state == "failed"
    assert len(fal.posts()) == 1


def interrupted_in_a_pause(running: Process) -> tuple[int, str]:
    """Ctrl-C while it waits to try again; its exit status and what it printed."""
    said = b""
    while b"trying again" not in said:
        assert running.stderr is not None
        said = running.stderr.readline()
        assert said
    running.send_signal(signal.SIGINT)
    status, out, _ = ended(running)
    return status, out


@pytest.mark.parametrize("argv", [VIDEO_RUN, ("image", "p")], ids=["queue", "sync"])
def test_before_the_request_has_left_nothing_is_uncertain(argv: tuple[str, ...], key: str) -> None:
    write_config("http://127.0.0.1:1")
    running = start(*argv, "--json")
    status, out = interrupted_in_a_pause(running)
    assert status == 130
    error = json.loads(out)["error"]
    assert error["message"] == "interrupted before anything was sent"
    assert error["jobId"] == only_job().id
    assert only_job().state == "not_sent"


@pytest.mark.parametrize("argv", [VIDEO_RUN, ("image", "p")], ids=["queue", "sync"])
def test_a_request_that_fal_was_too_busy_for_was_not_taken(
    argv: tuple[str, ...], fal: Hooked
) -> None:
    for phase in ("sync", "submit"):
        fal.dials.fail(phase, "429", retry_after="60")
    running = start(*argv, "--json")
    status, out = interrupted_in_a_pause(running)
    assert (status, only_job().state) == (130, "not_sent")
    assert json.loads(out)["error"]["message"] == "interrupted before anything was sent"


def test_while_a_reference_is_uploaded(openclaw: Openclaw, fal: Hooked) -> None:
    Path("big.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(5 * 1024 * 1024))
    interrupt_when(fal, "initiate")
    outcome = openclaw("image", "edit", "--file", "big.png", "night", "--json")
    assert outcome.status == 130
    assert outcome.json["error"]["message"] == "interrupted before anything was sent"
    assert jobs(openclaw) == []
    assert fal.posts() == []


# While files are on their way


@pytest.mark.parametrize("argv", [VIDEO_RUN, ("image", "waves")], ids=["queue", "sync"])
def test_what_has_arrived_is_kept_and_taken_up(
    argv: tuple[str, ...], openclaw: Openclaw, fal: Hooked
) -> None:
    fal.dials = Dials(bandwidth=20_000)
    running = start(*argv, "--json")
    until(lambda: any(part.stat().st_size for part in part_files()), running)
    running.send_signal(signal.SIGINT)
    status, out, _ = ended(running)
    assert status == 130
    error = json.loads(out)["error"]
    assert error["hint"] == f"openclaw jobs wait {only_job().id}"
    assert error["requestId"]
    assert kept_files() == []
    (part,) = part_files()
    here = part.stat().st_size
    fal.dials = Dials()
    fal.clear()
    outcome = openclaw("jobs", "wait", only_job().id, "--json")
    (output,) = outcome.json["outputs"]
    assert Path(output["path"]).read_bytes() == fal.media(output["url"])
    assert [item.headers["range"] for item in fal.requests] == [f"bytes={here}-"]
    assert part_files() == []


def test_several_downloads_stop_together(openclaw: Openclaw, fal: Hooked) -> None:
    """Also those of a server that says nothing any more."""
    fal.dials.fail("media", "stall")
    running = start("image", "p", "--count", "4", "--json")
    until(lambda: len([part for part in part_files() if part.stat().st_size]) == 4, running)
    running.send_signal(signal.SIGTERM)
    assert running.wait(15) == 130
    out, err = running.communicate()
    assert json.loads(out)["error"]["jobId"] == only_job().id
    assert b"Traceback" not in err
    assert only_job().state == "completed"
    fal.dials.heal()
    assert openclaw("jobs", "wait", only_job().id).status == 0
    assert kept_files() == [f"p-{number}.png" for number in (1, 2, 3, 4)]


# The environment


def test_nohup_is_respected(fal: Hooked) -> None:
    fal.dials = endless()
    ignoring = "import os, signal, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN)"
    ignoring += "; os.execv(sys.argv[1], sys.argv[1:])"
    running = subprocess.Popen(
        [sys.executable, "-c", ignoring, *command(*VIDEO_RUN)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    until(lambda: fal.phase("stream"), running)
    running.send_signal(signal.SIGHUP)
    fal.dials = Dials()
    status, out, err = ended(running)
    assert (status, out) == (0, f"{Path.cwd() / 'waves.mp4'}\n"), err


def test_the_handlers_are_put_back(openclaw: Openclaw, fal: Hooked) -> None:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    fal.dials = endless()
    interrupt_when(fal, "stream")
    assert openclaw(*VIDEO_RUN).status == 130
    assert [signal.getsignal(number) for number in numbers] == before


def test_a_second_signal_still_prints_the_document(fal: Hooked) -> None:
    """The first one waits for the answer to the submit, the second one does not."""
    asked = threading.Event()

    def late(request: Request) -> None:
        asked.wait(20)

    fal.answer = late
    running = start(*VIDEO_RUN, "--json")
    assert running.stderr is not None
    messages = running.stderr
    try:
        until(fal.posts, running)
        running.send_signal(signal.SIGINT)
        until(lambda: b"stopping" in messages.readline(), running)
        running.send_signal(signal.SIGINT)
        status, out, _ = ended(running)
    finally:
        asked.set()
    assert status == 130
    document = json.loads(out)
    assert (document["ok"], document["error"]["code"]) == (False, "interrupted")
    assert document["error"]["hint"] == "openclaw jobs list"
    assert document["capability"] == "video.generate"


def test_a_second_signal_does_not_break_into_the_document(
    openclaw: Openclaw, fal: Hooked, monkeypatch: pytest.MonkeyPatch
) -> None:
    fal.dials = endless()
    interrupt_when(fal, "stream")
    printed = Renderer.failure

    def interrupted_again(renderer: Renderer, failure: OpenClawFalError) -> None:
        signal.raise_signal(signal.SIGINT)
        printed(renderer, failure)

    def gone(status: int) -> None:
        raise AssertionError(f"the process ended with {status}, and no document")

    monkeypatch.setattr(Renderer, "failure", interrupted_again)
    monkeypatch.setattr(os, "_exit", gone)
    interrupted(openclaw(*VIDEO_RUN, "--json"))
