"""Builds the lines of the live display for a given width. Prints nothing."""

from __future__ import annotations

from collections import deque

from openclaw_fal.ui.layout import cut, width_of
from openclaw_fal.ui.transfers import Transfer, amount_text, clock_text, size_text

LOG_LINES = 4
BAR_WIDTH, SHORTEST_BAR = 24, 6

Line = list[tuple[str, str]]
"""One line: segments of (text, rich style)."""


class Glyphs:
    """The characters to draw with; ASCII where the terminal's encoding lacks the others."""

    def __init__(self, encoding: str | None) -> None:
        self.spinner, self.full, self.empty = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏", "━", "─"
        self.up, self.down, self.log = "↑", "↓", "│"
        try:
            "⠋━─↑↓│…".encode(encoding or "ascii")
        except (UnicodeEncodeError, LookupError):
            self.spinner, self.full, self.empty = "|/-\\", "#", "."
            self.up, self.down, self.log = "^", "v", "|"


class JobState:
    """What the display shows of one job: status, latest log lines, transfers."""

    def __init__(self, label: str = "") -> None:
        self.label = label
        self.status = ""
        self.logs: deque[str] = deque(maxlen=LOG_LINES)
        self.transfers: dict[tuple[int, int], Transfer] = {}

    def begin_phase(self, *, downloading: bool) -> None:
        """Drop finished transfers, and the model's log once the downloads begin."""
        self.transfers = {
            key: transfer for key, transfer in self.transfers.items() if not transfer.finished
        }
        if downloading:
            self.logs.clear()

    def lines(self, elapsed: float, width: int, glyphs: Glyphs) -> list[Line]:
        """Log lines, the status, and a line for each transfer. With several jobs, each has a
        label, and only its last log line, below its status."""
        log = [f"{glyphs.log} {text}" for text in self.logs]
        above, below = ([], [f"  {line}" for line in log[-1:]]) if self.label else (log, [])
        lines: list[Line] = [[(cut(text, width), "dim")] for text in above]
        lines.append(self._status_line(elapsed, width, glyphs))
        lines += [[(cut(text, width), "dim")] for text in below]
        transfers = [self.transfers[key] for key in sorted(self.transfers)]
        label = min(max((width_of(item.label) for item in transfers), default=0), width // 3)
        return lines + [transfer_line(item, label, width, glyphs) for item in transfers]

    def _status_line(self, elapsed: float, width: int, glyphs: Glyphs) -> Line:
        spinner = glyphs.spinner[int(elapsed * 10) % len(glyphs.spinner)]
        clock = clock_text(elapsed)
        text = f"{self.label}: {self.status}" if self.label else self.status
        text = cut(text, width - len(spinner) - len(clock) - 3)
        return [(f"{spinner} ", "cyan"), (text, ""), (f"  {clock}", "dim")]


def transfer_line(transfer: Transfer, label_width: int, width: int, glyphs: Glyphs) -> Line:
    """Label, bar, amount, rate and remaining time; what does not fit is left out from the end."""
    label = cut(transfer.label, label_width)
    start = "  " + label + " " * (label_width - width_of(label))
    amount, rate, remaining = _figures(transfer)
    room = width - width_of(start) - width_of(amount) - 1
    tail = ""
    for part in (rate, remaining):
        if width_of(part) + SHORTEST_BAR + 2 <= room:
            tail, room = tail + part, room - width_of(part)
    line: Line = [(start, "")]
    bar = min(room - 2, BAR_WIDTH)
    if transfer.share is not None and bar >= SHORTEST_BAR:
        full = int(transfer.share * bar)
        line += [
            ("  " + glyphs.full * full, "green" if transfer.finished else "cyan"),
            (glyphs.empty * (bar - full), "dim"),
        ]
    return [*line, (amount + tail, "")]


def _figures(transfer: Transfer) -> tuple[str, str, str]:
    """The amount, the rate and the remaining time, each with two spaces before it."""
    rate = f"  {size_text(transfer.rate)}/s" if transfer.rate else ""
    if transfer.finished:
        return "  " + size_text(transfer.done), rate, ""
    remaining = (
        f"  {clock_text(transfer.remaining_s)} left" if transfer.remaining_s is not None else ""
    )
    return "  " + amount_text(transfer.done, transfer.total), rate, remaining
