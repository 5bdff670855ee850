"""Results that are too large for the journal's rows: files of their own in a folder beside it.

Such a result is media as data URIs, the only copy of what was paid for until the files are saved.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from openclaw_fal.errors import LocalError
from openclaw_fal.text import reason


def path_of(journal: Path, job_id: str) -> Path:
    """Where the large result of a job is."""
    return journal.with_name(f"{journal.stem}-results") / f"{job_id}.json"


def put(journal: Path, job_id: str, result: bytes) -> str:
    """Write a result, whole or not at all, with mode 0600; returns the file's name."""
    path = path_of(journal, job_id)
    part = path.with_suffix(".part")
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        part.unlink(missing_ok=True)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:
            file.write(result)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as failure:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise LocalError(
            f"the result of job {job_id} cannot be kept in {path.parent}: {reason(failure)}"
        ) from failure
    return path.name


def get(journal: Path, job_id: str) -> bytes | None:
    """The result that was put there, or None."""
    try:
        return path_of(journal, job_id).read_bytes()
    except OSError:
        return None


def drop(journal: Path, job_id: str) -> None:
    """Remove what `put` wrote, if anything."""
    with suppress(OSError):
        path_of(journal, job_id).unlink(missing_ok=True)
