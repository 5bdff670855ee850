"""The live display: a status line for each job, its last log lines, a bar for each transfer.

At its end it is cleared; only notes, and the log of a job that failed, stay on the screen. It
appears after `DELAY_S`, so that a quick job never has to load rich.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from openclaw_fal.progress import Progress
from openclaw_fal.ui.drawing import Glyphs, JobState, Line
from openclaw_fal.ui.layout import columns, hanging
from openclaw_fal.ui.render import one_line, wants_color
from openclaw_fal.ui.transfers import Transfer, queue_text

if TYPE_CHECKING:
    from openclaw_fal.session import Session
    from openclaw_fal.ui.live_view import View

DELAY_S = 0.15


class Screen:
    """The jobs that are shown, and the display, which opens after a delay."""

    def __init__(self, session: Session, delay_s: float, clock: Callable[[], float]) -> None:
        self.lock = threading.RLock()
        self.clock = clock
        self.glyphs = Glyphs(getattr(sys.stderr, "encoding", None))
        self.jobs: list[JobState] = []
        self._color = wants_color(session)
        self._start = clock()
        self._delay_s = delay_s
        self._opener: threading.Timer | None = None
        self._view: View | None = None
        self._closed = False

    def lines(self, width: int, height: int) -> list[Line]:
        """The lines to draw now; the last ones where `height` has no room for all."""
        with self.lock:
            elapsed = self.clock() - self._start
            lines = [line for job in self.jobs for line in job.lines(elapsed, width, self.glyphs)]
        return lines[-max(height - 1, 1) :]

    def show(self, job: JobState) -> None:
        with self.lock:
            if job not in self.jobs:
                self.jobs.append(job)
            if self._opener is None and not self._closed:
                self._opener = threading.Timer(self._delay_s, self._open)
                self._opener.daemon = True
                self._opener.start()

    def hide(self, job: JobState) -> None:
        with self.lock:
            if job in self.jobs:
                self.jobs.remove(job)

    def above(self, text: str, style: str) -> None:
        """Print a line that stays on the screen, above the display while it is open.

        Must not be called with `lock` held: rich's thread takes its own lock and then `lock`, so
        the opposite order could deadlock.
        """
        if self._view is not None:
            self._view.print(text, style)
            return
        from openclaw_fal.ui.live_view import print_line

        print_line(text, style, color=self._color)

    def close(self) -> None:
        with self.lock:
            self._closed = True
            opener = self._opener
        if opener is not None:
            opener.cancel()
            opener.join()
        view, self._view = self._view, None
        if view is not None:
            view.stop()

    def _open(self) -> None:
        from openclaw_fal.ui.live_view import View

        if not self._closed:
            self._view = View(self.lines, color=self._color)


class LiveProgress(Progress):
    """Redraws in place on stderr. Every method may be called from any thread."""

    def __init__(
        self,
        session: Session,
        *,
        delay_s: float = DELAY_S,
        clock: Callable[[], float] = time.monotonic,
        screen: Screen | None = None,
        label: str = "",
    ) -> None:
        self._session = session
        self._shared = screen is not None
        self._screen = screen or Screen(session, delay_s, clock)
        self._job = JobState(label)

    def job(self, label: str) -> Progress:
        return LiveProgress(self._session, screen=self._screen, label=label)

    def phase(self, name: str) -> None:
        with self._screen.lock:
            self._job.begin_phase(downloading=name.startswith("downloading"))
        self._show(name)

    def queued(self, position: int | None) -> None:
        self._show(queue_text(position))

    def running(self) -> None:
        self._show("running")

    def log(self, message: str) -> None:
        text = self._clean(message)
        if self._session.verbose:
            self._print_log(text)
            return
        with self._screen.lock:
            self._job.logs.append(text)

    def note(self, message: str) -> None:
        text = self._clean(message)
        line = hanging(f"note: {self._labelled(text)}", len("note: "), columns())
        self._screen.above(line, "yellow")

    def upload(self, name: str, done: int, total: int | None) -> None:
        label = f"{self._screen.glyphs.up} {self._clean(name)}"
        with self._screen.lock:
            known = {transfer.label: key for key, transfer in self._job.transfers.items()}
            self._moved(known.get(label, (0, len(known))), label, done, total)

    def download(self, index: int, done: int, total: int | None) -> None:
        with self._screen.lock:
            label = f"{self._screen.glyphs.down} file {index + 1}"
            self._moved((1, index), label, done, total)

    def close(self) -> None:
        if self._shared:
            self._screen.hide(self._job)
        else:
            self._screen.close()
        with self._screen.lock:
            logs = list(self._job.logs)
            self._job.logs.clear()
        if _failing():
            for line in logs:
                self._print_log(line)

    def lines(self, width: int, height: int) -> list[Line]:
        """The lines to draw now."""
        return self._screen.lines(width, height)

    def _show(self, text: str) -> None:
        with self._screen.lock:
            self._job.status = self._clean(text)
        self._screen.show(self._job)

    def _moved(self, key: tuple[int, int], label: str, done: int, total: int | None) -> None:
        transfer = self._job.transfers.get(key)
        if transfer is None:
            transfer = self._job.transfers[key] = Transfer(label, self._screen.clock)
        transfer.moved(done, total)

    def _print_log(self, text: str) -> None:
        self._screen.above(f"{self._screen.glyphs.log} {self._labelled(text)}", "dim")

    def _labelled(self, text: str) -> str:
        return f"{self._job.label}: {text}" if self._job.label else text

    def _clean(self, text: str) -> str:
        return one_line(text, self._session)


def _failing() -> bool:
    """Whether an exception is being handled now, other than an interruption by the user."""
    error = sys.exception()
    return isinstance(error, Exception) and getattr(error, "code", "") != "interrupted"
