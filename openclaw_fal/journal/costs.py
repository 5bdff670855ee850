"""Costs and budgets in the journal: a row of costs for each job, kept after the job is pruned.

The cost is reserved in the transaction that journals the request, and settled, held or released in
the transaction of each change of the job's state: a process that dies leaves nothing inconsistent.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from openclaw_fal.journal.columns import text
from openclaw_fal.journal.rows import bounds
from openclaw_fal.journal.spending import spent
from openclaw_fal.money import budget
from openclaw_fal.money.amount import Money
from openclaw_fal.money.cost import Cost, CostRow, Reservation
from openclaw_fal.money.estimate import billed
from openclaw_fal.money.prices import Price

if TYPE_CHECKING:
    import sqlite3

    from openclaw_fal.journal.record import NewJob

HISTORY = 200
"""The number of earlier jobs with the same options whose bills are used."""


def reserve(db: sqlite3.Connection, job_id: str, created: float, new: NewJob) -> None:
    """Reserve the cost of a request. Must be called in the transaction that journals it.

    Raises BudgetError when a limit does not allow it; the transaction must then be rolled back.
    """
    reservation, model, endpoint = new.reservation, text(new.model), text(new.endpoint)
    check_limits(db, model, endpoint, created, reservation, sandbox=new.sandbox)
    estimate, price, currency = reservation.estimate, reservation.price, _currency(reservation)
    if price is not None and price.currency != currency:  # of an amount that the user assumes
        price = None
    columns: dict[str, object] = {
        "job_id": job_id,
        "created": created,
        "kind": new.kind,
        "model": model,
        "endpoint": endpoint,
        "run": reservation.run,
        "batch": reservation.batch,
        "sandbox": int(new.sandbox),
        "state": "reserved",
        "options": reservation.options,
        "source": estimate.source,
        "estimated": estimate.amount.micro if estimate.amount else None,
        "currency": currency,
        "unit": price.unit if price else None,
        "unit_price": price.unit_price if price else None,
    }
    names, values = ", ".join(columns), ", ".join("?" * len(columns))
    db.execute(f"INSERT INTO costs ({names}) VALUES ({values})", tuple(columns.values()))


def check_limits(
    db: sqlite3.Connection,
    model: str,
    endpoint: str,
    now: float,
    reservation: Reservation,
    *,
    sandbox: bool,
) -> None:
    """Raises BudgetError when a limit does not allow the request.

    For a sandbox only the limits of the command hold, so that they can be tried, and only where
    the price is known: nothing is paid there.
    """
    if sandbox and reservation.estimate.amount is None:
        return
    for cap in reservation.caps if sandbox else (*reservation.caps, *caps(db)):
        if cap.covers(model, endpoint):
            already = spent(db, cap, now, reservation.run, sandbox=sandbox)
            budget.check(cap, already, reservation.estimate, model)


def update_state(db: sqlite3.Connection, job_id: str) -> None:
    """Settle, hold or release the cost of a job, as the job's state says."""
    query = (
        "SELECT jobs.state AS job_state, jobs.error, jobs.billable_units, jobs.request_id, "
        "costs.state, costs.unit, costs.unit_price, costs.currency, costs.endpoint "
        "FROM jobs JOIN costs ON costs.job_id = jobs.id WHERE jobs.id = ?"
    )
    row = db.execute(query, (job_id,)).fetchone()
    if row is None:
        return
    error = json.loads(row["error"]) if row["error"] else {}
    units = row["billable_units"]
    state = budget.state_after(row["job_state"], error.get("status"), billed=units is not None)
    if state == row["state"]:
        return
    price = None
    if row["unit_price"] is not None:
        price = Price(row["endpoint"], row["unit_price"], row["unit"], row["currency"])
    bill = billed(price, units) if state == "settled" else None
    db.execute(
        "UPDATE costs SET state = ?, units = ?, billed = ?, request_id = ? WHERE job_id = ?",
        (state, units, bill and bill.micro, row["request_id"], job_id),
    )


def history(db: sqlite3.Connection, options: str) -> Sequence[str]:
    """The billed units of earlier jobs with equal `options`, those that decide the cost."""
    query = (
        "SELECT units FROM costs WHERE options = ? AND units IS NOT NULL AND sandbox = 0 "
        "ORDER BY created DESC LIMIT ?"
    )
    return [units for (units,) in db.execute(query, (options, HISTORY))]


def caps(db: sqlite3.Connection) -> Sequence[budget.Cap]:
    """The limits of `openclaw budget set`."""
    query = "SELECT per, model, micro, currency FROM budgets ORDER BY per, model"
    return [
        budget.Cap(Money(micro, currency), per, model or None, "openclaw budget")
        for per, model, micro, currency in db.execute(query)
    ]


def set_cap(db: sqlite3.Connection, cap: budget.Cap, now: float) -> None:
    """Set a limit; it replaces one for the same period and models."""
    values = (cap.per, cap.model or "", cap.limit.micro, cap.limit.currency, now)
    db.execute("INSERT OR REPLACE INTO budgets VALUES (?, ?, ?, ?, ?)", values)


def clear_caps(db: sqlite3.Connection, removed: Iterable[budget.Cap]) -> None:
    """Remove limits."""
    for cap in removed:
        values = (cap.per, cap.model or "")
        db.execute("DELETE FROM budgets WHERE per = ? AND model = ?", values)


_COST = "job_id, created, kind, model, endpoint, batch, request_id, units, state, estimated, \
billed, currency, source, sandbox"


def of_job(db: sqlite3.Connection, job_id: str) -> Cost | None:
    """The cost of one job."""
    row = db.execute(f"SELECT {_COST} FROM costs WHERE job_id = ?", (job_id,)).fetchone()
    return None if row is None else _cost(row)


def of_keyed_jobs(db: sqlite3.Connection, prefix: str) -> dict[str, Cost]:
    """The costs of all jobs whose key begins with `prefix`, by job id."""
    query = (
        f"SELECT {_COST} FROM costs WHERE job_id IN "
        "(SELECT id FROM jobs WHERE key >= ? AND key < ?)"
    )
    return {row["job_id"]: _cost(row) for row in db.execute(query, bounds(prefix))}


def rows(db: sqlite3.Connection, since: float, until: float, *, sandbox: bool) -> list[CostRow]:
    """The costs of the jobs that were begun from `since` up to `until`, oldest first."""
    query = (
        f"SELECT {_COST} FROM costs WHERE created >= ? AND created < ? AND sandbox = ? "
        "ORDER BY created"
    )
    return [
        CostRow(
            job_id=row["job_id"],
            created=row["created"],
            kind=row["kind"],
            model=row["model"],
            endpoint=row["endpoint"],
            batch=row["batch"],
            request_id=row["request_id"],
            units=row["units"],
            cost=_cost(row),
        )
        for row in db.execute(query, (since, until, int(sandbox)))
    ]


def _cost(row: sqlite3.Row) -> Cost:
    def amount(micro: int | None) -> Money | None:
        return None if micro is None else Money(micro, row["currency"])

    return Cost(
        estimated=amount(row["estimated"]),
        billed=amount(row["billed"]),
        source=row["source"],
        state=row["state"],
        sandbox=bool(row["sandbox"]),
    )


def _currency(reservation: Reservation) -> str:
    amount, price = reservation.estimate.amount, reservation.price
    return amount.currency if amount else price.currency if price else "USD"
