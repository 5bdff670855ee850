"""Writing the config file: whole or not at all, and only when something changes."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from openclaw_fal import atomic
from openclaw_fal.config import edit as config_edit
from openclaw_fal.config.edit import edit_config
from openclaw_fal.config.read import Config
from openclaw_fal.config.rules import Set, Unset
from openclaw_fal.errors import LocalError
from openclaw_fal.json5.read import loads
from openclaw_fal.store.key_format import REDACTED
from openclaw_fal.store.locks import locked
from tests.support.folders import mode, names
from tests.support.systems import as_root, links, permissions

TEXT = "{\r\n  // mine\r\n  a: 1,\r\n  apiKey: 'abc',\r\n}\r\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "home" / "openclaw.json"
    path.parent.mkdir()
    path.write_bytes(TEXT.encode())
    return path


def test_an_edit_and_its_backup(file: Path) -> None:
    result = edit_config(file, [Set("a", 2), Unset("apiKey")])
    assert result.changed
    assert file.read_bytes().decode() == result.after == "{\r\n  // mine\r\n  a: 2,\r\n}\r\n"
    assert result.backup == file.with_name("openclaw.json.bak")
    assert result.backup.read_bytes() == TEXT.encode()
    assert names(file.parent) == ["openclaw.json", "openclaw.json.bak"]
    edit_config(file, [Set("a", 3)])
    assert result.backup.read_bytes().decode() == result.after


def test_nothing_is_written_when_nothing_changes(file: Path) -> None:
    before = file.stat()
    kinds: tuple[Any, ...] = ([], [Set("a", 1.0)], [Unset("b.c")], lambda config: [])
    for edits in kinds:
        result = edit_config(file, edits)
        assert (result.changed, result.changes, result.diff, result.backup) == (
            False,
            (),
            "",
            None,
        )
    after = file.stat()
    assert (before.st_mtime_ns, before.st_ino) == (after.st_mtime_ns, after.st_ino)
    assert names(file.parent) == ["openclaw.json"]
    missing = file.with_name("none.json")
    assert not edit_config(missing, [Unset("a")]).changed
    assert not missing.exists()


def test_a_dry_run_shows_the_change_and_writes_nothing(file: Path) -> None:
    result = edit_config(
        file, [Set("a", 2)], dry_run=True, environ={"OPENCLAW_CONFIG_READONLY": "1"}
    )
    assert result.changed
    assert result.diff.splitlines()[2:] == [
        "@@ -1,6 +1,6 @@",
        " {",
        "   // mine",
        "-  a: 1,",
        "+  a: 2,",
        f'   apiKey: "{REDACTED}",',
        " }",
        " ",
    ]
    assert "abc" not in repr(result)
    assert file.read_bytes() == TEXT.encode()
    assert names(file.parent) == ["openclaw.json"]


def test_edits_may_be_made_from_the_config_as_it_is(file: Path) -> None:
    def one_more(config: Config) -> list[Set]:
        number = config.data["a"]
        assert isinstance(number, int)
        return [Set("a", number + 1)]

    for _ in range(3):
        edit_config(file, one_more)
    assert loads(file.read_text(encoding="utf-8")) == {"a": 4, "apiKey": "abc"}


@permissions
def test_a_new_file_is_private(tmp_path: Path) -> None:
    path = tmp_path / "x" / "y" / "openclaw.json"
    old = os.umask(0)
    try:
        result = edit_config(path, [Set("agents.defaults.mediaMaxMb", 5)])
    finally:
        os.umask(old)
    assert result.backup is None
    assert path.read_text(encoding="utf-8") == (
        '{\n  "agents": {\n    "defaults": {\n      "mediaMaxMb": 5\n    }\n  }\n}\n'
    )
    assert (mode(path), mode(path.parent), mode(path.parent.parent)) == (0o600, 0o700, 0o700)
    assert names(path.parent) == ["openclaw.json"]


@permissions
@pytest.mark.parametrize("wanted", [0o600, 0o640, 0o644, 0o660, 0o200 | 0o444])
def test_the_mode_stays_and_the_backup_is_private(file: Path, wanted: int) -> None:
    file.chmod(wanted)
    old = os.umask(0o077)
    try:
        backup = edit_config(file, [Set("a", 2)]).backup
    finally:
        os.umask(old)
    assert backup is not None
    assert mode(file) == wanted
    assert mode(backup) == wanted & 0o600


@as_root
def test_the_owner_stays(file: Path) -> None:
    os.chown(file, 12345, 23456)
    backup = edit_config(file, [Set("a", 2)]).backup
    assert backup is not None
    for path in (file, backup):
        assert (path.stat().st_uid, path.stat().st_gid) == (12345, 23456)


@permissions
def test_a_group_that_cannot_be_kept_loses_its_permissions(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(errno.EPERM, "not permitted")

    file.chmod(0o664)
    real = os.stat_result
    info = list(file.stat())
    info[5] = 23456  # the group
    monkeypatch.setattr(os, "fchown", refused)
    atomic.replace_file(file, b"{}", like=real(info), mode=0o664)
    assert mode(file) == 0o604


@links
@pytest.mark.parametrize("exists", [True, False])
def test_a_symbolic_link_stays_one(tmp_path: Path, exists: bool) -> None:
    target = tmp_path / "real" / "config.json"
    link = tmp_path / "links" / "openclaw.json"
    link.parent.mkdir()
    (tmp_path / "links" / "inner").symlink_to("../real/config.json")
    link.symlink_to("inner")
    if exists:
        target.parent.mkdir()
        target.write_text("{a: 1}", encoding="utf-8")
    result = edit_config(link, [Set("a", 2)], force=True)
    assert result.path == target
    assert link.is_symlink()
    assert loads(link.read_text(encoding="utf-8")) == {"a": 2}
    assert names(link.parent) == ["inner", "openclaw.json"]
    assert names(target.parent) == ["config.json", "config.json.bak"][: 1 + exists]


@pytest.mark.parametrize("value", ["1", "true", "yes"])
def test_the_variable_that_makes_the_config_read_only(file: Path, value: str) -> None:
    environ = {**os.environ, "OPENCLAW_CONFIG_READONLY": value}
    with pytest.raises(LocalError, match="OPENCLAW_CONFIG_READONLY"):
        edit_config(file, [Set("a", 2)], environ=environ)
    assert file.read_bytes() == TEXT.encode()
    assert names(file.parent) == ["openclaw.json"]
    assert not edit_config(file, [Set("a", 1)], environ=environ).changed
    environ["OPENCLAW_CONFIG_READONLY"] = "off"
    assert edit_config(file, [Set("a", 2)], environ=environ).changed


@permissions
def test_a_read_only_file_is_left_alone(file: Path) -> None:
    file.chmod(0o444)
    with pytest.raises(LocalError, match="read-only"):
        edit_config(file, [Set("a", 2)])
    assert file.read_bytes() == TEXT.encode()


def test_a_malformed_file_is_left_alone(file: Path) -> None:
    file.write_text("{a: 1,, b}", encoding="utf-8")
    with pytest.raises(LocalError, match=":1:7:"):
        edit_config(file, [Set("a", 2)])
    assert file.read_text(encoding="utf-8") == "{a: 1,, b}"
    assert names(file.parent) == ["openclaw.json"]


@pytest.mark.parametrize("failing", ["fsync", "replace"])
@pytest.mark.parametrize("nth", [1, 2])
def test_a_full_disk_leaves_the_old_file(
    file: Path, monkeypatch: pytest.MonkeyPatch, failing: str, nth: int
) -> None:
    """The first call is for the new content or the backup, the second for the other one."""
    calls = 0
    real = getattr(os, failing)

    def full(*args: object) -> None:
        nonlocal calls
        calls += 1
        if calls == nth:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(*args)

    monkeypatch.setattr(os, failing, full)
    with pytest.raises(LocalError, match="No space left"):
        edit_config(file, [Set("a", 2)])
    assert file.read_bytes() == TEXT.encode()
    assert set(names(file.parent)) <= {"openclaw.json", "openclaw.json.bak"}


def test_a_folder_that_cannot_be_written(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.open

    def refused(path: object, flags: int, *args: int) -> int:
        if flags & os.O_CREAT and str(path).startswith(str(file.parent)):
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path, flags, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", refused)
    with pytest.raises(LocalError, match=r"cannot write .*openclaw\.json: Permission denied"):
        edit_config(file, [Set("a", 2)])


def test_a_change_by_others_is_kept(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program writes between our reading and our renaming: the edit starts again."""
    left = 2
    real = os.fsync

    def meddling(descriptor: int) -> None:
        nonlocal left
        real(descriptor)
        if left:
            left -= 1
            file.write_text(f"{{a: 1, theirs: {left}}}", encoding="utf-8")

    monkeypatch.setattr(os, "fsync", meddling)
    edit_config(file, [Set("ours", 1)], force=True)
    assert loads(file.read_text(encoding="utf-8")) == {"a": 1, "theirs": 0, "ours": 1}


