"""Ctrl-C in a batch says how it goes on, whenever it comes."""

from __future__ import annotations

import json
import signal

import pytest

from openclaw_fal.batches.runner import Runner
from openclaw_fal.sandbox import Dials
from tests.cli.batching import QUICK, numbered
from tests.support.program import Openclaw, start
from tests.support.queueing import Hooked, ended, until
from tests.support.systems import signals


@signals
def test_ctrl_c_says_how_to_go_on(openclaw: Openclaw, fal: Hooked) -> None:
    fal.dials = Dials(queue_length=0, run_time=30.0)
    numbered(20)
    runner = start("batch", "run", "m.jsonl", "--out", "out/", "--window", "4", "--json")
    until(lambda: len(fal.posts()) == 4, runner)
    runner.send_signal(signal.SIGINT)
    status, out, _ = ended(runner)
    assert status == 130
    error = json.loads(out)["error"]
    assert error["code"] == "interrupted"
    assert error["hint"].startswith("openclaw batch resume ")
    asked = openclaw("batch", "cancel", error["hint"].split()[3], "--json").json["jobs"]
    cancelled = [item for item in fal.requests if item.path.endswith("/cancel")]
    assert [job["outcome"] for job in asked] == ["requested"] * len(cancelled)
    assert asked
    fal.dials = QUICK
    standing = openclaw("batch", "status", "m.jsonl", "--json").json["batches"][0]
    assert standing["pending"] == 16
    assert (
        standing["states"] in ({"queued": 4}, {"running": 4})
        or sum(standing["states"].values()) == 4
    )


@signals
def test_ctrl_c_in_a_sandbox_promises_nothing(openclaw: Openclaw) -> None:
    """The sandbox ends with the command: its batch cannot be resumed, and says so."""
    numbered(3)
    slow = {"OPENCLAW_FAL_SANDBOX_DIALS": "run-time=60"}
    runner = start("batch", "run", "m.jsonl", "--sandbox", "--json", env=slow)
    until(lambda: "queued" in openclaw("batch", "status").out, runner)
    runner.send_signal(signal.SIGINT)
    status, out, _ = ended(runner)
    assert status == 130
    assert json.loads(out)["error"]["hint"].startswith("the sandbox ended with this command")
    (batch,) = openclaw("batch", "status", "--json").json["batches"]
    for command in ("resume", "wait"):
        refused = openclaw("batch", command, batch["batch"], "--json")
        assert refused.status == 2
        assert "has ended" in refused.json["error"]["message"]
    assert openclaw("batch", "export", batch["batch"]).status == 0


def test_ctrl_c_while_the_threads_start_says_how_to_go_on_too(
    openclaw: Openclaw, fal: Hooked, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(runner: Runner) -> None:
        raise KeyboardInterrupt

    numbered(2)
    monkeypatch.setattr(Runner, "_poller", property(interrupted))
    outcome = openclaw("batch", "run", "m.jsonl", "--out", "out/", "--json")

    assert outcome.status == 130
    error = outcome.json["error"]
    assert "of 2 items, 0 done" in error["message"]  # said once nothing is on its way any more
    assert error["hint"].startswith("openclaw batch resume ")
