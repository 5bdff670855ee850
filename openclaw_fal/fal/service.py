"""The interface of `fal/` for the other rooms: one object with a key, hosts and a display."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from openclaw_fal.errors import ContentPolicy, OpenClawFalError
from openclaw_fal.fal.deadline import Deadline
from openclaw_fal.fal.hosts import Hosts
from openclaw_fal.frozen import Frozen
from openclaw_fal.progress import Progress

if TYPE_CHECKING:
    from openclaw_fal.fal.client import Client, RunResult
    from openclaw_fal.fal.download import Sink
    from openclaw_fal.fal.platform import BillingPage, EndpointPrice, RequestPage
    from openclaw_fal.fal.statuses import Completed, Status
    from openclaw_fal.media import Handle, Priority, RemoteFile

NO_FILE = "fal's answer holds no file that could be found"


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
        self.hosts, self.base_url = hosts, hosts.run
        self._key, self._progress, self._late_key = key, progress, late_key
        self._opened: Client | None = None

    @property
    def _client(self) -> Client:
        if self._opened is None:
            from openclaw_fal.fal.client import Client

            self._opened = Client(self.hosts, self._key, observer=self._progress)
        return self._opened

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()

    def deadline(self, seconds: float) -> Deadline:
        return Deadline(seconds)

    def run(
        self,
        endpoint: str,
        body: Mapping[str, object],
        deadline: Deadline,
        on_sending: Callable[[bool], object] | None = None,
    ) -> RunResult:
        """Run a model in one request. `on_sending`: see `Exchange.post_once`."""
        return self._client.run(endpoint, body, deadline=deadline, on_sending=on_sending)

    def submit(
        self,
        endpoint: str,
        body: Mapping[str, object],
        deadline: Deadline,
        on_sending: Callable[[bool], object] | None = None,
        priority: Priority = "normal",
    ) -> Handle | RunResult:
        """Put a job into the queue. `on_sending`: see `Exchange.post_once`.

        Returns the result instead of a handle from a server without a queue.
        """
        return self._client.submit(
            endpoint, body, deadline=deadline, on_sending=on_sending, priority=priority
        )

    def queue_handle(self, endpoint: str, request_id: str) -> Handle:
        """The handle of a queue job of which only the request id is known."""
        return self._client.queue_handle(endpoint, request_id)

    def queued_instead(self, endpoint: str, result: RunResult) -> Handle | None:
        """The handle of the job, when a server answered a synchronous run by queueing it."""
        return self._client.queued_instead(endpoint, result)

    def wait(
        self, handle: Handle, deadline: Deadline, interval: float, on_state: Callable[[str], object]
    ) -> RunResult:
        """Wait for a job and fetch its result; `on_state` is called with each state, "queued" or
        "running". `interval`: seconds between polls."""
        from openclaw_fal.fal import queue

        observer = _StateObserver(self._progress, on_state)
        completed = queue.wait(
            self._client, handle, deadline=deadline, poll_interval=interval, observer=observer
        )
        return queue.outcome(self._client, handle, completed, deadline=deadline)

    def status(self, handle: Handle, deadline: Deadline) -> Status:
        """The state of a job, asked for once. Raises Unreachable when there is no usable answer."""
        return self._client.status(handle, deadline=deadline, logs=False)

    def outcome(self, handle: Handle, completed: Completed, deadline: Deadline) -> RunResult:
        """The result of a job that is known to have ended."""
        from openclaw_fal.fal import queue

        return queue.outcome(self._client, handle, completed, deadline=deadline)

    def result_again(self, handle: Handle, deadline: Deadline) -> RunResult:
        """Fetch the result of a finished job again, which is free and may bring new URLs. Errors
        about the job are not tried again."""
        if self._key is None and self._late_key is not None:
            self._key = self._client.key = self._late_key()
        return self._client.result(handle, deadline=deadline, patient=False)

    def cancel(self, handle: Handle, deadline: Deadline) -> str:
        return self._client.cancel(handle, deadline=deadline)

    def verify_key(self, seconds: float) -> None:
        self._client.verify_key(deadline=Deadline(seconds))

    def models(
        self, cursor: str | None, deadline: Deadline, *, expand_openapi: bool = True
    ) -> Mapping[str, object]:
        """One page of fal's models, as received. See `platform.models`."""
        from openclaw_fal.fal import platform

        return platform.models(
            self._client, cursor=cursor, deadline=deadline, expand_openapi=expand_openapi
        )

    def pricing(self, endpoint_ids: Sequence[str], deadline: Deadline) -> dict[str, EndpointPrice]:
        """The prices of endpoints, by endpoint id. See `platform.pricing`."""
        from openclaw_fal.fal import platform

        return platform.pricing(self._client, endpoint_ids, deadline=deadline)

    def requests_by_endpoint(
        self,
        endpoint_id: str,
        start: float,
        end: float,
        deadline: Deadline,
        *,
        expand_payloads: bool = False,
        cursor: str | None = None,
    ) -> RequestPage:
        """One page of this account's requests. See `platform.requests_by_endpoint`."""
        from openclaw_fal.fal import platform

        return platform.requests_by_endpoint(
            self._client,
            endpoint_id,
            start=start,
            end=end,
            deadline=deadline,
            expand_payloads=expand_payloads,
            cursor=cursor,
        )

    def billing_events(
        self,
        start: float,
        end: float,
        deadline: Deadline,
        *,
        endpoint_ids: Sequence[str] = (),
        cursor: str | None = None,
    ) -> BillingPage:
        """One page of billing events. See `platform.billing_events`."""
        from openclaw_fal.fal import platform

        return platform.billing_events(
            self._client,
            start=start,
            end=end,
            deadline=deadline,
            endpoint_ids=endpoint_ids,
            cursor=cursor,
        )

    def upload(self, local: Any, deadline: Deadline) -> str:
        """Upload a local file to fal's storage and return its URL."""
        from openclaw_fal.fal import storage

        return storage.upload(
            self._client,
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
            self._client,
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
