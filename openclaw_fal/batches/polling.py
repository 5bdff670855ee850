"""When to ask for which job: often enough to notice an end soon, and no more than that.

fal has no request that asks for several jobs, so that each look costs one. The first look at a job
comes when earlier jobs of its endpoint were about to end, the next ones after a growing pause, and
all of them together never exceed a rate. A look after the end does not say how long ago that was:
one job in eight is looked at a little earlier, which shows whether they have become faster.
"""

from __future__ import annotations

import heapq
import random
from collections import defaultdict, deque
from collections.abc import Callable

FIRST_LOOK_S = 0.5
"""Seconds until the first look where nothing is known of the endpoint."""

SHORTEST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 5.0
GROWTH = 1.5
MEMORY = 32
"""Durations that are remembered for each endpoint: old ones say little about now."""
PROBES, PROBE = 8, 0.92
"""One job in so many is looked at for the first time after this share of the usual time."""


class Polling:
    """The jobs that are waited for, by a key of the caller's. Not for several threads.

    `rate` is the most looks a second; `clock` gives seconds.
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
        self._durations: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=MEMORY))

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, key: str, endpoint: str, since: float | None = None) -> None:
        """Wait for a job that was submitted at `since` (default: now)."""
        now = self._clock()
        begun = now if since is None else since
        expected = self._expected(endpoint)
        first = FIRST_LOOK_S if expected is None else expected
        self._added += 1
        if expected is not None and self._added % PROBES == 0:
            first *= PROBE
        pause = max(SHORTEST_PAUSE_S, first * 0.04 if expected else FIRST_LOOK_S)
        self._waiting[key] = _Waiting(endpoint, begun, pause)
        heapq.heappush(self._heap, (max(now, begun + first), key))

    def due(self) -> str | None:
        """A job to ask for now, or None when none is due or the rate is used up."""
        now = self._clock()
        self._forget_ended()
        if not self._heap or self._heap[0][0] > now or self._free_at > now:
            return None
        _, key = heapq.heappop(self._heap)
        self._free_at = max(self._free_at, now - self._burst_s) + self._gap
        return key

    def pause_s(self) -> float:
        """Seconds until something may be due; the longest pause when nothing is waited for."""
        self._forget_ended()
        if not self._heap:
            return LONGEST_PAUSE_S
        return max(0.0, max(self._heap[0][0], self._free_at) - self._clock())

    def later(self, key: str, at_least_s: float = 0.0) -> None:
        """The job goes on (or could not be asked for): look again after a pause, which grows."""
        waiting = self._waiting.get(key)
        if waiting is None:
            return
        pause = max(waiting.pause, at_least_s) * (0.9 + 0.2 * self._chance())
        waiting.pause = min(waiting.pause * GROWTH, LONGEST_PAUSE_S)
        heapq.heappush(self._heap, (self._clock() + pause, key))

    def ended(self, key: str, *, learn: bool = True) -> None:
        """The job has ended. `learn` is false where the time until now says nothing."""
        waiting = self._waiting.pop(key, None)
        if waiting is not None and learn:
            self._durations[waiting.endpoint].append(self._clock() - waiting.begun)

    def _expected(self, endpoint: str) -> float | None:
        """Seconds after which one in ten jobs of the endpoint has ended."""
        known = self._durations.get(endpoint)
        return sorted(known)[len(known) // 10] if known else None

    def _forget_ended(self) -> None:
        while self._heap and self._heap[0][1] not in self._waiting:
            heapq.heappop(self._heap)


class _Waiting:
    """A job that is waited for. `pause` is the one before the look after the next."""

    def __init__(self, endpoint: str, begun: float, pause: float) -> None:
        self.endpoint, self.begun, self.pause = endpoint, begun, pause
