"""The model and the settings of a run, from options, config and kind."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from openclaw_fal.errors import LocalError, UsageError
from openclaw_fal.frozen import Frozen
from openclaw_fal.media import Kind, Priority

if TYPE_CHECKING:
    from openclaw_fal.config.read import Config


KEY_LIMIT = 255  # characters of `--key`
BUILT_IN = "built in"
"""The origin of a model that neither the command nor the config names."""


class ModelChoice(Frozen):
    """The endpoint to use. `origin` says where it was named, `fallbacks` are further endpoint ids,
    `skipped` the fallbacks of other providers, `timeout_ms` the time-out in the config.

    `instead_of` is the config's default if that is a model of another provider.
    """

    endpoint: str
    origin: str
    fallbacks: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    timeout_ms: int | None = None
    instead_of: str | None = None


class RunSettings(Frozen, kw_only=True):
    """How one request is run.

    `capability` is the command (`image.generate`); `output` the value of `--output`; `timeout_s`
    the time for the whole job; `detach` returns as soon as fal's queue has the job;
    `poll_interval_s` is the pause between two requests for the status; `strict` refuses options
    that the model ignores; `max_bytes` is the limit for each file. `key` identifies the request:
    with the same key and body, the earlier job is used. `max_spend` and `assume_cost` are US
    dollars as decimal texts, `batch` is the id of the request's batch, `priority` that of fal's
    queue. `provenance` is how files are marked (`provenance.record.LEVELS`), `sign` the paths of
    the certificate chain and the private key that sign them, `replay_of` the job or file that is
    made again.
    """

    capability: str
    timeout_s: float
    output: str | None = None
    queue: bool = False
    detach: bool = False
    poll_interval_s: float = 5.0
    cancel_on_interrupt: bool = False
    sandbox: bool = False
    overwrite: bool = False
    strict: bool = False
    max_bytes: int | None = None
    key: str | None = None
    max_spend: str | None = None
    assume_cost: str | None = None
    batch: str | None = None
    provenance: str = "mark"
    sign: tuple[str, str] | None = None
    replay_of: str | None = None
    priority: Priority = "normal"


def choose_model(kind: Kind, ref: str | None, config: Config) -> ModelChoice:
    """The model of `--model` (`ref`, a model ref or an alias), else the config's default, else the
    specification's.

    Only the config's default has fallbacks: a model given by the user is never replaced.
    Raises UsageError for an invalid ref, LocalError for a default of another provider.
    """
    from openclaw_fal.job.user_catalogue import ENDPOINTS
    from openclaw_fal.provider import refs
    from openclaw_fal.provider.specs import DEFAULT_MODELS

    if ref is not None:
        from openclaw_fal.store.aliases import aliases_for

        return ModelChoice(refs.resolve(ref, aliases_for(ref), ENDPOINTS), "--model")
    default = config.default_model(kind)
    if default is None:
        return ModelChoice(DEFAULT_MODELS[kind], BUILT_IN)
    chain = (default.primary, *default.fallbacks)
    try:
        fal = [refs.parse_ref(item) for item in chain if not _is_of_another_provider(item)]
    except UsageError as error:
        raise _wrong_default(kind, config, default.path, error) from None
    if not fal:
        raise LocalError(
            f"the default {kind} model in {config.path} is {default.primary}, of another provider",
            hint=f"--model fal/{DEFAULT_MODELS[kind]}, or openclaw models default {kind} REF",
        )
    others = tuple(item for item in default.fallbacks if _is_of_another_provider(item))
    instead_of = default.primary if _is_of_another_provider(default.primary) else None
    rest = tuple(fal[1:])
    return ModelChoice(fal[0], default.path, rest, others, default.timeout_ms, instead_of)


def refuse_misspelt_default(kind: Kind, choice: ModelChoice, config: Config) -> None:
    """Raises LocalError for a default of the config that is a known model but for its spelling."""
    from openclaw_fal.job.user_catalogue import ENDPOINTS
    from openclaw_fal.provider.refs import misspelt, ref_of, suggested_ids

    if choice.origin == BUILT_IN:
        return
    if suggested := suggested_ids(choice.endpoint, kind, ENDPOINTS):
        error = misspelt(choice.endpoint, suggested[0])
        raise _wrong_default(kind, config, choice.origin, error, ref_of(suggested[0]))


def _wrong_default(
    kind: Kind, config: Config, path: str, error: UsageError, ref: str = "REF"
) -> LocalError:
    """What is wrong with a default model, where it stands, and the command that sets another."""
    from openclaw_fal.json5.path import parse_path

    fix = f"openclaw models default {kind} {ref}"
    return LocalError(
        f"{config.place((*parse_path(path), 'primary'))}: {path}: {error.message}",
        hint=f"{fix}\n{error.hint}" if error.hint else fix,
    )


def _is_of_another_provider(ref: str) -> bool:
    """Whether a ref names another provider than fal; `fal-ai/…` is fal's, without its provider."""
    return not ref.startswith(("fal/", "fal-ai/")) and "/" in ref


def run_settings(
    kind: Kind,
    config: Config,
    choice: ModelChoice,
    options: Mapping[str, object],
    *,
    capability: str | None = None,
) -> RunSettings:
    """The settings of a request. `options` are values for the fields of `RunSettings`; other names
    are ignored.

    What is missing or None comes from the config and the kind. The config's time-out is used only
    with the config's model. Raises UsageError for a `key` that is empty or too long.
    """
    from openclaw_fal.provider.specs import DEFAULT_TIMEOUT_S

    configured = choice.timeout_ms
    settings: dict[str, Any] = {  # of the types that the fields of `RunSettings` declare
        "capability": capability or f"{kind}.generate",
        "queue": kind == "video",
        "timeout_s": configured / 1000 if configured else DEFAULT_TIMEOUT_S[kind],
        "max_bytes": max_bytes(config),
        "provenance": provenance_level(options.get("provenance")),
    }
    names = [name for name in RunSettings.fields() if name != "provenance"]
    given = {name: options[name] for name in names if options.get(name) is not None}
    made = RunSettings(**settings | given)
    if made.key is not None and not 0 < len(made.key) <= KEY_LIMIT:
        raise UsageError(f"--key takes 1 to {KEY_LIMIT} characters, not {len(made.key)}")
    return made


def provenance_level(given: object) -> str:
    """The level of provenance: `given`, else that of OPENCLAW_FAL_PROVENANCE, else `mark`. Raises
    UsageError for any other word."""
    from openclaw_fal.provenance.record import LEVELS

    variable = os.environ.get("OPENCLAW_FAL_PROVENANCE", "").strip()
    level = str(given) if given is not None else variable.lower() or "mark"
    if level not in LEVELS:
        where = "--provenance" if given is not None else "OPENCLAW_FAL_PROVENANCE"
        raise UsageError(f"{where} {level}: takes {', '.join(LEVELS)}")
    return level


def max_bytes(config: Config) -> int | None:
    """The largest file that `mediaMaxMb` allows, in bytes; None if it is not set."""
    limit = config.media_max_mb()
    return int(limit * 1024 * 1024) if limit and limit < 1e12 else None
