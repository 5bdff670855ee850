"""The program's use cases with everything wired up. The command line is built on these alone.

config = read_config()
choice = choose_model("image", "fal/fal-ai/flux/dev", config)
done = run(lambda endpoint: ImageRequest(endpoint, "a cat"), Settings.of("image", …))
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from openclaw_fal.errors import AuthError, LocalError, OpenClawFalError, UsageError
from openclaw_fal.media import Kind, MediaRequest, Plan
from openclaw_fal.progress import Progress
from openclaw_fal.session import Session

if TYPE_CHECKING:
    from openclaw_fal.fal.hosts import Hosts
    from openclaw_fal.generate import Engine
    from openclaw_fal.ports import Generated
    from openclaw_fal.store.config import Config
    from openclaw_fal.store.job_record import Job
    from openclaw_fal.store.jobs import Journal

POLL_INTERVAL_S = 5.0

NO_KEY = (
    "there is no fal key. Three ways to give one: run `openclaw onboard`; set FAL_KEY in the "
    "environment; pass --fal-api-key to `openclaw onboard --non-interactive`"
)


def read_config(path: str | None = None) -> Config:
    """OpenClaw's config as it is now; an absent file is an empty config."""
    from openclaw_fal.store import config, paths

    return config.read_config(paths.config_path(path))


def journal() -> Journal:
    """The user's journal of jobs."""
    from openclaw_fal.store import jobs, paths

    return jobs.Journal(paths.jobs_path())


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """Which endpoint to ask, and why. `fallbacks` are fal endpoint ids; `skipped` other refs."""

    endpoint: str
    origin: str
    fallbacks: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    timeout_ms: int | None = None


def choose_model(kind: Kind, ref: str | None, config: Config) -> ModelChoice:
    """The model of `--model`, else the config's default, else the specification's.

    Fallbacks belong to the config's default: a model that was asked for is never replaced.
    Raises UsageError for a ref that is none, LocalError for a default of another provider.
    """
    from openclaw_fal.provider import refs
    from openclaw_fal.provider.specs import DEFAULT_MODELS

    if ref is not None:
        return ModelChoice(refs.parse_ref(ref), "--model")
    default = config.default_model(kind)
    if default is None:
        return ModelChoice(DEFAULT_MODELS[kind], "built in")
    if not refs.is_fal_ref(default.primary):
        raise LocalError(
            f"the default {kind} model in {config.path} is {default.primary}, of another provider",
            hint=f"openclaw {kind} --model fal/{DEFAULT_MODELS[kind]} PROMPT",
        )
    try:
        endpoint = refs.parse_ref(default.primary)
    except UsageError as error:
        raise LocalError(f"{config.path}: {default.path}: {error.message}") from error
    fal = tuple(refs.parse_ref(item) for item in default.fallbacks if refs.is_fal_ref(item))
    others = tuple(item for item in default.fallbacks if not refs.is_fal_ref(item))
    return ModelChoice(endpoint, default.path, fal, others, default.timeout_ms)


@dataclass(frozen=True, slots=True)
class Settings:
    """How one request is run. Times in seconds."""

    kind: Kind
    capability: str
    config: Config
    choice: ModelChoice
    output: str | None
    queue: bool
    detach: bool
    timeout_s: float
    poll_interval_s: float
    cancel_on_interrupt: bool
    sandbox: bool

    @classmethod
    def of(
        cls,
        kind: Kind,
        *,
        config: Config,
        choice: ModelChoice,
        capability: str | None = None,
        output: str | None = None,
        queue: bool | None = None,
        detach: bool = False,
        timeout_s: float | None = None,
        poll_interval_s: float | None = None,
        cancel_on_interrupt: bool = False,
        sandbox: bool = False,
    ) -> Settings:
        """Settings with the defaults of `kind` and of the config filled in."""
        from openclaw_fal.provider.specs import DEFAULT_TIMEOUT_S

        if timeout_s is None:
            configured = choice.timeout_ms
            timeout_s = configured / 1000 if configured else DEFAULT_TIMEOUT_S[kind]
        return cls(
            kind=kind,
            capability=capability or f"{kind}.generate",
            config=config,
            choice=choice,
            output=output,
            queue=kind == "video" if queue is None else queue,
            detach=detach,
            timeout_s=timeout_s,
            poll_interval_s=POLL_INTERVAL_S if poll_interval_s is None else poll_interval_s,
            cancel_on_interrupt=cancel_on_interrupt,
            sandbox=sandbox,
        )


