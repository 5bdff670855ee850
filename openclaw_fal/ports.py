"""What the use case needs from outside, and what it works with: no part of it does anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from openclaw_fal.media import Output, Reference, RemoteFile


@dataclass(frozen=True, slots=True)
class RunSettings:
    """How one request is run. Times in seconds, `max_bytes` for each file."""

    capability: str
    queue: bool
    timeout_s: float
    detach: bool = False
    poll_interval_s: float = 5.0
    cancel_on_interrupt: bool = False
    max_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Generated:
    """What a job left behind. `flagged` are the outputs (from 0) that fal marks as unsafe."""

    job_id: str
    model: str
    outputs: tuple[Output, ...] = ()
    request_id: str | None = None
    seed: int | None = None
    billable_units: str | None = None
    flagged: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    submitted_only: bool = False


class Fal(Protocol):
    """fal, as `openclaw_fal.fal.service.FalService` speaks to it."""

    base_url: str

    def deadline(self, seconds: float) -> Any: ...
    def run(self, endpoint: str, body: Mapping[str, object], deadline: Any) -> Any: ...
    def submit(self, endpoint: str, body: Mapping[str, object], deadline: Any) -> Any: ...
    def handle(self, job: Any) -> Any: ...
    def wait(
        self, handle: Any, deadline: Any, interval: float, told: Callable[[str], None]
    ) -> Any: ...
    def cancel(self, handle: Any, deadline: Any) -> str: ...
    def upload(self, local: Any, deadline: Any) -> str: ...
    def download(
        self, file: RemoteFile, sink: Any, index: int, deadline: Any, max_bytes: int | None
    ) -> None: ...
    def read(self, raw: bytes) -> Any: ...


class Files(Protocol):
    """The user's files, as `openclaw_fal.store.desk.Desk` handles them."""

    def load(self, reference: Reference) -> Any: ...
    def checked_url(self, reference: Reference) -> str: ...
    def must_upload(self, files: Sequence[Any]) -> set[int]: ...
    def data_uri(self, local: Any) -> str: ...
    def part(self, target: Any, job_id: str, index: int, count: int, seed: int | None) -> Any: ...
    def keep_unreadable(self, target: Any, job_id: str, raw: bytes) -> Path: ...
