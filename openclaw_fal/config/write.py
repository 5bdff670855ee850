"""Writes the files of a config, all or none, each with a backup."""

from __future__ import annotations

import errno
import io
import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path

from openclaw_fal.atomic import Snapshot, failure, remove_leftovers, replace_file
from openclaw_fal.environment import says_yes
from openclaw_fal.errors import LocalError
from openclaw_fal.frozen import Frozen


class Change(Frozen):
    """A file before and after an edit; `path` is the file itself, symbolic links resolved."""

    path: Path
    snapshot: Snapshot
    before: str
    after: str

    def __repr__(self) -> str:
        return f"Change({self.path})"  # the texts may hold secrets

    @property
    def backup(self) -> Path | None:
        """The file that keeps the old content; None for a new file."""
        return _backup(self.path) if self.snapshot.exists else None


class ChangedMeanwhile(Exception):
    """Another process changed the file after it was read."""


def write(changes: Sequence[Change]) -> None:
    """Replaces the files; the old content of each goes to a backup first.

    If one file cannot be written, those already written get their old content back.
    """
    written: list[Change] = []
    try:
        for change in changes:
            _replace(change)
            written.append(change)
    except BaseException:
        for change in reversed(written):
            _put_back(change)
        raise


def refuse_unwritable(change: Change) -> None:
    """Raises LocalError if the file is read-only."""
    check_writable(change.path, change.snapshot, os.environ)


def check_writable(path: Path, snapshot: Snapshot, environ: Mapping[str, str]) -> None:
    """Raises LocalError if the file, or every config (`OPENCLAW_CONFIG_READONLY`), is read-only."""
    if says_yes("OPENCLAW_CONFIG_READONLY", environ):
        raise LocalError(
            f"{path} is not written: OPENCLAW_CONFIG_READONLY is set",
            hint="change the config in the tool that manages it, or unset the variable",
        )
    if snapshot.info is not None and not snapshot.info.st_mode & 0o222:
        raise LocalError(f"{path} is read-only", hint=f"chmod u+w {path}")


def _put_back(change: Change) -> None:
    info = change.snapshot.info
    if info is None:
        change.path.unlink()
    else:
        mode = stat.S_IMODE(info.st_mode)
        replace_file(change.path, change.snapshot.content, like=info, mode=mode)


def _replace(change: Change) -> None:
    """The backup may hold secrets: only its owner may read it."""
    remove_leftovers(change.path)
    remove_leftovers(_backup(change.path))
    info = change.snapshot.info
    mode = 0o600 if info is None else stat.S_IMODE(info.st_mode)

    def before_rename() -> None:
        if change.backup is not None:
            replace_file(change.backup, change.snapshot.content, like=info, mode=mode & 0o600)
        if not change.snapshot.still_holds(change.path):
            raise ChangedMeanwhile

    content = change.after.encode("utf-8")
    try:
        replace_file(change.path, content, like=info, mode=mode, before_rename=before_rename)
    except LocalError as error:
        if getattr(error.__cause__, "errno", None) != errno.EBUSY or info is None:
            raise
        write_in_place(change.path, content, change.snapshot.content)


def write_in_place(path: Path, content: bytes, old: bytes) -> None:
    """Overwrites a file that cannot be replaced by a rename, such as a mounted one.

    If writing fails half way, the old content is written back. Raises LocalError.
    """
    try:
        with open(path, "r+b", buffering=0) as file:
            try:
                _overwrite(file, content)
            except OSError:
                _overwrite(file, old)
                raise
    except OSError as error:
        raise failure("write", path, error) from error


def _overwrite(file: io.FileIO, content: bytes) -> None:
    file.seek(0)
    rest = memoryview(content)
    while rest:
        rest = rest[file.write(rest) :]
    file.truncate()
    os.fsync(file.fileno())


def _backup(target: Path) -> Path:
    return target.with_name(target.name + ".bak")
