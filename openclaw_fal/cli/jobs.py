"""openclaw jobs list | show | open | wait | reconcile | cancel | prune"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Annotated, cast

import typer

from openclaw_fal.cli.groups import Command, examples, noun_app
from openclaw_fal.cli.job_reconcile import reconcile
from openclaw_fal.cli.option_values import seconds
from openclaw_fal.cli.options import CancelOnInterrupt, PollInterval, TimeoutMs
from openclaw_fal.errors import LocalError, UsageError
from openclaw_fal.media import KINDS
from openclaw_fal.text import counted, split_words
from openclaw_fal.ui.result import Facts, Result, Table

if TYPE_CHECKING:
    from openclaw_fal.cli.documents import (
        CancelDocument,
        JobDocument,
        JobsDocument,
        OpenedDocument,
        PruneDocument,
    )
    from openclaw_fal.journal.record import Job, State

EPILOG = """\
Examples:
  openclaw jobs list --state uncertain
  openclaw jobs list --since 7d --search lighthouse
  openclaw jobs show 7k2m                an id can be cut short
  openclaw jobs open 7k2m                its files, as a double click would
  openclaw jobs wait 7k2m                fetches what was interrupted
  openclaw jobs reconcile                looks at fal for uncertain ones
  openclaw jobs cancel 7k2m
  openclaw jobs prune --older-than 30    forgets finished jobs, not their files
