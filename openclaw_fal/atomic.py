"""Writes files atomically and privately: a file holds its old content or its new one, never a part.

New content goes to a temporary file beside the target, which only the user can read from its first
byte on. When it is complete it is renamed: over the target (`replace_file`), or to the first free
name (`take_free_name`).
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from openclaw_fal.errors import LocalError
from openclaw_fal.frozen import Frozen

MAX_BYTES = 64 * 1024 * 1024
"""The largest file that is read: a larger one is not a config, and was named by mistake."""

_LEFTOVER_S = 60.0

_NO_LINKS = {
    errno.EPERM,
    errno.EACCES,
    errno.ENOSYS,
    errno.EOPNOTSUPP,
    errno.ENOTSUP,
    errno.EMLINK,
    errno.EINVAL,
    errno.EXDEV,
}
"""The errors of `link` on file systems without hard links."""


class Snapshot(Frozen):
    """A file as it was read. `target` is its path with symbolic links resolved; `info` is None
    if there is no file."""

    target: Path
    content: bytes
    info: os.stat_result | None

    @property
    def exists(self) -> bool:
        return self.info is not None

    def still_holds(self, path: Path) -> bool:
        """Whether the file at the path is the one that was read, with the same content."""
        now = read_file(path)
        return (now.target, now.exists, now.content) == (self.target, self.exists, self.content)


def read_file(path: Path) -> Snapshot:
    """Read a regular file; an empty snapshot if there is none.

    Raises LocalError for a folder, a pipe or a device, without waiting for it.
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
    """Writes a whole file, or changes nothing. `target` must not be a symbolic link.

    `mode` are the permissions; owner and group are those of `like`, where that is permitted.
    `before_rename` may raise to cancel. Missing parent folders are made for the user alone. Raises
    LocalError.
    """
    temporary = target.with_name(f".{target.name}.{os.urandom(6).hex()}.tmp")
    try:
        make_folder(target.parent)
        write_new(temporary, [content], like=like, mode=mode)
        with _removed_on_failure(temporary):
            if before_rename is not None:
                before_rename()
            os.replace(temporary, target)
        sync_folder(target.parent)
    except OSError as error:
        raise failure("write", target, error) from error


def write_new(
    path: Path,
    pieces: Iterable[bytes],
    *,
    like: os.stat_result | None = None,
    mode: int = 0o600,
) -> None:
    """Writes a new file and syncs it to disk; removes it if that fails.

    `mode` and `like` are as in `replace_file`. Raises OSError, FileExistsError among them.
    """
    flags = open_flags(os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    with open(os.open(path, flags, 0o600), "wb") as file, _removed_on_failure(path):
        for piece in pieces:
            file.write(piece)
        file.flush()
        if hasattr(os, "fchmod"):
            os.fchmod(file.fileno(), _keep_owner(file.fileno(), like, mode))
        os.fsync(file.fileno())


def take_free_name(path: Path, names: Iterable[str]) -> Path | None:
    """Renames a file to the first of `names` that is free in its folder; returns the new path.

    A name is taken by a file, a folder or a broken link. Two processes never get the same name.
    None when every name is taken. Raises OSError.
    """
    for name in names:
        final = path.with_name(name)
        with contextlib.suppress(FileExistsError):
            _move(path, final)
            sync_folder(final.parent)
            return final
    return None


def take_name(path: Path, name: str) -> Path:
    """Renames a file within its folder, replacing a file of that name. Raises OSError."""
    final = path.with_name(name)
    os.replace(path, final)
    sync_folder(final.parent)
    return final


def open_flags(access: int) -> int:
    """Flags for `os.open`: binary, closed in child processes, and without waiting for a pipe or
    device."""
    for name in ("O_CLOEXEC", "O_NONBLOCK", "O_BINARY"):
        access |= getattr(os, name, 0)
    return access


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
    """Removes temporary files that killed runs left beside a target; recent ones stay, since a live
    process may own them."""
    with contextlib.suppress(OSError):
        for name in os.listdir(target.parent):
            middle = name.removeprefix(f".{target.name}.").removesuffix(".tmp")
            if len(middle) == 12 and name == f".{target.name}.{middle}.tmp":
                leftover = target.parent / name
                if time.time() - leftover.stat().st_mtime > _LEFTOVER_S:
                    leftover.unlink()


def failure(what: str, path: Path, error: Exception) -> LocalError:
    """The LocalError for a failed system call on a file."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return LocalError(f"cannot {what} {path}: {reason}")


def _check_regular(path: Path, info: os.stat_result) -> None:
    if stat.S_ISDIR(info.st_mode):
        raise LocalError(f"{path} is a folder, not a file")
    if not stat.S_ISREG(info.st_mode):
        raise LocalError(f"{path} is not a regular file (a pipe, a socket or a device)")
    if info.st_size > MAX_BYTES:
        raise LocalError(f"{path} has {info.st_size} bytes: that is no config file")


def _read(path: Path, target: Path) -> Snapshot:
    with open(os.open(target, open_flags(os.O_RDONLY)), "rb") as file:
        info = os.fstat(file.fileno())
        _check_regular(path, info)
        return Snapshot(target, file.read(), info)


def _keep_owner(descriptor: int, like: os.stat_result | None, mode: int) -> int:
    """Gives the file the owner and group of another; returns the mode that it may then have, which
    has no permissions for the group if the group could not be kept."""
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


def _move(path: Path, final: Path) -> None:
    """Renames within a folder, or raises FileExistsError."""
    if os.name == "nt":
        os.rename(path, final)  # fails there when `final` exists
        return
    try:
        os.link(path, final, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # No hard links here (FAT, some network and phone storage): an empty file takes the name
        # first. After a crash at this moment that file stays empty, but never partly written.
        os.close(os.open(final, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        try:
            os.replace(path, final)
        except OSError:
            os.unlink(final)
            raise
        return
    os.unlink(path)


def sync_folder(folder: Path) -> None:
    """Makes a rename in the folder survive a power cut, where the system can."""
    if os.name == "nt":
        return
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
