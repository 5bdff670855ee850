"""The state that all connections of a sandbox share."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from openclaw_fal.sandbox.dials import HEADER, Dials
from openclaw_fal.sandbox.http1 import Request, Response
from openclaw_fal.sandbox.jobs import Ids, Job, Jobs, Runners
from openclaw_fal.sandbox.ledger import Ledger
from openclaw_fal.sandbox.media.library import Library
from openclaw_fal.sandbox.storage import Storage, Upload
from openclaw_fal.sandbox.webhooks import WebhookSender

Hook = Callable[[Request], Response | None]
_PARSED_HEADERS = 256  # dials headers that are kept parsed


@dataclass
class Recorded:
    """A request as it arrived. `status` is the response's, 0 before the response.

    `size` is the body's size; `body` is the stored part of it. `leaked`: a request to a public host
    (media, upload) carried an API key. `at` is on the monotonic clock.
    """

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    at: float
    phase: str
    role: str = "all"
    size: int = 0
    status: int = 0
    leaked: bool = False

    @property
    def json(self) -> Any:
        """The body as JSON; raises ValueError if it is not."""
        return json.loads(self.body)


@dataclass
class Limits:
    """How much is stored: `requests`, `jobs` and `uploads` by count, `body` (of one request),
    `bodies` (of all) and `uploaded` in bytes, `job_age` in seconds."""

    requests: int = 100_000
    body: int = 32 << 20
    bodies: int = 256 << 20
    jobs: int = 2000
    job_age: float = 7200.0
    uploads: int = 500
    uploaded: int = 1 << 30


@dataclass
class SandboxState:
    """The sandbox's dials, jobs, media, uploads, ledger and recorded requests."""

    dials: Dials
    ids: Ids
    limits: Limits
    recording: bool
    log: Callable[[str], None] | None
    hook: Hook | None
    webhook_secret: bytes
    stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.webhooks = WebhookSender(self.webhook_secret, self.stop, self.write_log)
        self.library = Library()
        self.ledger = Ledger(self.job_dials)
        self.runners = Runners()
        self.jobs = Jobs(self.settled, count=self.limits.jobs, age=self.limits.job_age)
        self.crashes: deque[str] = deque(maxlen=100)
        self.requests: deque[Recorded] = deque(maxlen=self.limits.requests)
        self._storage: Storage | None = None
        self._folder: TemporaryDirectory[str] | None = None
        self._parsed: dict[str, Dials] = {}
        self._lock = threading.Lock()
        self._arrived = threading.Condition(self._lock)
        self._body_bytes = 0

    def upload(self, upload_id: str) -> Upload | None:
        """The upload with this id, started or complete; None if there is none."""
        return self._storage.get(upload_id) if self._storage else None

    def uploads(self) -> list[Upload]:
        return self._storage.all() if self._storage else []

    @property
    def storage(self) -> Storage:
        """The store of uploads, created with the first one."""
        folder = self.folder()
        with self._lock:
            if self._storage is None:
                limits = self.limits
                self._storage = Storage(folder, count=limits.uploads, held=limits.uploaded)
            return self._storage

    def folder(self) -> Path:
        """The sandbox's temporary folder, created when first needed."""
        with self._lock:
            if self._folder is None:
                self._folder = TemporaryDirectory(
                    prefix="openclaw-fal-sandbox-", ignore_cleanup_errors=True
                )
            return Path(self._folder.name)

    def close(self) -> None:
        """Remove the temporary folder."""
        with self._lock:
            if self._folder:
                self._folder.cleanup()
            self._folder = self._storage = None

    def locked(self, dials: Dials) -> bool:
        """Whether the account's balance is used up."""
        return dials.balance < Dials.balance and self.ledger.owed() >= Decimal(str(dials.balance))

    def dials_of(self, request: Request) -> Dials | None:
        """The dials in the request's header, None if it has none. The same text gives the same
        object, so that its faults count over several requests."""
        text = request.headers.get(HEADER)
        if text is None:
            return None
        with self._lock:
            dials = self._parsed.get(text)
            if dials is None:
                if len(self._parsed) >= _PARSED_HEADERS:
                    self._parsed.clear()
                dials = self._parsed[text] = Dials.parse(text)
            return dials

    def inherited_dials(self, request: Request) -> Dials | None:
        """The dials in the header of the request that created this job or file, if any."""
        if request.job_path is not None:
            app, request_id, _ = request.job_path
            job = self.jobs.get(request_id, app)
            return job.own_dials if job else None
        return self.library.dials(request.path)

    def record(self, request: Request, phase: str, *, leaked: bool) -> Recorded:
        """Record a request, within the limits."""
        recorded = Recorded(
            request.method,
            request.path,
            request.query,
            request.headers,
            request.body[: self.limits.body],
            time.monotonic(),
            phase,
            request.role,
            len(request.body),
            leaked=leaked,
        )
        if self.recording:
            with self._lock:
                self._body_bytes += len(recorded.body)
                if self._body_bytes > self.limits.bodies:
                    recorded.body = b""
                self.requests.append(recorded)
                self._arrived.notify_all()
        return recorded

    def wait_for(self, phase: str, count: int, timeout: float) -> list[Recorded]:
        """Wait until `count` requests of a phase are recorded. Raises TimeoutError."""

        def arrived() -> list[Recorded]:
            return [item for item in self.requests if item.phase == phase]

        with self._arrived:
            if not self._arrived.wait_for(lambda: len(arrived()) >= count, timeout):
                raise TimeoutError(f"{len(arrived())} of {count} requests of the phase {phase}")
            return arrived()

    def recorded(self) -> list[Recorded]:
        """The requests recorded so far."""
        with self._lock:
            return list(self.requests)

    def clear(self) -> None:
        """Forget the requests recorded so far."""
        with self._lock:
            self.requests.clear()
            self._body_bytes = 0

    def write_log(self, lines: Iterable[str]) -> None:
        """Write lines to the log, without control characters."""
        if self.log:
            for line in lines:
                self.log("".join(char if char.isprintable() else "?" for char in line))

    def record_crash(self, exc: Exception) -> None:
        """Keep the traceback of a bug in the sandbox."""
        import traceback

        self.crashes.append("".join(traceback.format_exception(exc)))
        self.write_log([f"the sandbox has a bug: {exc!r}"])

    def wait(self, seconds: float) -> None:
        """Sleep for `seconds`, or until the sandbox stops."""
        if seconds > 0:
            self.stop.wait(seconds)

    def job_dials(self, job: Job, request_dials: Dials | None = None) -> Dials:
        """The dials for a job: those of the request, of its submit, or the sandbox's."""
        return request_dials or job.own_dials or self.dials

    def settled(self, job: Job) -> bool:
        """Whether the job has ended, in success or failure."""
        return job.done_at is not None or job.progress(self.job_dials(job))[0] == "COMPLETED"
