"""Batches from Python, with threads and with asyncio."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections import Counter
from pathlib import Path

import pytest

from openclaw_fal import (
    BudgetError,
    CapabilityError,
    Conflict,
    ImageRequest,
    abatch,
    agenerate,
    batch,
    generate,
    wait,
)
from openclaw_fal.sandbox import Dials
from tests.support.queueing import Hooked, journal

REQUESTS = {f"i{number}": ImageRequest("fal-ai/flux/dev", f"p{number}") for number in range(6)}


def sent(server: Hooked) -> Counter[str]:
    return Counter(json.loads(post.body)["prompt"] for post in server.posts())


def test_functions_for_asyncio_declare_the_arguments_of_the_others() -> None:
    for function, other in ((abatch, batch), (agenerate, generate)):
        parameters = inspect.signature(function).parameters
        assert parameters == inspect.signature(other).parameters


def test_results_come_with_their_ids_and_once(fal: Hooked) -> None:
    fal.dials = Dials(queue_length=0, run_time=0.05)
    for _ in range(2):
        results = {result.id: result for result in batch(REQUESTS, output="out/")}
        assert set(results) == set(REQUESTS)
        for result in results.values():
            assert result.state == "done"
            assert result.generated is not None
            assert result.generated.outputs[0].path.exists()
    assert sent(fal) == {f"p{number}": 1 for number in range(6)}


def test_leaving_early_sends_no_more_and_the_next_run_goes_on(fal: Hooked) -> None:
    fal.dials = Dials(queue_length=0, run_time=0.1)
    first = next(iter(batch(REQUESTS, output="out/", window=1)))
    assert first.state == "done"
    assert len(fal.posts()) < 6
    assert {result.id for result in batch(REQUESTS, output="out/")} == set(REQUESTS)
    assert sent(fal) == {f"p{number}": 1 for number in range(6)}


def test_nothing_is_sent_when_a_request_cannot_be(fal: Hooked) -> None:
    bad = [ImageRequest("fal-ai/flux/dev", "p", count=9), *REQUESTS.values()]
    with pytest.raises(CapabilityError, match="line 1"):
        list(batch(bad))
    assert fal.posts() == []


def test_a_name_is_one_batch(fal: Hooked) -> None:
    fal.dials = Dials(queue_length=0, run_time=0.05)
    one = {"a": ImageRequest("fal-ai/flux/dev", "one")}
    assert [result.state for result in batch(one, name="n", output="out/")] == ["done"]
    other = {"a": ImageRequest("fal-ai/flux/dev", "other")}
    with pytest.raises(Conflict):
        list(batch(other, name="n", output="out/"))
    more = {**one, "b": ImageRequest("fal-ai/flux/dev", "two")}
    assert len(list(batch(more, name="n", output="out/"))) == 2
    assert sent(fal) == {"one": 1, "two": 1}


def test_a_budget_is_an_error_at_the_end(fal: Hooked) -> None:
    fal.dials = Dials(queue_length=0, run_time=0.05)
    results = batch(REQUESTS, output="out/", max_spend="0.30", assume_cost="0.10")
    done = [next(results) for _ in range(3)]
    with pytest.raises(BudgetError):
        next(results)
    assert [result.state for result in done] == ["done"] * 3


def test_asyncio_iterates_over_the_same(fal: Hooked) -> None:
    fal.dials = Dials(queue_length=0, run_time=0.05)

    async def run() -> list[str]:
        return [result.id async for result in abatch(REQUESTS, output="out/")]

    assert sorted(asyncio.run(run())) == sorted(REQUESTS)


def test_asyncio_generates(fal: Hooked) -> None:
    fal.dials = Dials(queue_length=0, run_time=0.05)

    async def run() -> list[Path]:
        made = await asyncio.gather(
            *(agenerate(request, output="out/{prompt}.png") for request in REQUESTS.values())
        )
        return [done.outputs[0].path for done in made]

    paths = asyncio.run(run())
    assert all(path.exists() for path in paths)
    assert sent(fal) == {f"p{number}": 1 for number in range(6)}


def test_a_cancelled_task_leaves_a_job_that_can_be_waited_for(fal: Hooked) -> None:
    fal.dials = Dials(queue_length=0, run_time=30.0)

    async def run() -> None:
        task = asyncio.ensure_future(agenerate(REQUESTS["i0"], output="out/x.png"))
        while not fal.posts():
            await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    (job,) = journal().list()
    assert job.request_id is not None
    assert job.state in ("queued", "running")
    fal.dials = Dials(queue_length=0, run_time=0.0)
    assert wait(job.id).outputs[0].path.exists()
    assert sent(fal) == {"p0": 1}
