"""Locks against parallel runs of this program, kept in our own folder."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from openclaw_fal.atomic import failure, make_folder
from openclaw_fal.errors import LocalError
from openclaw_fal.store.paths import locks_folder

WAIT_S = 30.0


@contextlib.contextmanager
def locked(
    target: Path, environ: Mapping[str, str] | None = None, *, wait_s: float = WAIT_S
) -> Iterator[None]:
    """Holds the lock on a file. Raises LocalError when another run holds it for `wait_s` seconds.

    The operating system releases the lock of a killed run.
    """
    import hashlib

    import filelock

    folder = locks_folder(environ)
    name = hashlib.sha256(str(target).encode("utf-8", "surrogatepass")).hexdigest()[:32]
    lock = filelock.FileLock(folder / f"{name}.lock", timeout=wait_s)
    try:
        make_folder(folder)
        lock.acquire()
    except filelock.Timeout:
        raise LocalError(
            f"{target} is locked by another run (waited {wait_s:g} s)", hint="try again"
        ) from None
    except OSError as error:
        raise failure("lock", target, error) from error
    try:
        yield
    finally:
        lock.release()
