"""Who waits for work is woken by the step that brings it, not by the clock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import cast

import pytest

from openclaw_fal.batches import stages as module
from openclaw_fal.batches.item import PlannedItem
from openclaw_fal.batches.stages import Stages
from openclaw_fal.errors import OpenClawFalError
from openclaw_fal.journal.record import Job


class Item:
    """As much of an item, and of its job, as the stages look at."""

    endpoint = "fal-ai/flux/dev"

    def __init__(self, name: str) -> None:
        self.id = name


A, B = (cast(PlannedItem, Item(name)) for name in "ab")
JOB = cast(Job, Item("job"))
REFUSED = OpenClawFalError("no")
Step = Callable[[Stages], object]


def _sending(stages: Stages) -> None:
    """One item is on its way, and the window is full with it."""
    stages.add_pending([A, B])
    stages.next_pending()


def _full(stages: Stages) -> None:
    """One item is at fal, and the window is full with it."""
    _sending(stages)
    stages.wait_for(A, JOB)
    stages.sent()


def _leased(stages: Stages) -> None:
    """Another process has leased an item, which may come back."""
    stages.add_leased(B, JOB)


def _nothing(stages: Stages) -> None:
    pass


STEPS: dict[str, tuple[Step, Step, Step, object]] = {
    # what was before; who waits; the step that wakes them; what they get
    "an item comes": (_leased, Stages.next_pending, lambda s: s.add_pending([A]), A),
    "fal took nothing": (_leased, Stages.next_pending, lambda s: s.put_back(A), A),
    "a submit has ended": (_sending, Stages.next_pending, Stages.sent, B),
    "a job has ended": (_full, Stages.next_pending, lambda s: s.ended_at_fal(A, JOB), B),
    "a job is given up": (_full, Stages.next_pending, lambda s: s.polling_stopped(A), B),
    "the key is refused": (_full, Stages.next_pending, lambda s: s.stop(REFUSED), None),
    "sending shuts down": (_full, Stages.next_pending, lambda s: s.shut_down(0), None),
    "a job is at fal": (_nothing, Stages.next_poll, lambda s: s.wait_for(A, JOB), (A, JOB)),
    "polling shuts down": (_nothing, Stages.next_poll, lambda s: s.shut_down(0), None),
    "a result is known": (_nothing, Stages.next_fetch, lambda s: s.add_fetch(A, JOB), (A, JOB)),
    "a result comes": (_full, Stages.next_fetch, lambda s: s.ended_at_fal(A, JOB), (A, JOB)),
    "fetching shuts down": (_nothing, Stages.next_fetch, lambda s: s.shut_down(0), None),
}


@pytest.mark.parametrize("step", STEPS)
def test_who_waits_is_woken(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAIT_S", 60.0)
    before, wait, wake, expected = STEPS[step]
    stages = Stages(2, 1, time.monotonic)
    before(stages)
    got: list[object] = []
    thread = threading.Thread(target=lambda: got.append(wait(stages)), daemon=True)
    thread.start()
    thread.join(0.02)
    assert got == []
    wake(stages)
    thread.join(10)
    assert got == [expected]