def test_a_file_that_keeps_changing_is_given_up(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = 0
    real = os.fsync

    def meddling(descriptor: int) -> None:
        nonlocal count
        real(descriptor)
        count += 1
        file.write_text(f"{{theirs: {count}}}", encoding="utf-8")

    monkeypatch.setattr(os, "fsync", meddling)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    with pytest.raises(LocalError, match="keeps changing"):
        edit_config(file, [Set("ours", 1)], force=True)
    assert loads(file.read_text(encoding="utf-8")) == {"theirs": count}
    assert names(file.parent) == ["openclaw.json", "openclaw.json.bak"]


def test_a_file_that_appears_or_goes_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "openclaw.json"
    real = os.fsync
    todo: list[Callable[[], object]] = [
        lambda: path.write_text("{theirs: 1}", encoding="utf-8"),
        path.unlink,
    ]

    def meddling(descriptor: int) -> None:
        real(descriptor)
        if todo:
            todo.pop(0)()

    monkeypatch.setattr(os, "fsync", meddling)
    edit_config(path, [Set("ours", 1)], force=True)
    assert loads(path.read_text(encoding="utf-8"))["ours"] == 1  # type: ignore[index]


def test_the_lock_is_waited_for_and_given_up_with_words(file: Path) -> None:
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with locked(file):
            held.set()
            done.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(30)
    try:
        with pytest.raises(LocalError, match="locked by another run"), locked(file, wait_s=0.05):
            pass
    finally:
        done.set()
        thread.join()
    with locked(file, wait_s=0.05):
        pass


def test_writing_is_done_under_the_lock(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def held(target: Path, environ: object) -> None:
        raise LocalError(f"held: {target}")

    monkeypatch.setattr(config_edit, "locked", held)
    with pytest.raises(LocalError, match=f"held: {file}"):
        edit_config(file, [Set("a", 2)])
    assert edit_config(file, [Set("a", 2)], dry_run=True).changed


def test_leftovers_of_killed_runs_are_removed(file: Path) -> None:
    old = file.with_name(".openclaw.json.0123456789ab.tmp")
    young = file.with_name(".openclaw.json.ba9876543210.tmp")
    others = file.with_name(".openclaw.json.tmp")
    for path in (old, young, others):
        path.write_text("x", encoding="utf-8")
    os.utime(old, (1, 1))
    edit_config(file, [Set("a", 2)])
    assert not old.exists()
    assert young.exists()
    assert others.exists()


def test_a_file_that_is_mounted_by_itself_is_written_in_place(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.replace

    def busy(source: Path, target: Path) -> None:
        if target == file:
            raise OSError(errno.EBUSY, "Device or resource busy")
        real(source, target)

    monkeypatch.setattr(os, "replace", busy)
    before = file.stat()
    result = edit_config(file, [Set("a", 22), Unset("apiKey")], force=True)
    assert file.read_bytes().decode() == result.after
    assert (file.stat().st_ino, file.stat().st_mode) == (before.st_ino, before.st_mode)
    assert result.backup is not None
    assert result.backup.read_bytes() == TEXT.encode()
    assert names(file.parent) == ["openclaw.json", "openclaw.json.bak"]

    monkeypatch.setattr(os, "fsync", full_at_first(file))
    with pytest.raises(LocalError, match="No space left"):
        edit_config(file, [Set("a", 333)], force=True)
    assert file.read_bytes().decode() == result.after


def full_at_first(file: Path) -> Callable[[int], None]:
    """Refuses to sync what was written to the file, once."""
    real, calls = os.fsync, iter([True])

    def fsync(descriptor: int) -> None:
        if os.path.samestat(os.fstat(descriptor), file.stat()) and next(calls, False):
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    return fsync


def test_a_hard_link_that_breaks_is_told(file: Path) -> None:
    os.link(file, file.with_name("other.json"))
    result = edit_config(file, [Set("a", 2)], dry_run=True)
    assert any("hard link" in note for note in result.notes)
