"""A journal of its own for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from openclaw_fal.journal.jobs import Journal


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "state" / "jobs.sqlite3")
