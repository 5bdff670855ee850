"""The program's use cases with everything wired up. The command line is built on these alone.

config = read_config()
choice = choose_model("image", "fal/fal-ai/flux/dev", config)
done = run(lambda endpoint: ImageRequest(endpoint, "a cat"), Settings.of("image", …))
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from openclaw_fal.errors import AuthError, LocalError, OpenClawFalError, UsageError
from openclaw_fal.frozen import Frozen
from openclaw_fal.media import Kind, MediaRequest, Plan
from openclaw_fal.progress import Progress
from openclaw_fal.session import Session

if TYPE_CHECKING:
    from openclaw_fal.config.read import Config
    from openclaw_fal.fal.hosts import Hosts
    from openclaw_fal.files.desk import Desk
    from openclaw_fal.files.outputs import OutputTarget
    from openclaw_fal.job.engine import Engine
    from openclaw_fal.job.ports import Generated
    from openclaw_fal.journal.jobs import Journal
    from openclaw_fal.journal.ledger import Ledger
    from openclaw_fal.media import Reference

POLL_INTERVAL_S = 5.0

NO_KEY = "there is no fal key: none in FAL_KEY, and none stored"
NO_KEY_HINT = "openclaw onboard; or add --sandbox to try it without a key, at no cost"


def read_config(path: str | None = None) -> Config:
    """OpenClaw's config as it is now; an absent file is an empty config."""
    from openclaw_fal.config import read as config
    from openclaw_fal.store import paths

    return config.read_config(paths.config_path(path))


def journal() -> Journal:
    """The user's journal of jobs."""
    from openclaw_fal.journal import jobs
    from openclaw_fal.store import paths

    return jobs.Journal(paths.jobs_path())


def ledger() -> Ledger:
    """The costs and budgets in the user's journal."""
    from openclaw_fal.journal import ledger as costs
    from openclaw_fal.store import paths

    return costs.Ledger(paths.jobs_path())


class ModelChoice(Frozen):
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
    from openclaw_fal.catalogue import read as catalogue
    from openclaw_fal.provider import refs
    from openclaw_fal.provider.specs import DEFAULT_MODELS

    if ref is not None:
        return ModelChoice(refs.parse_ref(ref, catalogue), "--model")
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
        fal = tuple(refs.parse_ref(item) for item in default.fallbacks if refs.is_fal_ref(item))
    except UsageError as error:
        raise LocalError(f"{config.path}: {default.path}: {error.message}") from error
    others = tuple(item for item in default.fallbacks if not refs.is_fal_ref(item))
    return ModelChoice(endpoint, default.path, fal, others, default.timeout_ms)


class Settings(Frozen):
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
    overwrite: bool = False
    strict: bool = False

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
        overwrite: bool = False,
        strict: bool = False,
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
            overwrite=overwrite,
            strict=strict,
        )


class DryRun(Frozen):
    """The exact request. `uploads` are the files whose URL is known only once they are uploaded."""

    plan: Plan
    url: str
    body: Mapping[str, object]
    uploads: tuple[Mapping[str, object], ...] = ()


def dry_run(request: MediaRequest, settings: Settings) -> DryRun:
    """Plan a request completely and send nothing. Needs no key."""
    from openclaw_fal.files.desk import Desk

    planned = _planned(request, settings)
    hosts = hosts_of(settings.config)
    urls, uploads = Desk().previewed(planned.references())
    base = hosts.queue if settings.queue else hosts.run
    return DryRun(planned, f"{base}/{planned.endpoint}", planned.filled(urls.__getitem__), uploads)


class Done(Frozen):
    """A finished run: what came back, the plan that was sent, and the models that failed first."""

    generated: Generated
    plan: Plan
    attempts: tuple[Mapping[str, object], ...] = ()


def run(
    request_for: Callable[[str], MediaRequest],
    settings: Settings,
    *,
    session: Session,
    progress: Progress | None = None,
    told: Callable[[Plan], object] | None = None,
) -> Done:
    """Run one request, falling back to the config's further models where that is safe.

    `told` hears each plan before it is sent: what it ignores is said whatever becomes of it.
    Raises the error of the last model that was tried; nothing is sent before all local checks.
    """
    from openclaw_fal.files import outputs

    request = request_for(settings.choice.endpoint)
    planned = _planned(request, settings)
    target = _target(request, planned, settings)
    outputs.check_writable(target)
    attempts: list[Mapping[str, object]] = []
    waiting = list(settings.choice.fallbacks)
    with engine(
        settings.config, session=session, progress=progress, references=planned.references()
    ) as running:
        while True:
            if told is not None:
                told(planned)
            try:
                generated = running.generate(
                    planned, request.prompt, target, _run_settings(settings), count=target.count
                )
                return Done(generated, planned, tuple(attempts))
            except OpenClawFalError as error:
                error.attempts = tuple(attempts)
                following = _following(
                    error, waiting, request_for, attempts, planned.model, settings
                )
                if following is None:
                    raise
                _say_skipped(running.progress, settings.choice)
                running.progress.note(f"{planned.model}: {error.message}; trying {following.model}")
            planned = following
            target = _target(request, planned, settings)
            session.model = planned.model


def _planned(request: MediaRequest, settings: Settings) -> Plan:
    """The exact request; with `strict`, one that leaves no option out."""
    from openclaw_fal.catalogue import read as catalogue
    from openclaw_fal.provider.plan import plan
    from openclaw_fal.provider.strict import refuse_ignored

    planned = plan(request, catalogue)
    if settings.strict:
        refuse_ignored(planned)
    return planned


