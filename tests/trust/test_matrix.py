"""Every phase of a job, every fault, every kind: what is reported, journaled, left, and sent.

What is expected follows from three facts: whether fal may have taken the request, whether the job
can be asked for, and whether its result is here.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from openclaw_fal.sandbox import Sandbox
from tests.support.canary import traces
from tests.support.effort import some
from tests.support.program import Openclaw, jobs, write_config
from tests.trust.faulty import FAULTS, PHASES, trouble

KINDS: dict[str, tuple[list[str], str]] = {
    "image": (["image", "p"], "sync"),
    "video": (["video", "p"], "queue"),
    "music": (["music", "p"], "sync"),
    "image --queue": (["image", "p", "--queue"], "queue"),
}
CODES = {
    3: {"config"},
    4: {"auth"},
    6: {"job_failed"},
    7: {"network", "timeout"},
    130: {"interrupted"},
}
FIRST_TIMEOUT_MS = 350


class Expected(NamedTuple):
    """`states`: those that the journal may show. `answer`: whether fal's answer is kept as a file.
    `back`: whether `jobs wait` can bring the files later; `perhaps`: where fal's list of requests
    shows that the request arrived after all."""

    status: int
    states: tuple[str, ...]
    posts: int = 1
    answer: bool = False
    back: bool = False
    perhaps: bool = False


DONE = Expected(0, ("done",))
NO_SUCH_PHASE = {("sync", "wait"), ("sync", "result")}


def expected(phase: str, fault: str, transport: str) -> Expected:
    if (transport, phase) in NO_SUCH_PHASE:
        return DONE
    if phase == "connect":
        return Expected(7, ("not_sent" if fault == "refused" else "uncertain",), posts=0)
    if phase == "send":
        if fault == "refused":
            return Expected(4, ("failed",))
        if fault in ("garbage", "cut") and transport == "queue":
            return DONE  # the head of the answer names the job
        if fault == "garbage":
            return Expected(6, ("failed",), answer=True)
        return Expected(7, ("uncertain",), answer=fault == "cut", perhaps=True)
    if phase in ("wait", "result"):
        return Expected(4 if fault == "refused" else 7, ("queued", "running"), back=True)
    if phase == "download":
        return Expected(7, ("completed",), back=True)
    if fault == "stall":
        return DONE  # what has arrived is saved, whatever the time
    status = {"garbage": 7, "cut": 130}.get(fault, 3)
    return Expected(status, ("completed",), back=True)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as fal:
        yield fal
        assert fal.crashes == []


def files(folder: Path) -> list[Path]:
    """The files under final names; part files are hidden."""
    return [path for path in folder.iterdir() if not path.name.startswith(".")]


def check_saved(document: dict[str, Any], fal: Sandbox, folder: Path) -> None:
    """Exactly the files of the document, byte for byte, and nothing beside them."""
    (output,) = document["outputs"]
    path = Path(output["path"])
    assert path.read_bytes() == fal.media(output["url"])
    assert list(folder.iterdir()) == [path]


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("phase", "fault", "kind"),
    [
        (phase, fault, kind)
        for phase, fault in itertools.product(PHASES, FAULTS)
        for kind in some(KINDS, 2, seed=phase + fault)
    ],
)
def test_a_job_in_trouble(
    phase: str, fault: str, kind: str, openclaw: Openclaw, key: str, sandbox: Sandbox
) -> None:
    argv, transport = KINDS[kind]
    wanted = expected(phase, fault, transport)
    # Time may run out on a slow machine before the fault has struck: then again with more of it.
    timeout_ms = 20_000 if wanted.status in (0, 4) else FIRST_TIMEOUT_MS
    if (phase, fault) == ("save", "stall"):
        timeout_ms = FIRST_TIMEOUT_MS
    for attempt in range(6):
        folder = Path(f"out-{attempt}").absolute()
        sandbox.clear()
        with trouble(phase, fault, sandbox, timeout_ms / 1000) as made:
            write_config(made.url)
            outcome = openclaw(
                *argv, "--output", f"{folder}/", "--timeout-ms", str(timeout_ms),
                "--poll-interval", "0.05", "--json",
            )  # fmt: skip
        if made.struck or (wanted == DONE and outcome.status == 0):
            break
        timeout_ms *= 3
    assert made.struck or (transport, phase) in NO_SUCH_PHASE
    document = outcome.json
    assert outcome.status == wanted.status, outcome.out + outcome.err
    assert document["ok"] is (wanted.status == 0)
    assert "Traceback" not in outcome.err
    assert len(sandbox.posts()) == wanted.posts
    if phase == "connect" and fault != "refused":
        assert made.connections == 1
    job = jobs(openclaw)[0]
    assert job["state"] in wanted.states
    if wanted == DONE:
        check_saved(document, sandbox, folder)
        return
    error = document["error"]
    assert error["code"] in CODES[wanted.status]
    assert error["jobId"] == job["jobId"]
    assert error["message"]
    if wanted.back:
        assert f"openclaw jobs wait {job['jobId']}" in error["hint"]
    assert len(files(folder)) == wanted.answer
    check_later(wanted, job["jobId"], openclaw, sandbox, folder)
    assert sandbox.leaks == []
    assert not traces((outcome.out + outcome.err).encode())


def check_later(
    wanted: Expected, job_id: str, openclaw: Openclaw, fal: Sandbox, folder: Path
) -> None:
    """`jobs wait` when fal is well again: the files if they can be had, and never a new POST."""
    posts = len(fal.posts())
    later = openclaw(
        "jobs", "wait", job_id, "--json", "--timeout-ms", "20000", "--poll-interval", "0.05"
    )
    assert len(fal.posts()) == posts
    if wanted.back or (wanted.perhaps and later.status == 0):
        assert later.status == 0, later.out + later.err
        for file in files(folder):
            if wanted.answer and file.suffix == ".txt":
                file.unlink()  # the part of the answer that had come
        check_saved(later.json, fal, folder)
        assert jobs(openclaw)[0]["state"] == "done"
    else:
        assert later.status in (wanted.status, 6, 7)
        assert later.json["error"]["message"]
        assert len(files(folder)) == wanted.answer
