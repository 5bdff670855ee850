"""The use case: plan a request, send it, and fall back to the config's further models.

The command line and the public functions both run their requests through here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from openclaw_fal.errors import OpenClawFalError
from openclaw_fal.frozen import Frozen
from openclaw_fal.job import wiring
from openclaw_fal.job.settings import RunSettings
from openclaw_fal.media import Generated, MediaRequest, Plan
from openclaw_fal.progress import Progress
from openclaw_fal.session import Session

if TYPE_CHECKING:
    from openclaw_fal.config.read import Config
    from openclaw_fal.files.outputs import OutputTarget
    from openclaw_fal.job.settings import ModelChoice
    from openclaw_fal.money.estimate import Estimate


class DryRun(Frozen):
    """The exact request. `uploads` are the files whose URLs a real run gets by uploading them."""

    plan: Plan
    url: str
    body: Mapping[str, object]
    uploads: tuple[Mapping[str, object], ...]
    estimate: Estimate


def dry_run(request: MediaRequest, settings: RunSettings, config: Config) -> DryRun:
    """Plan a request and build its body, without sending anything. Needs no key."""
    from openclaw_fal.files.request_files import RequestFiles
    from openclaw_fal.journal import bodies

    planned = _planned(request, settings)
    hosts = wiring.hosts_of(config)
    urls, uploads = RequestFiles().preview(planned.references())
    base = hosts.queue if settings.queue else hosts.run
    body = planned.filled(urls.__getitem__)
    quotes = wiring.quotes(config, settings)
    estimate = quotes.estimate(planned.endpoint, bodies.kept(body))
    return DryRun(planned, f"{base}/{planned.endpoint}", body, uploads, estimate)


class FinishedRun(Frozen):
    """The result of a run, the plan that was sent, and the failed attempts with other models."""

    generated: Generated
    plan: Plan
    attempts: tuple[Mapping[str, object], ...] = ()


def run(
    request_for: Callable[[str], MediaRequest],
    choice: ModelChoice,
    settings: RunSettings,
    *,
    config: Config,
    session: Session,
    progress: Progress | None = None,
    before_sending: Callable[[Plan], object] | None = None,
) -> FinishedRun:
    """Run one request, falling back to the config's further models where that is safe.

    `request_for` makes the request for an endpoint id. `before_sending` is called with each plan
    before it is sent, to report its ignored options even if the request fails. All local checks are
    made before anything is sent. Raises the error of the last model that was tried.
    """
    from openclaw_fal.files import outputs
    from openclaw_fal.job.marking import check_signing

    request = request_for(choice.endpoint)
    planned = _planned(request, settings)
    target = _target(request, planned, settings)
    outputs.check_writable(target)
    check_signing(settings)
    attempts: list[Mapping[str, object]] = []
    waiting = list(choice.fallbacks)
    with wiring.engine(
        config,
        session=session,
        progress=progress,
        references=planned.references(),
        quotes=wiring.quotes(config, settings),
    ) as running:
        if choice.instead_of is not None:
            running.progress.note(
                f"the default {choice.instead_of} is of another provider: "
                f"fal/{choice.endpoint}, the first of fal's behind it, is used"
            )
        while True:
            if before_sending is not None:
                before_sending(planned)
            try:
                generated = running.generate(
                    planned, request.prompt, target, settings, count=target.count
                )
                return FinishedRun(generated, planned, tuple(attempts))
            except OpenClawFalError as error:
                error.attempts = tuple(attempts)
                fallback = _next_fallback(
                    error, waiting, request_for, attempts, planned.model, settings
                )
                if fallback is None:
                    raise
                for ref in choice.skipped:
                    running.progress.note(
                        f"the fallback {ref} is of another provider and was skipped"
                    )
                running.progress.note(f"{planned.model}: {error.message}; trying {fallback.model}")
            planned = fallback
            target = _target(request, planned, settings)
            session.model = planned.model


def _planned(request: MediaRequest, settings: RunSettings) -> Plan:
    """The exact request. Raises CapabilityError, with `strict` also for an ignored option."""
    from openclaw_fal.job import user_catalogue
    from openclaw_fal.provider.plan import plan
    from openclaw_fal.provider.strict import refuse_ignored

    planned = plan(request, user_catalogue.ENDPOINTS)
    if damaged := user_catalogue.warning():
        planned = planned.replaced(warnings=(*planned.warnings, damaged))
    if settings.strict:
        refuse_ignored(planned)
    return planned.replaced(request=request)


def _target(request: MediaRequest, planned: Plan, settings: RunSettings) -> OutputTarget:
    from openclaw_fal.files import outputs

    return outputs.plan_target(
        settings.output,
        prompt=request.prompt,
        kind=request.kind,
        model=planned.model,
        cwd=Path.cwd(),
        count=getattr(request, "count", None) or 1,
        overwrite=settings.overwrite,
    )


def _next_fallback(
    error: OpenClawFalError,
    waiting: list[str],
    request_for: Callable[[str], MediaRequest],
    attempts: list[Mapping[str, object]],
    model: str,
    settings: RunSettings,
) -> Plan | None:
    """The plan for the next fallback that takes the request; None if there is none, or if another
    model cannot help after this error.

    The model that failed, and fallbacks that do not take the request, are added to `attempts`.
    """
    from openclaw_fal.fal.failures import curable_by_another_model

    if not waiting or not curable_by_another_model(error):
        return None
    failed = _attempt(model, error)
    attempts.append(failed)
    while waiting:
        endpoint = waiting.pop(0)
        try:
            return _planned(request_for(endpoint), settings)
        except OpenClawFalError as refusal:
            attempts.append(_attempt(endpoint, refusal))
    error.attempts = tuple(attempt for attempt in attempts if attempt is not failed)
    return None


def _attempt(model: str, error: OpenClawFalError) -> Mapping[str, object]:
    """A model that failed, as `attempts` of a JSON document lists it."""
    failure = {"code": error.code, "message": error.message}
    return {"provider": "fal", "model": model, "error": failure}
