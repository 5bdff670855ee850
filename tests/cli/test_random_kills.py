"""`kill -9` at random moments of runs with four outputs: nothing is lost, and nothing is double."""

from __future__ import annotations

import os
import random
import subprocess
import time
from pathlib import Path

import pytest

from openclaw_fal.sandbox import Dials
from tests.program import command, in_process
from tests.support.effort import effort
from tests.syscalls import invariants
from tests.syscalls.scenarios import SOON, Place, place
from tests.syscalls.tracing import Ended

pytestmark = pytest.mark.skipif(os.name == "nt", reason="no SIGKILL")


KILLS = 100
"""Of each kind."""


def killed_after(seconds: float, argv: list[str], here: Place) -> Ended:
    """Run the program and kill it at a moment, unless it has ended before."""
    running = subprocess.Popen(
        command(*argv), cwd=here.out, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    time.sleep(seconds)
    running.kill()
    out, err = running.communicate()
    return Ended(running.returncode, out.decode(), err.decode(), ())


@pytest.mark.exhaustive(only=True)
@pytest.mark.parametrize("more", [("--queue", *SOON), ()], ids=["queue", "sync"])
def test_killed_at_random_moments(
    more: tuple[str, ...], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    seed = random.randrange(10**6)
    dice, run = random.Random(seed), in_process(capfd)
    argv = ["image", "waves", "--count", "4", *more, "--json"]
    begun = time.monotonic()
    with place(tmp_path / "whole") as here:
        assert (
            subprocess.run(
                command(*argv), cwd=here.out, capture_output=True, check=False
            ).returncode
            == 0
        )
    whole = time.monotonic() - begun
    ends: dict[str, int] = {}
    for number in range(effort(10, KILLS)):
        with place(tmp_path / str(number)) as here:
            here.fal.dials = Dials(run_time=1, clock="polls", bandwidth=200_000)
            ended = killed_after(dice.uniform(0.3, 1.2) * whole, argv, here)
            end = invariants.held(here, ended, run)
        ends[end] = ends.get(end, 0) + 1
    assert sum(ends.values()) == len(list(tmp_path.iterdir())) - 1
    with capfd.disabled():
        print(f"\nseed {seed}: {ends}")
