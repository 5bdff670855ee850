"""When to poll which job of a batch: early enough to notice its end soon, in few requests.

fal has no request for the status of several jobs, so each poll costs one. A job is first polled
after the time in which the fastest tenth of the endpoint's jobs ended, then after growing pauses,
and all polls together stay under a rate. A poll that comes after the end does not show how long
ago that was, so one job in eight is first polled a little earlier, to notice faster jobs.
"""

from __future__ import annotations

import heapq
import random
from collections import defaultdict, deque
from collections.abc import Callable

FIRST_POLL_S = 0.5
"""Seconds until the first poll while no job of the endpoint has ended."""

SHORTEST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 5.0
PAUSE_GROWTH = 1.5
DURATIONS_KEPT = 32
"""How many of the latest durations are kept for each endpoint; older ones say little."""
PROBE_EVERY, PROBE_SHARE = 8, 0.92
"""One job in PROBE_EVERY is first polled after this share of the usual time."""


class Polling:
    """The jobs to poll, each under a key that the caller chooses. Not thread-safe.

    `rate` is the most polls a second, `clock` gives seconds, `chance` a number from 0 to 1.
    """

    def __init__(
        self, rate: float, clock: Callable[[], float], chance: Callable[[], float] = random.random
    ) -> None:
        self._clock, self._chance = clock, chance
        self._gap = 1 / rate
        self._free_at = clock()
        self._added = 0
        self._burst_s = 0.25
        self._heap: list[tuple[float, str]] = []
        self._waiting: dict[str, _Waiting] = {}
        self._durations: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=DURATIONS_KEPT))

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, key: str, endpoint: str) -> None:
        """Add a job that was just submitted."""
        now = self._clock()
        expected = self._expected(endpoint)
        first = FIRST_POLL_S if expected is None else expected
        self._added += 1
        if expected is not None and self._added % PROBE_EVERY == 0:
            first *= PROBE_SHARE
        pause = max(SHORTEST_PAUSE_S, first * 0.04 if expected else FIRST_POLL_S)
        self._waiting[key] = _Waiting(endpoint, now, pause)
        heapq.heappush(self._heap, (now + first, key))

    def due(self) -> str | None:
        """The job to poll now; None if none is due or the rate is used up."""
        now = self._clock()
        self._forget_ended()
        if not self._heap or self._heap[0][0] > now or self._free_at > now:
            return None
        _, key = heapq.heappop(self._heap)
        self._free_at = max(self._free_at, now - self._burst_s) + self._gap
        return key

    def pause_s(self) -> float:
        """Seconds until the next job may be due; LONGEST_PAUSE_S without jobs."""
        self._forget_ended()
        if not self._heap:
            return LONGEST_PAUSE_S
        return max(0.0, max(self._heap[0][0], self._free_at) - self._clock())

    def later(self, key: str) -> None:
        """The job has not ended, or the poll failed: poll it again after a pause, which grows."""
        waiting = self._waiting.get(key)
        if waiting is None:
            return
        pause = waiting.pause * (0.9 + 0.2 * self._chance())
        waiting.pause = min(waiting.pause * PAUSE_GROWTH, LONGEST_PAUSE_S)
        heapq.heappush(self._heap, (self._clock() + pause, key))

    def ended(self, key: str, *, learn: bool = True) -> None:
        """Poll a job no more. With `learn`, it has ended now, and its duration is remembered."""
        waiting = self._waiting.pop(key, None)
        if waiting is not None and learn:
            self._durations[waiting.endpoint].append(self._clock() - waiting.begun)

    def _expected(self, endpoint: str) -> float | None:
        """The seconds in which the fastest tenth of the endpoint's latest jobs ended."""
        known = self._durations.get(endpoint)
        return sorted(known)[len(known) // 10] if known else None

    def _forget_ended(self) -> None:
        while self._heap and self._heap[0][1] not in self._waiting:
            heapq.heappop(self._heap)


class _Waiting:
    """A job to poll. `pause` is the next pause in seconds, `begun` when it was submitted."""

    def __init__(self, endpoint: str, begun: float, pause: float) -> None:
        self.endpoint, self.begun, self.pause = endpoint, begun, pause
