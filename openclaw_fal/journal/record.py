"""A job as the journal keeps it. Each field and its column are described once, here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Literal, NamedTuple, get_args

from openclaw_fal.frozen import Frozen
from openclaw_fal.journal.columns import (
    BODY,
    COUNT,
    CUT_TEXT,
    FLAG,
    JSON,
    NUMBER,
    TEXT,
    Column,
    Form,
    Row,
    column,
    shortened,
)
from openclaw_fal.media import Kind, Output
from openclaw_fal.money.cost import UNKNOWN, Cost, Reservation

Transport = Literal["sync", "queue"]
State = Literal[
    "sending",  # the request is about to be sent, or was sent and is not answered
    "uncertain",  # it may have reached fal, and its answer never came
    "queued",
    "running",
    "completed",  # the result is known; not all files are saved
    "saving",  # a process is saving the files
    "done",
    "failed",
    "cancelled",
    "expired",  # fal finished it, and no longer has its files
    "not_sent",  # it provably never reached fal
]
STATES: tuple[State, ...] = get_args(State)
UNSUCCESSFUL: frozenset[State] = frozenset({"failed", "cancelled", "expired"})
FINISHED: frozenset[State] = UNSUCCESSFUL | {"done", "not_sent"}


class JobError(Frozen):
    """Why a job failed, or is uncertain. `code` is that of the failure document (`errors`)."""

    code: str
    message: str
    http_status: int | None = None

    def as_json(self) -> dict[str, object]:
        """The error as the JSON document of a job shows it."""
        document = {"code": self.code, "message": self.message, "status": self.http_status}
        return {key: value for key, value in document.items() if value is not None}


def _stored_error(error: JobError) -> str:
    return json.dumps({**error.as_json(), "message": shortened(error.message)})


def _loaded_error(stored: str) -> JobError:
    document = json.loads(stored)
    return JobError(document["code"], document["message"], document.get("status"))


def iso_time(seconds: float) -> str | None:
    """Seconds since 1970 as `2026-08-14T09:30:00Z`; None for a time out of the calendar's range."""
    from datetime import UTC, datetime

    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return None


def _if_set(value: bool) -> bool | None:
    return value or None


ERROR = Form(_stored_error, _loaded_error)


class NewJob(Row):
    """A request that is about to be sent.

    `model` is the endpoint id that the user chose, `endpoint` the one that the request is sent to;
    `timeout_s` is the time for the whole job, in seconds; `target` the JSON form of its
    `OutputTarget`; `count` the expected number of outputs. `body` is the exact body, but with
    placeholders for files (see `bodies`). `key`, with the `fingerprint` of the body, identifies the
    request; `reservation` is what it needs from the budget. `request` are the options as they were
    given, `provenance` how its files are marked, `replay_of` the job or file that is made again,
    `sign` the paths of the `certificate` chain and the private `key` that sign its files.
    """

    kind: Kind = column("TEXT NOT NULL", since=1)
    capability: str = column("TEXT NOT NULL", since=1, key="capability")
    model: str = column("TEXT NOT NULL", since=1, form=TEXT, key="model")
    endpoint: str = column("TEXT NOT NULL", since=1, form=TEXT, key="endpoint")
    transport: Transport = column("TEXT NOT NULL", since=1, key="transport")
    base_url: str = column("TEXT NOT NULL", since=1, form=TEXT, key="baseUrl")
    prompt: str = column("TEXT NOT NULL", since=1, form=CUT_TEXT, key="prompt")
    target: Mapping[str, object] = column("TEXT NOT NULL", since=1, form=JSON)
    count: int = column("INTEGER NOT NULL", since=1, default=1)
    timeout_s: float = column("REAL NOT NULL", since=1)
    sandbox: bool = column(
        "INTEGER NOT NULL", since=1, form=FLAG, key="sandbox", to_json=_if_set, default=False
    )
    seed: int | None = column("TEXT", since=1, form=NUMBER, key="seed", default=None)
    body: Mapping[str, object] | None = column("TEXT", since=1, form=BODY, default=None)
    key: str | None = column("TEXT", form=TEXT, key="key", since=2, default=None)
    fingerprint: str | None = column("TEXT", since=2, default=None)
    request: Mapping[str, object] | None = column("TEXT", form=JSON, since=2, default=None)
    provenance: str | None = column("TEXT", since=2, default=None)
    replay_of: str | None = column("TEXT", form=TEXT, key="replayOf", since=2, default=None)
    sign: Mapping[str, str] | None = column("TEXT", form=JSON, since=3, default=None)
    reservation: Reservation = UNKNOWN


