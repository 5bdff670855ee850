"""Ctrl-C at many moments: whatever the moment, the message is true."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from openclaw_fal.sandbox import Dials
from tests.cli.dooming import many_moments, requests_for, stopped_at_many_moments
from tests.support.effort import is_exhaustive
from tests.support.program import Openclaw, jobs
from tests.support.queueing import (
    SOON,
    Hooked,
    kept_files,
    part_files,
)
from tests.support.systems import signals

pytestmark = signals


@pytest.mark.exhaustive
@many_moments
def test_interrupted_at_many_moments(
    argv: list[str],
    moments: int,
    openclaw: Openclaw,
    fal: Hooked,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fal.dials = Dials(queue_length=1, queue_step=1, run_time=2, clock="polls")
    statuses = stopped_at_many_moments(tmp_path, moments, signal.SIGINT, [*argv, "--json"])
    states: set[str] = set()
    for moment, status in statuses.items():
        monkeypatch.setenv("OPENCLAW_FAL_HOME", str(tmp_path / moment / "home"))
        monkeypatch.chdir(tmp_path / moment / "out")
        said = (tmp_path / moment / "said").read_text()
        noted = (tmp_path / moment / "noted").read_text()
        assert "Traceback" not in noted, noted
        assert status in (0, 130), said + noted
        if status == 130:
            hold = after_an_interrupt(openclaw, fal, f"run {moment}", json.loads(said))
            states.add(hold)
    if is_exhaustive():
        assert states >= {"not_sent", "completed"}, states
        assert states & ({"queued", "running"} if "--queue" in argv else {"uncertain"}), states


def after_an_interrupt(
    openclaw: Openclaw, fal: Hooked, prompt: str, document: dict[str, Any]
) -> str:
    """Hold what must hold after a run was interrupted; returns the state that it was left in."""
    assert document["error"]["code"] == "interrupted"
    posts, asked_later = requests_for(fal, prompt)
    found = jobs(openclaw)
    if not found:
        assert posts == 0
        return "no job"
    (job,) = found
    assert document["error"]["jobId"] == job["jobId"], "the message does not name the job"
    outcome = openclaw("jobs", "wait", job["jobId"], *SOON, "--json")
    if job["state"] == "not_sent":
        assert posts == 0
    elif job["state"] == "uncertain":
        assert not asked_later
        assert "may be billed" in document["error"]["message"]
    else:
        assert document["error"]["requestId"] == job["requestId"]
        assert outcome.status == 0, outcome.out
        for output in outcome.json["outputs"]:
            assert Path(output["path"]).read_bytes() == fal.media(output["url"])
        assert len(kept_files()) == len(outcome.json["outputs"])
        assert part_files() == []
    assert requests_for(fal, prompt)[0] == posts <= 1
    return str(job["state"])
