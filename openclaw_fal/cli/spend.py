"""openclaw spend"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, cast, get_args

import typer

from openclaw_fal.cli.groups import Command
from openclaw_fal.errors import UsageError
from openclaw_fal.text import counted
from openclaw_fal.ui.result import Block, Result, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from openclaw_fal.cli.documents import SpendCheckDocument, SpendDocument
    from openclaw_fal.money.spending import By, Group
    from openclaw_fal.session import Session

EPILOG = """\
Examples:
  openclaw spend                              this month, by model
  openclaw spend --since 7d --by day
  openclaw spend --since 2026-01-01 --until 2026-02-01 --csv
  openclaw spend --check                      what fal has billed, beside the journal
See also: openclaw budget show, openclaw help money"""

app = typer.Typer(rich_markup_mode=None, add_completion=False)

_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0}


@app.command(cls=Command, epilog=EPILOG)
def spend(
    ctx: typer.Context,
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            metavar="DATE|AGE",
            help="From a date (2026-01-31, UTC) or an age (7d, 12h). Default: this month.",
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="DATE|AGE", help="Up to, and without. Default: now."),
    ] = None,
    by: Annotated[
        str, typer.Option("--by", metavar="model|day|batch|kind", help="What to add up.")
    ] = "model",
    csv: Annotated[bool, typer.Option("--csv", help="Print comma-separated values.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Compare with fal's billing events; some keys may not.")
    ] = False,
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="Show sandbox money, which is no money.")
    ] = False,
) -> Result:
    """Show what was spent, from the journal: billed by fal, or still open."""
    from openclaw_fal.job import wiring
    from openclaw_fal.money import spending

    if by not in get_args(spending.By):
        raise UsageError(f"--by {by}: takes {', '.join(get_args(spending.By))}")
    if csv and ctx.obj.json:
        raise UsageError("--csv and --json contradict each other", hint="leave one of them out")
    now = time.time()
    start = moment(since, "--since", now) if since else _this_month(now)
    end = moment(until, "--until", now) if until else now
    if check:
        if csv or sandbox:
            raise UsageError("--check goes with neither --csv nor --sandbox")
        return _checked(ctx.obj, start, end)
    rows = wiring.ledger().rows(start, end, sandbox=sandbox)
    groups = spending.grouped(rows, cast("By", by))
    totals = spending.total(rows)
    document: SpendDocument = {
        "since": _iso(start),
        "until": _iso(end),
        "by": by,
        "groups": [{by: group.name, **group.as_json()} for group in groups],
        "total": [group.as_json() for group in totals],
    }
    if sandbox:
        document["sandbox"] = True
    notes = [f"from {_iso(start)} to {_iso(end)}" + (", sandbox money" if sandbox else "")]
    if any(group.unknown for group in totals):
        notes.append("unknown: no price was known, or fal bills them by compute time")
    if not rows and not sandbox and wiring.ledger().rows(start, end, sandbox=True):
        notes.append("sandbox money is not counted; openclaw spend --sandbox shows it")
    out: tuple[Block, ...] = _csv(groups, by) if csv else (_table(groups, totals, by),)
    return Result(document, out=out, notes=() if csv else tuple(notes))


def _checked(session: Session, start: float, end: float) -> Result:
    """The result of --check: the requests whose charge differs between the journal and fal."""
    from openclaw_fal.job import bills
    from openclaw_fal.ui.progress import progress_for

    checked = bills.check(start, end, session=session, progress=progress_for(session))
    differences = checked.differences
    document: SpendCheckDocument = {
        "since": _iso(start),
        "until": _iso(end),
        "compared": checked.compared,
        "differences": [difference.as_json() for difference in differences],
        "notInJournal": checked.not_in_journal,
    }
    notes = [
        f"from {_iso(start)} to {_iso(end)}: compared "
        f"{counted(checked.compared, 'request')}, {len(differences)} of them different"
    ]
    if any(difference.fal is None for difference in differences):
        notes.append("none: fal has no billing event (yet), or the journal knows of no bill")
    if checked.not_in_journal:
        notes.append(
            f"fal also billed {counted(checked.not_in_journal, 'request')} that this journal lacks"
        )
    rows = [
        (
            item.job_id,
            item.request_id,
            item.model,
            str(item.journal or "none"),
            str(item.fal or "none"),
        )
        for item in differences
    ]
    table = Table(("job", "request", "model", "journal", "fal"), rows)
    return Result(document, out=(table,) if rows else (), notes=tuple(notes))


def _table(groups: Sequence[Group], totals: Sequence[Group], by: str) -> Table:
    rows = [
        (group.name, str(group.jobs), str(group.billed), str(group.open), str(group.unknown))
        for group in (*groups, *totals)
    ]
    return Table((by, "jobs", "billed", "open", "unknown"), rows)


def _csv(groups: Sequence[Group], by: str) -> tuple[str, ...]:
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([by, "jobs", "billed", "open", "unknown", "currency"])
    for group in groups:
        writer.writerow([group.name, *group.as_json().values()])
    return tuple(text.getvalue().splitlines())


def moment(text: str, option: str, now: float) -> float:
    """The seconds since 1970 of a date (UTC), an ISO 8601 time, or an age such as `7d`. Raises
    UsageError, which names the option."""
    number, unit = text[:-1], text[-1:]
    if unit in _UNITS and number.isascii() and number.isdigit() and len(number) < 7:
        return now - int(number) * _UNITS[unit]
    try:
        parsed = datetime.fromisoformat(text)
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise UsageError(
            f"{option} {text}: neither a date nor an age",
            hint=f"for example {option} 2026-01-31, {option} 7d or {option} 12h",
        ) from None


def _this_month(now: float) -> float:
    from openclaw_fal.money.budget import period_start

    return period_start("month", now)


def _iso(seconds: float) -> str:
    rounded = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    return rounded.strftime("%Y-%m-%dT%H:%M:%SZ")