def _target(request: MediaRequest, planned: Plan, settings: Settings) -> OutputTarget:
    from openclaw_fal.files import outputs

    return outputs.plan_target(
        settings.output,
        prompt=request.prompt,
        kind=settings.kind,
        model=planned.model,
        cwd=Path.cwd(),
        count=getattr(request, "count", None) or 1,
        overwrite=settings.overwrite,
    )


def _following(
    error: OpenClawFalError,
    waiting: list[str],
    request_for: Callable[[str], MediaRequest],
    attempts: list[Mapping[str, object]],
    model: str,
    settings: Settings,
) -> Plan | None:
    """The plan for the next fallback that takes the request as it was asked for, if one is safe.

    The model that failed, and fallbacks that do not take the request, become attempts.
    """
    from openclaw_fal.fal.failures import curable_by_another_model

    if not waiting or not curable_by_another_model(error):
        return None
    own = _attempt(model, error)
    attempts.append(own)
    while waiting:
        endpoint = waiting.pop(0)
        try:
            return _planned(request_for(endpoint), settings)
        except OpenClawFalError as refusal:
            attempts.append(_attempt(endpoint, refusal))
    error.attempts = tuple(attempt for attempt in attempts if attempt is not own)
    return None


def _attempt(model: str, error: OpenClawFalError) -> Mapping[str, object]:
    """A model that was tried and failed, as the envelope lists it."""
    failure = {"code": error.code, "message": error.message}
    return {"provider": "fal", "model": model, "error": failure}


def _say_skipped(progress: Progress, choice: ModelChoice) -> None:
    for ref in choice.skipped:
        progress.note(f"the fallback {ref} is of another provider and was skipped")


def _run_settings(settings: Settings) -> Any:
    from openclaw_fal.job.ports import RunSettings

    return RunSettings(
        capability=settings.capability,
        queue=settings.queue,
        timeout_s=settings.timeout_s,
        detach=settings.detach,
        poll_interval_s=settings.poll_interval_s,
        cancel_on_interrupt=settings.cancel_on_interrupt,
        max_bytes=max_bytes(settings.config),
    )


def max_bytes(config: Config) -> int | None:
    """The largest file that `mediaMaxMb` allows, in bytes; None where it is not set."""
    limit = config.media_max_mb()
    return int(limit * 1024 * 1024) if limit and limit < 1e12 else None


def hosts_of(config: Config, base_url: str | None = None) -> Hosts:
    """fal's hosts, or those behind `models.providers.fal.baseUrl`."""
    from openclaw_fal.environment import says_yes
    from openclaw_fal.fal.hosts import hosts_for

    allowed = says_yes("OPENCLAW_FAL_ALLOW_HTTP")
    return hosts_for(base_url or config.base_url(), allow_http=allowed)


@contextmanager
def engine(
    config: Config,
    *,
    session: Session,
    progress: Progress | None = None,
    references: tuple[Reference, ...] = (),
) -> Iterator[Engine]:
    """An engine on the hosts of the config, or on a sandbox that lives as long as the block."""
    from openclaw_fal.files.desk import Desk

    desk = Desk()
    for reference in references:
        if reference.is_url:
            desk.checked_url(reference)
        else:
            desk.load(reference)
    progress = progress or Progress()
    with (
        _fal_at(config, session, progress) as (hosts, key),
        engine_at(hosts, key, desk=desk, progress=progress, sandbox=session.sandbox) as made,
    ):
        yield made


@contextmanager
def engine_at(
    hosts: Hosts,
    key: str | None,
    *,
    progress: Progress,
    desk: Desk | None = None,
    sandbox: bool = False,
) -> Iterator[Engine]:
    """An engine on these hosts. At the end of the block, connections and the display are closed."""
    from openclaw_fal import signals
    from openclaw_fal.fal.service import FalService
    from openclaw_fal.files import desk as desks
    from openclaw_fal.job.engine import Engine

    service = FalService(hosts, key, progress)
    try:
        yield Engine(
            service, desk or desks.Desk(), journal(), progress, signals, {}, sandbox=sandbox
        )
    finally:
        progress.close()
        service.close()


@contextmanager
def _fal_at(config: Config, session: Session, progress: Progress) -> Iterator[tuple[Hosts, str]]:
    """The hosts to speak to and the key to use; with the sandbox, none of the user's."""
    if not session.sandbox:
        yield hosts_of(config), key_of(config, session, progress)
        return
    from openclaw_fal.fal.hosts import hosts_for
    from openclaw_fal.sandbox import SANDBOX_KEY, Dials, Sandbox

    with Sandbox(Dials.parse(os.environ.get("OPENCLAW_FAL_SANDBOX_DIALS", ""))) as sandbox:
        yield hosts_for(sandbox.url), SANDBOX_KEY


def key_of(config: Config, session: Session, progress: Progress) -> str:
    """The fal key. Raises AuthError when there is none."""
    from openclaw_fal.config.keys import resolve_key

    key = resolve_key(config, os.environ)
    if key is None:
        raise AuthError(NO_KEY, hint=NO_KEY_HINT)
    session.secrets.add(key.value)
    for note in key.notes:
        progress.note(note)
    return key.value
