"""The use cases of `openclaw batch`: run a batch, report its status, cancel it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from openclaw_fal.batches.item import ItemOutcome, PlannedItem
from openclaw_fal.batches.jobs import BatchJobs, refuse_changed
from openclaw_fal.batches.loading import STDIN, LoadedManifest
from openclaw_fal.batches.plan import Planned
from openclaw_fal.batches.records import BatchRecord, KeptOptions, Records, new_id
from openclaw_fal.batches.results import NAME, Line, ResultsFile
from openclaw_fal.batches.runner import Runner
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
from openclaw_fal.journal.record import UNSUCCESSFUL
from openclaw_fal.media import Kind
from openclaw_fal.money.amount import Money, parse_usd
from openclaw_fal.money.budget import Cap
from openclaw_fal.progress import Counts

if TYPE_CHECKING:
    from openclaw_fal.config.read import Config
    from openclaw_fal.journal.record import State
    from openclaw_fal.session import Session

QUEUE_TIMEOUT_S = 3600.0
"""The least time limit of an item, in seconds: fal keeps results for about an hour."""

WRITE_EVERY_S = 0.5
"""Seconds between two writes of results, each of which locks the file and syncs it to disk."""

DISPLAY_EVERY_S = 0.25
"""Seconds between two updates of the display."""

SPENT_EVERY_S = 1.0
"""Seconds between two sums of what the batch has cost, each of which reads the journal."""


DEFAULT_WINDOW = 8
"""The most jobs at fal at the same time, unless another number is given."""


class BatchOptions(KeptOptions, kw_only=True):
    """How a batch is run. `out` is a folder or template, `defaults` are options for all rows.
    `retry_failed` and `allow_changed` pay for items a second time, so each run must ask for them.
    """

    out: str | None = None
    defaults: dict[str, object]
    retry_failed: bool = False
    allow_changed: bool = False
    sandbox: bool = False

    def as_begun(self, record: BatchRecord) -> BatchOptions:
        """These options, with those of the record where they are not given."""
        given = {name: value for name, value in self.kept().items() if value}
        return self.replaced(**record.kept() | given)


class Display(Protocol):
    """Shows the progress of a batch; called from several threads."""

    def output(self, path: str) -> None: ...
    def event(self, text: str) -> None: ...
    def progress(self, counts: Counts, money: str) -> None: ...


def records() -> Records:
    """The records of this user's batches."""
    from openclaw_fal.store import paths

    return Records(paths.batches_folder())


def record_for(loaded: LoadedManifest, planned: Planned, options: BatchOptions) -> BatchRecord:
    """The record of this manifest's batch, with the id of an earlier run. `running` saves it."""
    sha256 = loaded.manifest.sha256
    # A sandbox and its jobs end with the command, so each run in a sandbox is a new batch.
    earlier = None if options.sandbox else records().find(loaded.path, sha256)
    identity = f"{loaded.path}{time.time_ns()}" if options.sandbox else loaded.path
    out, folder = options.out or _default_out(loaded), os.getcwd()
    if earlier and options.out is None:
        out, folder = earlier.out, earlier.folder
    return BatchRecord(
        id=earlier.id if earlier else new_id(identity, sha256, sandbox=options.sandbox),
        manifest=loaded.path,
        sha256=sha256,
        created=earlier.created if earlier else time.time(),
        total=len(planned.items),
        out=out,
        folder=folder,
        results=str(_results_path(Path(folder), out)),
        sandbox=options.sandbox,
        defaults=options.defaults,
        prompts=loaded.prompts,
        text=loaded.text,
    )


def _default_out(loaded: LoadedManifest) -> str:
    stem = "batch" if loaded.path == STDIN else Path(loaded.path).stem
    return f"{stem}-out/"


def _results_path(base: Path, out: str) -> Path:
    """The path of results.jsonl: in the folder of a target that all items share."""
    is_folder = out.endswith(("/", os.sep)) or (base / out).is_dir()
    folder = Path(out) if is_folder else Path(out).parent
    while "{" in str(folder):
        folder = folder.parent
    return (base / folder).absolute() / NAME


def results_file(record: BatchRecord) -> ResultsFile:
    """The results file of a batch."""
    from openclaw_fal.store.locks import locked

    return ResultsFile(Path(record.results), locked)


def results_line(outcome: ItemOutcome, record: BatchRecord) -> Line:
    """The line of an item in `results.jsonl`."""
    generated, job = outcome.generated, outcome.job
    line: Line = {"id": outcome.item.id, "batch": record.id, "state": outcome.state}
    line["model"] = outcome.item.plan.model
    if generated is not None:
        line["outputs"] = [output.as_json() for output in generated.outputs]
        line["requestId"], line["jobId"] = generated.request_id, generated.job_id
        line["seed"] = generated.seed
        line["cost"] = generated.cost.as_json() if generated.cost else None
    elif job is not None:
        line["requestId"], line["jobId"] = job.request_id, job.id
    if outcome.error is not None:
        line["error"] = {"code": outcome.error.code, "message": outcome.error.message}
    elif outcome.state == "failed" and job is not None and job.error is not None:
        line["error"] = {"code": job.error.code, "message": job.error.message}
    return {key: value for key, value in line.items() if value is not None}


