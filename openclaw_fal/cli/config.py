"""openclaw config file | show | get | set | unset | validate"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from openclaw_fal.cli.groups import Command, Noun
from openclaw_fal.errors import LocalError, OpenClawFalError, UsageError
from openclaw_fal.media import Kind
from openclaw_fal.ui.result import Facts, Result, Table

if TYPE_CHECKING:
    from openclaw_fal.config.edit import Edit, EditResult
    from openclaw_fal.config.read import Config
    from openclaw_fal.session import Session

EPILOG = """\
Examples:
  openclaw config show
  openclaw config set agents.defaults.imageGenerationModel.primary fal/fal-ai/flux/dev
  openclaw config get agents.defaults.imageGenerationModel.primary
  openclaw config unset agents.defaults.imageGenerationModel --dry-run
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

app = typer.Typer(
    cls=Noun,
    help="Show and edit OpenClaw's config file. Edits keep everything but the one value.",
    epilog=EPILOG,
    rich_markup_mode=None,
    add_completion=False,
)

Path = Annotated[str, typer.Argument(metavar="PATH", help='Like a.b, a[0] or a["b.c"].')]
Layout = Annotated[
    str | None,
    typer.Option(
        "--layout",
        metavar="current|legacy",
        help="The layout of a file that does not tell its own; current is 2026.8.1 and later.",
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the difference, write nothing.")]


@app.command(cls=Command, epilog=EPILOG)
def file(ctx: typer.Context) -> Result:
    """Print where the config file is."""
    from openclaw_fal.store import paths

    ctx.obj.capability = "config.file"
    path = paths.config_path(ctx.obj.config)
    document = {"ok": True, "capability": "config.file", "path": str(path), "exists": path.exists()}
    notes = () if path.exists() else ("there is no such file yet",)
    return Result(document, out=(str(path),), notes=notes)


@app.command(cls=Command, epilog=EPILOG)
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
    session.capability = "config.show"
    config = wiring.read_config(session.config)
    key = _key_facts(config, session)
    base = _base_url(config)
    defaults = {kind: _default_facts(config, kind) for kind in ("image", "video", "music")}
    document = {
        "ok": True,
        "capability": "config.show",
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
        ("key", _key_line(key)),
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
    return Result(document, out=(Facts(rows), table), notes=notes)


def _base_url(config: Config) -> str:
    from openclaw_fal.config.redaction import shown_text

    try:
        return shown_text(config.base_url() or "https://fal.run")
    except LocalError as error:
        return error.message


def _key_facts(config: Config, session: Session) -> dict[str, Any]:
    """Where the key comes from, never the key; a broken source is shown, not fatal."""
    from openclaw_fal.config.keys import key_places, resolve_key

    try:
        key = resolve_key(config)
        others = key_places(config)[1:]
    except OpenClawFalError as error:
        hint = f". {error.hint}" if error.hint else ""
        return {"set": False, "problem": error.message + hint}
    if key is None:
        return {"set": False}
    session.secrets.add(key.value)
    facts: dict[str, Any] = {"set": True, "source": key.source, "label": key.label}
    facts["masked"] = key.masked
    if others:
        facts["alsoIn"] = others
    if key.notes:
        facts["notes"] = list(key.notes)
    return facts


def _key_line(key: dict[str, Any]) -> str:
    if key["set"]:
        return f"{key['masked']}  {key['label']}"
    return str(key.get("problem", "none"))


def _default_facts(config: Config, kind: Any) -> dict[str, Any]:
    from openclaw_fal.provider.specs import DEFAULT_MODELS

    try:
        default = config.default_model(kind)
    except LocalError as error:
        return {"model": None, "origin": error.message, "fallbacks": []}
    if default is None:
        return {"model": f"fal/{DEFAULT_MODELS[kind]}", "origin": "built in", "fallbacks": []}
    facts: dict[str, Any] = {
        "model": default.primary,
        "origin": "config",
        "path": default.path,
        "fallbacks": list(default.fallbacks),
    }
    if default.timeout_ms is not None:
        facts["timeoutMs"] = default.timeout_ms
    return facts


@app.command(cls=Command, epilog=EPILOG)
def get(ctx: typer.Context, path: Path) -> Result:
    """Print the value at a path; secrets are not shown."""
    from openclaw_fal.config.redaction import redacted
    from openclaw_fal.job import wiring
    from openclaw_fal.json5.path import MISSING, format_path, parse_path

    ctx.obj.capability = "config.get"
    keys = parse_path(path)
    config = wiring.read_config(ctx.obj.config)
    setting = config.get(keys)
    if setting.value is MISSING:
        return _unset(config, keys, path)
    value = redacted(config.shown(setting.value, setting.path), setting.path)
    document = {
        "ok": True,
        "capability": "config.get",
        "path": format_path(setting.path),
        "value": value,
        "set": True,
    }
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
    return Result(document, out=(text,), notes=(setting.note,) if setting.note else ())


def _unset(config: Config, keys: Any, path: str) -> Result:
    """A path without a value: for a default model, the built-in one applies."""
    from openclaw_fal.config.layouts import kind_of
    from openclaw_fal.provider.specs import DEFAULT_MODELS

    found = kind_of(keys)
    document: dict[str, Any] = {
        "ok": True,
        "capability": "config.get",
        "path": path,
        "value": None,
        "set": False,
    }
    if found is None:
        return Result(document, notes=(f"{path} is not set in {config.path}",))
    default = f"fal/{DEFAULT_MODELS[found[0]]}"
    document["default"] = default
    note = f"{path} is not set in {config.path}; the built-in default applies: {default}"
    return Result(document, notes=(note,))


@app.command("set", cls=Command, epilog=EPILOG)
def set_value(
    ctx: typer.Context,
    path: Path,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="JSON5, else text.")],
    strict_json: Annotated[
        bool, typer.Option("--strict-json", help="VALUE must be JSON; text needs its quotes.")
    ] = False,
    dry_run: DryRun = False,
    layout: Layout = None,
    force: Annotated[
        bool, typer.Option("--force", help="Write a key that OpenClaw does not know, too.")
    ] = False,
) -> Result:
    """Set the value at a path. Comments, order and everything else stay as they are."""
    from openclaw_fal.cli.options import utf8
    from openclaw_fal.config.rules import Set
    from openclaw_fal.json5.path import parse_path

    ctx.obj.capability = "config.set"
    keys = parse_path(utf8("the path", path))
    edit = Set(keys, _parsed(value, strict_json))
    if "apiKey" in keys and isinstance(edit.value, str):
        ctx.obj.secrets.add(edit.value)
    return _edited(ctx.obj, "config.set", [edit], dry_run, layout=layout, force=force)


@app.command("unset", cls=Command, epilog=EPILOG)
def unset_value(ctx: typer.Context, path: Path, dry_run: DryRun = False) -> Result:
    """Remove the key at a path, and its comma; the comments around it stay."""
    from openclaw_fal.config.rules import Unset

    ctx.obj.capability = "config.unset"
    return _edited(ctx.obj, "config.unset", [Unset(path)], dry_run)


@app.command(cls=Command, epilog=EPILOG)
def migrate(
    ctx: typer.Context,
    layout: Annotated[
        str,
        typer.Option(
            "--layout",
            metavar="current|legacy",
            help="current: OpenClaw 2026.8.1 and later; legacy: up to 2026.7.",
        ),
    ],
    dry_run: DryRun = False,
) -> Result:
    """Move the default models to where the other releases of OpenClaw have them."""
    from openclaw_fal.config.rules import Migrate

    ctx.obj.capability = "config.migrate"
    return _edited(ctx.obj, "config.migrate", [Migrate(layout_named(layout))], dry_run)


def layout_named(name: str) -> Literal["current", "legacy"]:
    """A layout as `--layout` names it."""
    if name == "current":
        return "current"
    if name == "legacy":
        return "legacy"
    raise UsageError(
        f"--layout {name} is no layout",
        hint="--layout current (OpenClaw 2026.8.1 and later) or --layout legacy (up to 2026.7)",
    )


def environ_with(layout: str | None) -> dict[str, str]:
    """The environment, with the layout that a file gets which does not tell its own."""
    chosen = {} if layout is None else {"OPENCLAW_FAL_LAYOUT": layout_named(layout)}
    return {**os.environ, **chosen}


def refuse_other_layout(config: Config, layout: str | None) -> None:
    """Raises UsageError where a config has another layout than `--layout` asks for."""
    if layout is not None and config.layout != layout:
        raise UsageError(
            f"--layout {layout}: {config.path} has the other layout, by "
            f"{config.layout_choice.reason}",
            hint=f"openclaw config migrate --layout {layout}",
        )


def _parsed(text: str, strict_json: bool) -> object:
    from openclaw_fal.cli.options import utf8
    from openclaw_fal.json5 import read as json5

    utf8("the value", text)
    if strict_json:
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise UsageError(
                f"--strict-json: {error}", hint="text needs quotes: '\"fal/fal-ai/flux/dev\"'"
            ) from None
    try:
        return json5.loads(text, "the value")
    except LocalError:
        return text


def _edited(
    session: Session,
    capability: str,
    edits: list[Edit],
    dry_run: bool,
    *,
    layout: str | None = None,
    force: bool = False,
) -> Result:
    from openclaw_fal.config import edit as config_edit
    from openclaw_fal.store import paths

    path = paths.config_path(session.config)
    environ = environ_with(layout)

    def planned(config: Config) -> list[Edit]:
        refuse_other_layout(config, layout)
        return edits

    result = config_edit.edit_config(
        path, planned, dry_run=dry_run, check_model=check_model, environ=environ, force=force
    )
    document: dict[str, Any] = {
        "ok": True,
        "capability": capability,
        "path": str(path),
        "changed": result.changed,
    }
    if dry_run:
        document["dryRun"] = True
        document["diff"] = result.diff
    if result.notes:
        document["notes"] = list(result.notes)
    if result.backup is not None and not dry_run:
        document["backup"] = str(result.backup)
    if len(result.changes) > 1 or (result.changes and result.path != path):
        document["files"] = [str(change.path) for change in result.changes]
    if not result.changed:
        return Result(document, notes=(*result.notes, "nothing to change"))
    out = (result.diff.rstrip("\n"),) if dry_run else (str(path),)
    return Result(document, out=out, notes=(*result.notes, *_done_notes(result, dry_run)))


def _done_notes(result: EditResult, dry_run: bool) -> tuple[str, ...]:
    if dry_run:
        return ("dry run: nothing was written",)
    return (f"the content from before is in {result.backup}",) if result.backup else ()


def check_model(kind: Kind, ref: str) -> str | None:
    """Refuses a fal ref that cannot be right; a note about one that is not known."""
    from openclaw_fal.job.known import ENDPOINTS
    from openclaw_fal.provider import refs, specs

    if not refs.is_fal_ref(ref):
        return None
    endpoint = refs.parse_ref(ref, ENDPOINTS)
    made = specs.kind_of(endpoint, ENDPOINTS)
    if made is not None and made != kind:
        raise UsageError(f"{ref} makes {made}, not {kind}", hint=f"openclaw {kind} models")
    near = refs.meant(endpoint, kind, ENDPOINTS)
    if near:
        return f"{ref} is not known here; did you mean {refs.ref_of(near[0])}?"
    if endpoint not in specs.known_models(kind) and made is None:
        return f"{ref} is not known here; it is used as it is"
    return None


@app.command(cls=Command, epilog=EPILOG)
def validate(ctx: typer.Context) -> Result:
    """Check the file: JSON5, the settings of fal, and both layouts at once."""
    from openclaw_fal.config import check as config_check
    from openclaw_fal.job import wiring

    ctx.obj.capability = "config.validate"
    config = wiring.read_config(ctx.obj.config)
    findings = config_check.validate(config, check_model)
    wrong = [finding for finding in findings if finding.severity == "error"]
    listed = [
        {
            key: value
            for key, value in finding._asdict().items()
            if value is not None and key != "refused"
        }
        for finding in findings
    ]
    if wrong:
        error = LocalError(
            f"{config.path} is not valid: " + "; ".join(f"{f.path}: {f.message}" for f in wrong),
            hint=next((f.hint for f in wrong if f.hint), None),
        )
        error.findings = listed  # type: ignore[attr-defined]
        raise error
    document = {
        "ok": True,
        "capability": "config.validate",
        "path": str(config.path),
        "exists": config.exists,
        "files": [str(file.path) for file in config.files],
        "findings": listed,
    }
    notes = tuple(f"{finding.path}: {finding.message}" for finding in findings)
    text = f"{config.path} is valid" if config.exists else f"{config.path} is not there yet"
    return Result(document, out=(text,), notes=notes)
