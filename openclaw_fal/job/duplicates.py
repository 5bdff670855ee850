"""The note that the same request was made a short while ago. It is sent nevertheless."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from openclaw_fal.text import counted

if TYPE_CHECKING:
    from openclaw_fal.journal.lookups import Lookups
    from openclaw_fal.journal.record import NewJob

RECENT_S = 86400.0
"""The greatest age in seconds of a job that the note mentions."""


def duplicate_note(journal: Lookups, new: NewJob) -> str | None:
    """A note with the age and a file of a finished job with the same body; None without one.

    A request with a key gets no note: the key says whether it is the same request.
    """
    if new.key is not None:
        return None
    job = journal.made_before(new, RECENT_S)
    if job is None:
        return None
    paths = [job.outputs[index].path for index in sorted(job.outputs)]
    existing = next((path for path in paths if path.is_file()), None)
    if existing is None:
        return None
    return f"the same was made {ago(time.time() - job.created)}: {existing}"


def ago(seconds: float) -> str:
    """`3 minutes ago`, in the largest whole unit; `just now` for less, and for a time in the
    future, after a change of the clock."""
    for unit, size in (("hour", 3600), ("minute", 60), ("second", 1)):
        count = int(seconds // size)
        if count >= 1:
            return f"{counted(count, unit)} ago"
    return "just now"
