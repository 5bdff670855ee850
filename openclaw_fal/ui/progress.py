"""What a person sees while a job runs: a live display on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING

from openclaw_fal.progress import Progress
from openclaw_fal.ui.render import is_terminal
from openclaw_fal.ui.text import redacted, safe, write_safely

if TYPE_CHECKING:
    from openclaw_fal.session import Session


def progress_for(session: Session) -> Progress:
    """The display that fits: none with --quiet, live on a terminal, else a line for each change."""
    if session.quiet:
        return Progress()
    if is_terminal(sys.stderr) and not session.json:
        from openclaw_fal.ui.live import LiveProgress

        return LiveProgress(session)
    return PlainProgress(session)


class PlainProgress(Progress):
    """One line on stderr for each change, with the seconds since the start."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._start = time.monotonic()
        self._last = ""
        self._lock = threading.Lock()

    def phase(self, name: str) -> None:
        self._say(name)

    def queued(self, position: int | None) -> None:
        self._say("queued" if position is None else f"queued, {position} ahead")

    def running(self) -> None:
        self._say("running")

    def log(self, message: str) -> None:
        self._say(f"| {message}", repeat=True)

    def note(self, message: str) -> None:
        self._say(f"note: {message}")

    def upload(self, name: str, done: int, total: int | None) -> None:
        if total is not None and done >= total:
            self._say(f"uploaded {name} ({size_text(total)})")

    def download(self, index: int, done: int, total: int | None) -> None:
        if total is not None and done >= total:
            self._say(f"downloaded file {index + 1} ({size_text(total)})")

    def _say(self, text: str, *, repeat: bool = False) -> None:
        with self._lock:
            if text == self._last and not repeat:
                return
            self._last = text
            elapsed = time.monotonic() - self._start
            line = redacted(safe(text, keep_newlines=False), self._session.secrets)
            write_safely(sys.stderr, f"{elapsed:6.1f}s  {line}\n")
            sys.stderr.flush()


def size_text(size: float) -> str:
    """Bytes for people: decimal units, one digit after the point."""
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
