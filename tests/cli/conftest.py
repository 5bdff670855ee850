"""What only tests of the command line need."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.models import few_models


@pytest.fixture
def few() -> Iterator[None]:
    """A fal that lists one model, so that a refresh is short."""
    with few_models("fal-ai/recraft/v3/text-to-image"):
        yield