@dataclass(frozen=True, slots=True)
class DryRun:
    """The exact request. `uploads` are the files whose URL is known only once they are uploaded."""

    plan: Plan
    url: str
    body: Mapping[str, object]
    uploads: tuple[Mapping[str, object], ...] = ()


def dry_run(request: MediaRequest, settings: Settings) -> DryRun:
    """Plan a request completely and send nothing. Needs no key."""
    from openclaw_fal.provider.plan import plan
    from openclaw_fal.store.desk import Desk

    planned = plan(request)
    hosts = hosts_of(settings.config)
    urls, uploads = Desk().previewed(planned.references())
    base = hosts.queue if settings.queue else hosts.run
    return DryRun(planned, f"{base}/{planned.endpoint}", planned.filled(urls.__getitem__), uploads)


@dataclass(frozen=True, slots=True)
class Done:
    """A finished run: what came back, the plan that was sent, and the models that failed first."""

    generated: Generated
    plan: Plan
    attempts: tuple[Mapping[str, object], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass
class _Attempts:
    """The models that were tried and failed, as the envelope lists them."""

    failed: list[Mapping[str, object]] = field(default_factory=list)

    def add(self, model: str, error: OpenClawFalError) -> None:
        self.failed.append(
            {
                "provider": "fal",
                "model": model,
                "error": {"code": error.code, "message": error.message},
            }
        )


def run(
    request_for: Callable[[str], MediaRequest],
    settings: Settings,
    *,
    session: Session,
    progress: Progress | None = None,
) -> Done:
    """Run one request, falling back to the config's further models where that is safe.

    Raises the error of the last model that was tried; nothing is sent before all local checks.
    """
    from openclaw_fal.fal.failures import curable_by_another_model
    from openclaw_fal.provider.plan import plan
    from openclaw_fal.store import outputs

    request = request_for(settings.choice.endpoint)
    planned = plan(request)
    count = getattr(request, "count", None) or 1
    target = outputs.plan_target(
        settings.output,
        prompt=request.prompt,
        kind=settings.kind,
        model=planned.model,
        cwd=Path.cwd(),
        count=count,
    )
    outputs.check_writable(target)
    notes = [
        f"fallback {ref} is of another provider and was skipped" for ref in settings.choice.skipped
    ]
    attempts = _Attempts()
    waiting = list(settings.choice.fallbacks)
    with engine(
        settings.config, session=session, progress=progress, references=planned.references()
    ) as running:
        while True:
            try:
                generated = running.generate(
                    planned, request.prompt, target, _run_settings(settings), count=count
                )
                return Done(generated, planned, tuple(attempts.failed), tuple(notes))
            except OpenClawFalError as error:
                if attempts.failed:
                    error.attempts = attempts.failed  # type: ignore[attr-defined]
                if not curable_by_another_model(error):
                    raise
                attempts.add(planned.model, error)
                following = _next_plan(waiting, request_for, attempts, plan)
                if following is None:
                    raise
                running.progress.note(f"{planned.model}: {error.message}; trying {following.model}")
                planned = following
                session.model = planned.model


def _next_plan(
    waiting: list[str],
    request_for: Callable[[str], MediaRequest],
    attempts: _Attempts,
    plan: Callable[[MediaRequest], Plan],
) -> Plan | None:
    """The next fallback that takes the request as it was asked for; others count as tried."""
    while waiting:
        endpoint = waiting.pop(0)
        try:
            return plan(request_for(endpoint))
        except OpenClawFalError as error:
            attempts.add(endpoint, error)
    return None


def _run_settings(settings: Settings) -> Any:
    from openclaw_fal.ports import RunSettings

    limit = settings.config.media_max_mb()
    return RunSettings(
        capability=settings.capability,
        queue=settings.queue,
        timeout_s=settings.timeout_s,
        detach=settings.detach,
        poll_interval_s=settings.poll_interval_s,
        cancel_on_interrupt=settings.cancel_on_interrupt,
        max_bytes=int(limit * 1024 * 1024) if limit else None,
    )


def wait_for(
    job_id: str,
    *,
    session: Session,
    progress: Progress | None = None,
    timeout_s: float | None = None,
    poll_interval_s: float | None = None,
    cancel_on_interrupt: bool = False,
) -> tuple[Job, Generated]:
    """Pick up a job of any earlier process and save its files. Sends no new request."""
    from openclaw_fal.ports import RunSettings
    from openclaw_fal.store.outputs import OutputTarget

    job = journal().get(job_id)
    session.model = job.model
    config = read_config(session.config)
    _refuse_hopeless(job)
    limit = config.media_max_mb()
    settings = RunSettings(
        capability="jobs.wait",
        queue=True,
        timeout_s=timeout_s or job.timeout_s,
        poll_interval_s=POLL_INTERVAL_S if poll_interval_s is None else poll_interval_s,
        cancel_on_interrupt=cancel_on_interrupt,
        max_bytes=int(limit * 1024 * 1024) if limit else None,
    )
    target = OutputTarget.from_json(job.target)
    with engine(
        config,
        session=session,
        progress=progress,
        base_url=job.base_url,
        keyless=job.has_result,
    ) as running:
        return job, running.resume(job, target, settings)


def _refuse_hopeless(job: Job) -> None:
    """Jobs that waiting cannot bring back, each with its own words."""
    from openclaw_fal.errors import JobFailed, Unreachable

    facts: dict[str, Any] = {"job_id": job.id, "model": job.model, "request_id": job.request_id}
    if job.state in ("sending", "uncertain") and not job.request_id:
        raise Unreachable(
            f"job {job.id} may have reached fal, but fal's answer never arrived: there is no "
            "request id to ask for. It is not sent again, because it may be billed already",
            hint="look at fal's dashboard, then repeat the command if the job is not there",
            **facts,
        )
    if job.state == "not_sent":
        raise Unreachable(f"job {job.id} never reached fal", hint="repeat the command", **facts)
    if job.state == "failed" and job.error:
        raise JobFailed(f"job {job.id} failed: {job.error.message}", **facts)
    if job.state == "cancelled":
        raise JobFailed(f"job {job.id} was cancelled", **facts)


def cancel(job_id: str, *, session: Session) -> tuple[Job, str]:
    """Ask fal to cancel a queued job: "requested", "already_completed" or "not_found"."""
    row = journal()
    job = row.get(job_id)
    session.model = job.model
    if job.transport != "queue" or not job.request_id:
        raise UsageError(f"job {job.id} is not on fal's queue: there is nothing to cancel")
    with engine(read_config(session.config), session=session, base_url=job.base_url) as running:
        outcome = running.fal.cancel(running.fal.handle(job), running.fal.deadline(30.0))
    if outcome == "requested":
        row.cancel_requested(job.id)
    return job, outcome


def hosts_of(config: Config, base_url: str | None = None) -> Hosts:
    """fal's hosts, or those behind `models.providers.fal.baseUrl`."""
    from openclaw_fal.fal.hosts import hosts_for

    allowed = os.environ.get("OPENCLAW_FAL_ALLOW_HTTP") == "1"
    return hosts_for(base_url or config.base_url(), allow_http=allowed)


@contextmanager
def engine(
    config: Config,
    *,
    session: Session,
    progress: Progress | None = None,
    references: tuple[Any, ...] = (),
    base_url: str | None = None,
    keyless: bool = False,
) -> Iterator[Engine]:
    """An engine on the hosts of the config, or on a sandbox that lives as long as the block."""
    from openclaw_fal.fal.service import FalService
    from openclaw_fal.generate import Engine
    from openclaw_fal.signals import unbroken
    from openclaw_fal.store.desk import Desk

    desk = Desk()
    for reference in references:
        if reference.is_url:
            desk.checked_url(reference)
        else:
            desk.load(reference)
    progress = progress or Progress()
    with _fal_at(config, session, progress, base_url, keyless) as (hosts, key):
        service = FalService(hosts, key, progress)
        try:
            yield Engine(service, desk, journal(), progress, unbroken, session.sandbox)
        finally:
            progress.close()
            service.close()


@contextmanager
def _fal_at(
    config: Config, session: Session, progress: Progress, base_url: str | None, keyless: bool
) -> Iterator[tuple[Hosts, str | None]]:
    """The hosts to speak to and the key to use; with the sandbox, none of the user's."""
    if session.sandbox:
        from openclaw_fal.fal.hosts import hosts_for
        from openclaw_fal.sandbox import Dials, Sandbox

        with Sandbox(Dials.parse(os.environ.get("OPENCLAW_FAL_SANDBOX_DIALS", ""))) as sandbox:
            yield hosts_for(sandbox.url), "sandbox"
        return
    hosts = hosts_of(config, base_url)
    if keyless:
        yield hosts, None
    else:
        yield hosts, key_of(config, session, progress)


def key_of(config: Config, session: Session, progress: Progress) -> str:
    """The fal key; AuthError names the three ways to give one."""
    from openclaw_fal.store.credentials import resolve_key

    key = resolve_key(config, os.environ)
    if key is None:
        raise AuthError(NO_KEY, hint="openclaw onboard")
    session.secrets.add(key.value)
    for note in key.notes:
        progress.note(note)
    return key.value
