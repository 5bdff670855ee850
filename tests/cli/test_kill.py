"""`kill -9` at every moment of a job: what was answered is brought by `jobs wait`, and what was not
is shown as uncertain, and looked for at fal. Nothing is ever sent twice."""

from __future__ import annotations

import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from openclaw_fal.sandbox import Dials
from openclaw_fal.sandbox.http1 import Request, Response
from tests.cli.dooming import many_moments, requests_for, stopped_at_many_moments
from tests.support.effort import is_exhaustive
from tests.support.program import Openclaw, Process, jobs, start
from tests.support.queueing import SOON, Hooked, kept_files, only_job, part_files, slow_queue, until
from tests.support.systems import signals

pytestmark = signals

KILLED = -9
VIDEO_RUN = ["video", "waves", *SOON]
IMAGE_RUN = ["image", "waves"]


def killed_when(fal: Hooked, phase: str, argv: list[str], nth: int = 1) -> None:
    """Run the program and kill it when the server sees the nth request of a phase, before that is
    answered; return when the server has acted on it."""
    started = threading.Event()
    running: list[Process] = []

    def kill(request: Request) -> Response | None:
        started.wait(20)
        if len(fal.phase(phase)) >= nth:
            running[0].kill()
            running[0].wait()
        return None

    fal.answer = kill
    running.append(start(*argv))
    started.set()
    out, _ = running[0].communicate(timeout=60)
    assert (running[0].returncode, out) == (KILLED, b"")
    fal.answer = None
    until(lambda: fal.phase(phase)[nth - 1].status)


def brought(openclaw: Openclaw, fal: Hooked) -> list[str]:
    """`jobs wait` of the one job ends well; returns the names of what is there then."""
    outcome = openclaw("jobs", "wait", only_job().id, *SOON, "--json")
    assert outcome.status == 0, outcome.out
    for output in outcome.json["outputs"]:
        assert Path(output["path"]).read_bytes() == fal.media(output["url"])
    assert part_files() == []
    assert len(fal.posts()) == 1
    return kept_files()


@pytest.mark.parametrize("phase", ["stream", "status", "result", "media"])
def test_killed_after_the_submit_was_answered(phase: str, openclaw: Openclaw, fal: Hooked) -> None:
    fal.dials = slow_queue(stream=phase == "stream")
    killed_when(fal, phase, VIDEO_RUN, nth=3 if phase == "status" else 1)
    assert only_job().state in ("queued", "running", "completed")
    assert kept_files() == []
    assert brought(openclaw, fal) == ["waves.mp4"]


@pytest.mark.parametrize("argv", [VIDEO_RUN, IMAGE_RUN], ids=["queue", "sync"])
def test_killed_before_the_request_was_answered(
    argv: list[str], openclaw: Openclaw, fal: Hooked
) -> None:
    killed_when(fal, "submit" if argv is VIDEO_RUN else "sync", argv)
    (job,) = jobs(openclaw)
    assert job["state"] == "uncertain"
    assert openclaw("jobs", "list", "--state", "uncertain").lines[1].startswith(job["jobId"])
    assert brought(openclaw, fal) == [f"waves.{'mp4' if argv is VIDEO_RUN else 'png'}"]


def test_killed_after_a_synchronous_answer(openclaw: Openclaw, fal: Hooked) -> None:
    killed_when(fal, "media", IMAGE_RUN)
    assert only_job().state == "completed"
    assert brought(openclaw, fal) == ["waves.png"]


def test_killed_in_the_middle_of_the_download(openclaw: Openclaw, fal: Hooked) -> None:
    fal.dials = Dials(bandwidth=1_000_000)
    running = start(*VIDEO_RUN)
    until(lambda: any(part.stat().st_size for part in part_files()), running)
    running.kill()
    running.communicate()
    (part,) = part_files()
    here = part.stat().st_size
    fal.dials = Dials()
    fal.clear()
    assert openclaw("jobs", "wait", only_job().id).status == 0
    assert [item.headers["range"] for item in fal.phase("media")] == [f"bytes={here}-"]
    assert Path("waves.mp4").read_bytes() == fal.media(fal.phase("media")[0].path)
    assert (kept_files(), part_files()) == (["waves.mp4"], [])


