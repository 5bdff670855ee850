"""Finds rows of the journal, and makes a `Job` from a row."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from openclaw_fal.errors import UsageError
from openclaw_fal.journal import processes
from openclaw_fal.journal.columns import shortened, text
from openclaw_fal.journal.record import (
    STORED,
    Job,
    JobError,
    PendingName,
    State,
    output_from_json,
)
from openclaw_fal.media import Kind
from openclaw_fal.money.cost import Cost

if TYPE_CHECKING:
    import sqlite3

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: no i, l, o, u."""

_LOOK_ALIKE = str.maketrans({"i": "1", "l": "1", "o": "0"})

_SELECTED = ", ".join(
    (
        *(name for name in STORED if name not in ("result", "reserve")),
        "result IS NOT NULL AS has_result",
    )
)
"""All columns but the large ones: listing jobs must not read every result."""

_OUTPUTS = "SELECT job, position, facts, file_id FROM outputs"

_UNANSWERED = JobError(
    "network",
    "the process that sent the request ended before fal's answer was written down; "
    "the request may have reached fal and may be billed",
)


def new_id() -> str:
    """A random job id of ten characters that are easy to read aloud and to type."""
    return "".join(_ALPHABET[byte % 32] for byte in os.urandom(10))


def has_live_owner(path: Path, row: sqlite3.Row) -> bool:
    """Whether the row's `owner` is still working on the job; `path` is that of the journal.

    If that cannot be checked, it counts as alive until the job's time-out, unless the clock was set
    back.
    """
    liveness = processes.liveness(row["owner"], path, row["number"])
    if liveness == "unknown":
        return bool(0 <= time.time() - row["updated"] < row["timeout_s"])
    return liveness == "alive"


def state_now(path: Path, row: sqlite3.Row) -> State:
    """The state, corrected for an owner that has died."""
    state: State = row["state"]
    if state == "sending" and not has_live_owner(path, row):
        return "uncertain"
    if state == "saving" and not has_live_owner(path, row):
        return "completed"
    return state


def newest_first(
    db: sqlite3.Connection, kind: Kind | None = None, model: str | None = None
) -> Iterator[sqlite3.Row]:
    """The matching rows, newest first by number, as clocks can be set back."""
    conditions = []
    if kind is not None:
        conditions.append("kind = :kind")
    if model is not None:
        conditions.append("(model = :model OR endpoint = :model)")
    where = " AND ".join(conditions) or "1"
    values = {"kind": kind, "model": model and text(model)}
    query = f"SELECT {_SELECTED} FROM jobs WHERE {where} ORDER BY number DESC"
    yield from db.execute(query, values)


def newest_same(
    db: sqlite3.Connection, fingerprint: str | None, since: float, *, sandbox: bool
) -> sqlite3.Row | None:
    """The newest row in state `done` with this fingerprint that was created since `since`."""
    query = (
        f"SELECT {_SELECTED} FROM jobs WHERE fingerprint = ? AND state = 'done' "
        "AND created >= ? AND sandbox = ? ORDER BY number DESC LIMIT 1"
    )
    row: sqlite3.Row | None = db.execute(query, (fingerprint, since, int(sandbox))).fetchone()
    return row


def keyed(db: sqlite3.Connection, prefix: str) -> Sequence[sqlite3.Row]:
    """The newest row of each key that begins with `prefix`."""
    query = (
        f"SELECT {_SELECTED} FROM jobs WHERE number IN (SELECT max(number) FROM jobs "
        "WHERE key >= ? AND key < ? GROUP BY key)"
    )
    rows: Sequence[sqlite3.Row] = db.execute(query, bounds(prefix)).fetchall()
    return rows


def bounds(prefix: str) -> tuple[str, str]:
    """The smallest text that begins with `prefix`, and the first text beyond all such texts."""
    return prefix, prefix[:-1] + chr(ord(prefix[-1]) + 1)


def by_id(db: sqlite3.Connection, job_id: str) -> sqlite3.Row | None:
    """The row of a job, without its result."""
    query = f"SELECT {_SELECTED} FROM jobs WHERE id = ?"
    row: sqlite3.Row | None = db.execute(query, (job_id,)).fetchone()
    return row


def matching(db: sqlite3.Connection, wanted: str) -> Sequence[sqlite3.Row]:
    """The rows whose job id or request id is `wanted`; if none, those where one begins with it."""
    wanted = text(wanted)
    typed = wanted.lower().translate(_LOOK_ALIKE)
    for condition in (
        "id = :typed",  # by an index, however many jobs there are
        "request_id = :wanted",
        "substr(id, 1, length(:typed)) = :typed"
        " OR substr(request_id, 1, length(:wanted)) = :wanted",
    ):
        query = f"SELECT {_SELECTED} FROM jobs WHERE {condition} ORDER BY number DESC"
        rows = db.execute(query, {"typed": typed, "wanted": wanted}).fetchall()
        if rows:
            return rows
    return ()


def no_single_job(wanted: str, jobs: Sequence[Job]) -> UsageError:
    """The error for an id that matches no job, or several (`jobs`)."""
    wanted = shortened(wanted, 80)
    if not jobs:
        return UsageError(f"there is no job {wanted!r} in the journal", hint="openclaw jobs list")
    shown = [f"{job.id} ({job.state}, {job.model}, {shortened(job.prompt, 40)!r})" for job in jobs]
    rest = f" and {len(jobs) - 10} more" if len(jobs) > 10 else ""
    return UsageError(
        f"{wanted!r} names {len(jobs)} jobs: {'; '.join(shown[:10])}{rest}",
        hint="give more characters of the job id",
    )


def outputs_of(db: sqlite3.Connection, number: int) -> Sequence[sqlite3.Row]:
    """The outputs of a job."""
    rows: Sequence[sqlite3.Row] = db.execute(f"{_OUTPUTS} WHERE job = ?", (number,)).fetchall()
    return rows


def outputs_keyed(db: sqlite3.Connection, prefix: str) -> dict[int, list[sqlite3.Row]]:
    """The outputs of all jobs whose key begins with `prefix`, by the job's number."""
    query = f"{_OUTPUTS} JOIN jobs ON jobs.number = job WHERE jobs.key >= ? AND jobs.key < ?"
    outputs: dict[int, list[sqlite3.Row]] = {}
    for row in db.execute(query, bounds(prefix)):
        outputs.setdefault(row["job"], []).append(row)
    return outputs


def job_of(
    path: Path,
    row: sqlite3.Row,
    outputs: Iterable[sqlite3.Row],
    cost: Cost | None,
    *,
    has_result: bool,
) -> Job:
    """The job in a row. Raises ValueError, KeyError or TypeError for a damaged row."""
    fields: dict[str, Any] = {  # of the types that the fields of `Job` declare
        name: described.load(row[name]) for name, described in Job.columns.items()
    }
    state = fields["state"] = state_now(path, row)
    if state == "uncertain" and row["state"] == "sending":
        fields["error"] = _UNANSWERED
    saved, pending = {}, {}
    for _, position, facts, file_id in outputs:
        output = output_from_json(facts)
        if file_id is None:
            saved[position] = output
        else:
            pending[position] = PendingName(output, file_id)
    return Job(
        **fields,
        has_result=has_result,
        cost=cost,
        outputs=saved,
        pending=pending,
    )
