"""The use cases of `openclaw batch`: run what was planned, say how it stands, cancel it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from openclaw_fal.batches.item import ItemEnd, PlannedItem
from openclaw_fal.batches.loading import STDIN, Loaded
from openclaw_fal.batches.plan import Planned, shard_of
from openclaw_fal.batches.records import BatchRecord, Records, new_id
from openclaw_fal.batches.results import NAME, Line, ResultsFile
from openclaw_fal.batches.runner import Runner
from openclaw_fal.batches.work import JobWork, refuse_changed
from openclaw_fal.errors import (
    AuthError,
    BillingError,
    Interrupted,
    OpenClawFalError,
)
from openclaw_fal.frozen import Frozen
from openclaw_fal.job import wiring
from openclaw_fal.job.marking import check_signing
from openclaw_fal.job.settings import RunSettings, choose_model, run_settings
from openclaw_fal.media import Kind
from openclaw_fal.money.amount import Money, parsed
from openclaw_fal.money.budget import Cap
from openclaw_fal.progress import Counts

if TYPE_CHECKING:
    from openclaw_fal.config.read import Config
    from openclaw_fal.journal.record import State
    from openclaw_fal.session import Session

QUEUE_TIMEOUT_S = 3600.0
"""The least time that an item has, in seconds: fal keeps results for about an hour."""

WRITE_EVERY_S = 0.5
"""The pause between two writes of results: each locks the file and puts it on the disk."""

WATCH_EVERY_S = 0.25
"""The pause between two updates of the display."""

MONEY_EVERY_S = 1.0
"""The pause between two sums of what the batch has cost: each reads the journal."""


class BatchOptions(Frozen, kw_only=True):
    """How a batch is run, as the command line says it. Times in seconds."""

    out: str | None = None
    defaults: dict[str, object]
    window: int = 8
    retry_failed: bool = False
    fail_fast: bool = False
    allow_changed: bool = False
    shard: tuple[int, int] | None = None
    low_priority: bool = False
    timeout_s: float | None = None
    max_spend: str | None = None
    assume_cost: str | None = None
    provenance: str | None = None
    sign: tuple[str, str] | None = None
    sandbox: bool = False


class Display(Protocol):
    """Who watches a batch; called from several threads."""

    def output(self, path: str) -> None: ...
    def event(self, text: str) -> None: ...
    def stands(self, counts: Counts, money: str) -> None: ...


def records() -> Records:
    """What is remembered of this user's batches."""
    from openclaw_fal.store import paths

    return Records(paths.batches_folder())


def prepare(loaded: Loaded, planned: Planned, options: BatchOptions) -> BatchRecord:
    """The record of the batch that this manifest is: that of an earlier run, or a new one."""
    kept = records()
    sha256 = loaded.manifest.sha256
    # A sandbox ends with its command, and its jobs with it: each such run is a batch of its own.
    earlier = None if options.sandbox else kept.of(loaded.path, sha256, sandbox=False)
    identity = f"{loaded.path}{time.time_ns()}" if options.sandbox else loaded.path
    out = options.out or (earlier.out if earlier else None) or _default_out(loaded)
    record = BatchRecord(
        id=earlier.id if earlier else new_id(identity, sha256, sandbox=options.sandbox),
        manifest=loaded.path,
        sha256=sha256,
        created=earlier.created if earlier else time.time(),
        total=len(planned.items),
        out=out,
        results=str(_results_path(out)),
        sandbox=options.sandbox,
        defaults=options.defaults,
        prompts=loaded.prompts,
        text=loaded.text,
        max_spend=options.max_spend,
        assume_cost=options.assume_cost,
    )
    kept.save(record)
    return record


def with_its_money(record: BatchRecord, options: BatchOptions) -> BatchOptions:
    """The options of a run that goes on: what is not given anew is as it was, money above all."""
    money = {
        "max_spend": options.max_spend or record.max_spend,
        "assume_cost": options.assume_cost or record.assume_cost,
    }
    records().save(record.replaced(**money))
    return options.replaced(**money)


def _default_out(loaded: Loaded) -> str:
    stem = "batch" if loaded.path == STDIN else Path(loaded.path).stem
    return f"{stem}-out/"


def _results_path(out: str) -> Path:
    """Where results go: the part of the target's folder that is the same for all items."""
    folder = Path(out) if out.endswith(("/", os.sep)) or Path(out).is_dir() else Path(out).parent
    while "{" in str(folder):
        folder = folder.parent
    return folder.absolute() / NAME