See also: openclaw help jobs (the states), openclaw help exit"""

PROMPT_WIDTH = 60  # least width of a prompt in cells, also in a pipe
_HEADS = ("id", "state", "age", "cost", "model")

app = noun_app(
    "The journal of requests: what was sent, what came back, what can be picked up.", EPILOG
)

Id = Annotated[
    str, typer.Argument(metavar="ID", help="Job id or fal request id, may be cut short; or last.")
]


@app.command(
    "list",
    cls=Command,
    epilog=examples(
        "openclaw jobs list",
        "openclaw jobs list --state uncertain --state failed",
        "openclaw jobs list --kind video --all --json",
        "openclaw jobs list --since 7d --search lighthouse",
        "openclaw jobs list --files                the files, one a line",
        see="openclaw help jobs (the states), openclaw jobs show",
    ),
)
def list_jobs(
    ctx: typer.Context,
    kind: Annotated[str | None, typer.Option("--kind", metavar="image|video|music")] = None,
    state: Annotated[
        list[str] | None, typer.Option("--state", metavar="STATE", help="Repeatable.")
    ] = None,
    model: Annotated[str | None, typer.Option("--model", "-m", metavar="fal/…")] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="DATE|AGE", help="From a date (UTC) or an age: 7d, 12h."),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="DATE|AGE", help="Up to, and without."),
    ] = None,
    search: Annotated[
        str | None, typer.Option("--search", metavar="TEXT", help="Only prompts with this text.")
    ] = None,
    files: Annotated[
        bool, typer.Option("--files", help="Show the files in the place of the prompt.")
    ] = False,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most this many.")] = 20,
    everything: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
) -> Result:
    """List jobs, newest first."""
    from openclaw_fal.cli.spend import moment
    from openclaw_fal.job import wiring
    from openclaw_fal.journal.record import STATES

    if kind is not None and kind not in KINDS:
        raise UsageError(f"--kind {kind}: takes image, video or music")
    for name in state or ():
        if name not in STATES:
            raise UsageError(f"--state {name}: takes {', '.join(STATES)}")
    now = time.time()
    jobs = wiring.journal().list(
        kind=kind,
        state=cast("list[State] | None", state),
        model=model.removeprefix("fal/") if model else None,
        since=moment(since, "--since", now) if since is not None else None,
        until=moment(until, "--until", now) if until is not None else None,
        search=search,
        limit=None if everything else limit,
    )
    document: JobsDocument = {"jobs": [job.as_json() for job in jobs]}
    if not jobs:
        return Result(document, notes=("no jobs match",))
    table = _files_table(jobs, now) if files else _prompts_table(jobs, now)
    return Result(document, out=(table,))


def _prompts_table(jobs: list[Job], now: float) -> Table:
    """A row for each job. Prompts are cut to the width that the other columns leave."""
    from openclaw_fal.ui.layout import GAP, columns, cut, width_of

    facts = [_facts(job, now) for job in jobs]
    others = sum(max(len(row[i]) for row in (_HEADS, *facts)) + GAP for i in range(len(_HEADS)))
    room = max(columns() - others, PROMPT_WIDTH)
    prompts = [job.prompt.replace("\n", " ") for job in jobs]
    shown = [prompt if width_of(prompt) <= room else cut(prompt, room) for prompt in prompts]
    return Table(
        (*_HEADS, "prompt"), [(*row, text) for row, text in zip(facts, shown, strict=True)]
    )


def _files_table(jobs: list[Job], now: float) -> Table:
    """A row for each file, and one for each job without files."""
    rows = []
    for job in jobs:
        outputs = [job.outputs[index] for index in sorted(job.outputs)]
        paths = [
            str(output.path) if output.path.exists() else f"{output.path} (gone)"
            for output in outputs
        ]
        rows += [(*_facts(job, now), path) for path in paths or [""]]
    return Table((*_HEADS, "file"), rows)


def _facts(job: Job, now: float) -> tuple[str, ...]:
    return job.id, job.state, age(now - job.created), _short_cost(job), job.model


def _short_cost(job: Job) -> str:
    """The billed amount, else `~` and the estimate; `?` if unknown, `sandbox` for a sandbox job."""
    cost = job.cost
    if job.sandbox:
        return "sandbox"
    if cost is None:
        return ""
    if cost.state == "released":
        return "$0.00"
    return str(cost.billed) if cost.billed else f"~{cost.estimated}" if cost.estimated else "?"


def age(seconds: float) -> str:
    """A duration in its largest whole unit: `3d`, `5h`; `0s` if negative (the clock was set
    back)."""
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    return f"{max(int(seconds), 0)}s"


@app.command(
    cls=Command,
    epilog=examples(
        "openclaw jobs show 7k2m           an id can be cut short",
        "openclaw jobs show 7k2m --json",
        see="openclaw help jobs (the states), openclaw jobs wait",
    ),
)
def show(ctx: typer.Context, job_id: Id) -> Result:
    """Show one job in full."""
    from openclaw_fal.job import wiring

    job = wiring.journal().get(job_id)
    options = {key: value for key, value in (job.request or {}).items() if key != "prompt"}
    facts = {**job.as_json(), **({"options": options} if options else {})}
    if job.state == "expired" and (answer := wiring.journal().result(job.id)):
        facts["answer"] = answer.decode("utf-8", "replace")
    shown = {**facts, "cost": str(job.cost)} if job.cost else dict(facts)
    shown["options"] = "\n".join(f"{key}: {_option(value)}" for key, value in options.items())
    shown["files"] = shown.pop("outputs", None)
    rows = [
        (split_words(name), _text(value))
        for name, value in shown.items()
        if value not in (None, [], "")
    ]
    notes: tuple[str, ...] = ()
    if not job.finished and job.state != "uncertain":
        notes = (f"openclaw jobs wait {job.id} fetches it; openclaw jobs cancel {job.id} stops it",)
    elif job.state == "uncertain":
        notes = (
            "this request may have reached fal and may be billed; it is never sent again by "
            f"itself. openclaw jobs reconcile {job.id} looks for it at fal",
        )
    document: JobDocument = {"job": facts}
    return Result(document, out=(Facts(rows),), notes=notes)


def _option(value: object) -> str:
    """The value of an option as text; a reference as its path or URL."""
    if isinstance(value, list):
        return ", ".join(map(_option, value))
    if isinstance(value, dict):
        reference = value.get("path") or value.get("url")
        return str(reference) if reference else json.dumps(value, ensure_ascii=False)
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _text(value: object) -> str:
    if isinstance(value, list):
        return "\n".join(str(item.get("path", item)) for item in value)
    if isinstance(value, dict):
        return f"{value['code']}: {value['message']}" if "code" in value else str(value)
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


@app.command(
    "open",
    cls=Command,
    epilog=examples(
        "openclaw jobs open 7k2m",
        see="openclaw jobs show, openclaw jobs list",
    ),
)
def open_files(ctx: typer.Context, job_id: Id) -> Result:
    """Open the files of a job as a double click would."""
    from openclaw_fal.cli.open_preview import opened
    from openclaw_fal.job import wiring

    job = wiring.journal().get(job_id)
    paths = [job.outputs[index].path for index in sorted(job.outputs)]
    existing = [path for path in paths if path.is_file()]
    if not existing:
        why = "its files are gone" if paths else f"it is {job.state} and has no files"
        raise LocalError(
            f"job {job.id} cannot be opened: {why}",
            hint=f"openclaw jobs wait {job.id} fetches them, while fal has them",
        )
    gone = [f"{path} is gone" for path in paths if path not in existing]
    document: OpenedDocument = {"jobId": job.id, "files": [str(path) for path in existing]}
    notes = (*gone, *opened(existing))
    return Result(document, out=tuple(document["files"]), notes=notes)


@app.command(
    cls=Command,
    epilog=examples(
        "openclaw jobs wait 7k2m",
        "openclaw jobs wait 7k2m --timeout-ms 600000 --json",
        see="openclaw help jobs, openclaw help exit",
    ),
)
def wait(
    ctx: typer.Context,
    job_ids: Annotated[list[str], typer.Argument(metavar="ID...", help="One or more jobs.")],
    timeout_ms: TimeoutMs = None,
    poll_interval: PollInterval = None,
    cancel_on_interrupt: CancelOnInterrupt = False,
) -> Result:
    """Wait for jobs of any earlier run, fetch their files and save them where they were meant to
    go. Sends no new request."""
    from openclaw_fal.cli.results import generated_result, several_results
    from openclaw_fal.job import pickup
    from openclaw_fal.ui.progress import progress_for

    session = ctx.obj
    waited = pickup.wait_for(
        job_ids,
        session=session,
        progress=progress_for(session),
        timeout_s=seconds(timeout_ms),
        poll_interval_s=poll_interval,
        cancel_on_interrupt=cancel_on_interrupt,
    )
    if len(waited) > 1:
        return several_results(waited, session)
    (only,) = waited
    if only.error is not None:
        raise only.error
    assert only.job is not None
    assert only.generated is not None
    return generated_result(only.generated, session=session, sandbox=only.job.sandbox)


app.command(
    cls=Command,
    epilog=examples(
        "openclaw jobs reconcile",
        "openclaw jobs reconcile --since 2d",
        see="openclaw jobs list, openclaw help jobs",
    ),
)(reconcile)


@app.command(
    cls=Command,
    epilog=examples(
        "openclaw jobs cancel 7k2m",
        see="openclaw jobs list, openclaw help jobs",
    ),
)
def cancel(ctx: typer.Context, job_id: Id) -> Result:
    """Ask fal to cancel a job. A job that already runs may still finish, and be billed."""
    from openclaw_fal.errors import JobFailed
    from openclaw_fal.job import pickup

    job, outcome = pickup.cancel(job_id, session=ctx.obj)
    wait = f"openclaw jobs wait {job.id}"
    text, hint = {
        "requested": ("fal was asked to cancel it; it may still finish", None),
        "already_cancelled": ("it was cancelled before", None),
        "already_completed": ("it had finished", None if job.state == "done" else wait),
        "already_failed": ("it had failed", f"openclaw jobs show {job.id}"),
        "not_found": ("fal does not know it any more", None),
    }[outcome]
    if outcome not in ("requested", "already_cancelled"):
        message = f"job {job.id} was not cancelled: {text}"
        raise JobFailed(
            message, hint=hint, job_id=job.id, request_id=job.request_id, model=job.model
        )
    document: CancelDocument = {
        "jobId": job.id,
        "requestId": job.request_id,
        "outcome": outcome,
    }
    return Result(document, out=(f"{job.id}: {text}",))


@app.command(
    cls=Command,
    epilog=examples(
        "openclaw jobs prune --older-than 30    forgets finished jobs, not their files",
        see="openclaw jobs list, openclaw help jobs",
    ),
)
def prune(
    ctx: typer.Context,
    older_than: Annotated[
        float, typer.Option("--older-than", min=0, metavar="DAYS", help="Finished jobs only.")
    ] = 30,
    keyed: Annotated[
        bool,
        typer.Option(
            "--keyed",
            help="Also jobs with a --key, and those of batches: the same command would then pay "
            "for them again.",
        ),
    ] = False,
) -> Result:
    """Forget finished jobs that are older than some days. Files are not touched."""
    from openclaw_fal.job import wiring

    pruned = wiring.journal().prune(older_than=older_than * 86400, keyed=keyed)
    document: PruneDocument = {"pruned": list(pruned)}
    note = f"{counted(len(pruned), 'job')} forgotten"
    return Result(document, out=tuple(pruned), notes=(note,))
