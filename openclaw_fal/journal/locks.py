"""Locks that show that a process is working on a job: one byte for each job in a file beside the
journal.

They are POSIX record locks: they end with their process even after `kill -9`, work between
containers and (through NFS) machines that share the folder, and are not copied with the file.
Windows has none: there, a job's time-out decides.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Literal

_files: dict[Path, int] = {}
"""The open lock files. They are never closed: that would drop all locks of the process on them."""


def hold(journal: Path, number: int) -> bool:
    """Lock the byte of a job; False if another process holds it, True also where the system or the
    folder has no locks."""
    try:
        import fcntl

        fcntl.lockf(_file(journal), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
    except (BlockingIOError, PermissionError):
        return False
    except (OSError, ImportError):
        pass
    return True


def release(journal: Path, number: int) -> None:
    """Unlock the byte of a job."""
    with suppress(OSError, ImportError):
        import fcntl

        fcntl.lockf(_file(journal), fcntl.LOCK_UN, 1, number)


def liveness(journal: Path, number: int) -> Literal["alive", "gone", "unknown"]:
    """Whether another process holds the byte of a job; "unknown" where there are no locks."""
    try:
        import fcntl

        file = _file(journal)
        try:
            fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB, 1, number)
        except (BlockingIOError, PermissionError):
            return "alive"
        fcntl.lockf(file, fcntl.LOCK_UN, 1, number)
    except (OSError, ImportError):
        return "unknown"
    return "gone"


def _file(journal: Path) -> int:
    path = journal.with_name(f"{journal.name}-locks")
    if path not in _files:
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
        _files[path] = os.open(path, flags, 0o600)
    return _files[path]
