"""The public functions: `from openclaw_fal import ImageRequest, generate`.

They take the requests of `openclaw_fal.media`, do the same as the command line, and raise the
errors of `openclaw_fal.errors`. Every request is in the journal before it is sent: after an
interruption, `wait` or `openclaw jobs wait` fetches its files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast, get_args

from openclaw_fal.errors import UsageError
from openclaw_fal.media import (
    KINDS,
    Generated,
    ImageRequest,
    Kind,
    MediaRequest,
    Plan,
)
from openclaw_fal.money.amount import Dollars, dollars

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from openclaw_fal.fal.deadline import Deadline
    from openclaw_fal.journal.record import Job, State
    from openclaw_fal.progress import Progress
    from openclaw_fal.session import Session


def default_model(kind: Kind, *, config: str | None = None) -> str:
    """The endpoint id that a command without `--model` uses: the config's, else the built-in one.

    `kind` is image, video or music. Raises UsageError for another one, LocalError for a config that
    cannot be read or whose default is of another provider.
    """
    from openclaw_fal.job import wiring
    from openclaw_fal.job.settings import choose_model

    _check(kind, "kind", KINDS)
    return choose_model(kind, None, wiring.read_config(config)).endpoint


def models(kind: Kind) -> list[dict[str, Any]]:
    """The known models of a kind and what each takes, as JSON: the data that `plan` enforces."""
    from openclaw_fal.catalogue import read as catalogue
    from openclaw_fal.provider import descriptions

    return descriptions.listing(kind, catalogue)


def plan(request: MediaRequest) -> Plan:
    """The exact request that `generate` would send, without sending it. Reads none of your files.

    `request.model` is an endpoint id (`fal-ai/flux/dev`) or a model ref (`fal/fal-ai/flux/dev`).
    The result's `body` holds a `Reference` wherever a file's URL will stand; `ignored` and
    `adjusted` say what is not sent as it was given. Raises UsageError for a malformed or
    misspelt model, and CapabilityError with all violations for what the model does not take.
    """
    from openclaw_fal.catalogue import read as catalogue
    from openclaw_fal.provider.plan import plan as planned

    return planned(_with_endpoint_id(request), catalogue)


def generate(
    request: MediaRequest | str,
    *,
    output: str | PathLike[str] | None = None,
    overwrite: bool = False,
    strict: bool = False,
    queue: bool | None = None,
    timeout_s: float | None = None,
    poll_interval_s: float | None = None,
    cancel_on_interrupt: bool = False,
    sandbox: bool = False,
    key: str | None = None,
    max_spend: Dollars | None = None,
    assume_cost: Dollars | None = None,
    config: str | None = None,
    progress: Progress | None = None,
) -> Generated:
    """Send `request` once, wait, and save what it makes; blocks until the files are there.

    `request` is an ImageRequest, VideoRequest or MusicRequest; a text is the prompt of an image by
    the default model. `output` is a file, a folder or a template as for `--output`; None is the
    current folder. An existing file stays, and the new one gets the next free number, unless
    `overwrite`. With `strict`, an option that the model ignores is a CapabilityError. `queue` None:
    videos run on fal's queue, the rest as one request. `timeout_s` is for the whole job; None is
    1200 s for videos and 180 s for the rest.
    `poll_interval_s` (5) is the pause between two polls of the queue. With `cancel_on_interrupt`,
    Ctrl-C also cancels the job at fal. `sandbox` (or OPENCLAW_FAL_SANDBOX=1) runs against a fal on
    this machine, without a key and at no cost. `config` is the path of OpenClaw's config file, None
    the usual one; the key comes from where the command line takes it. `progress` is called, from
    any thread.

    `key` (1 to 255 characters) names the request: with the same key and body, the earlier job is
    waited for and nothing is sent. `max_spend` and `assume_cost` are US dollars ("0.25", Decimal):
    the most that this request may cost, and its price where that is unknown.

    Raises CapabilityError, Conflict (the key of another body) and BudgetError (this limit, or one
    of `openclaw budget`) before anything is sent; LocalError for files; AuthError and BillingError
    for the key and the account; JobFailed and ContentPolicy for what fal refused or failed to make;
    Unreachable, TimedOut and RateLimited when fal could not be reached or time ran out; Interrupted
    after Ctrl-C. An error's `job_id` can be given to `wait` once the job is at fal.
    """
    from openclaw_fal.environment import uses_sandbox

    sandbox = uses_sandbox(sandbox)
    return _run(
        request,
        _session(config, sandbox=sandbox),
        progress,
        output=output,
        overwrite=overwrite,
        strict=strict,
        queue=queue,
        timeout_s=timeout_s,
        poll_interval_s=poll_interval_s,
        cancel_on_interrupt=cancel_on_interrupt,
        sandbox=sandbox,
        key=key,
        max_spend=max_spend,
        assume_cost=assume_cost,
    )


def submit(
    request: MediaRequest | str,
    *,
    output: str | PathLike[str] | None = None,
    overwrite: bool = False,
    strict: bool = False,
    timeout_s: float | None = None,
    key: str | None = None,
    max_spend: Dollars | None = None,
    assume_cost: Dollars | None = None,
    config: str | None = None,
    progress: Progress | None = None,
) -> Generated:
    """Submit `request` to fal's queue and return at once; `wait(result.job_id)` brings the files.

    The arguments and errors are those of `generate`; `output` and `timeout_s` are kept for `wait`.
    Raises UsageError where OPENCLAW_FAL_SANDBOX is on: that sandbox lasts no longer than a call.
    `openclaw sandbox serve` is one for `submit` and `wait`.
    """
    from openclaw_fal.environment import uses_sandbox

    if uses_sandbox(False):
        raise UsageError(
            "submit needs a sandbox that outlasts the call, and OPENCLAW_FAL_SANDBOX is on",
            hint="unset OPENCLAW_FAL_SANDBOX, and paste what openclaw sandbox serve prints",
        )
    return _run(
        request,
        _session(config),
        progress,
        output=output,
        overwrite=overwrite,
        strict=strict,
        queue=True,
        detach=True,
        timeout_s=timeout_s,
        key=key,
        max_spend=max_spend,
        assume_cost=assume_cost,
    )


def wait(
    job_id: str,
    *,
    timeout_s: float | None = None,
    poll_interval_s: float | None = None,
    cancel_on_interrupt: bool = False,
    config: str | None = None,
    progress: Progress | None = None,
    deadlines: list[Deadline] | None = None,
) -> Generated:
    """Wait for a job that any process submitted, and save its files where `output` said then.
    Sends no new request, and may be repeated.

    `job_id` is ours or fal's request id, and may be cut short. `timeout_s` None is that of its
    request. `deadlines`, if given, gets the deadline of the wait, which another thread may stop.
    Raises LocalError or UsageError for an unknown job, and what `generate` raises.
    """
    from openclaw_fal import signals
    from openclaw_fal.job import pickup

    with signals.handle_library_interrupts():
        (waited,) = pickup.wait_for(
            [job_id],
            session=_session(config),
            progress=progress,
            timeout_s=timeout_s,
            poll_interval_s=poll_interval_s,
            cancel_on_interrupt=cancel_on_interrupt,
            deadlines=deadlines,
        )
    if waited.error is not None:
        raise waited.error
    return cast("Generated", waited.generated)


def jobs(
    *,
    kind: Kind | None = None,
    state: State | Sequence[State] | None = None,
    model: str | None = None,
    limit: int | None = 20,
) -> list[Job]:
    """The journal of requests, newest first; at most `limit` of them, None for all.

    `state` is one or several of the states of `openclaw help jobs`, `model` an endpoint id or a
    model ref. Raises UsageError for another state.
    """
    from openclaw_fal.job import wiring
    from openclaw_fal.journal.record import State

    endpoint = model.removeprefix("fal/") if model is not None else None
    states = [state] if isinstance(state, str) else None if state is None else list(state)
    for each in states or ():
        _check(each, "state", get_args(State))
    return wiring.journal().list(kind=kind, state=states, model=endpoint, limit=limit)


def cancel(job_id: str, *, config: str | None = None) -> str:
    """Ask fal to cancel a job on its queue, which may finish (and be billed) all the same.

    Returns "requested", "already_cancelled", "already_completed", "already_failed" or "not_found".
    """
    from openclaw_fal.job import pickup

    _, outcome = pickup.cancel(job_id, session=_session(config))
    return outcome


def _check(value: str, name: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise UsageError(f"{name} {value!r}: takes {', '.join(allowed)}")


def _with_endpoint_id(request: MediaRequest) -> MediaRequest:
    """`request` with its model as an endpoint id; it may be given as a ref."""
    from openclaw_fal.provider import refs

    if not isinstance(request, MediaRequest):
        raise TypeError(
            "the request is an ImageRequest, VideoRequest or MusicRequest, not "
            f"{type(request).__name__}"
        )
    ref = request.model if request.model.startswith("fal/") else f"fal/{request.model}"
    return request.replaced(model=refs.parse_ref(ref))


def _session(config: str | None, *, sandbox: bool = False) -> Session:
    from openclaw_fal.session import Session

    session = Session()
    session.config, session.sandbox = config, sandbox
    return session


def _run(
    request: MediaRequest | str, session: Session, progress: Progress | None, **options: object
) -> Generated:
    from os import fspath

    from openclaw_fal import signals
    from openclaw_fal.job import generate, wiring
    from openclaw_fal.job.settings import (
        ModelChoice,
        choose_model,
        refuse_misspelt_default,
        run_settings,
    )

    config = wiring.read_config(session.config)
    if isinstance(request, str):
        default = choose_model("image", None, config)
        refuse_misspelt_default("image", default, config)
        request = ImageRequest(default.endpoint, request)
    named = _with_endpoint_id(request)
    if options.get("output") is not None:
        options["output"] = fspath(cast("PathLike[str]", options["output"]))
    for name in ("max_spend", "assume_cost"):
        options[name] = dollars(name, cast("Dollars | None", options[name]))
    choice = ModelChoice(named.model, "the request")
    settings = run_settings(named.kind, config, choice, options)
    with signals.handle_library_interrupts():
        done = generate.run(
            lambda _: named, choice, settings, config=config, session=session, progress=progress
        )
    return done.generated
