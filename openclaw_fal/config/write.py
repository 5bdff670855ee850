"""Writing the files of a config: each whole, all or none, and with a backup."""

from __future__ import annotations

import errno
import io
import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from openclaw_fal.atomic import Snapshot, failure, remove_leftovers, replace_file
from openclaw_fal.environment import says_yes
from openclaw_fal.errors import LocalError


@dataclass(frozen=True, slots=True)
class Change:
    """A file before and after an edit; `path` is the file itself, behind symbolic links."""

    path: Path
    snapshot: Snapshot = field(repr=False)
    before: str = field(repr=False)
    after: str = field(repr=False)

    @property
    def backup(self) -> Path | None:
        """Where the content from before goes; None for a file that is new."""
        return _backup(self.path) if self.snapshot.exists else None


class ChangedMeanwhile(Exception):
    """Somebody else changed the file since it was read."""


def write(changes: Sequence[Change]) -> None:
    """Replaces the files; the content from before goes to a backup first.

    When one of several cannot be written, those before it get their old content back.
    """
    done: list[Change] = []
    try:
        for change in changes:
            _replace(change)
            done.append(change)
    except BaseException:
        for change in reversed(done):
            _put_back(change)
        raise


def refuse_unwritable(change: Change) -> None:
    """Raises LocalError when a file must not be written, before anything else is done."""
    check_writable(change.path, change.snapshot, os.environ)


def check_writable(path: Path, snapshot: Snapshot, environ: Mapping[str, str]) -> None:
    if says_yes("OPENCLAW_CONFIG_READONLY", environ):
        raise LocalError(
            f"{path} is not written: OPENCLAW_CONFIG_READONLY is set",
            hint="Change the config where it is managed, or unset the variable",
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
    """The backup may hold secrets: it is never open to more people than its owner."""
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
    """Writes a file that nothing can be renamed over, as one that is mounted by itself.

    A backup of the old content stands beside it; what fails half way is undone. Raises LocalError.
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
