"""The interface of `fal/` for the other rooms: one object with a key, hosts and a display."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from openclaw_fal.errors import ContentPolicy, OpenClawFalError
from openclaw_fal.fal.deadline import Deadline
from openclaw_fal.fal.hosts import Hosts
from openclaw_fal.frozen import Frozen
from openclaw_fal.progress import Progress

if TYPE_CHECKING:
    from openclaw_fal.fal.client import Client, RunResult
    from openclaw_fal.fal.download import Sink
    from openclaw_fal.fal.platform import Platform
    from openclaw_fal.fal.statuses import Completed
    from openclaw_fal.media import Handle, RemoteFile

NO_FILE = "fal's answer names no file"


class Reading(Frozen):
    """The contents of a result: files, seed, the indices of files that the safety checker flagged,
    and the error where there are no files."""

    files: list[RemoteFile]
    seed: int | None
    flagged: tuple[int, ...]
    failure: OpenClawFalError | None = None


class FalService:
    """Creates the HTTP client at the first request, so that httpx is not loaded before.

    `key` is None for commands that may need none; `late_key` finds one if a request does.
    """

    def __init__(
        self,
        hosts: Hosts,
        key: str | None,
        progress: Progress,
        late_key: Callable[[], str] | None = None,
    ) -> None:
        self.hosts = hosts
        self._key, self._progress, self._late_key = key, progress, late_key
        self._client: Client | None = None

    @property
    def client(self) -> Client:
        """fal's model API."""
        if self._client is None:
            from openclaw_fal.fal.client import Client

            self._client = Client(self.hosts, self._key, observer=self._progress)
        return self._client

    @property
    def platform(self) -> Platform:
        """fal's platform API."""
        from openclaw_fal.fal.platform import Platform

        return Platform(self.client)

    def close(self) -> None:
        if self._client is not None:
            self._client.close()

    def deadline(self, seconds: float) -> Deadline:
        return Deadline(seconds)

    def wait(
        self, handle: Handle, deadline: Deadline, interval: float, on_state: Callable[[str], object]
    ) -> RunResult:
        """Wait for a job and fetch its result; `on_state` is called with each state, "queued" or
        "running". `interval`: seconds between polls."""
        from openclaw_fal.fal import queue

        observer = _StateObserver(self._progress, on_state)
        completed = queue.wait(
            self.client, handle, deadline=deadline, poll_interval=interval, observer=observer
        )
        return queue.outcome(self.client, handle, completed, deadline=deadline)

    def outcome(self, handle: Handle, completed: Completed, deadline: Deadline) -> RunResult:
        """The result of a job that is known to have ended."""
        from openclaw_fal.fal import queue

        return queue.outcome(self.client, handle, completed, deadline=deadline)

    def result_again(self, handle: Handle, deadline: Deadline) -> RunResult:
        """Fetch the result of a finished job again, which is free and may bring new URLs. Errors
        about the job are not tried again."""
        if self._key is None and self._late_key is not None:
            self._key = self.client.key = self._late_key()
        return self.client.result(handle, deadline=deadline, patient=False)

    def upload(self, local: Any, deadline: Deadline) -> str:
        """Upload a `LocalFile` (of `files`, which `fal` does not import); return its URL."""
        from openclaw_fal.fal import storage

        return storage.upload(
            self.client,
            open_file=local.open,
            size=local.size,
            name=local.name,
            content_type=local.mime_type,
            deadline=deadline,
            progress=lambda done: self._progress.upload(local.name, done, local.size),
        )

    def download(
        self, file: RemoteFile, sink: Sink, index: int, deadline: Deadline, max_bytes: int | None
    ) -> None:
        """Stream one file of a result into `sink`."""
        from openclaw_fal.fal import download

        download.download(
            self.client,
            file,
            sink,
            deadline=deadline,
            max_bytes=max_bytes,
            progress=lambda done, total: self._progress.download(index, done, total),
        )

    def read(self, raw: bytes) -> Reading:
        """The files and facts in the body of a result."""
        from openclaw_fal.fal import failures, results, wire

        try:
            payload = wire.parse(raw)
        except wire.NotJson:
            payload = None
        facts, files = results.facts(payload, key=self._key), results.remote_files(payload)
        if files:
            return Reading(files, facts.seed, facts.flagged)
        report = results.refusal(payload, key=self._key)
        failure = failures.verdict(report, None, otherwise=NO_FILE)
        if facts.flagged:
            failure = ContentPolicy(f"fal's safety checker flagged the request; {NO_FILE}")
        failure.may_be_billed = True
        return Reading([], facts.seed, facts.flagged, failure)


class _StateObserver(Progress):
    """Passes everything to `display`, and calls `on_state` when the state changes."""

    def __init__(self, display: Progress, on_state: Callable[[str], object]) -> None:
        self._display, self._on_state, self._state = display, on_state, ""

    def queued(self, position: int | None) -> None:
        self._change("queued")
        self._display.queued(position)

    def running(self) -> None:
        self._change("running")
        self._display.running()

    def log(self, message: str) -> None:
        self._display.log(message)

    def note(self, message: str) -> None:
        self._display.note(message)

    def _change(self, state: str) -> None:
        if state != self._state:
            self._state = state
            self._on_state(state)