def test_killed_while_several_files_were_on_their_way(openclaw: Openclaw, fal: Hooked) -> None:
    fal.dials = Dials(bandwidth=20_000)
    running = start(*IMAGE_RUN, "--count", "4")
    until(lambda: len(part_files()) == 4, running)
    running.kill()
    running.communicate()
    fal.dials = Dials()
    assert brought(openclaw, fal) == [f"waves-{number}.png" for number in (1, 2, 3, 4)]


def test_another_process_takes_over_from_one_that_was_killed(
    openclaw: Openclaw, fal: Hooked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both wait for the same job; the one that saves its file is killed while the other waits."""
    assert openclaw("video", "waves", "--async").status == 0
    fal.dials = Dials(bandwidth=100_000)
    first = start("jobs", "wait", only_job().id)
    until(lambda: any(part.stat().st_size for part in part_files()), first)
    fal.dials = Dials()
    turns: list[float] = []

    def kill_the_first(seconds: float) -> None:
        turns.append(seconds)
        first.kill()
        first.communicate()

    monkeypatch.setattr("openclaw_fal.journal.jobs.time.sleep", kill_the_first)
    assert brought(openclaw, fal) == ["waves.mp4"]
    assert turns


# At many moments


@pytest.mark.exhaustive
@many_moments
def test_killed_at_many_moments(
    argv: list[str],
    moments: int,
    openclaw: Openclaw,
    fal: Hooked,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fal.dials = Dials(queue_length=1, queue_step=1, run_time=2, clock="polls")
    statuses = stopped_at_many_moments(tmp_path, moments, signal.SIGKILL, argv)
    assert len(statuses) > moments / 2
    states: dict[str, int] = {}
    for moment, status in statuses.items():
        monkeypatch.setenv("OPENCLAW_FAL_HOME", str(tmp_path / moment / "home"))
        monkeypatch.chdir(tmp_path / moment / "out")
        state = after_a_kill(openclaw, fal, f"run {moment}", status)
        states[state] = states.get(state, 0) + 1
    if is_exhaustive():
        assert states.keys() >= {"no job", "uncertain", "completed", "done"}, states
    if is_exhaustive() and "--queue" in argv:
        assert states.keys() & {"queued", "running"}, states


def after_a_kill(openclaw: Openclaw, fal: Hooked, prompt: str, status: int) -> str:
    """Hold what must hold after a run was killed; returns the state that it was left in."""
    assert status in (KILLED, 0)
    posts, asked_later = requests_for(fal, prompt)
    assert posts <= 1
    found = jobs(openclaw)
    if not found:
        assert posts == 0, "a request left before there was a row"
        return "no job"
    (job,) = found
    outcome = openclaw("jobs", "wait", job["jobId"], *SOON, "--json")
    if job["state"] == "uncertain":
        assert not asked_later, "the submit was answered, and its id is lost"
        assert outcome.status == 7 or (posts and outcome.status == 0), outcome.out
    else:
        assert outcome.status == 0, outcome.out
        for output in outcome.json["outputs"]:
            assert Path(output["path"]).read_bytes() == fal.media(output["url"])
        assert part_files() == []
    sizes = {len(fal.media(output["url"])) for output in outcome.json.get("outputs", [])}
    assert {Path(name).stat().st_size for name in kept_files()} <= sizes
    assert requests_for(fal, prompt)[0] == posts
    return str(job["state"])


def test_a_killed_program_leaves_a_journal_that_works(openclaw: Openclaw, fal: Hooked) -> None:
    """Eight processes that write at once, each of which dies at another moment."""
    running: list[Any] = [start("video", f"p{number}", *SOON) for number in range(8)]
    for number, process in enumerate(running):
        # At different moments, as far as this machine lets them: those that are dead send no more.
        begun = time.monotonic()
        until(lambda: len(fal.posts()) >= number // 2 or time.monotonic() > begun + 1)  # noqa: B023
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert {job["state"] for job in jobs(openclaw)} <= {
        "uncertain",
        "queued",
        "running",
        "completed",
        "done",
    }
    assert openclaw("image", "still works").status == 0
