"""How hard a test searches: a seeded sample in the ordinary suite, everything with `-m exhaustive`.

    @pytest.mark.exhaustive
    @settings(max_examples=effort(100, 20_000))

A test with the mark runs in every suite, with its sample; `pytest -m exhaustive` selects those with
the mark and lets them search the whole. With `exhaustive(only=True)` it runs there alone. A test of
Hypothesis has the mark without being given it.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")

_VARIABLE = "PYTEST_OPENCLAW_FAL_EXHAUSTIVE"
"""Set for the whole run by `conftest.py`, so that the workers of pytest-xdist know it as well."""


def begin(mark_expression: str) -> None:
    """Take the effort of this run from pytest's `-m`."""
    if "exhaustive" in mark_expression.replace("not exhaustive", ""):
        os.environ[_VARIABLE] = "1"


def is_exhaustive() -> bool:
    return os.environ.get(_VARIABLE) == "1"


def effort(sample: T, whole: T) -> T:
    """`sample` in the ordinary suite, `whole` with `-m exhaustive`."""
    return whole if is_exhaustive() else sample


def some(cases: Iterable[T], sample: int, seed: str = "") -> list[T]:
    """`sample` of the cases in the ordinary suite, the same ones each time for a seed; all
    with `-m exhaustive`."""
    every = list(cases)
    if is_exhaustive() or len(every) <= sample:
        return every
    kept = sorted(random.Random(seed).sample(range(len(every)), sample))
    return [every[at] for at in kept]
