"""openclaw batch plan | run | resume | status | wait | cancel | export"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from openclaw_fal.cli.batch_options import (
    Batch,
    Default,
    Manifest,
    Out,
    RunOptions,
    batch_options,
    defaults,
)
from openclaw_fal.cli.groups import Command, noun_app
from openclaw_fal.cli.job_files import resolved
from openclaw_fal.cli.option_records import record_options
from openclaw_fal.cli.option_values import stdin_bytes
from openclaw_fal.cli.options import Sandbox, Strict, TimeoutMs
from openclaw_fal.environment import uses_sandbox
from openclaw_fal.errors import UsageError
from openclaw_fal.text import counted
from openclaw_fal.ui.result import Facts, Result, Table

if TYPE_CHECKING:
    from openclaw_fal.batches.commands import BatchOptions
    from openclaw_fal.batches.loading import LoadedManifest
    from openclaw_fal.batches.plan import Planned
    from openclaw_fal.batches.records import BatchRecord
    from openclaw_fal.cli.options import PromptOptions
    from openclaw_fal.cli.options import RunOptions as MediaOptions
    from openclaw_fal.media import MediaRequest
    from openclaw_fal.session import Session

EPILOG = """\
Examples:
  openclaw batch plan items.jsonl                     check and price every row; sends nothing
  openclaw batch run items.jsonl --out shots/ --max-spend 5 --assume-cost 0.05
  openclaw batch status items.jsonl
  openclaw batch resume items.jsonl                   after Ctrl-C, a crash, or with more money
  openclaw batch run items.jsonl --out shots/ --shard 1/3
  openclaw batch export items.jsonl --csv > results.csv
