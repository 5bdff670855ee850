"""A running sandbox and a plain HTTP client with a key."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from openclaw_fal.sandbox import Sandbox


@pytest.fixture
def fal() -> Iterator[Sandbox]:
    """A sandbox that must not crash on anything that the test sends."""
    with Sandbox() as running:
        yield running
    assert running.crashes == []


@pytest.fixture
def http(fal: Sandbox) -> Iterator[httpx.Client]:
    """A client of the combined address."""
    headers = {"Authorization": "Key an-id:a-secret"}
    with httpx.Client(base_url=fal.url, headers=headers, timeout=20, verify=False) as client:
        yield client


@pytest.fixture
def public() -> Iterator[httpx.Client]:
    """A client without a key, for media and upload addresses."""
    with httpx.Client(timeout=20, verify=False) as client:
        yield client
