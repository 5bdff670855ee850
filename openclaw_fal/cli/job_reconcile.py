"""openclaw jobs reconcile"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from openclaw_fal.ui.result import Result

if TYPE_CHECKING:
    from openclaw_fal.cli.documents import ReconcileDocument
    from openclaw_fal.job.reconcile import Reconciled


def reconcile(
    ctx: typer.Context,
    job_ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID...]", help="Default: all uncertain jobs.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="DATE|AGE", help="Only jobs begun since then: 7d, 12h."),
    ] = None,
    adopt: Annotated[
        str | None,
        typer.Option("--adopt", metavar="REQUEST_ID", help="The request that the job is."),
    ] = None,
) -> Result:
    """Look at fal for requests whose answer never came. Sends nothing again."""
    from openclaw_fal.cli.spend import moment
    from openclaw_fal.job import pickup
    from openclaw_fal.ui.progress import progress_for

    start = None if since is None else moment(since, "--since", time.time())
    session = ctx.obj
    reconciled = pickup.reconcile(
        job_ids or (), session=session, progress=progress_for(session), since=start, adopt=adopt
    )
    document: ReconcileDocument = {"jobs": [item.as_json() for item in reconciled]}
    notes = [_next_step(item) for item in reconciled] or ["there is no uncertain job"]
    return Result(
        document,
        out=tuple(f"{item.job.id}: {item.message}" for item in reconciled),
        notes=tuple(notes),
    )


def _next_step(reconciled: Reconciled) -> str:
    """What the user can do next with the job."""
    job_id = reconciled.job.id
    if reconciled.outcome == "adopted":
        return f"openclaw jobs wait {job_id} fetches it"
    if reconciled.outcome == "several":
        return f"openclaw jobs reconcile {job_id} --adopt REQUEST_ID chooses one"
    if reconciled.outcome == "unfinished":
        return f"openclaw jobs reconcile {job_id} again, when it has finished"
    return f"job {job_id} stays uncertain: it may show up later, and is never sent again by itself"
