"""Jobs of earlier runs: wait for them together, fetch and save their files, cancel them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
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
"""Jobs that are waited for at the same time; each one keeps a connection."""

POLL_INTERVAL_S = RunSettings.poll_interval_s
CANCEL_TIMEOUT_S = 30.0
RECONCILE_TIMEOUT_S = 60.0

ASK_AGAIN_S = 30.0
"""How long fal is asked for a job that has failed by what the journal knows."""


class Waited(NamedTuple):
    """What came of one job: its files, or an error. `wanted` is the id as it was given."""

    wanted: str
    job: Job | None
    generated: Generated | None = None
    error: OpenClawFalError | None = None


class _Pickup(NamedTuple):
    """A job on its way: everything that it needs, made before the first one is waited for."""

    wanted: str
    job: Job
    engine: Engine
    target: OutputTarget
    settings: RunSettings
    deadline: Deadline

    def run(self) -> Waited:
        try:
            job = waitable.wait_until_sent(wiring.journal(), self.job, self.deadline)
            if waitable.is_unanswered(job):
                from openclaw_fal.job.reconcile import search_at_fal

                made = self.engine
                job = search_at_fal(made.fal, made.journal, made.progress, job, self.deadline)
            waitable.check_waitable(job)
            generated = self._resumed(job)
            self.engine.progress.close()
            return Waited(self.wanted, job, generated)
        except KeyboardInterrupt:
            return self.interrupted()
        except OpenClawFalError as error:
            return self.failed(error)

    def _resumed(self, job: Job) -> Generated:
        """The files of the job. One that is known to have failed is asked for once more, for a
        short while; if fal says nothing better, the known failure stands."""
        known = waitable.known_end(job)
        if known is None:
            return self.engine.resume(job, self.target, self.settings, self.deadline)
        deadline = self.deadline.sub(ASK_AGAIN_S)
        try:
            return self.engine.resume(job, self.target, self.settings, deadline)
        except OpenClawFalError as error:
            state = wiring.journal().get(job.id).state
            if isinstance(error, Interrupted) or state not in ("failed", "cancelled"):
                raise
            raise known from error

    def failed(self, error: OpenClawFalError) -> Waited:
        self.engine.progress.close()  # while the error is handled: the display then shows the log
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
    """Pick up jobs of any earlier process, several at once. Sends no new request.

    Each job has a deadline of its own: `timeout_s`, else the one that it was begun with. The
    results are in the order of the ids; an id that was given twice counts once. `deadlines`, if
    given, gets them, so that another thread can stop the wait.
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
        key = _once(lambda: wiring.key_of(config, session, shown))
        jobs_by_name = _looked_up(wanted, results)
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
        results.update(_all_waited(pickups))
    return [results[name] for name in dict.fromkeys(wanted) if name in results]


def _looked_up(wanted: Sequence[str], results: dict[str, Waited]) -> dict[str, Job]:
    """The jobs by the ids that were given; the same job under two ids is taken once."""
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
    """An engine on the hosts that the job was sent to. A job whose result is here needs no key."""
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
    """The hosts that the job was sent to. The key goes there only if they are fal's or those of
    the config: whoever listens at an address of earlier days is a stranger now."""
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


def _all_waited(pickups: dict[str, _Pickup]) -> dict[str, Waited]:
    """Every job's end. After Ctrl-C, the jobs that had not ended are reported as interrupted."""
    if len(pickups) < 2:
        return {name: pickup.run() for name, pickup in pickups.items()}
    from openclaw_fal.parallel import all_of

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
        problems = all_of(work, len(order), at_once=AT_ONCE, stop=stop)
    except KeyboardInterrupt:
        # A failure after `stop` is one of our own making.
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
    """Ask fal to cancel a queued job: "requested", "already_completed", "already_failed",
    "already_cancelled" or "not_found"."""
    journal = wiring.journal()
    job = journal.get(wanted)
    session.model = job.model
    if job.state in ("completed", "saving", "done"):
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
            outcome = made.fal.cancel(handle_of(job), deadline)
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


def _once(make: Callable[[], str]) -> Callable[[], str]:
    """`make`, called at most once."""
    made: list[str] = []

    def get() -> str:
        if not made:
            made.append(make())
        return made[0]

    return get


def reconcile(
    wanted: Sequence[str],
    *,
    session: Session,
    progress: Progress | None = None,
    since: float | None = None,
    adopt: str | None = None,
) -> list[Reconciled]:
    """Search fal's list of past requests for uncertain jobs; the one given, or all of them.

    `since` is in seconds since 1970; `adopt` names the request that the one job is. Sends no
    request, and brings no files: `wait_for` does. Raises what asking fal raises.
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
