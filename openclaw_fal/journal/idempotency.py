"""`--key`: a request with the key and body of an earlier job is that job, and is not sent again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openclaw_fal.errors import Conflict

if TYPE_CHECKING:
    import sqlite3


class EarlierJob(Exception):
    """A job with the key and body of the request exists: nothing is to be sent."""

    def __init__(self, job_id: str) -> None:
        super().__init__(job_id)
        self.job_id = job_id


def refuse_second(
    db: sqlite3.Connection, key: str | None, fingerprint: str | None, *, sandbox: bool
) -> None:
    """Raises EarlierJob if a job with this key and body exists, Conflict if one with this key has
    another body. Jobs that provably never reached fal do not count.

    Must be called in the transaction that journals the request, so that only one of several
    processes with the same key sends it.
    """
    if key is None:
        return
    query = (
        "SELECT id, fingerprint FROM jobs WHERE key = ? AND sandbox = ? AND state <> 'not_sent' "
        "ORDER BY number DESC LIMIT 1"
    )
    row = db.execute(query, (key, int(sandbox))).fetchone()
    if row is None:
        return
    if row["fingerprint"] != fingerprint:
        raise Conflict(
            f"the key {key!r} was used for another request, job {row['id']}; nothing was sent",
            hint=f"openclaw jobs show {row['id']}; a new request needs a new key",
            job_id=row["id"],
        )
    raise EarlierJob(row["id"])
