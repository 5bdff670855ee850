"""The display of a running batch: one progress bar and counts by state."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from openclaw_fal.frozen import Frozen
from openclaw_fal.text import redacted, safe, write_safely
from openclaw_fal.ui.drawing import SHORTEST_BAR, Glyphs, Line
from openclaw_fal.ui.layout import cut, width_of
from openclaw_fal.ui.render import Renderer, is_terminal, one_line, wants_color
from openclaw_fal.ui.transfers import clock_text

if TYPE_CHECKING:
    from openclaw_fal.progress import Counts
    from openclaw_fal.session import Session
    from openclaw_fal.ui.live_view import View

LINE_INTERVAL_S = 10.0
"""Least time between two progress lines where there is no live display."""

WIDEST_BAR = 40


class BatchState(Frozen):
    """The progress of a batch. `money` is text: what was spent, and of which budget."""

    counts: Counts
    money: str = ""


class BatchDisplay:
    """Prints only the paths of outputs: the display with --quiet. The base of the other displays.
    Every method may be called from any thread."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def output(self, path: str) -> None:
        """Print the path of a saved file to stdout; with --json it is in the final document."""
        if not self._session.json:
            write_safely(sys.stdout, redacted(safe(path), self._session.secrets) + "\n")
            sys.stdout.flush()

    def note(self, text: str) -> None:
        """Show what is true of the whole batch, before it begins."""

    def event(self, text: str) -> None:
        """Show what happened to one item. It stays on the screen."""

    def progress(self, counts: Counts, money: str) -> None:
        """Show the progress of the batch."""

    def close(self) -> None:
        """Remove the display. May be called twice."""


class PlainBatchDisplay(BatchDisplay):
    """Prints a progress line at most every `LINE_INTERVAL_S`, and a line for each event."""

    def __init__(self, session: Session, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(session)
        self._clock, self._start = clock, clock()
        self._next_at = self._start + LINE_INTERVAL_S

    def note(self, text: str) -> None:
        self._line(f"note: {text}")

    def event(self, text: str) -> None:
        self._line(text)

    def progress(self, counts: Counts, money: str) -> None:
        if self._clock() >= self._next_at:
            self._next_at = self._clock() + LINE_INTERVAL_S
            self._line(state_text(BatchState(counts, money)))

    def _line(self, text: str) -> None:
        stamp = clock_text(self._clock() - self._start)
        write_safely(sys.stderr, f"{stamp:>7}  {one_line(text, self._session)}\n")
        sys.stderr.flush()


class LiveBatchDisplay(BatchDisplay):
    """Redraws in place on stderr, and clears the screen at its end."""

    def __init__(self, session: Session, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(session)
        self._clock, self._start = clock, clock()
        self._lock = threading.Lock()
        self._state: BatchState | None = None
        self._glyphs = Glyphs(getattr(sys.stderr, "encoding", None))
        self._view: View | None = None

    def output(self, path: str) -> None:
        if is_terminal(sys.stdout) and self._view is not None and not self._session.json:
            # A line printed to stdout would be overwritten by the next frame.
            self._view.print(redacted(safe(path), self._session.secrets), "")
        else:
            super().output(path)

    def note(self, text: str) -> None:
        Renderer(self._session).note(text)

    def event(self, text: str) -> None:
        from openclaw_fal.ui.live_view import print_line

        line = one_line(text, self._session)
        if self._view is not None:
            self._view.print(line, "")
        else:
            print_line(line, "", color=wants_color(self._session))

    def progress(self, counts: Counts, money: str) -> None:
        from openclaw_fal.ui.live_view import View

        with self._lock:
            self._state = BatchState(counts, money)
        if self._view is None:
            self._view = View(self.lines, color=wants_color(self._session))

    def lines(self, width: int, height: int) -> list[Line]:
        """The lines to draw now: bar and counts."""
        with self._lock:
            state = self._state
        if state is None:
            return []
        elapsed = self._clock() - self._start
        lines = [bar_line(state.counts, elapsed, width, self._glyphs)]
        lines += [[(text, "")] for text in count_lines(state, width)]
        return lines[-max(height - 1, 1) :]

    def close(self) -> None:
        view, self._view = self._view, None
        if view is not None:
            view.stop()


def display_for(session: Session) -> BatchDisplay:
    """The display for this session: paths only with --quiet, live on a terminal, else plain."""
    if session.quiet:
        return BatchDisplay(session)
    return LiveBatchDisplay(session) if is_terminal(sys.stderr) else PlainBatchDisplay(session)


def ended_items(counts: Counts) -> int:
    """How many items are done, failed or uncertain."""
    return counts.done + counts.failed + counts.uncertain


def remaining_s(counts: Counts, elapsed: float) -> float | None:
    """Estimated seconds to go, at the average rate so far; None before the first item has ended."""
    ended = ended_items(counts)
    return elapsed / ended * (counts.total - ended) if ended else None


def bar_line(counts: Counts, elapsed: float, width: int, glyphs: Glyphs) -> Line:
    """The bar, how many items have ended, the elapsed time, and the estimated remaining time."""
    ended = ended_items(counts)
    share = ended / counts.total if counts.total else 1.0
    tail = f"  {ended}/{counts.total}  {clock_text(elapsed)}"
    remaining = remaining_s(counts, elapsed)
    if remaining is not None and ended < counts.total:
        tail += f"  {clock_text(remaining)} left"
    room = min(width - width_of(tail), WIDEST_BAR)
    if room < SHORTEST_BAR:
        return [(cut(tail.strip(), width), "")]
    full = int(share * room)
    return [(glyphs.full * full, "green"), (glyphs.empty * (room - full), "dim"), (tail, "")]


def state_parts(state: BatchState) -> list[str]:
    """The counts that are not zero, and the money, each as text: `3 failed`."""
    counts = state.counts
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
    return [*parts, state.money] if state.money else parts


def state_text(state: BatchState) -> str:
    """The progress of a batch as one line."""
    return f"{ended_items(state.counts)}/{state.counts.total}: {', '.join(state_parts(state))}"


def count_lines(state: BatchState, width: int) -> list[str]:
    """The counts on as few lines of this width as possible, broken between counts."""
    lines = [""]
    for part in state_parts(state):
        joined = f"{lines[-1]}, {part}" if lines[-1] else part
        if width_of(joined) <= width or not lines[-1]:
            lines[-1] = joined
        else:
            lines.append(part)
    return [cut(line, width) for line in lines if line]
