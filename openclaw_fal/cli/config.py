"""openclaw config: the commands that read. `config_edit` has those that write."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from openclaw_fal.cli import config_edit
from openclaw_fal.cli.auth import key_facts, key_line
from openclaw_fal.cli.config_edit import check_model
from openclaw_fal.cli.groups import Command, examples, noun_app
from openclaw_fal.errors import LocalError
from openclaw_fal.media import KINDS
from openclaw_fal.ui.result import Facts, Result, Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from openclaw_fal.cli.documents import DefaultModelFacts
    from openclaw_fal.config.finding import Finding
    from openclaw_fal.config.read import Config
    from openclaw_fal.json5.path import KeyPath
    from openclaw_fal.media import Kind

EPILOG = """\
Examples:
  openclaw config show
  openclaw config set agents.defaults.imageGenerationModel.primary fal/fal-ai/flux/dev
  openclaw config get agents.defaults.imageGenerationModel.primary
  openclaw config unset agents.defaults.imageGenerationModel --dry-run
  openclaw config patch --file changes.json5
  openclaw config migrate --layout current
  openclaw config validate
See also: openclaw help config, openclaw image models"""

KNOWN_PATHS = (
    "agents.defaults.imageGenerationModel.primary",
    "agents.defaults.videoGenerationModel.primary",
    "agents.defaults.musicGenerationModel.primary",
    "agents.defaults.mediaModels.image.primary",
    "agents.defaults.mediaModels.video.primary",
    "agents.defaults.mediaModels.music.primary",
    "agents.defaults.mediaMaxMb",
    "models.providers.fal.baseUrl",
    "models.providers.fal.apiKey",
)

app = noun_app(
    "Show and edit OpenClaw's config file. Edits keep everything but the one value.", EPILOG
)

Path = Annotated[str, typer.Argument(metavar="PATH", help='Like a.b, a[0] or a["b.c"].')]


@app.command(
    cls=Command,
    epilog=examples(
        "openclaw config file",
        "openclaw config file --config other.json",
        see="openclaw config show, openclaw help config",
    ),
)
def file(ctx: typer.Context) -> Result:
    """Print where the config file is."""
    from openclaw_fal.store import paths

    path = paths.config_path(ctx.obj.config)
    document = {"path": str(path), "exists": path.exists()}
    notes = () if path.exists() else ("there is no such file yet",)
    return Result(document, out=(str(path),), notes=notes)


@app.command(
    cls=Command,
    epilog=examples(
        "openclaw config show",
        "openclaw config show --json",
        see="openclaw help auth, openclaw help config",
    ),
)
def show(ctx: typer.Context) -> Result:
    """Show what applies: the file, the key's source, the base URL, the default models."""
    import os

    from openclaw_fal.cli import variables
    from openclaw_fal.config.layouts import RELEASES
    from openclaw_fal.config.redaction import shown_text
    from openclaw_fal.job import wiring

    session = ctx.obj
    set_here = {
        name: shown_text(value) for name, value in variables.set_variables(os.environ).items()
    }
    config = wiring.read_config(session.config)
    key = key_facts(config, session)
    base = _base_url(config)
    defaults = {kind: default_facts(config, kind) for kind in KINDS}
    document = {
        "config": {
            "path": str(config.path),
            "exists": config.exists,
            "layout": config.layout,
            "layoutReason": config.layout_choice.reason,
            "files": [str(file.path) for file in config.files],
        },
        "key": key,
        "baseUrl": base,
        "defaults": defaults,
        "environment": set_here,
    }
    rows = (
        ("config", f"{config.path}{'' if config.exists else '  (not there yet)'}"),
        (
            "layout",
            f"that of OpenClaw {RELEASES[config.layout]}, from {config.layout_choice.reason}",
        ),
        *(("includes", str(file.path)) for file in config.files[1:]),
        ("key", key_line(key)),
        *(("key also in", place) for place in key.get("alsoIn", ())),
        ("base URL", base),
        *(
            ("" if at else "environment", f"{name}={value}  ({variables.effect(name)})")
            for at, (name, value) in enumerate(set_here.items())
        ),
    )
    cells = [
        (kind, facts["model"] or "-", facts["origin"], ", ".join(facts["fallbacks"]) or "-")
        for kind, facts in defaults.items()
    ]
    table = Table(("kind", "default model", "origin", "fallbacks"), cells)
    notes = tuple(key.get("notes", ())) if key["set"] else ("openclaw onboard stores a key",)
    return Result(document, out=(Facts(rows), table), notes=notes, problems=problems_of(defaults))


def _base_url(config: Config) -> str:
    from openclaw_fal.config.redaction import shown_text

    try:
        return shown_text(config.base_url() or "https://fal.run")
    except LocalError as error:
        return error.message


def problems_of(defaults: Mapping[Kind, DefaultModelFacts]) -> tuple[str, ...]:
    """The problems with the default models, a sentence for each."""
    return tuple(facts["problem"] for facts in defaults.values() if "problem" in facts)


