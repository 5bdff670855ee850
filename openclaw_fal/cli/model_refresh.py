"""openclaw models refresh | check: what fal lists now."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from openclaw_fal.errors import UsageError
from openclaw_fal.ui.result import Result, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from openclaw_fal.catalogue.compare import Difference
    from openclaw_fal.catalogue.read import Catalogue
    from openclaw_fal.catalogue.refresh import Refreshed
    from openclaw_fal.cli.documents import CheckDocument, JsonObject, RefreshDocument
    from openclaw_fal.fal.service import FalService
    from openclaw_fal.money.prices import PriceCache
    from openclaw_fal.progress import Progress
    from openclaw_fal.session import Session

REFRESH_EPILOG = """\
Examples:
  openclaw models refresh
  openclaw models refresh --no-prices --json
See also: openclaw models check, openclaw help money"""
CHECK_EPILOG = """\
Examples:
  openclaw models check --json
See also: openclaw models refresh, openclaw help exit"""
PAGE_S = 120.0  # for one page of models, or of prices
FRESH_S = 3600.0  # prices that are younger are not asked for again: a refresh that goes on
SHOWN = 20  # differences of one sort, for people


class Fal(NamedTuple):
    """fal as these commands see it."""

    service: FalService
    progress: Progress
    has_key: bool


def refresh(
    ctx: typer.Context,
    prices: Annotated[
        bool,
        typer.Option(
            "--prices/--no-prices",
            help="Fetch the prices, too: fal wants a key for them.",
            show_default=False,
        ),
    ] = True,
    restart: Annotated[
        bool,
        typer.Option("--restart", help="Begin anew, not where the last refresh was cut off."),
    ] = False,
) -> Result:
    """Fetch fal's list of models, and their prices, into this user's cache."""
    from openclaw_fal.catalogue.read import Catalogue
    from openclaw_fal.catalogue.refresh import PARTIAL
    from openclaw_fal.job.quoting import price_cache
    from openclaw_fal.store import locks, paths

    folder = paths.catalogue_folder()
    with _fal(ctx.obj) as fal, locks.locked(folder / PARTIAL):
        if restart:
            (folder / PARTIAL).unlink(missing_ok=True)
        done = _fetched(fal, folder)
        fal.progress.note(f"{done.endpoints} models are in {done.path}")
        count = None
        if prices and fal.has_key:
            cache = price_cache(fal.service.hosts.api)
            ids = Catalogue(done.path.read_bytes()).ids()
            count = _with_prices(fal, cache, ids)
    document: RefreshDocument = {
        "endpoints": done.endpoints,
        "skipped": done.skipped,
        "resumed": done.resumed,
        "prices": count,
        "path": str(done.path),
    }
    notes = []
    if done.skipped:
        notes.append(f"{done.skipped} entries of fal's list declare no input and were left out")
    if count is None and prices:
        reason = "fal does not tell this key" if fal.has_key else "fal wants a key for them"
        notes.append(f"no prices were fetched: {reason}")
    known = "" if count is None else f", {count} prices"
    return Result(document, out=(f"{done.endpoints} models{known}",), notes=tuple(notes))


def check(
    ctx: typer.Context,
    cached: Annotated[
        bool, typer.Option("--cached", help="Ask nobody: compare with the last refresh.")
    ] = False,
) -> Result:
    """Tell what differs between this program's table, its catalogue and fal.

    The status is 6 when fal contradicts the table: a watch for CI.
    """
    from openclaw_fal.catalogue import read
    from openclaw_fal.catalogue.compare import compare, contradicted
    from openclaw_fal.provider.specs import table_endpoints

    fresh = _cached() if cached else _fresh(ctx.obj)
    shipped = read.shipped()
    differences = compare(table_endpoints(), shipped, fresh)
    wrong = contradicted(differences)
    document: CheckDocument = {
        "contradicted": wrong,
        "differences": [_difference(one) for one in differences],
        "shipped": _about(shipped),
        "fresh": _about(fresh),
    }
    problems: tuple[str, ...] = ()
    if wrong:
        rows = sorted({one.endpoint for one in differences if one.sort == "contradicts the table"})
        message = f"fal contradicts the table on {', '.join(rows)}"
        hint = "a newer release of openclaw-fal may know; --unchecked sends a request as it is"
        document["error"] = {"code": "job_failed", "message": message, "hint": hint}
        problems = (f"{message} ({hint})",)
    out = (_table(differences),) if differences else ()
    notes = (f"{len(differences)} differences; fal lists {len(fresh.ids())} models",)
    return Result(document, out=out, notes=notes, problems=problems, status=6 if wrong else 0)


@contextmanager
def _fal(session: Session) -> Iterator[Fal]:
    """fal's platform API at the hosts of the config; a key is used if there is one."""
    from openclaw_fal.config.fal_key import resolve_key
    from openclaw_fal.environment import says_yes
    from openclaw_fal.fal.service import FalService
    from openclaw_fal.job import wiring
    from openclaw_fal.ui.progress import progress_for

    if says_yes("OPENCLAW_FAL_SANDBOX"):
        raise UsageError(
            "the sandbox has no other models than this program: OPENCLAW_FAL_SANDBOX is on",
            hint="unset OPENCLAW_FAL_SANDBOX to ask fal",
        )
    config = wiring.read_config(session.config)
    key = resolve_key(config)
    if key is not None:
        session.secrets.add(key.value)
    progress = progress_for(session)
    service = FalService(wiring.hosts_of(config), key.value if key else None, progress)
    try:
        yield Fal(service, progress, key is not None)
    finally:
        progress.close()
        service.close()


