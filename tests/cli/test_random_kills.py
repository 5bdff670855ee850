"""`kill -9` at random moments of runs with four outputs: nothing is lost, and nothing is double."""

from __future__ import annotations

import random
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from openclaw_fal.sandbox import Dials
from tests.support.program import command, in_process
from tests.support.queueing import ended, until
from tests.support.systems import signals
from tests.syscalls import invariants
from tests.syscalls.scenarios import SOON, Place, place
from tests.syscalls.tracing import Ended

pytestmark = signals


KILLS = 100
"""Of each kind."""


DIALS = Dials(latency=0.1, run_time=0.3, bandwidth=20_000)
"""The request, the run and the files each take a while, so that kills come in all of them."""


def begun(argv: list[str], here: Place) -> tuple[subprocess.Popen[bytes], float]:
    """The program, and the time at which fal saw its request."""
    here.fal.dials = DIALS
    running = subprocess.Popen(
        command(*argv), cwd=here.out, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    until(lambda: any(item.method == "POST" for item in here.fal.requests), running)
    return running, time.monotonic()


def killed_after(seconds: float, argv: list[str], here: Place) -> Ended:
    """Run the program and kill it some time after fal has seen its request, unless it has ended
    before."""
    running, _ = begun(argv, here)
    time.sleep(seconds)
    running.kill()
    out, err = running.communicate()
    return Ended(running.returncode, out.decode(), err.decode(), ())


def length_of(argv: list[str], base: Path) -> float:
    """How long the program goes on after fal has seen its request, in seconds."""
    with place(base) as here:
        running, sent = begun(argv, here)
        assert ended(running)[0] == 0
        return time.monotonic() - sent


@pytest.mark.exhaustive(only=True)
@pytest.mark.parametrize("more", [("--queue", *SOON), ()], ids=["queue", "sync"])
def test_killed_at_random_moments(
    more: tuple[str, ...], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    seed = random.randrange(10**6)
    dice, run = random.Random(seed), in_process(capfd)
    argv = ["image", "waves", "--count", "4", *more, "--json"]
    whole = min(length_of(argv, tmp_path / f"whole {number}") for number in range(3))
    ends: Counter[str] = Counter()
    for number in range(KILLS):
        with place(tmp_path / str(number)) as here:
            broken = killed_after(dice.uniform(0, whole), argv, here)
            phases = [item.phase for item in here.fal.requests]
            at = "saving" if "media" in phases else "waiting" if len(phases) > 1 else "sending"
            here.fal.dials = Dials()
            end = invariants.held(here, broken, run)
            ends[f"{at}: {end}; {phases.count('sync') + phases.count('submit')} POST"] += 1
    with capfd.disabled():
        print(f"\nseed {seed}: {dict(ends)}")
