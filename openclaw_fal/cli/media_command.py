"""The common part of image, video and music: from parsed options to a result."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from openclaw_fal.cli.groups import Command, examples
from openclaw_fal.environment import says_yes, uses_sandbox
from openclaw_fal.errors import CapabilityError, UsageError
from openclaw_fal.media import Kind, MediaRequest, MediaType, Plan, Reference
from openclaw_fal.ui.result import Result

if TYPE_CHECKING:
    from openclaw_fal.cli.options import PromptOptions, RunOptions
    from openclaw_fal.config.read import Config
    from openclaw_fal.job.settings import ModelChoice, RunSettings
    from openclaw_fal.media import Output
    from openclaw_fal.session import Session

RequestFor = Callable[[str], MediaRequest]
"""Makes the request for an endpoint id from the command's options."""


def add_models_command(app: typer.Typer, kind: Kind, *, example: str) -> None:
    """Add the command `models` to the app of a kind; `example` is a model ref for its help."""

    def models(
        ctx: typer.Context,
        ref: Annotated[
            str | None, typer.Argument(metavar="[fal/…]", help="Show one model in full.")
        ] = None,
    ) -> Result:
        from openclaw_fal.cli.model_tables import show

        return show(ctx.obj, kind, ref)

    models.__doc__ = f"List the {kind} models and what each one takes."
    command = f"openclaw {kind} models"
    epilog = examples(
        command, f"{command} {example}", f"{command} --json", see="openclaw help models"
    )
    app.command(cls=Command, epilog=epilog)(models)


class _Command(NamedTuple):
    """One request of the command line, with everything that is needed to run it."""

    session: Session
    kind: Kind
    request_for: RequestFor
    run: RunOptions
    config: Config
    choice: ModelChoice
    settings: RunSettings


def references(sources: list[str] | None, media: MediaType) -> tuple[Reference, ...]:
    """The reference files of an option, with `last` and `job:ID` resolved to their files."""
    from openclaw_fal.cli.job_files import resolved
    from openclaw_fal.cli.option_values import utf8

    return tuple(
        Reference(resolved(utf8("a reference", source), media), media) for source in sources or ()
    )


def run_media(
    session: Session,
    kind: Kind,
    request_for: RequestFor,
    model: str | None,
    run: RunOptions,
    prompt_options: PromptOptions | None = None,
    *,
    replay_of: str | None = None,
) -> Result:
    """Plan the request and show, submit or run it; with --prompts, one for each line of a file."""
    from openclaw_fal.cli.open_preview import check_preview
    from openclaw_fal.cli.value_forms import with_format_of
    from openclaw_fal.job import wiring
    from openclaw_fal.job.settings import choose_model, refuse_misspelt_default

    session.sandbox = uses_sandbox(run.sandbox)
    is_batch = prompt_options is not None and prompt_options.prompts is not None
    _refuse_contradictions(session, run, batch=is_batch)
    if getattr(run, "preview", False):
        check_preview()
    config = wiring.read_config(session.config)
    choice = choose_model(kind, model, config)
    session.model = choice.endpoint

    def in_format(endpoint: str) -> MediaRequest:
        return with_format_of(run.output, request_for(endpoint))

    if model is None and not in_format(choice.endpoint).unchecked:
        refuse_misspelt_default(kind, choice, config)
    if prompt_options is not None and is_batch:
        from openclaw_fal.cli.batch import run_prompts

        return run_prompts(session, prompt_options, in_format(choice.endpoint), run)
    settings = _settings(session, kind, config, choice, run).replaced(replay_of=replay_of)
    command = _Command(session, kind, in_format, run, config, choice, settings)
    try:
        return _dry_run(command) if run.dry_run else _run(command)
    except CapabilityError as error:
        keys = [violation.key for violation in error.violations]
        other = model_that_takes(kind, request_for, keys) if settings.strict and keys else None
        if other is not None:
            error.hint = f"--model {other} takes {_them(keys)}"
        raise


def _dry_run(command: _Command) -> Result:
    """The result of --dry-run: the exact request, which is not sent."""
    from openclaw_fal.cli.results import dry_run_result
    from openclaw_fal.job import generate

    request = command.request_for(command.choice.endpoint)
    dry_run = generate.dry_run(request, command.settings, command.config)
    return dry_run_result(
        dry_run.plan,
        url=dry_run.url,
        body=dry_run.body,
        estimate=dry_run.estimate,
        uploads=dry_run.uploads,
        notes=_notes_before(dry_run.plan, command),
        sandbox=command.session.sandbox,
    )


def _settings(
    session: Session, kind: Kind, config: Config, choice: ModelChoice, run: RunOptions
) -> RunSettings:
    from openclaw_fal.cli.option_values import seconds
    from openclaw_fal.job.settings import run_settings

    options = {
        **run.as_dict(),
        "queue": True if run.detach else run.queue,
        "timeout_s": seconds(run.timeout_ms),
        "poll_interval_s": run.poll_interval,
        "sandbox": session.sandbox,
        "strict": run.strict or says_yes("OPENCLAW_FAL_STRICT"),
    }
    return run_settings(kind, config, choice, options, capability=session.capability)


