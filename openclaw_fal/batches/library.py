"""The public functions for batches and asyncio: `batch`, `abatch` and `agenerate`."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import closing, suppress
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from openclaw_fal import api
from openclaw_fal.batches import commands, loading
from openclaw_fal.batches.item import ItemState
from openclaw_fal.batches.manifest import problems_error
from openclaw_fal.environment import uses_sandbox
from openclaw_fal.errors import OpenClawFalError
from openclaw_fal.frozen import Frozen
from openclaw_fal.media import Generated, MediaRequest
from openclaw_fal.money.amount import Dollars, dollars
from openclaw_fal.options import options_of
from openclaw_fal.session import Session

if TYPE_CHECKING:
    from openclaw_fal.fal.deadline import Deadline


P = ParamSpec("P")
T = TypeVar("T")


class BatchResult(Frozen):
    """The result of one request of a batch. `state` is `done` with `generated`, or with `error`:
    `failed`, `uncertain` (it may have reached fal), or `running` (a later run can fetch it)."""

    id: str
    state: ItemState
    generated: Generated | None = None
    error: OpenClawFalError | None = None


def batch(
    requests: Mapping[str, MediaRequest] | Iterable[MediaRequest],
    *,
    name: str | None = None,
    output: str | PathLike[str] = "batch-out/",
    window: int = 8,
    max_spend: Dollars | None = None,
    assume_cost: Dollars | None = None,
    retry_failed: bool = False,
    sandbox: bool = False,
    config: str | None = None,
) -> Iterator[BatchResult]:
    """Run many requests, each exactly once; yields the results as they come.

    `requests` maps ids to requests; a list gets ids made from its requests. A second call with the
    same `name`, or with the same requests, goes on where the first ended, in any process: what was
    sent is not sent again. `output` is a folder or template, `window` is the most jobs at fal at
    the same time. `max_spend` and `assume_cost` are US dollars ("0.25", Decimal): the limit for the
    whole batch, and the price of a request whose price is unknown. `retry_failed` sends failed
    requests again.

    All requests are checked before the first is sent: raises CapabilityError with every problem,
    and Conflict for an id that was sent with another request or another `output`.
    AuthError, BillingError and BudgetError are raised after the results of what fal has accepted.
    Leaving the iteration early stops the sending.
    """
    sandbox = uses_sandbox(sandbox)
    session = Session()
    session.config, session.sandbox = config, sandbox
    loaded = loading.load("-", defaults={}, read_stdin=bytes, text=_manifest(requests))
    if name is not None:
        loaded = loaded.replaced(path=f"python:{name}")
    planned = loading.plan(loaded, session)
    if planned.problems:
        raise problems_error(planned.problems, "the batch", planned.total)
    options = commands.BatchOptions(
        out=fspath(output),
        defaults={},
        window=window,
        retry_failed=retry_failed,
        max_spend=dollars("max_spend", max_spend),
        assume_cost=dollars("assume_cost", assume_cost),
        sandbox=sandbox,
    )
    record = commands.record_for(loaded, planned, options)
    results = commands.results_file(record)
    with commands.running(record, planned.items, options, session) as runner:
        with closing(runner.run()) as groups:
            for outcomes in groups:
                lines = [commands.results_line(outcome, record) for outcome in outcomes]
                results.add([line for line in lines if line["state"] in ("done", "failed")])
                for outcome in outcomes:
                    yield BatchResult(
                        outcome.item.id, outcome.state, outcome.generated, outcome.error
                    )
        if runner.stopped_by is not None and runner.counts().pending:
            raise runner.stopped_by


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
        if not isinstance(request, MediaRequest):
            raise TypeError(
                "each request is an ImageRequest, VideoRequest or MusicRequest, not "
                f"{type(request).__name__}"
            )
        model = request.model if request.model.startswith("fal/") else f"fal/{request.model}"
        row = {**options_of(request), "model": model, "kind": request.kind}
        rows.append({"id": name, **row} if name is not None else row)
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _with_arguments_of(
    function: Callable[P, object],
) -> Callable[[Callable[..., T]], Callable[P, T]]:
    """A decorator that gives a function the parameters of another one, for type checkers, editors
    and `help`."""

    def decorated(wrapper: Callable[..., T]) -> Callable[P, T]:
        parameters = [*inspect.signature(function).parameters.values()]
        signature = inspect.signature(wrapper).replace(parameters=parameters)
        wrapper.__signature__ = signature  # type: ignore[attr-defined]
        return wrapper

    return decorated


@_with_arguments_of(batch)
async def abatch(*arguments: Any, **options: Any) -> AsyncIterator[BatchResult]:
    """`batch` for asyncio, with the same arguments, errors and guarantees.

    A cancelled task stops the sending, and keeps fal's answers to the requests on their way; a
    later call goes on with the batch.
    """
    results = batch(*arguments, **options)  # whose parameters the decorator declares
    try:
        while (result := await _finish_in_thread(next, results, None)) is not None:
            yield result
    finally:
        await _finish_in_thread(results.close)  # type: ignore[attr-defined]


@_with_arguments_of(api.generate)
async def agenerate(request: MediaRequest | str, **options: Any) -> Generated:
    """`generate` for asyncio, through fal's queue, with the same arguments and errors.

    A task that is cancelled while the request is on its way keeps fal's answer; the job goes on at
    fal, and `wait` (or the same call with the same `key`) fetches its files.
    """
    if uses_sandbox(bool(options.get("sandbox"))):  # it ends with the call: no job to fetch later
        return await _finish_in_thread(lambda: api.generate(request, **{**options, "queue": True}))
    waiting = {name: options[name] for name in WAIT_OPTIONS if name in options}
    sending = {name: options[name] for name in options if name not in NOT_FOR_SUBMIT}
    submitted = await _finish_in_thread(lambda: api.submit(request, **sending))
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
NOT_FOR_SUBMIT = ("poll_interval_s", "queue", "cancel_on_interrupt", "sandbox")


async def _finish_in_thread(function: Callable[..., T], *arguments: object) -> T:
    """Run `function` in a thread. If the task is cancelled, the function still runs to its end
    before CancelledError is raised."""
    task = asyncio.ensure_future(asyncio.to_thread(function, *arguments))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        with suppress(OpenClawFalError, StopIteration):
            await task
        raise
