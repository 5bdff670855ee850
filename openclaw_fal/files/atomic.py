"""Reading and replacing whole files: what is on disk is the old content or the new, never a part.

The new content goes to a file of its own beside the target, which no one but the user can read from
its first byte, and is renamed over it when it is complete.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from openclaw_fal.errors import LocalError
from openclaw_fal.frozen import Frozen

MAX_BYTES = 64 * 1024 * 1024
"""No config is as large as this: a file that is has been named by mistake."""

_LEFTOVER_S = 60.0


class Snapshot(Frozen):
    """A file as it was read. `target` is the file itself, behind any symbolic links."""

    target: Path
    content: bytes
    info: os.stat_result | None

    @property
    def exists(self) -> bool:
        return self.info is not None

    def still_holds(self, path: Path) -> bool:
        """Whether the file at the path is the one that was read, with the same content."""
        now = read_file(path)
        return now.target == self.target and (now.exists, now.content) == (
            self.exists,
            self.content,
        )


def read_file(path: Path) -> Snapshot:
    """A regular file, or an empty snapshot when there is none.

    Raises LocalError for anything else (a folder, a pipe, a device), without waiting for it.
    """
    try:
        target = Path(os.path.realpath(path))
        with contextlib.suppress(FileNotFoundError):
            _check_regular(path, os.stat(target))
            return _read(path, target)
    except (OSError, ValueError) as error:
        raise failure("read", path, error) from error
    return Snapshot(target, b"", None)


def replace_file(
    target: Path,
    content: bytes,
    *,
    like: os.stat_result | None = None,
    mode: int = 0o600,
    before_rename: Callable[[], None] | None = None,
) -> None:
    """Writes a file whole, or leaves everything as it was. `target` is no symbolic link.

    `mode` are the permissions; owner and group are those of `like`, where that is permitted.
    `before_rename` may raise to give up. Missing parent folders are made, for the user alone.
    Raises LocalError.
    """
    temporary = target.with_name(f".{target.name}.{os.urandom(6).hex()}.tmp")
    try:
        make_folder(target.parent)
        with _removed_on_failure(temporary):
            _write_new(temporary, content, like, mode)
            if before_rename is not None:
                before_rename()
            os.replace(temporary, target)
        _sync_folder(target.parent)
    except OSError as error:
        raise failure("write", target, error) from error


def make_folder(folder: Path) -> None:
    """Makes a folder and its missing parents, each for the user alone. Raises OSError."""
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for made in reversed(missing):
        with contextlib.suppress(FileExistsError):
            made.mkdir(mode=0o700)


def remove_leftovers(target: Path) -> None:
    """Removes what killed runs left beside a target: new content under a temporary name.

    Young ones stay, they may be those of a run that is at it.
    """
    with contextlib.suppress(OSError):
        for name in os.listdir(target.parent):
            middle = name.removeprefix(f".{target.name}.").removesuffix(".tmp")
            if len(middle) == 12 and name == f".{target.name}.{middle}.tmp":
                left = target.parent / name
                if time.time() - left.stat().st_mtime > _LEFTOVER_S:
                    left.unlink()


def failure(what: str, path: Path, error: Exception) -> LocalError:
    """The LocalError for a failed system call on a file."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return LocalError(f"Cannot {what} {path}: {reason}")


def _check_regular(path: Path, info: os.stat_result) -> None:
    if stat.S_ISDIR(info.st_mode):
        raise LocalError(f"{path} is a folder, not a file")
    if not stat.S_ISREG(info.st_mode):
        raise LocalError(f"{path} is not a regular file (a pipe, a socket or a device)")
    if info.st_size > MAX_BYTES:
        raise LocalError(f"{path} has {info.st_size} bytes: that is no config file")


def _read(path: Path, target: Path) -> Snapshot:
    # Not blocking: the file may have become a pipe since it was looked at.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with open(os.open(target, flags), "rb") as file:
        info = os.fstat(file.fileno())
        _check_regular(path, info)
        return Snapshot(target, file.read(), info)


def _write_new(path: Path, content: bytes, like: os.stat_result | None, mode: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with open(os.open(path, flags, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        if hasattr(os, "fchmod"):
            os.fchmod(file.fileno(), _keep_owner(file.fileno(), like, mode))
        os.fsync(file.fileno())


def _keep_owner(descriptor: int, like: os.stat_result | None, mode: int) -> int:
    """Gives the file the owner and group of another; returns the mode that it may then have.

    Where the group cannot be kept, the group's permissions would be those of strangers.
    """
    if like is None:
        return mode
    now = os.fstat(descriptor)
    if (now.st_uid, now.st_gid) == (like.st_uid, like.st_gid):
        return mode
    with contextlib.suppress(OSError):
        os.fchown(descriptor, like.st_uid, like.st_gid)
        return mode
    with contextlib.suppress(OSError):
        os.fchown(descriptor, -1, like.st_gid)
        return mode
    return mode & ~0o070


@contextlib.contextmanager
def _removed_on_failure(path: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            path.unlink()
        raise


def _sync_folder(folder: Path) -> None:
    """Makes the rename last through a power cut, where the system offers it."""
    if os.name == "nt":
        return
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
