"""openclaw config set | unset | patch | migrate | schema"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from openclaw_fal.errors import LocalError, UsageError
from openclaw_fal.media import Kind
from openclaw_fal.ui.result import Result

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Sequence

    from openclaw_fal.config.edit import EditResult
    from openclaw_fal.config.read import Config
    from openclaw_fal.config.rules import Edit
    from openclaw_fal.json5.path import KeyPath
    from openclaw_fal.session import Session

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
Force = Annotated[
    bool, typer.Option("--force", help="Write a key that OpenClaw does not know, too.")
]


def set_value(
    ctx: typer.Context,
    path: Annotated[
        str | None, typer.Argument(metavar="PATH", help='Like a.b, a[0] or a["b.c"].')
    ] = None,
    value: Annotated[str | None, typer.Argument(metavar="VALUE", help="JSON5, else text.")] = None,
    strict_json: Annotated[
        bool, typer.Option("--strict-json", help="VALUE must be JSON; text needs its quotes.")
    ] = False,
    merge: Annotated[
        bool, typer.Option("--merge", help="Add the keys of VALUE to the object that is there.")
    ] = False,
    batch_json: Annotated[
        str | None,
        typer.Option("--batch-json", metavar="JSON", help='[{"path": …, "value": …}, …]'),
    ] = None,
    batch_file: Annotated[
        str | None, typer.Option("--batch-file", metavar="FILE", help="The same from a file.")
    ] = None,
    expect_current_absent: Annotated[
        bool,
        typer.Option("--expect-current-absent", help="Write only where nothing stands yet."),
    ] = False,
    expect_current_json: Annotated[
        str | None,
        typer.Option(
            "--expect-current-json", metavar="JSON", help="Write only in place of this value."
        ),
    ] = None,
    ref_source: Annotated[
        str | None,
        typer.Option("--ref-source", metavar="env", help="Refer to a secret in place of VALUE."),
    ] = None,
    ref_provider: Annotated[
        str | None, typer.Option("--ref-provider", metavar="NAME", help="Usually default.")
    ] = None,
    ref_id: Annotated[
        str | None, typer.Option("--ref-id", metavar="NAME", help="For example FAL_KEY.")
    ] = None,
    dry_run: DryRun = False,
    layout: Layout = None,
    force: Force = False,
) -> Result:
    """Set the value at a path. Comments, order and everything else stay as they are."""
    expected = _expectation(expect_current_absent, expect_current_json)
    batch = _batch(batch_json, batch_file)
    reference = _reference(ref_source, ref_provider, ref_id)
    if batch is not None:
        if path is not None or expected is not None or reference is not None:
            raise UsageError("a batch says all paths and values itself: give nothing else with it")
        pairs = batch
    else:
        pairs = [_single(path, value, reference, strict_json)]
    for keys, new in pairs:
        if "apiKey" in keys and isinstance(new, str):
            ctx.obj.secrets.add(new)

    def edits(config: Config) -> list[Edit]:
        if expected is not None:
            expected(config, pairs[0][0])
        return [edit for keys, new in pairs for edit in _sets(config, keys, new, merge=merge)]

    return edited(ctx.obj, edits, dry_run, layout=layout, force=force)


def unset_value(ctx: typer.Context, path: Path, dry_run: DryRun = False) -> Result:
    """Remove the key at a path, and its comma; the comments around it stay."""
    from openclaw_fal.config.rules import Unset

    return edited(ctx.obj, [Unset(path)], dry_run)


def patch(
    ctx: typer.Context,
    file: Annotated[
        str | None, typer.Option("--file", metavar="FILE", help="A JSON5 object.")
    ] = None,
    stdin: Annotated[bool, typer.Option("--stdin", help="Read it from standard input.")] = False,
    dry_run: DryRun = False,
    layout: Layout = None,
    force: Force = False,
) -> Result:
    """Merge a JSON5 object into the config: objects key by key, null removes."""
    from openclaw_fal.cli.option_values import stdin_text
    from openclaw_fal.config.merge import patched
    from openclaw_fal.json5.read import object_in

    if stdin == (file is not None):
        raise UsageError(
            "the patch comes from a file or from standard input", hint="--file FILE or --stdin"
        )
    text = stdin_text("the patch") if file is None else _text_of(file)
    changes = object_in(text, file or "the patch")

    def edits(config: Config) -> list[Edit]:
        return patched(config.data, changes)

    return edited(ctx.obj, edits, dry_run, layout=layout, force=force)


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

    return edited(ctx.obj, [Migrate(layout_named(layout))], dry_run)


def schema(
    ctx: typer.Context,
    path: Annotated[
        str | None, typer.Argument(metavar="[PATH]", help="Only the part for this path.")
    ] = None,
    layout: Layout = None,
) -> Result:
    """Print OpenClaw's JSON Schema of the config, as far as it concerns fal."""
    from openclaw_fal.config import schema as schemas
    from openclaw_fal.config.read import read_config
    from openclaw_fal.config.unknown import SCHEMAS
    from openclaw_fal.json5.path import parse_path
    from openclaw_fal.store import paths

    config = read_config(paths.config_path(ctx.obj.config), environ_with(layout))
    release = SCHEMAS[config.layout if layout is None else layout_named(layout)]
    part = schemas.at(release, parse_path(path) if path else ())
    if part is None:
        raise UsageError(f"OpenClaw {release} knows no {path}", hint="openclaw config schema")
    document = {"release": release, "schema": part}
    return Result(document, out=(json.dumps(part, indent=2),))


