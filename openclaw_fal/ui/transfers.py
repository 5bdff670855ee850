"""How far a job has come, as text: queue position, amounts, rates and what is left."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

RATE_WINDOW_S = 3.0

UNITS = ("B", "kB", "MB", "GB", "TB")


def size_text(size: float) -> str:
    """Bytes for people: decimal units, one digit after the point."""
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
    """What the queue says; `position` is the number of jobs ahead, where fal tells it."""
    if position is None:
        return "queued"
    return f"queued, {position} ahead" if position > 0 else "queued, next in line"


class Transfer:
    """One file on its way. `total` is in bytes, None while it is not known."""

    def __init__(self, label: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.label = label
        self.done = 0
        self.total: int | None = None
        self._clock = clock
        self._start = clock()
        self._seen: deque[tuple[float, int]] = deque([(self._start, 0)])

    def moved(self, done: int, total: int | None) -> None:
        """`done` bytes of `total` are there; fewer than before means that it started again."""
        now = self._clock()
        if done < self.done:
            self._seen.clear()
        self.done, self.total = done, total
        self._seen.append((now, done))
        while len(self._seen) > 2 and self._seen[0][0] < now - RATE_WINDOW_S:
            self._seen.popleft()

    @property
    def finished(self) -> bool:
        return self.total is not None and self.done >= self.total

    @property
    def rate(self) -> float | None:
        """Bytes a second of late; over the whole time once it has finished."""
        (first, before), (last, after) = self._seen[0], self._seen[-1]
        if self.finished:
            first, before = self._start, 0
        return (after - before) / (last - first) if last > first and after > before else None

    @property
    def share(self) -> float | None:
        """How much is done, from 0 to 1."""
        return min(self.done / self.total, 1.0) if self.total else None

    @property
    def remaining_s(self) -> float | None:
        """Seconds to go at this rate."""
        if self.finished or not self.total or not self.rate:
            return None
        return (self.total - self.done) / self.rate
