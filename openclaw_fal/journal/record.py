"""A job as the journal keeps it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from openclaw_fal.frozen import Frozen
from openclaw_fal.media import Kind, Output, cut_data_uri
from openclaw_fal.money.cost import Cost

Transport = Literal["sync", "queue"]
State = Literal[
    "sending",  # the request is about to leave, or has left and is not answered
    "uncertain",  # it may have reached fal; nobody knows
    "queued",
    "running",
    "completed",  # the result is there; not all files are saved
    "saving",  # a process is saving the files
    "done",
    "failed",
    "cancelled",
    "not_sent",  # it provably never reached fal
]
STATES: tuple[State, ...] = (
    "sending",
    "uncertain",
    "queued",
    "running",
    "completed",
    "saving",
    "done",
    "failed",
    "cancelled",
    "not_sent",
)
FINISHED: frozenset[State] = frozenset({"done", "failed", "cancelled", "not_sent"})

PROMPT_LIMIT = 2_000
"""Characters of a prompt, and of any other text of the request, that the journal keeps."""


class JobError(Frozen):
    """Why a job failed, or what is known of an uncertain one. `code` is the failure document's."""

    code: str
    message: str
    http_status: int | None = None


class Job(Frozen, kw_only=True):
    """One row of the journal, as it reads now.

    `created` and `updated` are seconds since 1970 by this machine's clock; `number` grows with
    every job and is the order that a changed clock cannot break. `outputs` maps the index of an
    output (from 0) to the file that was saved for it. `attempts` counts the POSTs that were begun.
    """

    id: str
    number: int
    created: float
    updated: float
    kind: Kind
    capability: str
    model: str
    endpoint: str
    transport: Transport
    state: State
    base_url: str
    prompt: str
    target: Mapping[str, object]
    count: int
    timeout_s: float
    sandbox: bool
    attempts: int
    cancel_requested: bool
    has_result: bool
    request_id: str | None = None
    status_url: str | None = None
    response_url: str | None = None
    cancel_url: str | None = None
    queue_position: int | None = None
    error: JobError | None = None
    billable_units: str | None = None
    seed: int | None = None
    config_path: Path | None = None
    body: Mapping[str, object] | None = None
    key: str | None = None
    cost: Cost | None = None
    outputs: Mapping[int, Output] = MappingProxyType({})

    @property
    def finished(self) -> bool:
        """Whether nothing more is to be expected of the job."""
        return self.state in FINISHED

    def as_json(self) -> dict[str, object]:
        """The job as a JSON object for programs: camelCase, times in ISO 8601 (UTC), no nulls."""
        error = self.error and {
            "code": self.error.code,
            "message": self.error.message,
            "status": self.error.http_status,
        }
        document: dict[str, object] = {
            "jobId": self.id,
            "state": self.state,
            "createdAt": iso_time(self.created),
            "updatedAt": iso_time(self.updated),
            "capability": self.capability,
            "model": self.model,
            "endpoint": self.endpoint,
            "transport": self.transport,
            "prompt": self.prompt,
            "requestId": self.request_id,
            "statusUrl": self.status_url,
            "responseUrl": self.response_url,
            "cancelUrl": self.cancel_url,
            "queuePosition": self.queue_position if self.state == "queued" else None,
            "baseUrl": self.base_url,
            "attempts": self.attempts,
            "cancelRequested": self.cancel_requested or None,
            "sandbox": self.sandbox or None,
            "seed": self.seed,
            "billableUnits": self.billable_units,
            "key": self.key,
            "cost": self.cost and self.cost.as_json(),
            "error": error and {key: value for key, value in error.items() if value is not None},
            "outputs": [self.outputs[index].as_json() for index in sorted(self.outputs)],
        }
        return {key: value for key, value in document.items() if value is not None}


def iso_time(seconds: float) -> str | None:
    """Seconds since 1970 as `2026-08-14T09:30:00Z`; None for what no calendar holds."""
    from datetime import UTC, datetime

    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return None


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
    )


def cut_texts(node: object) -> object:
    """A request body as the journal may keep it: data URIs and very long texts are cut."""
    if isinstance(node, str):
        return shortened(cut_data_uri(node))
    if isinstance(node, Mapping):
        return {str(key): cut_texts(value) for key, value in node.items()}
    if isinstance(node, (list, tuple)):
        return [cut_texts(value) for value in node]
    return node


def shortened(text: str, limit: int = PROMPT_LIMIT) -> str:
    """At most `limit` characters, the last of them an ellipsis when something was cut."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
