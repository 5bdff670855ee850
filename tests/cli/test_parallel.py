"""Several processes at the same time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from openclaw_fal.sandbox import Dials
from tests.support.effort import effort
from tests.support.program import Openclaw, jobs, python, start
from tests.support.queueing import Hooked, kept_files

MANY = """
import sys
from openclaw_fal.__main__ import main
for number in range(int(sys.argv[2])):
    assert main(["video", f"{sys.argv[1]} {number}", "--async"]) == 0
"""


@pytest.mark.exhaustive
def test_jobs_from_eight_processes_are_all_in_the_journal(openclaw: Openclaw, fal: Hooked) -> None:
    counts = [effort(3, 13)] * 8
    workers = [python(MANY, number, count) for number, count in enumerate(counts)]
    said = [worker.communicate(timeout=120) for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * 8, said
    found = jobs(openclaw)
    assert {job["prompt"] for job in found} == {
        f"{number} {index}" for number, count in enumerate(counts) for index in range(count)
    }
    assert {job["requestId"] for job in found} == {job.id for job in fal.jobs}
    assert len(found) == len(fal.posts()) == sum(counts)
    printed = {line for out, _ in said for line in out.decode().splitlines()}
    assert printed == {job["jobId"] for job in found}


def test_two_processes_with_one_output_name_both_succeed_with_different_files(
    fal: Hooked,
) -> None:
    fal.dials = Dials(media_latency=0.2)
    both = [start("image", prompt, "--output", "out.png", "--json") for prompt in ("one", "two")]
    said: list[Any] = [running.communicate(timeout=60) for running in both]
    assert [running.returncode for running in both] == [0, 0], said
    assert kept_files() == ["out-2.png", "out.png"]
    assert len({Path(name).read_bytes() for name in kept_files()}) == 2
