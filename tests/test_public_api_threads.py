"""The package as a library in programs with threads, and with Ctrl-C."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from openclaw_fal import Generated, ImageRequest, generate, submit, wait
from openclaw_fal.sandbox import Dials, Sandbox
from tests.support.queueing import until
from tests.support.systems import signals


def at_once(work: Callable[[int], Generated], count: int) -> list[Generated]:
    """What `work(0)`, … return, each in a thread of its own."""
    with ThreadPoolExecutor(count) as pool:
        return [future.result() for future in [pool.submit(work, n) for n in range(count)]]


@pytest.mark.parametrize("threads", [2, 8])
def test_threads_that_wait_for_one_job_get_the_same_files(fal: Sandbox, threads: int) -> None:
    job_id = submit(ImageRequest("fal-ai/flux/dev", "p", count=2)).job_id
    fal.dials = Dials(bandwidth=200_000, ranges=False)
    results = at_once(lambda _: wait(job_id, poll_interval_s=0.05), threads)
    assert {done.outputs for done in results} == {results[0].outputs}
    for output in results[0].outputs:
        assert output.path.read_bytes() == fal.media(output.url)
    assert sorted(path.name for path in Path.cwd().iterdir()) == ["p-1.png", "p-2.png"]
    assert len(fal.posts()) == 1


def test_a_media_host_that_cuts_spoils_no_file_of_two_threads(fal: Sandbox) -> None:
    job_id = submit(ImageRequest("fal-ai/flux/dev", "p")).job_id
    fal.dials = Dials(bandwidth=200_000, ranges=False)
    fal.dials.fail("media", "cut", count=2)
    results = at_once(lambda _: wait(job_id, poll_interval_s=0.05), 2)
    (output,) = results[0].outputs
    assert results[1].outputs == results[0].outputs
    assert output.path.read_bytes() == fal.media(output.url)


def test_threads_that_save_under_one_name_get_one_file_each(fal: Sandbox) -> None:
    results = at_once(
        lambda n: generate(ImageRequest("fal-ai/flux/dev", f"p{n}"), output="same.png"), 4
    )
    paths = [done.outputs[0].path for done in results]
    assert sorted(path.name for path in paths) == [
        "same-2.png",
        "same-3.png",
        "same-4.png",
        "same.png",
    ]
    for done in results:
        assert done.outputs[0].path.read_bytes() == fal.media(done.outputs[0].url)


# Ctrl-C in a program

INTERRUPTED = """
import time
from openclaw_fal import ImageRequest, Interrupted, generate

try:
    try:
        generate(ImageRequest("fal-ai/flux/dev", "p"), queue=True, poll_interval_s=0.05)
    except Interrupted as error:
        print(error.job_id, error.request_id)
    time.sleep(30)
except KeyboardInterrupt:
    print("Python's own again")
"""


@signals
def test_a_program_that_is_interrupted_while_a_submit_is_unanswered_keeps_the_id(
    fal: Sandbox,
) -> None:
    fal.dials = Dials(latency=1.0, queue_length=100)
    program = subprocess.Popen(
        [sys.executable, "-u", "-c", INTERRUPTED], stdout=subprocess.PIPE, text=True
    )
    assert program.stdout is not None
    with program.stdout:
        until(fal.posts)
        program.send_signal(signal.SIGINT)
        job_id, request_id = program.stdout.readline().split()
        program.send_signal(signal.SIGINT)
        assert program.stdout.readline() == "Python's own again\n"
    assert program.wait(30) == 0
    assert request_id == fal.jobs[0].id
    fal.dials = Dials()
    assert wait(job_id, poll_interval_s=0.05).outputs
    assert len(fal.posts()) == 1