def _fetched(fal: Fal, folder: Path) -> Refreshed:
    from openclaw_fal.catalogue import refresh as fetching
    from openclaw_fal.errors import Unreachable

    def page(cursor: str | None) -> Mapping[str, object]:
        return fal.service.models(cursor, fal.service.deadline(PAGE_S))

    fal.progress.phase("asking fal for its models")
    try:
        return fetching.refresh(
            page,
            folder,
            day=time.strftime("%Y-%m-%d", time.gmtime()),
            on_page=lambda count: fal.progress.phase(f"{count} models"),
        )
    except Unreachable as error:
        if (folder / fetching.PARTIAL).exists():
            error.hint = error.hint or (
                "the same command goes on from there; --restart begins anew"
            )
        raise


def _with_prices(fal: Fal, cache: PriceCache, ids: Sequence[str]) -> int | None:
    """How many of these endpoints have a price now; None when the key may not ask.

    Kept after each call: a refresh that was cut off does not ask again for what it has.
    """
    from openclaw_fal.fal.platform import MOST_IDS, NotAllowed
    from openclaw_fal.money.prices import checked

    now = time.time()
    known = cache.of(ids)
    wanted = [name for name in ids if name not in known or now - known[name].fetched_at > FRESH_S]
    for start in range(0, len(wanted), MOST_IDS):
        fal.progress.phase(f"prices of {start} of {len(wanted)} models")
        some = wanted[start : start + MOST_IDS]
        try:
            named = fal.service.pricing(some, fal.service.deadline(PAGE_S))
        except NotAllowed as error:
            fal.progress.note(error.message)
            return None
        priced = (
            checked(one.endpoint_id, one.unit_price, one.unit, one.currency, now)
            for one in named.values()
        )
        cache.store([price for price in priced if price is not None])
    return len(cache.of(ids))


def _fresh(session: Session) -> Catalogue:
    """What fal lists now; the user's cache stays as it is."""
    import tempfile
    from pathlib import Path

    from openclaw_fal.catalogue.read import Catalogue

    with tempfile.TemporaryDirectory() as folder, _fal(session) as fal:
        return Catalogue(_fetched(fal, Path(folder)).path.read_bytes())


def _cached() -> Catalogue:
    from openclaw_fal.catalogue.read import CACHED, Catalogue, Damaged
    from openclaw_fal.errors import LocalError
    from openclaw_fal.store import paths

    path = paths.catalogue_folder() / CACHED
    try:
        return Catalogue(path.read_bytes())
    except FileNotFoundError:
        message = "nothing was fetched from fal yet"
    except (OSError, Damaged) as error:
        message = f"{path} cannot be used: {error}"
    raise LocalError(message, hint="openclaw models refresh")


def _about(catalogue: Catalogue) -> JsonObject:
    return {"asOf": catalogue.as_of, "endpoints": len(catalogue.ids())}


def _difference(one: Difference) -> JsonObject:
    return {"sort": one.sort, "model": f"fal/{one.endpoint}", "field": one.field, "text": one.text}


def _table(differences: Sequence[Difference]) -> Table:
    """The differences for people: all contradictions, and the first of each other sort."""
    rows: list[tuple[str, str, str]] = []
    for sort in dict.fromkeys(one.sort for one in differences):
        of_sort = [one for one in differences if one.sort == sort]
        shown = of_sort if sort == "contradicts the table" else of_sort[:SHOWN]
        rows += [(f"fal/{one.endpoint}", sort, one.text) for one in shown]
        if len(of_sort) > len(shown):
            rows.append((f"and {len(of_sort) - len(shown)} more", sort, "--json lists all"))
    return Table(("model", "what", "how"), rows)
