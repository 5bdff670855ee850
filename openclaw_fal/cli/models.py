"""openclaw models list | search | show | status. `model_edits` and `model_refresh` have the other
commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from openclaw_fal.cli import model_edits, model_refresh
from openclaw_fal.cli.groups import Command, noun_app
from openclaw_fal.errors import UsageError
from openclaw_fal.media import KINDS, Kind
from openclaw_fal.ui.result import Facts, Result, Table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from openclaw_fal.cli.documents import (
        DefaultModelsDocument,
        FoundModelsDocument,
        JsonObject,
        ModelFactsDocument,
    )
    from openclaw_fal.media import EndpointKind
    from openclaw_fal.session import Session

SIBLINGS_SHOWN = 8

EPILOG = """\
Examples:
  openclaw models search kling image
  openclaw models show fal/fal-ai/veo3.1
  openclaw models default image fal/fal-ai/nano-banana-2
  openclaw models status
See also: openclaw image models, openclaw help models"""
LIST_EPILOG = """\
Examples:
  openclaw models list
  openclaw models list --kind video --all
  openclaw models list --json
See also: openclaw models search, openclaw help models"""
SEARCH_EPILOG = """\
Examples:
  openclaw models search upscale
  openclaw models search kling image --kind video
  openclaw models search lyrics --json
See also: openclaw models show, openclaw help models"""
SHOW_EPILOG = """\
Examples:
  openclaw models show fal/fal-ai/veo3.1
  openclaw models show fal/fal-ai/recraft/v3/text-to-image --json
See also: openclaw models search, openclaw help models"""
STATUS_EPILOG = """\
Examples:
  openclaw models status
  openclaw models status --plain
  openclaw models status --json
See also: openclaw models default, openclaw config show"""

app = noun_app("Find the models of fal, and choose the default ones.", EPILOG)

KindOption = Annotated[
    str | None,
    typer.Option("--kind", metavar="image|video|music", help="Only models that make this."),
]


@app.command("list", cls=Command, epilog=LIST_EPILOG)
def list_models(
    ctx: typer.Context,
    kind: KindOption = None,
    every: Annotated[
        bool, typer.Option("--all", help="Every endpoint of fal, not only the best known ones.")
    ] = False,
    provider: Annotated[
        str | None, typer.Option("--provider", metavar="fal", help="This program knows fal's.")
    ] = None,
) -> Result:
    """List models: those whose limits this program knows best, or with --all every one of fal."""
    from openclaw_fal.job.user_catalogue import ENDPOINTS
    from openclaw_fal.provider.specs import known_models

    if provider not in (None, "fal"):
        raise UsageError(f"--provider {provider}: this program knows fal's models", hint="fal")
    rows = []
    for each in _kinds(kind):
        known = known_models(each)
        more = [name for name in ENDPOINTS.ids(each) if name not in known] if every else []
        rows += [_row(name, each, "table") for name in known]
        rows += [_row(name, each, _source(name)) for name in more]
    notes = [] if every else ["these are the best known ones; --all lists every endpoint of fal"]
    return _listed(ctx.obj, rows, notes)


@app.command(cls=Command, epilog=SEARCH_EPILOG)
def search(
    ctx: typer.Context,
    words: Annotated[
        list[str], typer.Argument(metavar="WORDS", help="Parts of the id, a kind, field names.")
    ],
    kind: KindOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many at most.")] = 20,
) -> Result:
    """Search fal's endpoints, offline: by id, kind and declared fields, the best first."""
    from openclaw_fal.catalogue.search import search as search_catalogue
    from openclaw_fal.job import user_catalogue
    from openclaw_fal.provider.specs import table_endpoints

    wanted_kind = _kinds(kind)[0] if kind else None
    text = " ".join(words).removeprefix("fal/")
    hits = search_catalogue(
        user_catalogue.current()[0], text, kind=wanted_kind, also=table_endpoints(), limit=limit + 1
    )
    rows = [
        _row(hit.endpoint.id, hit.endpoint.kind, _source(hit.endpoint.id)) for hit in hits[:limit]
    ]
    notes = []
    if not rows:
        notes.append(f"nothing matches {text}; fewer words, or openclaw models list --all")
    elif len(hits) > limit:
        notes.append(f"there are more: --limit {limit * 5}, or further words")
    return _listed(ctx.obj, rows, notes)


@app.command(cls=Command, epilog=SHOW_EPILOG)
def show(
    ctx: typer.Context,
    ref: Annotated[str, typer.Argument(metavar="fal/…", help="A model ref, or an alias.")],
) -> Result:
    """Show one endpoint: its fields and what they take, its siblings, its price, an example."""
    from openclaw_fal.cli import model_facts
    from openclaw_fal.job import wiring
    from openclaw_fal.job.user_catalogue import ENDPOINTS
    from openclaw_fal.provider import descriptions
    from openclaw_fal.store.aliases import aliases

    endpoint = model_facts.endpoint_named(ref)
    kind = model_facts.kind_of_endpoint(endpoint)
    facts: JsonObject = (
        {"model": f"fal/{endpoint}", "kind": "other"}
        if kind == "other"
        else descriptions.describe(kind, endpoint, ENDPOINTS)
    )
    api = wiring.hosts_of(wiring.read_config(ctx.obj.config)).api
    fields = model_facts.declared_fields(endpoint)
    price = model_facts.price_of(endpoint, api)
    siblings = [f"fal/{name}" for name in ENDPOINTS.siblings(endpoint)]
    own_aliases = [name for name, model in aliases().items() if model == f"fal/{endpoint}"]
    document: ModelFactsDocument = {
        "model": facts,
        "fields": fields,
        "siblings": siblings,
        "price": price,
        "aliases": own_aliases,
    }
    rows = [
        ("model", f"fal/{endpoint}"),
        ("makes", kind if kind != "other" else "no image, video or audio"),
        *((("alias", ", ".join(own_aliases)),) if own_aliases else ()),
        ("price", str(price["text"]) if price else "not known here (openclaw models refresh)"),
        *_sibling_rows(siblings),
    ]
    table = Table(("field", "takes"), model_facts.field_rows(fields))
    example = facts.get("example")
    notes = []
    if kind == "other":
        notes.append("this program cannot run it; openclaw models search WORDS finds others")
    else:
        notes.append(f"openclaw {kind} models fal/{endpoint} tells what the options become")
    if not fields:
        notes.append("fal's schema of this endpoint is not known here")
    closing = (Facts([("try", f"{example} --dry-run")]),) if example else ()
    return Result(document, out=(Facts(rows), table, *closing), notes=tuple(notes))


