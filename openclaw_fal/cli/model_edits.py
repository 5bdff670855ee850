"""openclaw models default | alias"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from openclaw_fal.errors import UsageError
from openclaw_fal.media import KINDS, Kind
from openclaw_fal.ui.result import Result, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from openclaw_fal.cli.documents import (
        AliasesDocument,
        DefaultModelFacts,
        DefaultModelsDocument,
    )
    from openclaw_fal.config.rules import Edit
    from openclaw_fal.session import Session

DEFAULT_EPILOG = """\
Examples:
  openclaw models default image
  openclaw models default image fal/fal-ai/nano-banana-2
  openclaw models default video fal/fal-ai/veo3.1 --fallback fal/fal-ai/wan/v2.7/text-to-video
  openclaw models default music --unset --dry-run
See also: openclaw models status, openclaw config set"""
ALIAS_EPILOG = """\
Examples:
  openclaw models alias
  openclaw models alias fast fal/fal-ai/flux/schnell
See also: openclaw models list, openclaw help models"""


def default(
    ctx: typer.Context,
    kind: Annotated[str, typer.Argument(metavar="image|video|music", help="Which default.")],
    ref: Annotated[
        str | None, typer.Argument(metavar="[fal/…]", help="The new default, or an alias.")
    ] = None,
    fallback: Annotated[
        list[str] | None,
        typer.Option(
            "--fallback",
            metavar="REF",
            help="What is tried when the default fails. Repeatable; replaces the list.",
        ),
    ] = None,
    unset: Annotated[
        bool, typer.Option("--unset", help="Back to the built-in default; no fallbacks.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the difference, write nothing.")
    ] = False,
) -> Result:
    """Show or set the default model of a kind, in OpenClaw's config and in its own layout."""
    model_kind = _kind(kind)
    if unset and (ref is not None or fallback):
        raise UsageError(
            "--unset goes alone", hint=f"openclaw models default {model_kind} --unset, or a REF"
        )
    if ref is None and not fallback and not unset:
        return _current(ctx, model_kind)
    return _changed(ctx.obj, model_kind, _edits(model_kind, ref, fallback, unset), dry_run)


def alias(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="The short name.")] = None,
    ref: Annotated[
        str | None, typer.Argument(metavar="[fal/…]", help="The model that it stands for.")
    ] = None,
    remove: Annotated[
        str | None, typer.Option("--remove", metavar="NAME", help="Forget a short name.")
    ] = None,
) -> Result:
    """List, make or remove your own short names of models; --model takes them."""
    from openclaw_fal.cli import model_facts
    from openclaw_fal.store import aliases, paths

    if remove is not None and name is not None:
        raise UsageError("--remove goes alone", hint=f"openclaw models alias --remove {remove}")
    if remove is not None:
        aliases.remove_alias(remove)
    elif name is not None and ref is not None:
        aliases.check_name(name)
        aliases.set_alias(name, f"fal/{model_facts.endpoint_named(ref)}")
    refs = aliases.aliases()
    if name is not None and ref is None:
        if name not in refs:
            raise UsageError(
                f"there is no alias {name}", hint=f"openclaw models alias {name} fal/…"
            )
        refs = {name: refs[name]}
    document: AliasesDocument = {"aliases": refs, "path": str(paths.aliases_path())}
    if not refs:
        return Result(document, notes=("there is no alias: openclaw models alias NAME fal/…",))
    return Result(document, out=(Table(("alias", "model"), list(refs.items())),))


def _changed(session: Session, kind: Kind, edits: Sequence[Edit], dry_run: bool) -> Result:
    """Edit the config. The result has a note with the default before and after."""
    from openclaw_fal.cli.config import default_facts
    from openclaw_fal.cli.config_edit import edited
    from openclaw_fal.job import wiring

    old = default_facts(wiring.read_config(session.config), kind)
    result = edited(session, edits, dry_run)
    if dry_run or not result.document["changed"]:
        return result
    new = default_facts(wiring.read_config(session.config), kind)
    where = f", at {new['path']}" if "path" in new else ""
    note = f"the default {kind} model: {_described(old)} → {_described(new)}{where}"
    return result.replaced(notes=(note, *result.notes))


def _described(facts: DefaultModelFacts) -> str:
    """A default model and its fallbacks on one line."""
    built_in = " (built in)" if facts["origin"] == "built in" else ""
    fallbacks = f" (then {', '.join(facts['fallbacks'])})" if facts["fallbacks"] else ""
    return f"{facts['model'] or 'an invalid one'}{built_in}{fallbacks}"


def _edits(kind: Kind, ref: str | None, fallbacks: list[str] | None, unset: bool) -> Sequence[Edit]:
    """The edits, with the legacy layout's paths; `edit_config` translates them to the file's."""
    from openclaw_fal.config.layouts import default_path
    from openclaw_fal.config.rules import Set, Unset

    path = default_path(kind, "legacy")
    if unset:
        return [Unset(path)]
    edits: list[Edit] = []
    if ref is not None:
        edits.append(Set((*path, "primary"), checked(kind, ref)))
    if fallbacks:
        refs = [name if _is_other_provider(name) else checked(kind, name) for name in fallbacks]
        edits.append(Set((*path, "fallbacks"), refs))
    return edits


def checked(kind: Kind, name: str) -> str:
    """The ref of a model that can be the default of a kind, from a ref or alias.

    Raises UsageError for a model that is not known or makes something else.
    """
    from openclaw_fal.cli.model_facts import endpoint_named, kind_of_endpoint

    endpoint = endpoint_named(name)
    made = kind_of_endpoint(endpoint)
    if made == "other":
        raise UsageError(
            f"fal/{endpoint} makes no image, video or audio", hint=f"openclaw {kind} models"
        )
    if made != kind:
        raise UsageError(
            f"fal/{endpoint} makes {made}, not {kind}",
            hint=f"openclaw models default {made} fal/{endpoint}, or openclaw {kind} models",
        )
    return f"fal/{endpoint}"


def _is_other_provider(ref: str) -> bool:
    """Whether a fallback is another provider's model, which OpenClaw allows."""
    return "/" in ref and not ref.startswith(("fal/", "fal-ai/"))


def _current(ctx: typer.Context, kind: Kind) -> Result:
    from openclaw_fal.cli.config import default_facts
    from openclaw_fal.job import wiring

    config = wiring.read_config(ctx.obj.config)
    facts = default_facts(config, kind)
    document: DefaultModelsDocument = {"defaults": {kind: facts}}
    where = facts.get("path")
    notes = [f"{facts['origin']}: {where} in {config.path}" if where else facts["origin"]]
    if "problem" in facts:
        notes = [facts["problem"]]
    if facts["fallbacks"]:
        notes.append(f"fallbacks: {', '.join(facts['fallbacks'])}")
    notes.append(f"openclaw models default {kind} REF changes it")
    out = (str(facts["model"]),) if facts["model"] else ()
    return Result(document, out=out, notes=tuple(notes))


def _kind(name: str) -> Kind:
    for kind in KINDS:
        if name == kind:
            return kind
    message = f"{name} is no kind of model: image, video or music"
    raise UsageError(message, hint="openclaw models default image fal/fal-ai/flux/dev")
