"""Batches from Python: `batch` for threads, `abatch` and `agenerate` for asyncio."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from openclaw_fal.batches import commands, loading
from openclaw_fal.batches.item import ItemState
from openclaw_fal.batches.manifest import refusal
from openclaw_fal.batches.runner import Runner
from openclaw_fal.errors import OpenClawFalError
from openclaw_fal.frozen import Frozen
from openclaw_fal.media import Generated, MediaRequest
from openclaw_fal.options import options_of
from openclaw_fal.session import Session

if TYPE_CHECKING:
    from openclaw_fal.fal.deadline import Deadline


T = TypeVar("T")


class BatchResult(Frozen):
    """What came of one request of a batch. `id` is its name; `state` is `done` with `generated`, or
    `failed`, `uncertain` (it may have reached fal) or `running` (at fal, for a later run) with
    `error`."""

    id: str
    state: ItemState
    generated: Generated | None = None
    error: OpenClawFalError | None = None


def batch(
    requests: Mapping[str, MediaRequest] | Iterable[MediaRequest],
    *,
    name: str | None = None,
    output: str = "batch-out/",
    window: int = 8,
    max_spend: str | None = None,
    assume_cost: str | None = None,
    retry_failed: bool = False,
    sandbox: bool = False,
    config: str | None = None,
) -> Iterator[BatchResult]:
    """Run many requests, each exactly once, and iterate over their results as they come.

    `requests` by their ids, or a list whose ids are made from the requests. The batch of a `name`
    (default: of these very requests) goes on where an earlier run of it ended, in any process: what
    was sent is not sent again. `output` is a folder or template, `window` the most jobs at fal at
    once; `max_spend` and `assume_cost` are US dollars as decimal texts, for the whole batch.

    Nothing is sent before all requests are checked: raises CapabilityError with every problem, and
    Conflict for an id that was sent as another request. AuthError, BillingError and BudgetError are
    raised once what fal has taken is there. Leaving the iteration early sends no more.
    """
    session = Session()
    session.config, session.sandbox = config, sandbox
    loaded = loading.load("-", defaults={}, read_stdin=bytes, text=_manifest(requests))
    if name is not None:
        loaded = loaded.replaced(path=f"python:{name}")
    planned = loading.plan(loaded, session)
    if planned.problems:
        raise refusal(planned.problems, "the batch", planned.total)
    options = commands.BatchOptions(
        out=output,
        defaults={},
        window=window,
        retry_failed=retry_failed,
        max_spend=max_spend,
        assume_cost=assume_cost,
        sandbox=sandbox,
    )
    record = commands.prepare(loaded, planned, options)
    results = commands.results_of(record)
    with commands.running(record, planned.items, options, session) as runner:
        with closing(runner.run()) as groups:
            for ends in groups:
                lines = [commands.line_of(end, record) for end in ends]
                results.add([line for line in lines if line["state"] in ("done", "failed")])
                for end in ends:
                    yield BatchResult(end.item.id, end.state, end.generated, end.error)
        _raise_stop(runner)


def _manifest(requests: Mapping[str, MediaRequest] | Iterable[MediaRequest]) -> str:
    """The requests as JSON lines."""
    named: Iterable[tuple[str | None, MediaRequest]]
    named = (
        requests.items()
        if isinstance(requests, Mapping)
        else ((None, request) for request in requests)
    )
    rows = []
    for name, request in named:
        model = request.model if request.model.startswith("fal/") else f"fal/{request.model}"
        row = {**options_of(request), "model": model, "kind": request.kind}
        rows.append({"id": name, **row} if name is not None else row)
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _raise_stop(runner: Runner) -> None:
    if runner.stopped_by is not None and runner.counts().pending:
        raise runner.stopped_by


async def abatch(
    requests: Mapping[str, MediaRequest] | Iterable[MediaRequest], **options: Any
) -> AsyncIterator[BatchResult]:
    """`batch` for asyncio, with the same arguments, errors and guarantees.

    When the task is cancelled, no more is sent; what is on its way is written down first, and a
    later run of the same batch goes on from there.
    """
    results = batch(requests, **options)
    try:
        while (result := await _unbroken(next, results, None)) is not None:
            yield result
    finally:
        await _unbroken(results.close)  # type: ignore[attr-defined]


async def agenerate(request: MediaRequest | str, **options: Any) -> Generated:
    """`generate` for asyncio, through fal's queue, with the same arguments and errors.

    When the task is cancelled while the request is on its way, fal's answer is written down first;
    the job then goes on at fal, and `wait` (or the same call with the same `key`) brings its files.
    """
    from openclaw_fal import api

    waiting = {name: options[name] for name in WAIT_OPTIONS if name in options}
    sending = {
        name: value for name, value in options.items() if name not in ("poll_interval_s", "queue")
    }
    if options.get("sandbox"):  # it ends with the call: there is nothing to come back to
        return await _unbroken(lambda: api.generate(request, **{**options, "queue": True}))
    sending.pop("cancel_on_interrupt", None)
    sending.pop("sandbox", None)
    submitted = await _unbroken(lambda: api.submit(request, **sending))
    if not submitted.submitted_only:
        return submitted
    deadlines: list[Deadline] = []
    work: asyncio.Future[Generated] = asyncio.ensure_future(
        asyncio.to_thread(api.wait, submitted.job_id, deadlines=deadlines, **waiting)
    )
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        while not work.done():  # the wait may not have begun yet
            for deadline in deadlines:
                deadline.stop()
            await asyncio.wait({work}, timeout=STOP_EVERY_S)
        with suppress(OpenClawFalError):
            await work
        raise


STOP_EVERY_S = 0.05
WAIT_OPTIONS = ("timeout_s", "poll_interval_s", "config", "progress")


async def _unbroken(work: Callable[..., T], *arguments: object) -> T:
    """Run `work` in a thread to its end; a cancellation of the task has its effect after that."""
    task = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        with suppress(OpenClawFalError, StopIteration):
            await task
        raise
