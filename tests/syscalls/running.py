"""One point after the other: a new place, the broken command, the invariants."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.syscalls import invariants
from tests.syscalls.scenarios import SCENARIOS, Run, place, prepared
from tests.syscalls.tracing import FAULTS, Point, broken_at, calls_of


class Tried(NamedTuple):
    """What came of a point; `wrong` is the invariant that was broken, if one was."""

    scenario: str
    point: Point
    outcome: str
    wrong: str = ""


def points(scenario: str, run: Run) -> list[Point]:
    """Every point of a scenario, which is run for it, after a run in this process that leaves all
    modules compiled: else the calls that load them would be other ones each time."""
    with tempfile.TemporaryDirectory() as base, place(Path(base)):
        run(*prepared(SCENARIOS[scenario], run))
    with tempfile.TemporaryDirectory() as base, place(Path(base)) as here:
        argv = prepared(SCENARIOS[scenario], run)
        ended, calls = calls_of(argv, here.env, here.out, here.log)
        assert ended.status == 0, ended
    return [Point(call, nth, fault) for call, nth in calls for fault in FAULTS]


def chosen(every: list[Point], count: int, seed: int) -> list[Point]:
    """A sample in which each kind of call has the same chance, however often it is made."""
    dice = random.Random(seed)
    kinds: dict[str, list[Point]] = {}
    for point in every:
        kinds.setdefault(point.call, []).append(point)
    for kind in kinds.values():
        dice.shuffle(kind)
    sample: list[Point] = []
    while len(sample) < min(count, len(every)):
        call = dice.choice([name for name, kind in kinds.items() if kind])
        sample.append(kinds[call].pop())
    return sample


def tried(scenario: str, point: Point, run: Run) -> Tried:
    """Break one call of a scenario and check what must hold."""
    check: Callable[..., str] = invariants.onboarded if scenario == "onboard" else invariants.held
    with tempfile.TemporaryDirectory() as base, place(Path(base)) as here:
        argv = prepared(SCENARIOS[scenario], run)
        ended = broken_at(point, argv, here.env, here.out, here.log)
        if not ended.hit:
            return Tried(scenario, point, "not reached")
        try:
            return Tried(scenario, point, check(here, ended, run))
        except (AssertionError, KeyError, OSError, ValueError) as error:
            return Tried(scenario, point, "WRONG", f"{error!r:.600}; {ended.hit[0]:.200}")
