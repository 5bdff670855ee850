"""What a person sees while a batch runs: one bar for all of it, counts, and the last lines."""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from openclaw_fal.frozen import Frozen
from openclaw_fal.text import lower_start, redacted, safe, write_safely
from openclaw_fal.ui.drawing import SHORTEST_BAR, Glyphs, Line
from openclaw_fal.ui.layout import cut, width_of
from openclaw_fal.ui.render import is_terminal
from openclaw_fal.ui.transfers import clock_text

if TYPE_CHECKING:
    from openclaw_fal.progress import Counts
    from openclaw_fal.session import Session
    from openclaw_fal.ui.live_view import View

EVERY_S = 10.0
"""The shortest pause between two lines where there is no live display."""

LAST_LINES = 4
WIDEST_BAR = 40


class Standing(Frozen):
    """How far a batch is. `money` is what was spent of what may be, as text."""

    counts: Counts
    money: str = ""


class BatchDisplay:
    """The display that is off. Every method may be called from any thread."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def output(self, path: str) -> None:
        """A file is there: its path goes to standard output, unless a document comes there."""
        if not self._session.json:
            write_safely(sys.stdout, redacted(safe(path), self._session.secrets) + "\n")
            sys.stdout.flush()

    def event(self, text: str) -> None:
        """Something happened to one item."""

    def stands(self, counts: Counts, money: str) -> None:
        """How far the batch is now."""

    def close(self) -> None:
        """Nothing more will come. May be called twice."""


class PlainBatchDisplay(BatchDisplay):
    """A line now and then, and one for each item that failed."""

    def __init__(self, session: Session, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(session)
        self._clock, self._start = clock, clock()
        self._next_at = self._start + EVERY_S

    def event(self, text: str) -> None:
        self._line(lower_start(text))

    def stands(self, counts: Counts, money: str) -> None:
        if self._clock() >= self._next_at:
            self._next_at = self._clock() + EVERY_S
            self._line(words_of(Standing(counts, money)))

    def _line(self, text: str) -> None:
        line = redacted(safe(text, keep_newlines=False), self._session.secrets)
        stamp = clock_text(self._clock() - self._start)
        write_safely(sys.stderr, f"{stamp:>7}  {line}\n")
        sys.stderr.flush()


class LiveBatchDisplay(BatchDisplay):
    """Redraws in place on standard error; leaves nothing behind."""

    def __init__(self, session: Session, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(session)
        self._clock, self._start = clock, clock()
        self._lock = threading.Lock()
        self._standing: Standing | None = None
        self._last: deque[str] = deque(maxlen=LAST_LINES)
        self._glyphs = Glyphs(getattr(sys.stderr, "encoding", None))
        self._view: View | None = None

    def output(self, path: str) -> None:
        if is_terminal(sys.stdout) and self._view is not None and not self._session.json:
            # The display redraws the same screen: a line between its frames would be overwritten.
            self._view.print(redacted(safe(path), self._session.secrets), "")
        else:
            super().output(path)

    def event(self, text: str) -> None:
        with self._lock:
            line = redacted(safe(text, keep_newlines=False), self._session.secrets)
            self._last.append(lower_start(line))

    def stands(self, counts: Counts, money: str) -> None:
        from openclaw_fal.ui.live_view import View

        with self._lock:
            self._standing = Standing(counts, money)
        if self._view is None:
            import os

            color = not (self._session.no_color or os.environ.get("NO_COLOR"))
            self._view = View(self.lines, color=color)

    def lines(self, width: int, height: int) -> list[Line]:
        """What stands on the screen now."""
        with self._lock:
            standing, last = self._standing, list(self._last)
        if standing is None:
            return []
        elapsed = self._clock() - self._start
        lines: list[Line] = [[(cut(text, width), "dim")] for text in last]
        lines.append(bar_line(standing.counts, elapsed, width, self._glyphs))
        lines += [[(part, "")] for part in fitted_words(standing, width)]
        return lines[-max(height - 1, 1) :]

    def close(self) -> None:
        view, self._view = self._view, None
        if view is not None:
            view.stop()


def display_for(session: Session) -> BatchDisplay:
    """The display that fits: none with --quiet, live on a terminal, else a line now and then."""
    if session.quiet:
        return BatchDisplay(session)
    return LiveBatchDisplay(session) if is_terminal(sys.stderr) else PlainBatchDisplay(session)


def ended(counts: Counts) -> int:
    """How many items have come to an end."""
    return counts.done + counts.failed + counts.uncertain


def left_s(counts: Counts, elapsed: float) -> float | None:
    """Seconds to go at the rate so far; None while nothing has ended."""
    over = ended(counts)
    return elapsed / over * (counts.total - over) if over else None


def bar_line(counts: Counts, elapsed: float, width: int, glyphs: Glyphs) -> Line:
    """The bar, how many are over, the time that it took, and the time left."""
    over = ended(counts)
    share = over / counts.total if counts.total else 1.0
    tail = f"  {over}/{counts.total}  {clock_text(elapsed)}"
    left = left_s(counts, elapsed)
    if left is not None and over < counts.total:
        tail += f"  {clock_text(left)} left"
    room = min(width - width_of(tail), WIDEST_BAR)
    if room < SHORTEST_BAR:
        return [(cut(tail.strip(), width), "")]
    full = int(share * room)
    return [(glyphs.full * full, "green"), (glyphs.rest * (room - full), "dim"), (tail, "")]


def parts_of(standing: Standing) -> list[str]:
    """The counts that are not zero, and the money, as words."""
    counts = standing.counts
    named = (
        (counts.done, "done"),
        (counts.failed, "failed"),
        (counts.uncertain, "uncertain"),
        (counts.fetching, "downloading"),
        (counts.running, "running"),
        (counts.submitted, "queued"),
        (counts.pending, "to send"),
    )
    parts = [f"{count} {word}" for count, word in named if count]
    return [*parts, standing.money] if standing.money else parts


def words_of(standing: Standing) -> str:
    """How far a batch is, as one line."""
    return f"{ended(standing.counts)}/{standing.counts.total}: {', '.join(parts_of(standing))}"


def fitted_words(standing: Standing, width: int) -> list[str]:
    """The counts in as few lines as fit the width, broken between them."""
    lines = [""]
    for part in parts_of(standing):
        joined = f"{lines[-1]}, {part}" if lines[-1] else part
        if width_of(joined) <= width or not lines[-1]:
            lines[-1] = joined
        else:
            lines.append(part)
    return [cut(line, width) for line in lines if line]