def chosen(planned: Planned, options: BatchOptions) -> tuple[PlannedItem, ...]:
    """The items of this shard."""
    if options.shard is None:
        return planned.items
    return shard_of(planned.items, *options.shard)


def results_of(record: BatchRecord) -> ResultsFile:
    """The results file of a batch."""
    from openclaw_fal.store.locks import locked

    return ResultsFile(Path(record.results), locked)


def line_of(end: ItemEnd, record: BatchRecord) -> Line:
    """What `results.jsonl` says of an item."""
    generated, job = end.generated, end.job
    line: Line = {"id": end.item.id, "batch": record.id, "state": end.state}
    line["model"] = end.item.plan.model
    if generated is not None:
        line["outputs"] = [output.as_json() for output in generated.outputs]
        line["requestId"], line["jobId"] = generated.request_id, generated.job_id
        line["seed"] = generated.seed
        line["cost"] = generated.cost.as_json() if generated.cost else None
    elif job is not None:
        line["requestId"], line["jobId"] = job.request_id, job.id
    if end.error is not None:
        line["error"] = {"code": end.error.code, "message": end.error.message}
    elif end.state == "failed" and job is not None and job.error is not None:
        line["error"] = {"code": job.error.code, "message": job.error.message}
    return {key: value for key, value in line.items() if value is not None}


class BatchEnd(Frozen):
    """What one run of a batch came to. `stopped_by` is why some items were not sent."""

    record: BatchRecord
    counts: Counts
    lines: tuple[Line, ...]
    stopped_by: OpenClawFalError | None


def run(
    record: BatchRecord,
    items: Sequence[PlannedItem],
    options: BatchOptions,
    session: Session,
    display: Display,
    *,
    submit: bool = True,
) -> BatchEnd:
    """Run items, tell `display` what happens, and write each end down as it comes.

    Raises Conflict for items whose request has changed, and Interrupted after Ctrl-C.
    """
    results = results_of(record)
    lines: list[Line] = []
    written, next_write = 0, 0.0
    with running(record, items, options, session, submit=submit) as runner:
        watching = threading.Event()
        watcher = threading.Thread(
            target=_watch, args=(runner, record, options, display, watching), daemon=True
        )
        watcher.start()
        try:
            for ends in runner.run():
                lines += (line_of(end, record) for end in ends)
                for end in ends:
                    _show(end, display)
                if time.monotonic() >= next_write:
                    written = _write(results, lines, written)
                    next_write = time.monotonic() + WRITE_EVERY_S
        except Interrupted as error:
            error.hint = record.way_on
            raise
        except KeyboardInterrupt:  # it came while an end was shown or written down
            raise Interrupted("the batch was interrupted", hint=record.way_on) from None
        finally:
            watching.set()
            watcher.join()
            _write(results, lines, written)
        return BatchEnd(record, runner.counts(), tuple(lines), runner.stopped_by)


def _write(results: ResultsFile, lines: list[Line], written: int) -> int:
    """Write the lines after the first `written` of items that have ended; returns how many lines
    there are. What a crash keeps from being written stands in the journal, and is written then."""
    results.add([line for line in lines[written:] if line["state"] in ("done", "failed")])
    return len(lines)


def _show(end: ItemEnd, display: Display) -> None:
    if end.generated is not None:
        for output in end.generated.outputs:
            display.output(str(output.path))
        return
    error = end.error or (end.job and end.job.error)
    why = f": {error.message}" if error else ""
    display.event(f"{end.item.id} (line {end.item.line}) {end.state}{why}")


def _watch(
    runner: Runner,
    record: BatchRecord,
    options: BatchOptions,
    display: Display,
    over: threading.Event,
) -> None:
    """Tell the display how far the batch is, until it is over."""
    money, money_at = "", 0.0
    while not over.wait(WATCH_EVERY_S):
        if time.monotonic() >= money_at:
            money, money_at = _money(record, options), time.monotonic() + MONEY_EVERY_S
        display.stands(runner.counts(), money)


def _money(record: BatchRecord, options: BatchOptions) -> str:
    """What the batch has cost, of what it may cost."""
    spent = _spent(record)
    if options.max_spend is not None:
        return f"{spent or Money(0)} of {parsed(options.max_spend, '--max-spend')}"
    return str(spent) if spent else ""