@app.command(cls=Command, epilog=STATUS_EPILOG)
def status(
    ctx: typer.Context,
    plain: Annotated[
        bool, typer.Option("--plain", help="A line for each kind: image fal/…, no more.")
    ] = False,
) -> Result:
    """Show the default image, video and music model, and where each comes from."""
    from openclaw_fal.cli.config import default_facts, problems_of
    from openclaw_fal.job import user_catalogue, wiring
    from openclaw_fal.store.aliases import aliases

    config = wiring.read_config(ctx.obj.config)
    defaults = {kind: default_facts(config, kind) for kind in KINDS}
    catalogue, damaged = user_catalogue.current()
    refs_by_alias = aliases()
    document: DefaultModelsDocument = {
        "defaults": defaults,
        "aliases": refs_by_alias,
        "catalogue": _catalogue(),
    }
    if plain:
        lines = tuple(f"{kind} {facts['model'] or '-'}" for kind, facts in defaults.items())
        return Result(document, out=lines)
    cells = [
        (
            kind,
            str(facts["model"] or "-"),
            str(facts.get("path", facts["origin"])),
            ", ".join(facts["fallbacks"]) or "-",
        )
        for kind, facts in defaults.items()
    ]
    rows = [
        ("config", str(config.path)),
        ("catalogue", f"{len(catalogue.ids())} endpoints of fal, {_age(document['catalogue'])}"),
        *((("aliases", ", ".join(refs_by_alias)),) if refs_by_alias else ()),
    ]
    notes = ["openclaw models default image REF changes one"]
    if damaged:
        notes.append(damaged)
    table = Table(("kind", "default model", "from", "fallbacks"), cells)
    return Result(
        document, out=(table, Facts(rows)), notes=tuple(notes), problems=problems_of(defaults)
    )


for name, command, epilog in (
    ("default", model_edits.default, model_edits.DEFAULT_EPILOG),
    ("alias", model_edits.alias, model_edits.ALIAS_EPILOG),
    ("refresh", model_refresh.refresh, model_refresh.REFRESH_EPILOG),
    ("check", model_refresh.check, model_refresh.CHECK_EPILOG),
):
    app.command(name, cls=Command, epilog=epilog)(command)


def _kinds(name: str | None) -> tuple[Kind, ...]:
    """The kinds that `--kind` selects: one, or all without it."""
    if name is None:
        return KINDS
    for kind in KINDS:
        if name == kind:
            return (kind,)
    raise UsageError(f"--kind {name}: takes {', '.join(KINDS)}", hint="--kind image")


def _row(endpoint: str, kind: EndpointKind, source: str) -> JsonObject:
    from openclaw_fal.catalogue.read import family

    return {
        "model": f"fal/{endpoint}",
        "kind": kind,
        "family": family(endpoint),
        "source": source,
    }


def _source(endpoint: str) -> str:
    from openclaw_fal.provider.specs import kind_of_row

    return "table" if kind_of_row(endpoint) else "catalogue"


def _listed(session: Session, rows: list[JsonObject], notes: Iterable[str]) -> Result:
    """A table of refs and kinds, with the configured defaults marked."""
    from openclaw_fal.cli.model_tables import configured_ref
    from openclaw_fal.job import user_catalogue

    defaults = {configured_ref(session, kind) for kind in KINDS}
    marked: list[JsonObject] = [{**row, "configured": row["model"] in defaults} for row in rows]
    document: FoundModelsDocument = {"models": marked, "catalogue": _catalogue()}
    cells = [
        (f"{'* ' if row['configured'] else '  '}{row['model']}", str(row["kind"])) for row in marked
    ]
    notes = [*notes, *filter(None, [user_catalogue.warning()])]
    if not cells:
        return Result(document, notes=tuple(notes))
    notes.append("openclaw models show fal/… shows one in full")
    return Result(document, out=(Table(("  model", "makes"), cells),), notes=tuple(notes))


def _catalogue() -> JsonObject:
    """The day of the catalogue in use, and whether it is the shipped or a refreshed one."""
    from openclaw_fal.catalogue.read import shipped
    from openclaw_fal.job import user_catalogue

    catalogue, _ = user_catalogue.current()
    return {"asOf": catalogue.as_of, "source": "shipped" if catalogue is shipped() else "refreshed"}


def _age(catalogue: JsonObject) -> str:
    return f"{catalogue['source']}, as of {catalogue['asOf']}"


def _sibling_rows(siblings: list[str]) -> list[tuple[str, str]]:
    shown = siblings[:SIBLINGS_SHOWN]
    rows = [("" if at else "siblings", ref) for at, ref in enumerate(shown)]
    if len(siblings) > len(shown):
        rows.append(("", f"and {len(siblings) - len(shown)} more (--json lists all)"))
    return rows