def _run(command: _Command) -> Result:
    """Send the request, wait for it, and save its files."""
    from openclaw_fal.cli.results import generated_result, name_notes
    from openclaw_fal.job import generate
    from openclaw_fal.ui.progress import progress_for, unsuppressed_notes

    session, run = command.session, command.run
    progress = progress_for(session)
    note = unsuppressed_notes(session, progress)

    def before_sending(plan: Plan) -> None:
        for text in _notes_before(plan, command):
            note(text)

    start = time.monotonic()
    done = generate.run(
        command.request_for,
        command.choice,
        command.settings,
        config=command.config,
        session=session,
        progress=progress,
        before_sending=before_sending,
    )
    seconds_taken = time.monotonic() - start
    outputs = done.generated.outputs
    return generated_result(
        done.generated,
        session=session,
        plan=done.plan,
        attempts=done.attempts,
        sandbox=session.sandbox,
        notes=[*name_notes(run.output, outputs), *_show(outputs, run, session)],
        seconds=seconds_taken,
    )


def _show(outputs: Sequence[Output], run: RunOptions, session: Session) -> list[str]:
    """Preview and open the files as --preview and --open say. Returns notes on failures."""
    from openclaw_fal.cli.open_preview import opened, previewed

    return [
        *(previewed(outputs, session) if getattr(run, "preview", False) else ()),
        *(opened(output.path for output in outputs) if run.open_files else ()),
    ]


def _notes_before(plan: Plan, command: _Command) -> list[str]:
    """Notes on options that are ignored, adjusted or without effect."""
    of_queue = () if command.settings.queue else ("poll_interval", "cancel_on_interrupt")
    return [
        *plan_notes_for(plan, command.kind, command.request_for),
        *(
            f"{flag} has no effect: this is one synchronous request (--queue makes it a queued one)"
            for flag in _flags_given(command.run, of_queue)
        ),
    ]


def plan_notes_for(plan: Plan, kind: Kind, request_for: RequestFor) -> list[str]:
    """A line for each option that is not sent as given, and one with a model that takes them."""
    from openclaw_fal.cli.results import plan_notes

    notes = plan_notes(plan)
    if plan.ignored:
        keys = [item.key for item in plan.ignored]
        other = model_that_takes(kind, request_for, keys)
        if other is not None:
            notes.append(f"--model {other} takes {_them(keys)}")
    return notes


def _them(keys: Sequence[str]) -> str:
    return "it" if len(keys) == 1 else "all of them"


def model_that_takes(kind: Kind, request_for: RequestFor, keys: Sequence[str]) -> str | None:
    """The ref of a known model that sends all of these options of the request, if there is one."""
    from openclaw_fal.job.user_catalogue import ENDPOINTS
    from openclaw_fal.provider.plan import plan
    from openclaw_fal.provider.specs import known_models

    # Models for reference files last, since most requests have none.
    for endpoint in sorted(known_models(kind), key=lambda name: "reference-to" in name):
        try:
            ignored = {item.key for item in plan(request_for(endpoint), ENDPOINTS).ignored}
        except CapabilityError:
            continue
        if not ignored & set(keys):
            return f"fal/{endpoint}"
    return None


_FLAGS = {
    "cancel_on_interrupt": "--cancel-on-interrupt",
    "detach": "--async",
    "key": "--key",
    "open_files": "--open",
    "overwrite": "--overwrite",
    "poll_interval": "--poll-interval",
    "preview": "--preview",
}
"""Options that do not apply to batches, synchronous requests or --async: field → option."""


def _flags_given(run: RunOptions, names: Iterable[str] = _FLAGS) -> list[str]:
    return [_FLAGS[name] for name in names if getattr(run, name, None) not in (None, False)]


def _refuse_contradictions(session: Session, run: RunOptions, *, batch: bool) -> None:
    flags = _flags_given(run) + (["--no-queue"] if run.queue is False else [])
    if batch and flags:
        raise UsageError(
            f"{flags[0]} is for one request: it does not go together with --prompts",
            hint=f"leave {flags[0]} out",
        )
    if run.detach and (shown := _flags_given(run, ("open_files", "preview"))):
        raise UsageError(
            f"{shown[0]} and --async do not go together: the file is not there yet",
            hint=f"leave {shown[0]} out; once the job is done: openclaw jobs open ID",
        )
    if run.detach and run.queue is False:
        raise UsageError("--async needs the queue", hint="leave --no-queue out")
    if run.detach and session.sandbox:
        raise UsageError(
            "--async and --sandbox do not go together: the sandbox ends with the command",
            hint="openclaw sandbox serve, in another terminal",
        )