@contextmanager
def running(
    record: BatchRecord,
    items: Sequence[PlannedItem],
    options: BatchOptions,
    session: Session,
    *,
    submit: bool = True,
) -> Iterator[Runner]:
    """A runner for these items, on the hosts of the config or on a sandbox of its own."""
    config = wiring.read_config(session.config)
    settings_of = _settings(record, options, config, session)
    check_signing(settings_of("image"))
    quotes = wiring.quotes(config, settings_of("image"))
    with (
        wiring.shared_journal() as journal,
        wiring.engine(config, session=session, quotes=quotes, shared=journal) as engine,
    ):
        work = JobWork(record, engine, settings_of, Path.cwd())
        known = work.known()
        changed = work.changed(items, known) if submit else []
        if options.allow_changed:
            work.forget([job for _, job in changed])
        else:
            refuse_changed(changed)
        if options.retry_failed:
            work.forget([job for job in known.values() if job.state in ("failed", "cancelled")])
        yield Runner(items, work, window=options.window, fail_fast=options.fail_fast, submit=submit)


def _settings(
    record: BatchRecord, options: BatchOptions, config: Config, session: Session
) -> Callable[[Kind], RunSettings]:
    """How the items of each kind are run; made once for each kind."""

    @cache
    def settings_of(kind: Kind) -> RunSettings:
        choice = choose_model(kind, None, config)
        given = {
            "timeout_s": options.timeout_s,
            "sandbox": session.sandbox,
            "max_spend": options.max_spend,
            "assume_cost": options.assume_cost,
            "batch": record.id,
            "provenance": options.provenance,
            "sign": options.sign,
            "priority": "low" if options.low_priority else None,
        }
        settings = run_settings(kind, config, choice, given, capability="batch.run")
        if options.timeout_s is None:  # what waits in fal's queue behind others needs its time
            settings = settings.replaced(timeout_s=max(settings.timeout_s, QUEUE_TIMEOUT_S))
        return settings

    return settings_of


class Standing(Frozen):
    """How far a batch is, as the journal has it. `pending` items were not sent yet."""

    record: BatchRecord
    states: dict[State, int]
    spent: Money | None

    @property
    def done(self) -> int:
        return self.states.get("done", 0)

    @property
    def pending(self) -> int:
        sent = sum(count for state, count in self.states.items() if state != "not_sent")
        return max(self.record.total - sent, 0)

    @property
    def in_words(self) -> str:
        """The counts by state: `3 done, 2 running, 5 to send`."""
        named = [f"{count} {state}" for state, count in self.states.items() if state != "not_sent"]
        return ", ".join([*named, f"{self.pending} to send"] if self.pending else named)

    def as_json(self) -> dict[str, object]:
        """The standing in JSON documents."""
        return {
            "batch": self.record.id,
            "manifest": self.record.manifest,
            "results": self.record.results,
            "total": self.record.total,
            "states": dict(self.states),
            "pending": self.pending,
            "spent": self.spent.decimal if self.spent else None,
            "sandbox": self.record.sandbox,
        }


def standing(record: BatchRecord) -> Standing:
    """How far a batch is. Asks nobody but the journal."""
    states = wiring.journal().count_keyed(record.prefix)
    return Standing(record, states, _spent(record))


def _spent(record: BatchRecord) -> Money | None:
    """What counts for the batch by now: reserved, billed, and what may be billed."""
    cap = Cap(Money(0, "USD"), "run")
    spent = cap.spent_of(wiring.ledger().spent(cap, run=record.id))
    return spent if spent.micro else None


def cancel(record: BatchRecord, session: Session) -> list[dict[str, object]]:
    """Ask fal to cancel the jobs of a batch that wait in its queue or run."""
    from openclaw_fal.job import pickup

    waiting = [
        (item, job)
        for item, job in wiring.journal().keyed(record.prefix).items()
        if job.state in ("queued", "running") and job.cancel_url
    ]
    outcomes: list[dict[str, object]] = []
    for item, job in waiting:
        try:
            _, outcome = pickup.cancel(job.id, session=session)
        except OpenClawFalError as error:
            if isinstance(error, (AuthError, BillingError)):
                raise
            outcome = f"not asked: {error.message}"
        outcomes.append({"id": item, "jobId": job.id, "outcome": outcome})
    return outcomes
