"""Progress as text: sizes, durations, queue positions; and the rate of a transfer."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

RATE_WINDOW_S = 3.0

UNITS = ("B", "kB", "MB", "GB", "TB")


def size_text(size: float) -> str:
    """A size in bytes in decimal units, with one digit after the point: `1.5 MB`."""
    return f"{_in_unit(size, _unit(size))} {UNITS[_unit(size)]}"


def amount_text(done: float, total: float | None) -> str:
    """`1.5/3.0 MB`: both in the unit of the total."""
    if not total:
        return size_text(done)
    unit = _unit(total)
    return f"{_in_unit(done, unit)}/{_in_unit(total, unit)} {UNITS[unit]}"


def _unit(size: float) -> int:
    unit = 0
    while size >= 999.95 and unit < len(UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return unit


def _in_unit(size: float, unit: int) -> str:
    return f"{size:.0f}" if unit == 0 else f"{size / 1000**unit:.1f}"


def clock_text(seconds: float) -> str:
    """`0:07`, `12:05`, `1:00:00`."""
    whole = max(int(seconds), 0)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def duration_text(seconds: float) -> str:
    """`4.2 s`, `1:05 min`, `1:00:00 h`."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    return f"{clock_text(seconds)} {'h' if seconds >= 3600 else 'min'}"


def queue_text(position: int | None) -> str:
    """The text for a queued job. `position` is the number of jobs ahead, None if unknown."""
    if position is None:
        return "queued"
    return f"queued, {position} ahead" if position > 0 else "queued, next in line"


class Transfer:
    """The upload or download of one file. `done` and `total` are in bytes; `total` may be None."""

    def __init__(self, label: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.label = label
        self.done = 0
        self.total: int | None = None
        self._clock = clock
        self._start = clock()
        self._samples: deque[tuple[float, int]] = deque([(self._start, 0)])  # (time, bytes)

    def moved(self, done: int, total: int | None) -> None:
        """`done` of `total` bytes are transferred; fewer than before: it started anew."""
        now = self._clock()
        if done < self.done:
            self._samples.clear()
        self.done, self.total = done, total
        self._samples.append((now, done))
        while len(self._samples) > 2 and self._samples[0][0] < now - RATE_WINDOW_S:
            self._samples.popleft()

    @property
    def finished(self) -> bool:
        return self.total is not None and self.done >= self.total

    @property
    def rate(self) -> float | None:
        """Bytes a second over the last `RATE_WINDOW_S`; once finished, over the whole time."""
        (first, before), (last, after) = self._samples[0], self._samples[-1]
        if self.finished:
            first, before = self._start, 0
        return (after - before) / (last - first) if last > first and after > before else None

    @property
    def share(self) -> float | None:
        """The share that is transferred, from 0 to 1."""
        return min(self.done / self.total, 1.0) if self.total else None

    @property
    def remaining_s(self) -> float | None:
        """Estimated seconds to go at the current rate."""
        if self.finished or not self.total or not self.rate:
            return None
        return (self.total - self.done) / self.rate
