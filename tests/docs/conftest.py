"""The scene in which documented commands are run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from openclaw_fal.sandbox import Sandbox
from tests.docs.scene import scene


@pytest.fixture
def fal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with scene(tmp_path, monkeypatch) as sandbox:
        yield sandbox
