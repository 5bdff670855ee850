"""From parsed options to a result: what image, video and music have in common."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from openclaw_fal.environment import says_yes
from openclaw_fal.errors import UsageError
from openclaw_fal.media import Kind, MediaRequest, MediaType, Plan, Reference

if TYPE_CHECKING:
    from openclaw_fal.cli.options import RunOptions
    from openclaw_fal.session import Session
    from openclaw_fal.ui.result import Result


def references(sources: list[str] | None, media: MediaType) -> tuple[Reference, ...]:
    """Reference files as they were given."""
    from openclaw_fal.cli.options import utf8

    return tuple(Reference(utf8("a reference", source), media) for source in sources or ())


def run_media(
    session: Session,
    kind: Kind,
    request_for: Callable[[str], MediaRequest],
    model: str | None,
    run: RunOptions,
) -> Result:
    """Plan the request and show, submit or run it."""
    from openclaw_fal import api
    from openclaw_fal.cli.open_preview import check_preview, opened, previewed
    from openclaw_fal.cli.options import seconds
    from openclaw_fal.cli.results import dry_run_result, generated_result, plan_notes
    from openclaw_fal.ui.progress import progress_for, unsuppressed_notes

    session.sandbox = run.sandbox or says_yes("OPENCLAW_FAL_SANDBOX")
    _refuse_contradictions(session, run)
    preview = getattr(run, "preview", False)
    if preview:
        check_preview()
    config = api.read_config(session.config)
    choice = api.choose_model(kind, model, config)
    session.model = choice.endpoint
    settings = api.Settings.of(
        kind,
        capability=session.capability,
        config=config,
        choice=choice,
        output=run.output,
        queue=run.queue or run.detach or (run.queue is None and kind == "video"),
        detach=run.detach,
        timeout_s=seconds(run.timeout_ms),
        poll_interval_s=run.poll_interval,
        cancel_on_interrupt=run.cancel_on_interrupt,
        sandbox=session.sandbox,
    )
    if run.dry_run:
        shown = api.dry_run(request_for(choice.endpoint), settings)
        return dry_run_result(
            shown.plan,
            url=shown.url,
            body=shown.body,
            uploads=shown.uploads,
        )
    progress = progress_for(session)
    say = unsuppressed_notes(session, progress)

    def told(plan: Plan) -> None:
        for note in plan_notes(plan):
            say(note)

    start = time.monotonic()
    done = api.run(request_for, settings, session=session, progress=progress, told=told)
    seconds_taken = time.monotonic() - start
    outputs = done.generated.outputs
    notes = [
        *(previewed(outputs, session) if preview else ()),
        *(opened(output.path for output in outputs) if run.open_files else ()),
    ]
    return generated_result(
        done.generated,
        plan=done.plan,
        attempts=done.attempts,
        sandbox=session.sandbox,
        notes=notes,
        seconds=seconds_taken,
    )


def _refuse_contradictions(session: Session, run: RunOptions) -> None:
    if run.detach and run.queue is False:
        raise UsageError("--async needs the queue", hint="leave --no-queue out")
    if run.detach and session.sandbox:
        raise UsageError(
            "--async and --sandbox do not go together: the sandbox ends with the command",
            hint="openclaw sandbox serve, in another terminal",
        )
