"""Rows of the journal: written from what a request knows, read back as `Job`."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from openclaw_fal.errors import UsageError
from openclaw_fal.journal import costs, processes
from openclaw_fal.journal.record import (
    Job,
    JobError,
    State,
    cut_texts,
    output_from_json,
    shortened,
)
from openclaw_fal.media import Kind, Output

if TYPE_CHECKING:
    import sqlite3

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: no i, l, o, u."""

_LOOK_ALIKE = str.maketrans({"i": "1", "l": "1", "o": "0"})

_COLUMNS = (
    "number, id, created, updated, kind, capability, model, endpoint, transport, state, owner, "
    "attempts, request_id, status_url, response_url, cancel_url, queue_position, "
    "cancel_requested, base_url, prompt, target, count, timeout_s, sandbox, seed, billable_units, "
    "config_path, error, body, key, result_file, result IS NOT NULL AS has_result"
)
"""All but the large ones: a list of jobs must not read every result."""

_ENDED_UNANSWERED = JobError(
    "network",
    "the process that sent the request ended before fal's answer was written down; "
    "the request may have reached fal and may be billed",
)


def new_id() -> str:
    """A random job id of ten characters that are easy to read out and to type."""
    return "".join(_ALPHABET[byte % 32] for byte in os.urandom(10))


def text(value: str) -> str:
    """A text that SQLite can hold: what is no Unicode (undecodable bytes of argv) becomes `?`."""
    return value.encode("utf-8", "replace").decode("utf-8")


def optional_text(value: str | None) -> str | None:
    return None if value is None else text(value)


def number_text(value: int | None) -> str | None:
    """An integer as text, since a seed may exceed SQLite's 64 bits; None for an absurd one."""
    return None if value is None or value.bit_length() > 256 else str(value)


def body_text(body: Mapping[str, object] | None) -> str | None:
    """The request body as JSON without its data URIs; None for one that JSON cannot hold."""
    try:
        return None if body is None else json.dumps(cut_texts(body))
    except (TypeError, ValueError, RecursionError):
        return None


def error_text(code: str, message: str, http_status: int | None) -> str:
    """An error as the journal keeps it."""
    return json.dumps({"code": code, "message": shortened(message), "status": http_status})


def facts_text(output: Output) -> str:
    """A saved output as the journal keeps it."""
    return json.dumps(output.as_json())


def is_held(row: sqlite3.Row) -> bool:
    """Whether the process in the row's `owner` is still at work on the job.

    One that cannot be checked counts as gone after the job's time-out, and when the clock was set
    back.
    """
    life = processes.life(row["owner"])
    if life == "unknown":
        return bool(0 <= time.time() - row["updated"] < row["timeout_s"])
    return life == "alive"


def state_now(row: sqlite3.Row) -> State:
    """The state as it reads when dead processes are taken into account."""
    state: State = row["state"]
    if state == "sending" and not is_held(row):
        return "uncertain"
    if state == "saving" and not is_held(row):
        return "completed"
    return state


def newest_first(
    db: sqlite3.Connection,
    kind: Kind | None = None,
    model: str | None = None,
    since: float | None = None,
) -> Iterator[sqlite3.Row]:
    """The rows that match, newest first by number: clocks jump."""
    conditions: dict[str, object] = {}
    if kind is not None:
        conditions["kind = :kind"] = kind
    if model is not None:
        conditions["(model = :model OR endpoint = :model)"] = text(model)
    if since is not None:
        conditions["created >= :since"] = since
    where = " AND ".join(conditions) or "1"
    values = {"kind": kind, "model": model and text(model), "since": since}
    yield from db.execute(f"SELECT {_COLUMNS} FROM jobs WHERE {where} ORDER BY number DESC", values)


def by_id(db: sqlite3.Connection, job_id: str) -> sqlite3.Row | None:
    """The row of a job, without its result."""
    query = f"SELECT {_COLUMNS} FROM jobs WHERE id = ?"
    row: sqlite3.Row | None = db.execute(query, (job_id,)).fetchone()
    return row


def matching(db: sqlite3.Connection, wanted: str) -> Sequence[sqlite3.Row]:
    """The rows whose job id or request id is `wanted`, else those where one begins with it."""
    wanted = text(wanted)
    typed = wanted.lower().translate(_LOOK_ALIKE)
    for condition in (
        "id = :typed OR request_id = :wanted",
        "substr(id, 1, length(:typed)) = :typed"
        " OR substr(request_id, 1, length(:wanted)) = :wanted",
    ):
        query = f"SELECT {_COLUMNS} FROM jobs WHERE {condition} ORDER BY number DESC"
        rows = db.execute(query, {"typed": typed, "wanted": wanted}).fetchall()
        if rows:
            return rows
    return ()


def not_one(wanted: str, jobs: Sequence[Job]) -> UsageError:
    """The error for an id that names no job, or several."""
    wanted = shortened(wanted, 80)
    if not jobs:
        return UsageError(f"there is no job {wanted!r} in the journal", hint="openclaw jobs list")
    shown = [f"{job.id} ({job.state}, {job.model}, {shortened(job.prompt, 40)!r})" for job in jobs]
    rest = f" and {len(jobs) - 10} more" if len(jobs) > 10 else ""
    return UsageError(
        f"{wanted!r} names {len(jobs)} jobs: {'; '.join(shown[:10])}{rest}",
        hint="give more characters of the job id",
    )


def job_of(db: sqlite3.Connection, row: sqlite3.Row, *, has_result: bool) -> Job:
    """The job in a row of `_COLUMNS`, with its saved outputs."""
    state = state_now(row)
    error = _error_of(row["error"])
    if state == "uncertain" and row["state"] == "sending":
        error = _ENDED_UNANSWERED
    saved = db.execute("SELECT position, facts FROM outputs WHERE job = ?", (row["number"],))
    return Job(
        id=row["id"],
        number=row["number"],
        created=row["created"],
        updated=row["updated"],
        kind=row["kind"],
        capability=row["capability"],
        model=row["model"],
        endpoint=row["endpoint"],
        transport=row["transport"],
        state=state,
        base_url=row["base_url"],
        prompt=row["prompt"],
        target=json.loads(row["target"]),
        count=row["count"],
        timeout_s=row["timeout_s"],
        sandbox=bool(row["sandbox"]),
        attempts=row["attempts"],
        cancel_requested=bool(row["cancel_requested"]),
        has_result=has_result,
        request_id=row["request_id"],
        status_url=row["status_url"],
        response_url=row["response_url"],
        cancel_url=row["cancel_url"],
        queue_position=row["queue_position"],
        error=error,
        billable_units=row["billable_units"],
        seed=None if row["seed"] is None else int(row["seed"]),
        config_path=None if row["config_path"] is None else Path(json.loads(row["config_path"])),
        body=None if row["body"] is None else json.loads(row["body"]),
        key=row["key"],
        cost=costs.of_job(db, row["id"]),
        outputs={position: output_from_json(facts) for position, facts in saved},
    )


def _error_of(column: str | None) -> JobError | None:
    if column is None:
        return None
    document = json.loads(column)
    return JobError(document["code"], document["message"], document.get("status"))
