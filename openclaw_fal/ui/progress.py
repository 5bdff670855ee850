"""The display of a running job: live on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from openclaw_fal.progress import Progress
from openclaw_fal.text import safe, write_safely
from openclaw_fal.ui.render import is_terminal, one_line
from openclaw_fal.ui.transfers import Transfer, clock_text, queue_text, size_text

if TYPE_CHECKING:
    from openclaw_fal.session import Session

# A line is repeated after so many seconds of silence.
QUEUED_INTERVAL_S = 10.0
RUNNING_INTERVAL_S = 60.0
LOG_LINES = 20  # that are shown without --verbose


def progress_for(session: Session) -> Progress:
    """The display for this session: none with --quiet, live on a terminal, else plain lines."""
    if session.quiet:
        return Progress()
    if is_terminal(sys.stderr):
        from openclaw_fal.ui.live import LiveProgress

        return LiveProgress(session)
    return PlainProgress(session)


def unsuppressed_notes(session: Session, progress: Progress) -> Callable[[str], None]:
    """A function that shows a note with --quiet too: for an option that is not sent as given."""
    from openclaw_fal.ui.render import Renderer

    return Renderer(session).note if session.quiet else progress.note


def request_log(session: Session) -> Callable[[str], None]:
    """A function that prints the sandbox's log line of a request; nothing with --quiet."""

    def log(line: str) -> None:
        if not session.quiet:
            write_safely(sys.stderr, safe(line, keep_newlines=False) + "\n")
            sys.stderr.flush()

    return log


class PlainProgress(Progress):
    """Lines on stderr, each with the time since the start: one for each change of state, the queue
    position every 10 s, `running` every 60 s, and the first log lines (--verbose: all of them)."""

    def __init__(
        self,
        session: Session,
        *,
        clock: Callable[[], float] = time.monotonic,
        start: float | None = None,
        label: str = "",
    ) -> None:
        self._session = session
        self._label = f"{label}: " if label else ""
        self._clock = clock
        self._start = clock() if start is None else start
        self._state = ""
        self._last_line_at = self._start
        self._logs = 0
        self._transfers: dict[str, Transfer] = {}
        self._lock = threading.Lock()

    def job(self, label: str) -> Progress:
        return PlainProgress(self._session, clock=self._clock, start=self._start, label=label)

    def phase(self, name: str) -> None:
        self._enter(name, name)

    def queued(self, position: int | None) -> None:
        self._enter("queued", queue_text(position), every=QUEUED_INTERVAL_S)

    def running(self) -> None:
        self._enter("running", "running", every=RUNNING_INTERVAL_S)

    def log(self, message: str) -> None:
        with self._lock:
            self._logs += 1
            if self._logs <= LOG_LINES or self._session.verbose:
                self._say(f"| {message}")
            elif self._logs == LOG_LINES + 1:
                self._say("| … (--verbose shows every line)")

    def note(self, message: str) -> None:
        with self._lock:
            self._say(f"note: {message}")

    def upload(self, name: str, done: int, total: int | None) -> None:
        self._moved(f"uploaded {name}", done, total)

    def download(self, index: int, done: int, total: int | None) -> None:
        self._moved(f"downloaded file {index + 1}", done, total)

    def _moved(self, name: str, done: int, total: int | None) -> None:
        with self._lock:
            transfer = self._transfers.setdefault(name, Transfer(name, self._clock))
            was_finished = transfer.finished
            transfer.moved(done, total)
            if transfer.finished and not was_finished:
                rate = f", {size_text(transfer.rate)}/s" if transfer.rate else ""
                self._say(f"{name} ({size_text(done)}{rate})")

    def _enter(self, state: str, text: str, *, every: float | None = None) -> None:
        """Print a state when it begins, and again after `every` seconds without a line."""
        with self._lock:
            silence = self._clock() - self._last_line_at
            if state != self._state or (every is not None and silence >= every):
                self._state = state
                self._say(text)

    def _say(self, text: str) -> None:
        self._last_line_at = self._clock()
        elapsed = self._last_line_at - self._start
        stamp = f"{elapsed:.1f}s" if elapsed < 60 else clock_text(elapsed)
        write_safely(sys.stderr, f"{stamp:>6}  {one_line(self._label + text, self._session)}\n")
        sys.stderr.flush()
