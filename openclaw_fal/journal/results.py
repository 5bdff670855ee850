"""Results that are too large for a row of the journal: each in a file, in a folder beside it.

Such a result holds media as data URIs: until they are saved, the only copy of what was paid for.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from openclaw_fal.atomic import replace_file
from openclaw_fal.errors import LocalError


def path_of(journal: Path, job_id: str) -> Path:
    """The path of the large result of a job."""
    return journal.with_name(f"{journal.stem}-results") / f"{job_id}.json"


def put(journal: Path, job_id: str, result: bytes) -> str:
    """Write a result atomically, with mode 0600; returns the file's name."""
    path = path_of(journal, job_id)
    try:
        replace_file(path, result)
    except LocalError as failure:
        raise LocalError(
            f"the result of job {job_id} cannot be kept: {failure.message}"
        ) from failure
    return path.name


def get(journal: Path, job_id: str) -> bytes | None:
    """The result that `put` wrote, or None."""
    return read(path_of(journal, job_id))


def read(path: Path) -> bytes | None:
    """The content of a file, or None if it cannot be read."""
    try:
        return path.read_bytes()
    except OSError:
        return None


def drop(journal: Path, job_id: str) -> None:
    """Remove what `put` wrote, if anything."""
    with suppress(OSError):
        path_of(journal, job_id).unlink(missing_ok=True)