def _single(
    path: str | None, value: str | None, reference: object, strict_json: bool
) -> tuple[KeyPath, object]:
    from openclaw_fal.cli.option_values import utf8
    from openclaw_fal.json5.path import parse_path

    if path is None or (value is None) == (reference is None):
        raise UsageError(
            "config set needs PATH and VALUE",
            hint="openclaw config set PATH VALUE; or PATH --ref-source env --ref-id FAL_KEY",
        )
    keys = parse_path(utf8("the path", path))
    return keys, reference if value is None else _parsed(value, strict_json)


def _sets(config: Config, keys: KeyPath, new: object, *, merge: bool) -> list[Edit]:
    from openclaw_fal.config.merge import merged_into
    from openclaw_fal.config.rules import Set

    return merged_into(config.data, keys, new) if merge else [Set(keys, new)]


def _reference(source: str | None, provider: str | None, name: str | None) -> object:
    """A secret reference in OpenClaw's form; None when none of its options was given."""
    if source is None and provider is None and name is None:
        return None
    if source is None or name is None:
        raise UsageError(
            "a reference needs its source and its id", hint="--ref-source env --ref-id FAL_KEY"
        )
    return {"source": source, "provider": provider or "default", "id": name}


def _batch(text: str | None, file: str | None) -> list[tuple[KeyPath, object]] | None:
    """The paths and values of a batch in OpenClaw's JSON form; None when there is no batch."""
    from openclaw_fal.json5.path import parse_path
    from openclaw_fal.json5.read import loads

    if text is None and file is None:
        return None
    if text is not None and file is not None:
        raise UsageError("the batch was given twice", hint="--batch-json or --batch-file")
    name = "--batch-json" if file is None else file
    entries = loads(_text_of(file) if text is None and file is not None else text or "", name)
    if not isinstance(entries, list) or not entries:
        raise UsageError(f"{name} is no list of updates", hint='[{"path": "a.b", "value": 1}]')
    pairs = []
    for index, entry in enumerate(entries):
        fields = entry if isinstance(entry, dict) else {}
        path, values = (
            fields.get("path"),
            [fields[key] for key in ("value", "ref") if key in fields],
        )
        if not isinstance(path, str) or len(values) != 1:
            raise UsageError(
                f"{name}[{index}] needs `path` and one of `value` and `ref`",
                hint='{"path": "a.b", "value": 1}',
            )
        pairs.append((parse_path(path), values[0]))
    return pairs


def _text_of(file: str) -> str:
    import pathlib

    from openclaw_fal.atomic import read_file

    snapshot = read_file(pathlib.Path(file))
    if not snapshot.exists:
        raise LocalError(f"there is no file {file}")
    try:
        return snapshot.content.decode("utf-8")
    except UnicodeDecodeError:
        raise LocalError(f"{file} is not UTF-8 text") from None


