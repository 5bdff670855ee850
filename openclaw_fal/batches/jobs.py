"""The jobs of a batch, submitted, polled and fetched through the engine of single requests."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from openclaw_fal.errors import AuthError, BillingError, Conflict, LocalError, TimedOut
from openclaw_fal.journal.record import UNSUCCESSFUL
from openclaw_fal.text import counted

if TYPE_CHECKING:
    from openclaw_fal.batches.item import PlannedItem
    from openclaw_fal.batches.records import BatchRecord
    from openclaw_fal.fal.statuses import Completed
    from openclaw_fal.job.engine import Engine
    from openclaw_fal.job.settings import RunSettings
    from openclaw_fal.journal.record import Job
    from openclaw_fal.media import Generated, Kind

RECONCILE_TIMEOUT_S = 30.0
"""Time limit for finding an uncertain job in fal's list of requests, in seconds."""

POLL_TIMEOUT_S = 15.0
"""Time limit for asking fal once how a job stands, in seconds."""

PollState = Literal["queued", "running", "ended"]
"""What fal says of a job; `ended` with a result or without one."""


class BatchJobs:
    """The jobs of one batch, in the journal and at fal. Every method may be called from any thread.

    `settings_of` gives the settings for a kind of request.
    """

    def __init__(
        self,
        record: BatchRecord,
        engine: Engine,
        settings_of: Callable[[Kind], RunSettings],
    ) -> None:
        self._record, self._engine, self._settings_of = record, engine, settings_of
        self._journal = engine.journal
        self._completed: dict[str, Completed] = {}
        self._lock = threading.Lock()
        self._reconciling = threading.Lock()

    def known(self) -> dict[str, Job]:
        """The jobs of this batch by item id."""
        return self._journal.keyed(self._record.prefix)

    def job(self, job_id: str) -> Job:
        """A job as the journal has it now."""
        return self._journal.get(job_id)

    def has_failed(self, job: Job) -> bool:
        """Whether the journal says that the job ended without a result."""
        with suppress(LocalError):
            return self._journal.get(job.id).state in UNSUCCESSFUL
        return False

    def submit(self, item: PlannedItem) -> Job:
        """Send an item, or return the job that was sent for it before; take the job's lease."""
        from openclaw_fal.files.outputs import plan_target

        settings = self._settings_of(item.plan.kind).replaced(
            key=self._record.prefix + item.id, detach=True, queue=True
        )
        target = plan_target(
            output_of(item, self._record.out),
            prompt=item.request.prompt,
            kind=item.plan.kind,
            model=item.plan.model,
            cwd=Path(self._record.folder).absolute(),
            count=item.count,
        )
        try:
            generated = self._engine.generate(
                item.plan, item.request.prompt, target, settings, count=item.count
            )
        except (AuthError, BillingError) as error:
            # fal took nothing: the item may be sent once the key or the account is in order.
            if error.job_id is not None:
                self._journal.release_key(error.job_id)
            raise
        job = self._journal.get(generated.job_id)
        self._journal.lease(job)
        return job

    def lease(self, job: Job) -> bool:
        """Take the lease of a job for this process; False while another live process has it."""
        return self._journal.lease(job)

    def poll(self, job: Job) -> PollState:
        """Ask fal how a job stands. Raises Unreachable when fal gave no state, TimedOut when the
        job's time limit has passed."""
        from openclaw_fal.fal.statuses import Completed, Running, Stopped
        from openclaw_fal.job.handles import handle_of

        expired = time.time() - job.created > job.timeout_s
        try:
            status = self._engine.fal.client.status(
                handle_of(job), deadline=self._engine.fal.deadline(POLL_TIMEOUT_S), logs=False
            )
        except TimedOut:
            status = None
        if isinstance(status, Completed):
            with self._lock:
                self._completed[job.id] = status
            return "ended"
        if isinstance(status, Stopped) and status.known:
            return "ended"
        if expired:
            raise TimedOut(
                f"the time of {job.timeout_s:g} s is over; the job goes on at fal",
                hint=self._record.how_to_resume,
                job_id=job.id,
            )
        return "running" if isinstance(status, Running) else "queued"

    def fetch(self, job: Job) -> Generated:
        """Fetch the result of a job that has ended, and save its files."""
        from openclaw_fal.files.outputs import OutputTarget

        with self._lock:
            completed = self._completed.pop(job.id, None)
        settings = self._settings_of(job.kind)
        deadline = self._engine.fal.deadline(settings.timeout_s)
        target = OutputTarget.from_json(job.target)
        return self._engine.resume(job, target, settings, deadline, completed=completed)

    def reconciled(self, job: Job) -> Job | None:
        """An uncertain job with the request id that fal's list has for it; None without one."""
        from openclaw_fal.job.reconcile import search_at_fal
        from openclaw_fal.progress import Progress

        deadline = self._engine.fal.deadline(RECONCILE_TIMEOUT_S)
        with self._reconciling:  # two equal jobs must not both adopt the same request
            job = search_at_fal(self._engine.fal, self._journal, Progress(), job, deadline)
        return None if job.state == "uncertain" else job

    def changed(
        self, items: Sequence[PlannedItem], known: Mapping[str, Job]
    ) -> list[tuple[PlannedItem, Job]]:
        """The items whose request is not the one that was sent for them, with the jobs sent."""
        from openclaw_fal.job.prepared import Prepared
        from openclaw_fal.journal import bodies

        changed = []
        for item in items:
            job = known.get(item.id)
            if job is None or job.fingerprint is None or job.state == "not_sent":
                continue
            kept = Prepared(item.plan, self._engine.files).kept()
            if bodies.fingerprint(item.plan.endpoint, kept) != job.fingerprint:
                changed.append((item, job))
        return changed

    def forget(self, jobs: Sequence[Job]) -> None:
        """Release the keys of these jobs, so that their items are sent again."""
        for job in jobs:
            self._journal.release_key(job.id)


def refuse_changed(changed: Sequence[tuple[PlannedItem, Job]]) -> None:
    """Raise Conflict if `changed` has any items."""
    if not changed:
        return
    shown = [
        f"line {item.line}: item {item.id} was sent as another request (job {job.id})"
        for item, job in changed
    ]
    raise Conflict(
        f"changed since they were sent: {counted(len(changed), 'item')}; nothing was sent now:\n"
        + "\n".join(shown[:20])
        + (f"\n… and {len(shown) - 20} more" if len(shown) > 20 else ""),
        hint="give the rows other ids, or send them anew with --allow-changed",
    )


def output_of(item: PlannedItem, out: str) -> str:
    """The `--output` of one item. In a folder, files are named by the item's id if the manifest
    gives one, else by the prompt. `{item}` in a template stands for the id. An item's own `output`
    is relative to the batch's folder.
    """
    from openclaw_fal.files import naming

    name = naming.slug(item.id, "item")
    if "{" in out:
        return out.replace("{item}", name)
    folder = Path(naming.escaped(out))
    if item.output is not None:
        path = str(folder / item.output)
        return f"{path}/" if item.output.endswith("/") else path
    return str(folder / (f"{name}.{{ext}}" if item.named else "{prompt}.{ext}"))