class PendingName(NamedTuple):
    """An output whose file is about to get its final name, `output.path`.

    If the process dies then, `file_id` shows whether the file with that name is the output.
    """

    output: Output
    file_id: str


class Job(NewJob):
    """A job in the journal, in its present state.

    `created` and `updated` are seconds since 1970 by this machine's clock; `number` grows with
    every job, whatever the clock says. `attempts` counts the POSTs that were begun. `answer_path`
    is the file with fal's answer if the journal could not store it. `outputs` maps the index of an
    output (from 0) to its saved file, `pending` to a file that was being named.
    """

    id: str = column("TEXT NOT NULL UNIQUE", since=1, key="jobId")
    number: int = column("INTEGER PRIMARY KEY AUTOINCREMENT", since=1)
    state: State = column("TEXT NOT NULL", since=1, key="state")
    created: float = column("REAL NOT NULL", since=1, key="createdAt", to_json=iso_time)
    updated: float = column("REAL NOT NULL", since=1, key="updatedAt", to_json=iso_time)
    request_id: str | None = column("TEXT", since=1, form=TEXT, key="requestId", default=None)
    status_url: str | None = column("TEXT", since=1, form=TEXT, key="statusUrl", default=None)
    response_url: str | None = column("TEXT", since=1, form=TEXT, key="responseUrl", default=None)
    cancel_url: str | None = column("TEXT", since=1, form=TEXT, key="cancelUrl", default=None)
    queue_position: int | None = column(
        "INTEGER", since=1, form=COUNT, key="queuePosition", default=None
    )
    attempts: int = column("INTEGER NOT NULL", since=1, key="attempts", default=1)
    cancel_requested: bool = column(
        "INTEGER NOT NULL DEFAULT 0",
        since=1,
        form=FLAG,
        key="cancelRequested",
        to_json=_if_set,
        default=False,
    )
    billable_units: str | None = column(
        "TEXT", since=1, form=TEXT, key="billableUnits", default=None
    )
    answer_path: str | None = column("TEXT", form=TEXT, key="answerPath", since=2, default=None)
    error: JobError | None = column(
        "TEXT", since=1, form=ERROR, key="error", to_json=JobError.as_json, default=None
    )
    has_result: bool = False
    cost: Cost | None = None
    outputs: Mapping[int, Output] = MappingProxyType({})
    pending: Mapping[int, PendingName] = MappingProxyType({})

    @property
    def finished(self) -> bool:
        """Whether the state of the job can no longer change."""
        return self.state in FINISHED

    def as_json(self) -> dict[str, object]:
        """The job as a JSON object for programs: camelCase, times in ISO 8601 (UTC), no nulls."""
        first = [name for name in Job.columns if name not in NewJob.columns]
        document: dict[str, object] = {}
        for name in dict.fromkeys((*first, *Job.columns)):
            described, value = Job.columns[name], getattr(self, name)
            if described.key is not None and value is not None:
                document[described.key] = described.to_json(value)
        if self.state != "queued":
            document.pop("queuePosition", None)
        document["cost"] = self.cost and self.cost.as_json()
        document["outputs"] = [self.outputs[index].as_json() for index in sorted(self.outputs)]
        return {key: value for key, value in document.items() if value is not None}


INTERNAL: Mapping[str, Column] = {
    "owner": Column(
        "TEXT NOT NULL", since=1
    ),  # the call that is working on the job: see `processes`
    "result": Column("BLOB", since=1),
    "result_file": Column("TEXT", since=1),  # the file of a result that is too large for the row
    "reserve": Column("BLOB", since=1),  # disk space for fal's answer
}
"""Columns that are no fields of `Job`."""

STORED: Mapping[str, Column] = {**Job.columns, **INTERNAL}
"""Every column of the table `jobs`, by its name."""


def stored(changes: Mapping[str, object]) -> dict[str, object]:
    """Values for SQLite, by column."""
    return {name: STORED[name].store(value) for name, value in changes.items()}


def output_from_json(text: str) -> Output:
    """The inverse of `Output.as_json`, from its JSON text."""
    document = json.loads(text)
    return Output(
        path=Path(document["path"]),
        mime_type=document["mimeType"],
        size=document["size"],
        url=document["url"],
        width=document.get("width"),
        height=document.get("height"),
        duration=document.get("duration"),
        sha256=document.get("sha256"),
        served_sha256=document.get("servedSha256"),
        provenance=document.get("provenance"),
        sidecar=Path(document["sidecar"]) if "sidecar" in document else None,
        content_credentials=document.get("contentCredentials"),
        provenance_note=document.get("provenanceNote"),
    )
