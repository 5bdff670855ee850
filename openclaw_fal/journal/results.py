"""Results that are too large for the journal's rows: files of their own in a folder beside it.

Such a result is media as data URIs, the only copy of what was paid for until the files are saved.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from openclaw_fal.atomic import replace_file
from openclaw_fal.errors import LocalError
from openclaw_fal.text import lower_start


def path_of(journal: Path, job_id: str) -> Path:
    """Where the large result of a job is."""
    return journal.with_name(f"{journal.stem}-results") / f"{job_id}.json"


def put(journal: Path, job_id: str, result: bytes) -> str:
    """Write a result, whole or not at all, with mode 0600; returns the file's name."""
    path = path_of(journal, job_id)
    try:
        replace_file(path, result)
    except LocalError as failure:
        raise LocalError(
            f"the result of job {job_id} cannot be kept: {lower_start(failure.message)}"
        ) from failure
    return path.name


def get(journal: Path, job_id: str) -> bytes | None:
    """The result that was put there, or None."""
    return read(path_of(journal, job_id))


def read(path: Path) -> bytes | None:
    """The bytes of a result's file, or None when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError:
        return None


def drop(journal: Path, job_id: str) -> None:
    """Remove what `put` wrote, if anything."""
    with suppress(OSError):
        path_of(journal, job_id).unlink(missing_ok=True)