See also: openclaw help batch (what a manifest is)"""

app = noun_app(
    "Run thousands of requests from a manifest, each exactly once, within a budget.", EPILOG
)


@app.command(cls=Command, epilog=EPILOG)
def plan(
    ctx: typer.Context,
    manifest: Manifest,
    default: Default = None,
    assume_cost: Annotated[
        str | None,
        typer.Option("--assume-cost", metavar="USD", help="For requests of unknown price."),
    ] = None,
    strict: Strict = False,
    sandbox: Sandbox = False,
) -> Result:
    """Check every row against what its model takes, and price it. Sends nothing."""
    session: Session = ctx.obj
    session.sandbox = uses_sandbox(sandbox)
    loaded, planned = _planned(session, manifest, default, strict=strict)
    return _plan_result(session, loaded, planned, assume_cost)


def _plan_result(
    session: Session, loaded: LoadedManifest, planned: Planned, assume_cost: str | None
) -> Result:
    """The result of a plan: the number of items, their models, and their estimated price."""
    from openclaw_fal.batches import loading

    price = loading.price(planned.items, session, assume_cost)
    models = loading.count_by_model(planned.items)
    document = {
        "dryRun": True,
        "manifest": loaded.path,
        "items": len(planned.items),
        "models": [{"model": model, "items": count} for model, count in models],
        "cost": price.as_json(),
        "notes": planned.notes(),
    }
    rows = tuple((f"fal/{model}", counted(count, "item")) for model, count in models)
    facts = Facts((*rows, ("in all", counted(len(planned.items), "item")), ("price", str(price))))
    return Result(document, out=(facts,), notes=(*planned.notes(), "nothing was sent"))


@app.command(cls=Command, epilog=EPILOG)
@record_options
def run(
    ctx: typer.Context,
    manifest: Manifest,
    options: RunOptions,
    out: Out = None,
    default: Default = None,
) -> Result:
    """Run the items of a manifest, each once. Run again, it goes on where it was."""
    session: Session = ctx.obj
    session.sandbox = uses_sandbox(options.sandbox)
    settings = batch_options(options, out, session, defaults(default))
    loaded, planned = _planned(session, manifest, default, strict=settings.strict)
    return run_planned(session, loaded, planned, settings)


@app.command(cls=Command, epilog=EPILOG)
@record_options
def resume(ctx: typer.Context, batch: Batch, options: RunOptions) -> Result:
    """Go on with a batch of any earlier run: what is at fal is fetched, what was not sent is sent,
    and nothing is sent twice. The options stay as they were, but for those that are given anew;
    --retry-failed and --allow-changed are for one run."""
    session: Session = ctx.obj
    record = _record(session, batch)
    _refuse_sandbox(record, options.sandbox)
    given = batch_options(options, record.out, session, record.defaults)
    settings = given.as_begun(record)
    loaded, planned = _earlier(session, record, strict=settings.strict)
    return run_planned(session, loaded, planned, settings, record)


@app.command(cls=Command, epilog=EPILOG)
def wait(ctx: typer.Context, batch: Batch, timeout_ms: TimeoutMs = None) -> Result:
    """Fetch what a batch has at fal. Sends no new request."""
    session: Session = ctx.obj
    record = _record(session, batch)
    _refuse_sandbox(record, asked=False)
    given = batch_options(RunOptions(timeout_ms=timeout_ms), record.out, session, record.defaults)
    loaded, planned = _earlier(session, record)
    settings = given.as_begun(record).replaced(shard=None)
    return run_planned(session, loaded, planned, settings, record, submit=False)


@app.command(cls=Command, epilog=EPILOG)
def status(
    ctx: typer.Context,
    batch: Annotated[
        str | None, typer.Argument(metavar="[MANIFEST|ID]", help="One batch; else all of them.")
    ] = None,
) -> Result:
    """Say how far batches are. Asks nobody but the journal."""
    from openclaw_fal.batches import commands

    kept = commands.records()
    statuses = [
        commands.status_of(record) for record in ([kept.get(batch)] if batch else kept.all())
    ]
    document = {"batches": [each.as_json() for each in statuses]}
    if not statuses:
        return Result(document, notes=("no batch was run: openclaw batch run MANIFEST",))
    rows = [
        (
            each.record.id,
            f"{each.done}/{each.record.total}",
            each.summary,
            str(each.spent or "-"),
            each.record.manifest,
        )
        for each in statuses
    ]
    return Result(document, out=(Table(("id", "done", "items", "spent", "manifest"), rows),))


@app.command(cls=Command, epilog=EPILOG)
def cancel(ctx: typer.Context, batch: Batch) -> Result:
    """Ask fal to cancel what a batch has in its queue. What runs already may finish."""
    from openclaw_fal.batches import commands

    record = commands.records().get(batch)
    outcomes = commands.cancel(record, ctx.obj)
    document = {"batch": record.id, "jobs": outcomes}
    asked = sum(outcome["outcome"] == "requested" for outcome in outcomes)
    return Result(document, out=(f"{record.id}: fal was asked to cancel {counted(asked, 'job')}",))


@app.command(cls=Command, epilog=EPILOG)
def export(
    ctx: typer.Context,
    batch: Batch,
    as_csv: Annotated[bool, typer.Option("--csv", help="A table instead of JSON lines.")] = False,
) -> Result:
    """Print the results in the order of the manifest, one line an item."""
    from openclaw_fal.batches import commands
    from openclaw_fal.batches.results import export as exported

    session: Session = ctx.obj
    record = _record(session, batch)
    _, planned = _earlier(session, record)
    order = [item.id for item in planned.items]
    lines = commands.results_file(record).lines()
    text = exported(lines, order, as_csv=as_csv)
    document = {
        "batch": record.id,
        "results": [lines.get(item, {"id": item, "state": "pending"}) for item in order],
    }
    return Result(document, out=tuple(text.splitlines()))


def run_prompts(
    session: Session, prompt_options: PromptOptions, request: MediaRequest, run: MediaOptions
) -> Result:
    """`openclaw image --prompts FILE`: a batch with an item for each line of the file, all with the
    same options."""
    from openclaw_fal.batches import loading
    from openclaw_fal.options import options_of

    shared = options_of(request)
    shared.pop("prompt", None)
    shared |= {"model": f"fal/{request.model}", "kind": request.kind}
    loaded = loading.load(
        prompt_options.prompts or "", defaults=shared, prompts=True, read_stdin=stdin_bytes
    )
    values = {**prompt_options.as_dict(), **run.as_dict()}
    options = RunOptions().replaced(**{name: values[name] for name in RunOptions.fields()})
    settings = batch_options(options, run.output, session, shared)
    planned = _checked(loading.plan(loaded, session, strict=settings.strict), loaded)
    if run.dry_run:
        return _plan_result(session, loaded, planned, run.assume_cost)
    return run_planned(session, loaded, planned, settings)


def run_planned(
    session: Session,
    loaded: LoadedManifest,
    planned: Planned,
    options: BatchOptions,
    record: BatchRecord | None = None,
    *,
    submit: bool = True,
) -> Result:
    """Run planned items with a display, and return the summary. Without `submit`, only jobs that
    were sent before are fetched."""
    from openclaw_fal.batches import commands
    from openclaw_fal.batches.plan import shard_of
    from openclaw_fal.cli.batch_results import summary_result
    from openclaw_fal.ui.batch import display_for

    display = display_for(session)
    if record and options.shard not in (None, (1, 1)):
        display.note("only shard {}/{}; --shard 1/1 takes all items".format(*options.shard))
    record = record or commands.record_for(loaded, planned, options)
    items = shard_of(planned.items, options.shard)
    for note in planned.notes():
        display.note(note)
    try:
        outcome = commands.run(record, items, options, session, display, submit=submit)
    finally:
        display.close()
    return summary_result(outcome, session)


def _planned(
    session: Session, manifest: str, default: list[str] | None, *, strict: bool
) -> tuple[LoadedManifest, Planned]:
    from openclaw_fal.batches import loading

    loaded = loading.load(
        manifest, defaults=defaults(default), read_stdin=stdin_bytes, job_file=resolved
    )
    return loaded, _checked(loading.plan(loaded, session, strict=strict), loaded)


def _refuse_sandbox(record: BatchRecord, asked: bool) -> None:
    """A sandbox ends with its command, so that none of its batches can go on."""
    if record.sandbox or uses_sandbox(asked):
        where = "ran in a sandbox, which has ended" if record.sandbox else "is none of the sandbox"
        raise UsageError(
            f"the batch {record.id} {where}",
            hint=f"to begin anew: openclaw batch run {record.manifest} --sandbox",
        )


def _record(session: Session, batch: str) -> BatchRecord:
    """The record of an earlier run."""
    from openclaw_fal.batches import commands

    record = commands.records().get(batch)
    session.sandbox = record.sandbox
    return record


def _earlier(
    session: Session, record: BatchRecord, *, strict: bool = False
) -> tuple[LoadedManifest, Planned]:
    """The manifest of an earlier run, loaded and planned anew."""
    from openclaw_fal.batches import loading

    loaded = loading.load(
        record.manifest,
        defaults=record.defaults,
        prompts=record.prompts,
        read_stdin=lambda: b"",
        text=record.text,
        job_file=resolved,
    )
    return loaded, _checked(loading.plan(loaded, session, strict=strict), loaded)


def _checked(planned: Planned, loaded: LoadedManifest) -> Planned:
    from openclaw_fal.batches.manifest import problems_error

    if planned.problems:
        raise problems_error(planned.problems, loaded.name, planned.total)
    return planned