def _expectation(absent: bool, text: str | None) -> Callable[[Config, KeyPath], None] | None:
    """The check of --expect-current-…, which raises LocalError when the value at a path is another;
    None without these options."""
    from openclaw_fal.json5.path import MISSING, format_path, get_at
    from openclaw_fal.json5.read import same

    if not absent and text is None:
        return None
    if absent and text is not None:
        raise UsageError("--expect-current-absent and --expect-current-json exclude each other")
    expected = MISSING if text is None else _parsed(text, strict_json=True)

    def check(config: Config, keys: KeyPath) -> None:
        current = get_at(config.data, keys)
        if (current is MISSING) != (expected is MISSING) or not same(current, expected):
            state = "is not set" if current is MISSING else "has another value than expected"
            where = format_path(keys)
            raise LocalError(
                f"{where} {state}; nothing was written", hint=f"openclaw config get {where}"
            )

    return check


def layout_named(name: str) -> Literal["current", "legacy"]:
    """The layout that `--layout` names. Raises UsageError for another word."""
    if name == "current":
        return "current"
    if name == "legacy":
        return "legacy"
    raise UsageError(
        f"--layout {name} is no layout",
        hint="--layout current (OpenClaw 2026.8.1 and later) or --layout legacy (up to 2026.7)",
    )


def environ_with(layout: str | None) -> dict[str, str]:
    """The environment with `--layout` as the layout of a file that does not show its own."""
    variables = {} if layout is None else {"OPENCLAW_FAL_LAYOUT": layout_named(layout)}
    return {**os.environ, **variables}


def refuse_other_layout(config: Config, layout: str | None) -> None:
    """Raise UsageError when the config has another layout than `--layout`."""
    if layout is not None and config.layout != layout:
        raise UsageError(
            f"--layout {layout}: {config.path} has the other layout, by "
            f"{config.layout_choice.reason}",
            hint=f"openclaw config migrate --layout {layout}",
        )


def _parsed(text: str, strict_json: bool) -> object:
    from openclaw_fal.cli.option_values import utf8
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


def edited(
    session: Session,
    edits: Sequence[Edit] | Callable[[Config], Sequence[Edit]],
    dry_run: bool,
    *,
    layout: str | None = None,
    force: bool = False,
) -> Result:
    from openclaw_fal.config import edit as config_edit
    from openclaw_fal.store import paths

    path = paths.config_path(session.config)
    environ = environ_with(layout)

    def planned(config: Config) -> Sequence[Edit]:
        refuse_other_layout(config, layout)
        return edits(config) if callable(edits) else edits

    result = config_edit.edit_config(
        path, planned, dry_run=dry_run, check_model=check_model, environ=environ, force=force
    )
    document: dict[str, object] = {
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
    out = (result.diff.rstrip("\n"),) if dry_run else _written(path, result)
    return Result(document, out=out, notes=(*result.notes, *_done_notes(result, dry_run)))


def _written(path: pathlib.Path, result: EditResult) -> tuple[str, ...]:
    """The files that were written. The config itself is named as the user named it, not by the
    target of its symbolic link."""
    real = os.path.realpath(path)
    return tuple(
        str(path) if str(change.path) == real else str(change.path) for change in result.changes
    )


def _done_notes(result: EditResult, dry_run: bool) -> tuple[str, ...]:
    if dry_run:
        return ("dry run: nothing was written",)
    return (f"the content from before is in {result.backup}",) if result.backup else ()


def check_model(kind: Kind, ref: str) -> str | None:
    """Check a default model of a kind. Raises UsageError for a fal model that makes something else;
    returns a note for one that is not known, else None."""
    from openclaw_fal.job.user_catalogue import ENDPOINTS
    from openclaw_fal.provider import refs, specs

    if not refs.is_fal_ref(ref):
        return None
    endpoint = refs.parse_ref(ref, ENDPOINTS)
    made = specs.kind_of(endpoint, ENDPOINTS)
    if made is not None and made != kind:
        raise UsageError(f"{ref} makes {made}, not {kind}", hint=f"openclaw {kind} models")
    near = refs.suggested_ids(endpoint, kind, ENDPOINTS)
    if near:
        return f"{ref} is not known here; did you mean {refs.ref_of(near[0])}?"
    if endpoint not in specs.known_models(kind) and made is None:
        return f"{ref} is not known here; it is used as it is"
    return None
