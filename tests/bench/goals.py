"""The goals: figures of one case, alone or beside another's, and the limit that they keep."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from tests.bench.cases import INLINE_IMAGE, REFERENCE_IMAGE, RUN_TIME, Sample
from tests.bench.processes import MB

POLL_SECONDS = 5.0


class Goal(NamedTuple):
    """`figure` is computed in every round from the samples by case; its median must not exceed
    `limit`."""

    text: str
    unit: str
    limit: float
    figure: Callable[[dict[str, Sample]], float]


class Verdict(NamedTuple):
    """A goal and its figure; None when this run or this machine does not tell."""

    goal: Goal
    figures: list[float]

    @property
    def figure(self) -> float | None:
        return median(self.figures) if self.figures else None

    @property
    def met(self) -> bool | None:
        return None if self.figure is None else self.figure <= self.goal.limit


def _ratio(text: str, case: str, reference: str, limit: float) -> Goal:
    return Goal(
        f"{text} / {reference}",
        "×",
        limit,
        lambda now: now[case]["seconds"] / now[reference]["seconds"],
    )


def _peak(text: str, case: str, limit: float) -> Goal:
    return Goal(f"peak memory of {text}", "MB", limit, lambda now: now[case]["peak"])


def _peak_over_size(text: str, case: str, base: str, size: int) -> Goal:
    return Goal(
        f"memory for {text} / its size",
        "×",
        4.0,
        lambda now: (now[case]["peak"] - now[base]["peak"]) * MB / size,
    )


def _download(now: dict[str, Sample]) -> float:
    start = now["image generate"]["seconds"]
    return (now["200 MB"]["seconds"] - start) / now["curl, 200 MB"]["seconds"]


GOALS = [
    _ratio("image generate", "image generate", "fal-client", 0.9),
    _ratio("image generate", "image generate, https", "fal-client, https", 0.9),
    _ratio("--version", "--version", "bare Python", 3.0),
    _ratio("completion", "completion", "bare Python", 3.0),
    _ratio("config get", "config get", "fal-client", 0.5),
    _ratio("--help", "--help", "fal-client", 0.5),
    _ratio("dry run", "dry run", "fal-client", 0.5),
    _ratio("jobs list", "jobs list", "fal-client", 0.5),
    _peak("image generate", "image generate", 45.0),
    _peak("a 200 MB download", "200 MB", 60.0),
    Goal("a 200 MB download without the start-up / curl", "×", 1.3, _download),
    _ratio("four images of 5 MB at 5 MB/s each", "four of 5 MB", "one of 5 MB", 1.5),
    Goal("a finished queue job is noticed after", "s", 0.3, lambda now: now["queue"]["noticed"]),
    Goal(
        f"status requests of a {RUN_TIME:g} s job (polling: the limit)",
        "",
        1 + math.ceil(RUN_TIME / POLL_SECONDS),
        lambda now: now["queue"]["requests"],
    ),
    _peak_over_size(
        "a 9 MB image as a data URI", "encode 9 MB", "encode a tiny file", REFERENCE_IMAGE
    ),
    _peak_over_size(
        "sending 4 MB inside a request", "edit 4 MB, inline", "edit a tiny file", INLINE_IMAGE
    ),
    _peak_over_size("uploading 9 MB", "edit 9 MB, uploaded", "edit a tiny file", REFERENCE_IMAGE),
]


def judged(rounds: Sequence[dict[str, Sample]]) -> list[Verdict]:
    """Each goal over all rounds; without figures where its cases did not run."""
    verdicts = []
    for goal in GOALS:
        try:
            figures = [goal.figure(now) for now in rounds]
        except KeyError:
            figures = []
        verdicts.append(Verdict(goal, figures))
    return verdicts


def median(values: Sequence[float]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2
