"""When a job is asked for: soon after its end, and never above the rate."""

from __future__ import annotations

from itertools import pairwise

import pytest

from openclaw_fal.batches.polling import LONGEST_PAUSE_S, Polling


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def simulate(
    durations: list[float], *, window: int, rate: float, step: float = 0.005
) -> tuple[float, int, float]:
    """Run jobs of these durations, `window` at a time: the seconds for all of them, the looks that
    it took, and the most looks within any second."""
    clock = Clock()
    polling = Polling(rate, clock, lambda: 0.5)
    ends: dict[str, float] = {}
    waiting = list(enumerate(durations))
    looks: list[float] = []
    while waiting or ends:
        while waiting and len(ends) < window:
            number, seconds = waiting.pop(0)
            ends[str(number)] = clock.now + seconds
            polling.add(str(number), "m")
        while (key := polling.due()) is not None:
            looks.append(clock.now)
            if ends[key] <= clock.now:
                del ends[key]
                polling.ended(key)
            else:
                polling.later(key)
        clock.now += step
    busiest = max(sum(at <= other < at + 1 for other in looks) for at in looks)
    return clock.now, len(looks), busiest


@pytest.mark.parametrize("seconds", [0.3, 1.2, 8.0, 60.0])
def test_ends_are_noticed_soon_and_in_few_looks(seconds: float) -> None:
    items, window = 400, 40
    taken, looks, busiest = simulate([seconds] * items, window=window, rate=window)
    ideal = max(items / window * seconds, items / window)  # a look each, at the rate
    assert taken <= ideal * 1.15 + 5  # the first wave knows nothing of the endpoint
    assert looks <= 4 * items + 20 * window
    assert busiest <= window * 1.25 + 1


def test_jobs_of_many_durations() -> None:
    durations = [1.0 + (number * 7919 % 100) / 10 for number in range(300)]
    taken, looks, busiest = simulate(durations, window=10, rate=10)
    assert taken <= sum(durations) / 10 * 1.2 + 5
    assert busiest <= 10 * 1.25 + 1
    assert looks < 10 * taken


def test_jobs_that_have_become_faster_are_noticed() -> None:
    """The moment of the first look must not hold itself up."""
    durations = [8.0] * 100 + [2.0] * 900
    taken, looks, _ = simulate(durations, window=10, rate=10)
    assert taken <= sum(durations) / 10 * 1.75  # 3.1 times where the first look holds itself up
    assert looks <= 1.3 * len(durations)


def test_a_job_that_never_ends_is_asked_for_less_and_less() -> None:
    clock = Clock()
    polling = Polling(10, clock, lambda: 0.5)
    polling.add("a", "m")
    looks = []
    while clock.now < 120:
        clock.now += max(polling.pause_s(), 0.001)
        if (key := polling.due()) is not None:
            looks.append(clock.now)
            polling.later(key)
    gaps = [later - earlier for earlier, later in pairwise(looks)]
    assert gaps == sorted(gaps)
    assert gaps[-1] == pytest.approx(LONGEST_PAUSE_S, rel=0.2)


def test_what_has_ended_is_not_asked_for() -> None:
    clock = Clock()
    polling = Polling(10, clock)
    polling.add("a", "m")
    polling.ended("a", learn=False)
    clock.now = 10.0
    assert polling.due() is None
    assert len(polling) == 0
    polling.later("a")
    assert polling.due() is None