class BatchOutcome(Frozen):
    """The outcome of one run of a batch. `stopped_by` is the error that stopped the sending."""

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
) -> BatchOutcome:
    """Run items, show the progress on `display`, and write outcomes to `results.jsonl`.

    Raises Conflict for items whose request has changed, and Interrupted after Ctrl-C.
    """
    results = results_file(record)
    lines: list[Line] = []
    written, next_write = 0, 0.0
    with running(record, items, options, session, submit=submit) as runner:
        finished = threading.Event()
        watcher = threading.Thread(
            target=_update_display, args=(runner, record, options, display, finished), daemon=True
        )
        watcher.start()
        try:
            for outcomes in runner.run():
                lines += (results_line(outcome, record) for outcome in outcomes)
                for outcome in outcomes:
                    _show(outcome, display)
                if time.monotonic() >= next_write:
                    written = _write(results, lines, written)
                    next_write = time.monotonic() + WRITE_EVERY_S
        except Interrupted as error:
            error.hint = record.how_to_resume
            raise
        except KeyboardInterrupt:  # it came while an outcome was shown or written
            raise Interrupted("the batch was interrupted", hint=record.how_to_resume) from None
        finally:
            finished.set()
            watcher.join()
            _write(results, lines, written)
        return BatchOutcome(record, runner.counts(), tuple(lines), runner.stopped_by)


def _write(results: ResultsFile, lines: list[Line], written: int) -> int:
    """Write the lines of ended items, without the first `written`; return the number of lines.
    The next run writes from the journal what a crash kept from being written."""
    results.add([line for line in lines[written:] if line["state"] in ("done", "failed")])
    return len(lines)


def _show(outcome: ItemOutcome, display: Display) -> None:
    if outcome.generated is not None:
        for output in outcome.generated.outputs:
            display.output(str(output.path))
        return
    error = outcome.error or (outcome.job and outcome.job.error)
    why = f": {error.message}" if error else ""
    display.event(f"{outcome.item.id} (line {outcome.item.line}) {outcome.state}{why}")


def _update_display(
    runner: Runner,
    record: BatchRecord,
    options: BatchOptions,
    display: Display,
    finished: threading.Event,
) -> None:
    """Keep the display up to date until the batch is finished."""
    spent, next_sum = "", 0.0
    while not finished.wait(DISPLAY_EVERY_S):
        if time.monotonic() >= next_sum:
            spent, next_sum = _spent_text(record, options), time.monotonic() + SPENT_EVERY_S
        display.progress(runner.counts(), spent)


def _spent_text(record: BatchRecord, options: BatchOptions) -> str:
    """What the batch has cost so far, and its limit if it has one."""
    spent = _spent(record)
    if options.max_spend is not None:
        return f"{spent or Money(0)} of {parse_usd(options.max_spend, '--max-spend')}"
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
    """A runner for these items, on fal or on a sandbox that ends with it."""
    config = wiring.read_config(session.config)
    settings_of = _settings_by_kind(record, options, config, session)
    if submit:
        check_signing(settings_of("image"))
    quotes = wiring.quotes(config, settings_of("image"))
    with (
        wiring.shared_journal() as journal,
        wiring.engine(config, session=session, quotes=quotes, shared=journal) as engine,
    ):
        jobs = BatchJobs(record, engine, settings_of)
        known = jobs.known()
        changed = jobs.changed(items, known) if submit else []
        if not options.allow_changed:
            refuse_changed(changed)
        anew = [job for _, job in changed]
        if options.retry_failed:
            anew += (job for job in known.values() if job.state in UNSUCCESSFUL)
        if submit:
            sent = {job.id for job in known.values() if job.state != "not_sent"}
            if sent - {job.id for job in anew}:
                records().refuse_other_folder(record)
            records().save(record.replaced(**options.kept()))
        jobs.forget(anew)
        window = options.window or DEFAULT_WINDOW
        yield Runner(items, jobs, window=window, fail_fast=options.fail_fast, submit=submit)


def _settings_by_kind(
    record: BatchRecord, options: BatchOptions, config: Config, session: Session
) -> Callable[[Kind], RunSettings]:
    """A function that gives the settings for a kind of request, made once a kind."""

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
            "priority": options.priority,
        }
        settings = run_settings(kind, config, choice, given, capability="batch.run")
        if options.timeout_s is None:  # an item may wait long behind others in fal's queue
            settings = settings.replaced(timeout_s=max(settings.timeout_s, QUEUE_TIMEOUT_S))
        return settings

    return settings_of


class BatchStatus(Frozen):
    """How far a batch is, as the journal has it. `pending` counts the items not sent yet."""

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
    def summary(self) -> str:
        """The counts by state: `3 done, 2 running, 5 to send`."""
        named = [f"{count} {state}" for state, count in self.states.items() if state != "not_sent"]
        return ", ".join([*named, f"{self.pending} to send"] if self.pending else named)

    def as_json(self) -> dict[str, object]:
        """The status in JSON documents."""
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


def status_of(record: BatchRecord) -> BatchStatus:
    """How far a batch is. Sends nothing."""
    states = wiring.journal().count_keyed(record.prefix)
    return BatchStatus(record, states, _spent(record))


def _spent(record: BatchRecord) -> Money | None:
    """The cost of the batch so far: billed, reserved, or possibly billed; None for nothing."""
    cap = Cap(Money(0, "USD"), "run")
    spent = cap.spent_of(wiring.ledger().spent(cap, run=record.id))
    return spent if spent.micro else None


def cancel(record: BatchRecord, session: Session) -> list[dict[str, object]]:
    """Ask fal to cancel the queued and running jobs of a batch; return the outcome of each."""
    from openclaw_fal.job import pickup

    jobs = [
        (item, job)
        for item, job in wiring.journal().keyed(record.prefix).items()
        if job.state in ("queued", "running") and job.cancel_url
    ]
    outcomes: list[dict[str, object]] = []
    for item, job in jobs:
        try:
            _, outcome = pickup.cancel(job.id, session=session)
        except OpenClawFalError as error:
            if isinstance(error, (AuthError, BillingError)):
                raise
            outcome = f"not asked: {error.message}"
        outcomes.append({"id": item, "jobId": job.id, "outcome": outcome})
    return outcomes
