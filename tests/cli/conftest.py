"""What tests of the command line share: the program, a key, and a fal on loopback."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from openclaw_fal.fal.deadline import Deadline
from tests.support.models import few_models
from tests.support.program import KEY, Openclaw, in_process, write_config
from tests.support.queueing import Hooked


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
def fal(key: str) -> Iterator[Hooked]:
    """A fal on loopback that the config points at, with a key set."""
    with Hooked() as sandbox:
        write_config(sandbox.url)
        yield sandbox


@pytest.fixture
def few() -> Iterator[None]:
    """A fal that lists one model, so that a refresh is short."""
    with few_models("fal-ai/recraft/v3/text-to-image"):
        yield


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between attempts and polls, in seconds; none of them is made."""
    made: list[float] = []

    def pause(self: Deadline, seconds: float, **_: object) -> None:
        made.append(seconds)

    monkeypatch.setattr(Deadline, "pause", pause)
    return made
