"""A fal that lists few models: a refresh of all of them takes seconds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from openclaw_fal.sandbox import models
from tests.support.effort import is_exhaustive

EVERY = 6


@contextmanager
def few_models(*more: str) -> Iterator[None]:
    """While the block runs, a sandbox lists every sixth of fal's models, and those in `more`; with
    `-m exhaustive` all of them."""
    if is_exhaustive():
        yield
        return
    listed = tuple(sorted({*models.ids()[::EVERY], *more}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models, "ids", lambda: listed)
        yield
