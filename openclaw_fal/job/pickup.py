"""Picks up jobs of earlier processes: waits, saves their files, cancels, reconciles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from openclaw_fal.errors import (
    Interrupted,
    LocalError,
    OpenClawFalError,
    Unreachable,
    UsageError,
)
from openclaw_fal.job import waitable, wiring
from openclaw_fal.job.handles import handle_of
from openclaw_fal.job.settings import RunSettings, max_bytes
from openclaw_fal.journal.record import UNSUCCESSFUL
from openclaw_fal.media import Generated
from openclaw_fal.progress import Progress
from openclaw_fal.session import Session

if TYPE_CHECKING:
    from openclaw_fal.config.read import Config
    from openclaw_fal.fal.deadline import Deadline
    from openclaw_fal.fal.hosts import Hosts
    from openclaw_fal.files.outputs import OutputTarget
    from openclaw_fal.job.engine import Engine
    from openclaw_fal.job.reconcile import Reconciled
    from openclaw_fal.journal.record import Job

AT_ONCE = 32
"""The number of jobs that are waited for at the same time; each needs a connection."""

POLL_INTERVAL_S = RunSettings.poll_interval_s
CANCEL_TIMEOUT_S = 30.0
RECONCILE_TIMEOUT_S = 60.0

ASK_AGAIN_S = 30.0
"""The time-out for asking fal once more for a job that the journal has as failed."""


class Waited(NamedTuple):
    """The result of waiting for one job, or an error. `wanted` is the id that the user gave."""

    wanted: str
    job: Job | None
    generated: Generated | None = None
    error: OpenClawFalError | None = None


class _Pickup(NamedTuple):
    """All that is needed to wait for one job. Made for all jobs before the first wait begins."""

    wanted: str
    job: Job
    engine: Engine
    target: OutputTarget
    settings: RunSettings
    deadline: Deadline

    def run(self) -> Waited:
        try:
            job = self.engine.checked(self.job, self.deadline)
            generated = self._resume(job)
            self.engine.progress.close()
            return Waited(self.wanted, job, generated)
        except KeyboardInterrupt:
            return self.interrupted()
        except OpenClawFalError as error:
            return self.failed(error)

    def _resume(self, job: Job) -> Generated:
        """Wait for the job and save its files. For a failed job, fal is asked once more, with a
        short time-out; raises the known failure if the job is still failed."""
        known = waitable.known_end(job)
        if known is None:
            return self.engine.resume(job, self.target, self.settings, self.deadline)
        deadline = self.deadline.sub(ASK_AGAIN_S)
        try:
            return self.engine.resume(job, self.target, self.settings, deadline)
        except OpenClawFalError as error:
            state = wiring.journal().get(job.id).state
            if isinstance(error, Interrupted) or state not in UNSUCCESSFUL:
                raise
            raise known from error

    def failed(self, error: OpenClawFalError) -> Waited:
        self.engine.progress.close()  # within `except`: the display then shows the model's log
        error.job_id, error.model = self.job.id, self.job.model
        error.request_id = error.request_id or self.job.request_id
        return Waited(self.wanted, self.job, error=error)

    def interrupted(self) -> Waited:
        return self.failed(self.engine.interrupted(self.job.id, self.settings))


def wait_for(
    wanted: Sequence[str],
    *,
    session: Session,
    progress: Progress | None = None,
    timeout_s: float | None = None,
    poll_interval_s: float | None = None,
    cancel_on_interrupt: bool = False,
    deadlines: list[Deadline] | None = None,
) -> list[Waited]:
    """Wait for jobs of earlier processes, several at once, and save their files. Sends no new
    request.

    Each job has a deadline of its own: `timeout_s`, else the time-out of its request. The results
    are in the order of the ids, without repetitions. The deadlines are added to the list
    `deadlines`, if given, so that another thread can stop the wait.
    """
    shown = progress or Progress()
    config = wiring.read_config(session.config)
    settings = RunSettings(
        capability="jobs.wait",
        queue=True,
        timeout_s=timeout_s or 0.0,
        poll_interval_s=POLL_INTERVAL_S if poll_interval_s is None else poll_interval_s,
        cancel_on_interrupt=cancel_on_interrupt,
        max_bytes=max_bytes(config),
    )
    results: dict[str, Waited] = {}
    pickups: dict[str, _Pickup] = {}
    with ExitStack() as stack:
        stack.callback(shown.close)
        key = cache(lambda: wiring.key_of(config, session, shown))
        jobs_by_name = _look_up(wanted, results)
        for name, job in jobs_by_name.items():
            if len(wanted) == 1:
                session.model = job.model
            display = shown.job(job.id) if len(wanted) > 1 else shown
            try:
                if not waitable.is_unanswered(job) or job.sandbox:
                    waitable.check_waitable(job)
                made = _engine(stack, config, job, key, display)
                pickups[name] = _pickup(name, job, made, settings)
                if deadlines is not None:
                    deadlines.append(pickups[name].deadline)
            except OpenClawFalError as failure:
                error = waitable.known_end(job) or failure
                error.job_id, error.model = job.id, job.model
                error.request_id = error.request_id or job.request_id
                results[name] = Waited(name, job, error=error)
        results.update(_wait_for_all(pickups))
    return [results[name] for name in dict.fromkeys(wanted) if name in results]


def _look_up(wanted: Sequence[str], results: dict[str, Waited]) -> dict[str, Job]:
    """The jobs by the given ids; a job with two ids is in it once. Errors go into `results`."""
    journal = wiring.journal()
    jobs_by_name: dict[str, Job] = {}
    for name in dict.fromkeys(wanted):
        try:
            job = journal.get(name)
        except OpenClawFalError as error:
            results[name] = Waited(name, None, error=error)
            continue
        if all(job.id != other.id for other in jobs_by_name.values()):
            jobs_by_name[name] = job
    return jobs_by_name


def _engine(
    stack: ExitStack, config: Config, job: Job, key: Callable[[], str], progress: Progress
) -> Engine:
    """An engine for the hosts that the job was sent to. `key` is called only if the key is needed;
    a job whose result is in the journal needs none."""
    at_fal = bool(job.status_url) or job.state in ("sending", "uncertain")
    needs_key = not job.has_result and at_fal
    hosts = _hosts(config, job, with_key=needs_key)

    def late_key() -> str:
        _hosts(config, job, with_key=True)
        return key()

    given = key() if needs_key else None
    made = wiring.engine_at(hosts, given, progress=progress, late_key=late_key)
    return stack.enter_context(made)


def _hosts(config: Config, job: Job, *, with_key: bool) -> Hosts:
    """The hosts that the job was sent to. Raises LocalError if the key is needed and they are
    neither fal's nor those of the config: an earlier address may belong to someone else now."""
    if job.sandbox and job.state != "done":
        raise Unreachable(
            f"job {job.id} was in a sandbox, which ended with its command",
            hint="repeat the command",
        )
    hosts = wiring.hosts_of(config, job.base_url)
    if with_key and not hosts.is_fal and hosts != wiring.hosts_of(config):
        raise LocalError(
            f"job {job.id} was sent to {job.base_url}, which is not the address in use: the key "
            "is not sent there",
            hint=f"to fetch it: openclaw config set models.providers.fal.baseUrl {job.base_url}",
        )
    return hosts


