"""Sums of the costs: a row for each run, day and model, which SQLite's triggers keep up to date.

With these sums, checking a budget takes as long for the ten-thousandth item of a batch as for the
first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from openclaw_fal.money import budget

if TYPE_CHECKING:
    import sqlite3

DAY_S = 86400
"""Seconds in a day. Each period of a budget begins with a day, in UTC."""

_STATES = ", ".join(f"'{state}'" for state in budget.COUNTED)


def _added(row: str, sign: str) -> str:
    """SQL that adds a row of costs to its sum, or subtracts it if `sign` is `-`."""
    amount = f"COALESCE({row}.billed, {row}.estimated)"
    return (
        f"INSERT INTO spending SELECT {row}.run, CAST({row}.created / {DAY_S} AS INTEGER), "
        f"{row}.model, {row}.endpoint, {row}.currency, "
        f"{sign}COALESCE({amount}, 0), {sign}1, {sign}({amount} IS NULL) "
        f"FROM (SELECT 1) WHERE {row}.sandbox = 0 AND {row}.state IN ({_STATES}) "
        "ON CONFLICT DO UPDATE SET micro = micro + excluded.micro, jobs = jobs + excluded.jobs, "
        "unknown = unknown + excluded.unknown"
    )


SCHEMA = (
    """
    CREATE TABLE spending (
        run TEXT NOT NULL,
        day INTEGER NOT NULL,
        model TEXT NOT NULL,
        endpoint TEXT NOT NULL,
        currency TEXT NOT NULL,
        micro INTEGER NOT NULL,
        jobs INTEGER NOT NULL,
        unknown INTEGER NOT NULL,
        PRIMARY KEY (run, day, model, endpoint, currency)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX spending_day ON spending (day)",
    _added("costs", "+").replace("FROM (SELECT 1)", "FROM costs"),
    f"CREATE TRIGGER cost_begun AFTER INSERT ON costs BEGIN {_added('NEW', '+')}; END",
    "CREATE TRIGGER cost_changed AFTER UPDATE ON costs "
    f"BEGIN {_added('OLD', '-')}; {_added('NEW', '+')}; END",
    f"CREATE TRIGGER cost_gone AFTER DELETE ON costs BEGIN {_added('OLD', '-')}; END",
)
"""`unknown` counts the jobs of unknown cost; `micro` is the sum of the others."""


_SANDBOX = (
    "(SELECT run, -1 AS day, model, endpoint, currency, 1 AS jobs, "
    "COALESCE(billed, estimated, 0) AS micro, COALESCE(billed, estimated) IS NULL AS unknown "
    f"FROM costs WHERE sandbox = 1 AND state IN ({_STATES}))"
)
"""The costs in a sandbox, of which no sums are kept."""


def spent(
    db: sqlite3.Connection, cap: budget.Cap, now: float, run: str, *, sandbox: bool = False
) -> budget.Spent:
    """What already counts against a limit, or would if the money of a sandbox were money."""
    query = (
        f"SELECT model, endpoint, currency, micro, jobs, unknown "
        f"FROM {_SANDBOX if sandbox else 'spending'} "
        f"WHERE {'run = :run' if cap.per == 'run' else 'day >= :day'}"
    )
    values = {"run": run, "day": budget.period_start(cap.per, now) // DAY_S}
    micro = unknown = 0
    for row in db.execute(query, values):
        if cap.covers(row["model"], row["endpoint"]):
            same = row["currency"] == cap.limit.currency
            micro += row["micro"] if same else 0
            unknown += row["unknown"] if same else row["jobs"]
    return budget.Spent(micro, unknown)
