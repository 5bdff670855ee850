"""Fetches fal's billing events and compares them with the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openclaw_fal.errors import Unreachable
from openclaw_fal.job import wiring
from openclaw_fal.money.bill_check import BillComparison, compare_bills

if TYPE_CHECKING:
    from openclaw_fal.fal.deadline import Deadline
    from openclaw_fal.fal.platform import BillingEvent
    from openclaw_fal.fal.service import FalService
    from openclaw_fal.progress import Progress
    from openclaw_fal.session import Session

TIMEOUT_S = 120.0
MAX_PAGES = 200
"""The most pages of billing events that are read."""

BILLING_DELAY_S = 86400.0
"""How long after a request was sent its billing event may appear."""


def check(since: float, until: float, *, session: Session, progress: Progress) -> BillComparison:
    """Compare the jobs that were begun between two times (seconds since 1970) with their bills.

    Raises NotAllowed for a key without the permission, Unreachable when fal cannot be reached.
    """
    rows = wiring.ledger().rows(since, until)
    jobs = wiring.journal().list(since=since, until=until)
    with wiring.engine(
        wiring.read_config(session.config), session=session, progress=progress
    ) as made:
        deadline = made.fal.deadline(TIMEOUT_S)
        events = _events(made.fal, since, until + BILLING_DELAY_S, deadline)
    ids = {job.id: job.request_id for job in jobs}
    known = {*ids.values(), *(row.request_id for row in rows)}
    # Of the events after `until`, only those of these jobs count: the others are of later jobs.
    own = [
        event
        for event in events
        if event.at is None or event.at < until or event.request_id in known
    ]
    return compare_bills(rows, ids, own)


def _events(fal: FalService, start: float, end: float, deadline: Deadline) -> list[BillingEvent]:
    events: list[BillingEvent] = []
    cursor = None
    for _ in range(MAX_PAGES):
        page = fal.platform.billing_events(start=start, end=end, deadline=deadline, cursor=cursor)
        events += page.events
        if page.cursor is None or page.cursor == cursor:
            return events
        cursor = page.cursor
    raise Unreachable(
        "there are more billing events than can be read at once", hint="a shorter time: --since 7d"
    )
