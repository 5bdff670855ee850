"""Ctrl-C in the middle of a step that must not be cut in two."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from openclaw_fal.files.part_file import PartFile
from openclaw_fal.journal.jobs import Journal
from openclaw_fal.sandbox.http1 import Request, Response
from tests.support.program import Openclaw
from tests.support.queueing import SOON, Hooked, endless, journal, kept_files, only_job
from tests.support.systems import signals

pytestmark = signals

QUEUED = ("image", "p", "--queue", *SOON)


def before(monkeypatch: pytest.MonkeyPatch, owner: type, name: str, *, at_once: bool) -> None:
    """Let Ctrl-C come when a method is called for the first time: as a signal, which may be held
    back, or at once."""
    real = getattr(owner, name)
    came: list[str] = []

    def interrupted(*given: Any, **more: Any) -> Any:
        if not came:
            came.append(name)
            if at_once:
                raise KeyboardInterrupt
            os.kill(os.getpid(), signal.SIGINT)
        return real(*given, **more)

    monkeypatch.setattr(owner, name, interrupted)


@pytest.mark.parametrize(
    ("argv", "step", "state"),
    [(QUEUED, "submitted", "queued"), (("image", "p"), "completed", "completed")],
    ids=["queue", "sync"],
)
def test_what_came_at_the_same_moment_is_kept(
    argv: tuple[str, ...],
    step: str,
    state: str,
    openclaw: Openclaw,
    fal: Hooked,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before(monkeypatch, Journal, step, at_once=True)
    outcome = openclaw(*argv, "--json")
    job = only_job()
    assert (outcome.status, job.state) == (130, state)
    assert outcome.json["error"]["requestId"] == job.request_id
    assert openclaw("jobs", "wait", job.id, *SOON).status == 0
    assert (kept_files(), len(fal.posts())) == (["p.png"], 1)


def test_a_result_is_journalled_first(
    openclaw: Openclaw, fal: Hooked, monkeypatch: pytest.MonkeyPatch
) -> None:
    before(monkeypatch, Journal, "completed", at_once=False)
    assert openclaw(*QUEUED).status == 130
    assert (only_job().state, only_job().has_result) == ("completed", True)


def test_a_complete_file_gets_its_name_first(
    openclaw: Openclaw, fal: Hooked, monkeypatch: pytest.MonkeyPatch
) -> None:
    before(monkeypatch, PartFile, "finish", at_once=False)
    assert openclaw(*QUEUED).status == 130
    assert kept_files() == ["p.png"]
    assert list(only_job().outputs) == [0]


def test_an_interrupt_counts_more_than_the_failures_before_it(
    openclaw: Openclaw, fal: Hooked
) -> None:
    fal.dials = endless()
    assert openclaw(*QUEUED, "--async").status == 0

    def answer(request: Request) -> Response | None:
        os.kill(os.getpid(), signal.SIGINT)
        fal.answer = None
        return None

    fal.answer = answer
    outcome = openclaw("jobs", "wait", "zzzzzzzzzz", journal().list()[0].id, *SOON, "--json")
    assert outcome.status == 130
    assert outcome.json["error"]["code"] == "interrupted"