def default_facts(config: Config, kind: Kind) -> DefaultModelFacts:
    from openclaw_fal.provider.specs import DEFAULT_MODELS

    try:
        default = config.default_model(kind)
    except LocalError as error:
        return {"model": None, "origin": "invalid", "fallbacks": [], "problem": error.message}
    if default is None:
        return {"model": f"fal/{DEFAULT_MODELS[kind]}", "origin": "built in", "fallbacks": []}
    facts: DefaultModelFacts = {
        "model": default.primary,
        "origin": "config",
        "path": default.path,
        "fallbacks": list(default.fallbacks),
    }
    if default.timeout_ms is not None:
        facts["timeoutMs"] = default.timeout_ms
    return facts


@app.command(
    cls=Command,
    epilog=examples(
        "openclaw config get agents.defaults.imageGenerationModel.primary",
        "openclaw config get models.providers.fal --json",
        see="openclaw config set, openclaw help config",
    ),
)
def get(ctx: typer.Context, path: Path) -> Result:
    """Print the value at a path; secrets are not shown."""
    from openclaw_fal.config.redaction import redacted
    from openclaw_fal.job import wiring
    from openclaw_fal.json5.path import MISSING, format_path, parse_path

    keys = parse_path(path)
    config = wiring.read_config(ctx.obj.config)
    setting = config.get(keys)
    if setting.value is MISSING:
        return _unset(config, keys, path)
    value = redacted(config.shown(setting.value, setting.path), setting.path)
    document = {
        "path": format_path(setting.path),
        "value": value,
        "set": True,
    }
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
    return Result(document, out=(text,), notes=(setting.note,) if setting.note else ())


def _unset(config: Config, keys: KeyPath, path: str) -> Result:
    """The result for a path without a value; for a default model, with the built-in default."""
    from openclaw_fal.config.layouts import kind_of
    from openclaw_fal.provider.specs import DEFAULT_MODELS

    default_model = kind_of(keys)
    document: dict[str, object] = {
        "path": path,
        "value": None,
        "set": False,
    }
    if default_model is None:
        return Result(document, notes=(f"{path} is not set in {config.path}",))
    default = f"fal/{DEFAULT_MODELS[default_model[0]]}"
    document["default"] = default
    note = f"{path} is not set in {config.path}; the built-in default applies: {default}"
    return Result(document, notes=(note,))


for name, command, *lines in (
    (
        "set",
        config_edit.set_value,
        "openclaw config set agents.defaults.imageGenerationModel.primary fal/fal-ai/flux/dev",
        "openclaw config set agents.defaults.mediaMaxMb 50 --dry-run",
        "openclaw config set models.providers.fal.apiKey --ref-source env --ref-id FAL_KEY",
    ),
    (
        "unset",
        config_edit.unset_value,
        "openclaw config unset agents.defaults.imageGenerationModel --dry-run",
        "openclaw config unset agents.defaults.mediaMaxMb",
    ),
    (
        "patch",
        config_edit.patch,
        "openclaw config patch --file changes.json5 --dry-run",
        "openclaw config patch --stdin < changes.json5",
    ),
    (
        "migrate",
        config_edit.migrate,
        "openclaw config migrate --layout current --dry-run",
        "openclaw config migrate --layout legacy",
    ),
    (
        "schema",
        config_edit.schema,
        "openclaw config schema",
        "openclaw config schema agents.defaults --layout current",
    ),
):
    see = "openclaw config show, openclaw help config"
    app.command(name, cls=Command, epilog=examples(*lines, see=see))(command)


@app.command(
    cls=Command,
    epilog=examples(
        "openclaw config validate",
        "openclaw config validate --json",
        see="openclaw config show, openclaw help config",
    ),
)
def validate(ctx: typer.Context) -> Result:
    """Check the file: JSON5, the settings of fal, and both layouts at once."""
    from openclaw_fal.config import check as config_check
    from openclaw_fal.job import wiring

    config = wiring.read_config(ctx.obj.config)
    findings = config_check.validate(config, check_model)
    errors = [finding for finding in findings if finding.severity == "error"]
    listed = [
        {
            key: value
            for key, value in finding._asdict().items()
            if value is not None and key != "unknown_key"
        }
        for finding in findings
    ]
    if errors:
        hint = next((finding.hint for finding in errors if finding.hint), None)
        raise LocalError(_problems(config, errors), hint=hint)
    document = {
        "path": str(config.path),
        "exists": config.exists,
        "files": [str(file.path) for file in config.files],
        "findings": listed,
    }
    notes = tuple(f"{finding.path}: {finding.message}" for finding in findings)
    text = f"{config.path} is valid" if config.exists else f"{config.path} is not there yet"
    return Result(document, out=(text,), notes=notes)


def _problems(config: Config, findings: Sequence[Finding]) -> str:
    """The message about an invalid config, with file and line of each problem."""
    from openclaw_fal.json5.path import parse_path

    lines = []
    for finding in findings:
        place = config.place(parse_path(finding.path) if finding.path else ())
        if len(findings) > 1 and place.startswith(f"{config.path}:"):
            place = "line " + place.rpartition(":")[2]
        where = f"{place}: {finding.path}" if finding.path else place
        lines.append(f"{where}: {finding.message}")
    if len(lines) == 1:
        return lines[0]
    return f"{config.path} has {len(lines)} problems:\n" + "\n".join(lines)
