"""Two points of each scenario, chosen by a seed, of all that `python -m tests.syscalls` tries."""

from __future__ import annotations

import random
import shutil

import pytest

from tests.support.effort import effort, is_exhaustive
from tests.support.program import in_process
from tests.syscalls.running import chosen, points, tried
from tests.syscalls.scenarios import SCENARIOS

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")

SEED = 14


@pytest.mark.exhaustive
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_broken_system_call_loses_nothing(
    scenario: str, capfd: pytest.CaptureFixture[str]
) -> None:
    run = in_process(capfd)
    seed = random.randrange(10**6) if is_exhaustive() else SEED
    every = points(scenario, run)
    sample = chosen(every, effort(2, len(every)), seed)
    wrong = [end for end in (tried(scenario, point, run) for point in sample) if end.wrong]
    assert not wrong, f"seed {seed}: {wrong}"
