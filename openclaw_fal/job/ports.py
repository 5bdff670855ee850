"""What the use case needs from outside, and what it works with: no part of it does anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from openclaw_fal.frozen import Frozen
from openclaw_fal.media import Output, Reference, RemoteFile


class RunSettings(Frozen):
    """How one request is run. Times in seconds, `max_bytes` for each file."""

    capability: str
    queue: bool
    timeout_s: float
    detach: bool = False
    poll_interval_s: float = 5.0
    cancel_on_interrupt: bool = False
    max_bytes: int | None = None


class Generated(Frozen):
    """What a job left behind. `flagged` are the outputs (from 0) that fal marks as unsafe."""

    job_id: str
    model: str
    outputs: tuple[Output, ...] = ()
    request_id: str | None = None
    seed: int | None = None
    billable_units: str | None = None
    flagged: tuple[int, ...] = ()
    submitted_only: bool = False


OnWay = Callable[[bool], object]
"""Hears True right before a request leaves, and False when fal has provably not taken it."""


class Fal(Protocol):
    """fal, as `openclaw_fal.fal.service.FalService` speaks to it."""

    base_url: str

    def deadline(self, seconds: float) -> Any: ...
    def run(
        self, endpoint: str, body: Mapping[str, object], deadline: Any, on_way: OnWay
    ) -> Any: ...
    def submit(
        self, endpoint: str, body: Mapping[str, object], deadline: Any, on_way: OnWay
    ) -> Any: ...
    def queued_instead(self, endpoint: str, result: Any) -> Any: ...
    def handle(self, job: Any) -> Any: ...
    def wait(
        self, handle: Any, deadline: Any, interval: float, told: Callable[[str], None]
    ) -> Any: ...
    def outcome(self, handle: Any, completed: Any, deadline: Any) -> Any: ...
    def cancel(self, handle: Any, deadline: Any) -> str: ...
    def upload(self, local: Any, deadline: Any) -> str: ...
    def download(
        self, file: RemoteFile, sink: Any, index: int, deadline: Any, max_bytes: int | None
    ) -> None: ...
    def read(self, raw: bytes) -> Any: ...


class Signals(Protocol):
    """Stop signals, as `openclaw_fal.signals` catches them."""

    def hold(self, notice: str = "", grace_s: float = ...) -> None: ...
    def release(self) -> None: ...
    def unbroken(self) -> AbstractContextManager[None]: ...


class Files(Protocol):
    """The user's files, as `openclaw_fal.files.desk.Desk` handles them."""

    def load(self, reference: Reference) -> Any: ...
    def checked_url(self, reference: Reference) -> str: ...
    def must_upload(self, files: Sequence[Any]) -> set[int]: ...
    def data_uri(self, local: Any) -> str: ...
    def part(self, target: Any, job_id: str, index: int, count: int, seed: int | None) -> Any: ...
    def keep_unreadable(self, target: Any, job_id: str, raw: bytes) -> Path: ...
