"""What tests of the command line share: the program, a key, and a fal on loopback."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from openclaw_fal.sandbox import Sandbox
from tests.program import KEY, Openclaw, in_process, write_config


@pytest.fixture
def openclaw(capfd: pytest.CaptureFixture[str]) -> Openclaw:
    """Run `main(argv)`."""
    return in_process(capfd)


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> str:
    """A key in the environment."""
    monkeypatch.setenv("FAL_KEY", KEY)
    return KEY


@pytest.fixture
def fal(key: str) -> Iterator[Sandbox]:
    """A fal on loopback that the config points at, with a key set."""
    with Sandbox() as sandbox:
        write_config(sandbox.url)
        yield sandbox
