"""openclaw budget set | show | clear"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from openclaw_fal.cli.groups import Command, noun_app
from openclaw_fal.errors import UsageError
from openclaw_fal.text import counted
from openclaw_fal.ui.result import Result, Table

if TYPE_CHECKING:
    from openclaw_fal.cli.documents import BudgetDocument
    from openclaw_fal.money.budget import Cap, Period, Spent

EPILOG = """\
Examples:
  openclaw budget set 20 --per month
  openclaw budget set 2.50 --per day --model 'fal-ai/veo*'
  openclaw budget show
  openclaw budget clear --per day
See also: openclaw spend, openclaw help money"""

app = noun_app(
    "Limits on what may be spent: they hold for every process that uses this journal.", EPILOG
)

Per = Annotated[
    str | None,
    typer.Option(
        "--per", metavar="run|day|month", help="One command, or a day or month of the UTC calendar."
    ),
]
Model = Annotated[
    str | None,
    typer.Option("--model", "-m", metavar="PATTERN", help="Only these models: fal-ai/veo*"),
]


@app.command("set", cls=Command, epilog=EPILOG)
def set_limit(
    ctx: typer.Context,
    amount: Annotated[str, typer.Argument(metavar="USD", help="The most that may be spent.")],
    per: Per = None,
    model: Model = None,
) -> Result:
    """Set a limit (per month, unless --per says otherwise). A request that does not fit is not
    sent, and one whose price is unknown only with --assume-cost."""
    from openclaw_fal.job import wiring
    from openclaw_fal.money.amount import parse_usd
    from openclaw_fal.money.budget import Cap

    cap = Cap(parse_usd(amount, "the limit"), _period(per) or "month", _pattern(model), "budget")
    ledger = wiring.ledger()
    ledger.set_cap(cap)
    document: BudgetDocument = {"budget": [_document(cap, ledger.spent(cap))]}
    return Result(document, out=(str(cap),))


@app.command(cls=Command, epilog=EPILOG)
def show(ctx: typer.Context) -> Result:
    """Show the limits, and what remains of each."""
    from openclaw_fal.job import wiring

    ledger = wiring.ledger()
    limits = [(cap, ledger.spent(cap)) for cap in ledger.caps()]
    document: BudgetDocument = {"budget": [_document(cap, spent) for cap, spent in limits]}
    if not limits:
        return Result(document, notes=("there is no limit: openclaw budget set 20 --per month",))
    notes = []
    if unknown := max(spent.unknown for _, spent in limits):
        notes.append(f"{counted(unknown, 'job')} of unknown cost: in no sum")
    return Result(document, out=(_table(limits),), notes=tuple(notes))


@app.command(cls=Command, epilog=EPILOG)
def clear(ctx: typer.Context, per: Per = None, model: Model = None) -> Result:
    """Forget limits: all of them, or those for a period or a pattern."""
    from openclaw_fal.job import wiring

    period, pattern = _period(per), _pattern(model)
    ledger = wiring.ledger()
    cleared = [
        cap
        for cap in ledger.caps()
        if period in (None, cap.per) and (model is None or pattern == cap.model)
    ]
    ledger.clear_caps(cleared)
    document: BudgetDocument = {"budget": [_document(cap) for cap in cleared]}
    notes = (f"{counted(len(cleared), 'limit')} cleared",)
    return Result(document, out=tuple(str(cap) for cap in cleared), notes=notes)


def _period(text: str | None) -> Period | None:
    from openclaw_fal.money.budget import PERIODS

    if text is not None and text not in PERIODS:
        raise UsageError(f"--per {text}: takes {', '.join(PERIODS)}")
    return text


def _pattern(text: str | None) -> str | None:
    if text is None:
        return None
    if not text.strip():
        raise UsageError("--model is empty", hint="for example --model 'fal-ai/veo*'")
    return text.strip().removeprefix("fal/")


def _document(cap: Cap, spent: Spent | None = None) -> dict[str, object]:
    document: dict[str, object] = {
        "limit": cap.limit.decimal,
        "currency": cap.limit.currency,
        "per": cap.per,
        "model": cap.model,
    }
    if spent is not None and cap.per != "run":
        document["spent"] = cap.spent_of(spent).decimal
        document["remaining"] = cap.remaining(spent).decimal
        document["unknown"] = spent.unknown
    return {key: value for key, value in document.items() if value is not None}


def _table(limits: list[tuple[Cap, Spent]]) -> Table:
    rows = []
    for cap, spent in limits:
        run = cap.per == "run"
        rows.append(
            (
                str(cap.limit),
                cap.per,
                "" if run else str(cap.spent_of(spent)),
                "" if run else str(cap.remaining(spent)),
                cap.model or "all",
            )
        )
    return Table(("limit", "per", "spent", "remains", "models"), rows)
