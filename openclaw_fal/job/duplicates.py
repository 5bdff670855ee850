"""The note on a request that was made a short while ago already. It is sent all the same."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openclaw_fal.journal.lookups import Lookups
    from openclaw_fal.journal.record import NewJob

RECENT_S = 86400.0
"""How long ago a job may have been begun to be worth a note."""


def duplicate_note(journal: Lookups, new: NewJob) -> str | None:
    """Where the files of a finished job with the same body are; None where there is none. A request
    with a key needs no note: the key says whether it is another one."""
    if new.key is not None:
        return None
    job = journal.made_before(new, RECENT_S)
    if job is None:
        return None
    paths = [job.outputs[index].path for index in sorted(job.outputs)]
    there = next((path for path in paths if path.is_file()), None)
    if there is None:
        return None
    return f"the same was made {ago(time.time() - job.created)}: {there}"


def ago(seconds: float) -> str:
    """`3 minutes ago`, in the largest whole unit; a clock that went back gives `0 seconds ago`."""
    for unit, size in (("hour", 3600), ("minute", 60), ("second", 1)):
        count = int(seconds // size)
        if count >= 1:
            return f"{count} {unit}{'s' * (count != 1)} ago"
    return "0 seconds ago"