def _pickup(wanted: str, job: Job, engine: Engine, settings: RunSettings) -> _Pickup:
    from openclaw_fal.files.outputs import OutputTarget

    deadline = engine.fal.deadline(settings.timeout_s or job.timeout_s)
    return _Pickup(wanted, job, engine, OutputTarget.from_json(job.target), settings, deadline)


def _wait_for_all(pickups: dict[str, _Pickup]) -> dict[str, Waited]:
    """Wait for all jobs. After Ctrl-C, those that had not ended are reported as interrupted."""
    if len(pickups) < 2:
        return {name: pickup.run() for name, pickup in pickups.items()}
    from openclaw_fal.parallel import run_parallel

    order = list(pickups.values())
    ended: dict[str, Waited] = {}
    before: dict[str, Waited] = {}

    def work(index: int) -> None:
        ended[order[index].wanted] = order[index].run()

    def stop() -> None:
        before.update(ended)
        for pickup in order:
            pickup.deadline.stop()

    try:
        problems = run_parallel(work, len(order), at_once=AT_ONCE, stop=stop)
    except KeyboardInterrupt:
        # A failure after `stop` was caused by it.
        done = {name: waited for name, waited in dict(ended).items() if waited.generated}
        ended = before | done
        return {
            name: ended[name] if name in ended else pickup.interrupted()
            for name, pickup in pickups.items()
        }
    for problem in problems:
        if isinstance(problem, Exception):
            raise problem
    return ended


def cancel(wanted: str, *, session: Session) -> tuple[Job, str]:
    """Ask fal to cancel a queued job. Returns the job and "requested", "already_completed",
    "already_failed", "already_cancelled" or "not_found"."""
    journal = wiring.journal()
    job = journal.get(wanted)
    session.model = job.model
    if job.state in ("completed", "saving", "done", "expired"):
        return job, "already_completed"
    if job.state in ("failed", "cancelled"):
        return job, f"already_{job.state}"
    if not job.cancel_url:
        raise UsageError(f"job {job.id} {_not_queued(job)}: there is nothing to cancel")
    config = wiring.read_config(session.config)
    hosts = _hosts(config, job, with_key=True)
    progress = Progress()
    with wiring.engine_at(
        hosts, wiring.key_of(config, session, progress), progress=progress
    ) as made:
        try:
            deadline = made.fal.deadline(CANCEL_TIMEOUT_S)
            outcome = made.fal.client.cancel(handle_of(job), deadline=deadline)
        except OpenClawFalError as error:
            error.job_id, error.request_id = job.id, job.request_id
            raise
    if outcome == "requested":
        journal.cancel_requested(job.id)
    return job, outcome


def _not_queued(job: Job) -> str:
    if job.transport != "queue":
        return "is one synchronous request"
    return "never reached fal" if job.state == "not_sent" else "has no request id"


def reconcile(
    wanted: Sequence[str],
    *,
    session: Session,
    progress: Progress | None = None,
    since: float | None = None,
    adopt: str | None = None,
) -> list[Reconciled]:
    """Search fal's list of past requests for the given uncertain jobs, or for all of them.

    `since` is in seconds since 1970; `adopt` is the id of the past request that the one given job
    is. Nothing is sent again, and no files are fetched: `wait_for` does that. Raises the errors of
    asking fal.
    """
    from openclaw_fal.job.reconcile import Reconciler, uncertain_jobs

    shown = progress or Progress()
    journal = wiring.journal()
    jobs = uncertain_jobs(journal, wanted, since)
    if adopt is not None and len(jobs) != 1:
        raise UsageError("--adopt needs the one job that the request is", hint="openclaw jobs list")
    config = wiring.read_config(session.config)
    results = []
    for job in jobs:
        hosts = _hosts(config, job, with_key=True)
        key = wiring.key_of(config, session, shown)
        with wiring.engine_at(hosts, key, progress=shown) as made:
            deadline = made.fal.deadline(RECONCILE_TIMEOUT_S)
            results.append(Reconciler(made.fal, journal).reconcile(job, deadline, adopt))
    return results
