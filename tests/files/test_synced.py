"""What is on the disk before a file has its name: the order of syncs and renames."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from openclaw_fal.atomic import replace_file
from tests.files.output_support import save, target
from tests.support.systems import not_on_windows

pytestmark = not_on_windows("folders cannot be synced there")


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is synced and named, in order."""
    made: list[str] = []
    sync, link, replace = os.fsync, os.link, os.replace

    def fsync(descriptor: int) -> None:
        folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        made.append("sync folder" if folder else "sync file")
        sync(descriptor)

    def linked(source: Path, target: Path, **more: bool) -> None:
        made.append("name")
        link(source, target, **more)

    def replaced(source: Path, target: Path) -> None:
        made.append("name")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "link", linked)
    monkeypatch.setattr(os, "replace", replaced)
    return made


def test_a_file_is_synced_before_it_is_named_and_its_folder_after(
    steps: list[str], tmp_path: Path
) -> None:
    save(target(None, tmp_path))
    assert steps == ["sync file", "name", "sync folder"]


def test_a_replaced_file_is_synced_and_so_is_its_folder(steps: list[str], tmp_path: Path) -> None:
    replace_file(tmp_path / "config.json", b"{}")
    assert steps == ["sync file", "name", "sync folder"]
