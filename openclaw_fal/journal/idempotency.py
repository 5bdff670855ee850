"""`--key`: one key, one request. The same key with the same body is the earlier job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openclaw_fal.errors import Conflict

if TYPE_CHECKING:
    import sqlite3


class EarlierJob(Exception):
    """The request was journaled before under its key: there is nothing to send."""

    def __init__(self, job_id: str) -> None:
        super().__init__(job_id)
        self.job_id = job_id


def refuse_second(
    db: sqlite3.Connection, key: str | None, fingerprint: str | None, *, sandbox: bool
) -> None:
    """Raises EarlierJob when a job with this key and body was begun before, Conflict when the key
    is that of another body. A job that provably never reached fal does not count.

    To be called in the transaction that journals the request, so that of several processes with
    one key one sends.
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
