"""The summary of a batch run, with its exit status."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from openclaw_fal.ui.result import Facts, Result

if TYPE_CHECKING:
    from openclaw_fal.batches.commands import BatchOutcome
    from openclaw_fal.session import Session

BUDGET, RUNNING, FAILED = 9, 7, 6


def summary_result(outcome: BatchOutcome, session: Session) -> Result:
    """The result of a run: a document with all items, and a panel with the counts.

    The exit status is that of the error that stopped the run (key, account, budget), else 7 when
    items still run or are uncertain, else 6 when items failed, else 0.
    """
    from openclaw_fal.ui.layout import whole
    from openclaw_fal.ui.render import failure_document

    counts, record = outcome.counts, outcome.record
    running = sum(line["state"] == "running" for line in outcome.lines)
    status = 0
    if counts.failed:
        status = FAILED
    if running or counts.uncertain:
        status = RUNNING
    if outcome.stopped_by is not None and counts.pending:
        status = outcome.stopped_by.status
    document: dict[str, object] = {
        "batch": record.id,
        "counts": {
            "total": counts.total,
            "done": counts.done,
            "failed": counts.failed,
            "uncertain": counts.uncertain,
            "running": running,
            "pending": counts.pending,
        },
        "results": record.results,
        "items": list(outcome.lines),
    }
    if outcome.stopped_by is not None:
        document["error"] = failure_document(outcome.stopped_by, session)["error"]
    sandbox = " (sandbox)" if record.sandbox else ""
    rows = [("done", f"{counts.done} of {counts.total}")]
    rows += [(name, str(count)) for name, count in (("failed", counts.failed),) if count]
    rows.append(("results", record.results))
    if counts.done and not status:
        folder = shlex.quote(os.path.dirname(record.results))
        rows.append(("next", "see them: " + whole(f"{session.prog} gallery {folder} --open")))
    problems = []
    if outcome.stopped_by is not None and counts.pending:
        why = outcome.stopped_by.message.removesuffix("; nothing was sent")
        problems.append(f"{_items(counts.pending)} not sent: {why}")
    if running:
        problems.append(f"{_items(running)} not finished: fal has them")
    if counts.uncertain:
        problems.append(
            f"{_items(counts.uncertain)} uncertain: fal may have taken them, and its list does not "
            "have them. They are never sent again; a row with another id is sent"
        )
    more = " --max-spend USD" if status == BUDGET and not record.sandbox else ""
    notes = (f"to go on: {record.how_to_resume}{more}",) if status else ()
    return Result(
        document,
        closing=(Facts(rows, f"batch {record.id}{sandbox}", framed=True),),
        problems=tuple(problems),
        notes=notes,
        status=status,
    )


def _items(count: int) -> str:
    return "1 item is" if count == 1 else f"{count} items are"
