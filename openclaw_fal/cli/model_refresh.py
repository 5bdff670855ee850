"""openclaw models refresh | check"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from openclaw_fal.environment import says_yes
from openclaw_fal.errors import UsageError
from openclaw_fal.text import counted
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
PAGE_S = 120.0  # seconds for one page of models or prices
FRESH_S = 3600.0  # prices younger than this are not fetched again by a continued refresh
SHOWN = 20  # differences of one sort that are shown without --json


class Fal(NamedTuple):
    """fal's platform API, the progress display, and whether there is a key."""

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
    from openclaw_fal.catalogue.read import Catalogue, shipped
    from openclaw_fal.catalogue.refresh import PARTIAL
    from openclaw_fal.job.quoting import price_cache
    from openclaw_fal.store import locks, paths

    if says_yes("OPENCLAW_FAL_SANDBOX"):
        note = "nothing to refresh: the sandbox (OPENCLAW_FAL_SANDBOX is on) has its own prices"
        return Result({"endpoints": len(shipped().ids()), "prices": None}, notes=(note,))
    folder = paths.catalogue_folder()
    with _fal(ctx.obj) as fal, locks.locked(folder / PARTIAL):
        if restart:
            (folder / PARTIAL).unlink(missing_ok=True)
        done = _fetched(fal, folder)
        fal.progress.note(f"the models are in {done.path}")
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
        notes.append(f"left out of fal's list, as without a declared input: {done.skipped}")
    if count is None and prices:
        reason = "fal does not tell this key" if fal.has_key else "fal wants a key for them"
        notes.append(f"no prices were fetched: {reason}")
    known = "" if count is None else f", {counted(count, 'price')}"
    return Result(document, out=(f"{counted(done.endpoints, 'model')}{known}",), notes=tuple(notes))


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
        "differences": [_difference(item) for item in differences],
        "shipped": _about(shipped),
        "fresh": _about(fresh),
    }
    problems: tuple[str, ...] = ()
    if wrong:
        endpoints = {item.endpoint for item in differences if item.sort == "contradicts the table"}
        message = f"fal contradicts the table on {', '.join(sorted(endpoints))}"
        hint = "a newer release of openclaw-fal may know; --unchecked sends a request as it is"
        document["error"] = {"code": "job_failed", "message": message, "hint": hint}
        problems = (f"{message} ({hint})",)
    out = (_table(differences),) if differences else ()
    notes = (f"{counted(len(differences), 'difference')}; fal lists {len(fresh.ids())} models",)
    return Result(document, out=out, notes=notes, problems=problems, status=6 if wrong else 0)


@contextmanager
def _fal(session: Session) -> Iterator[Fal]:
    """fal's platform API at the config's base URL, with the key if there is one."""
    from openclaw_fal.config.fal_key import resolve_key
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


_LATER = "try again later, or set HTTPS_PROXY where fal is reached through a proxy"


def _fetched(fal: Fal, folder: Path) -> Refreshed:
    from openclaw_fal.catalogue import refresh as fetching
    from openclaw_fal.errors import Unreachable

    def page(cursor: str | None) -> Mapping[str, object]:
        return fal.service.platform.models(cursor=cursor, deadline=fal.service.deadline(PAGE_S))

    fal.progress.phase("asking fal for its models")
    try:
        return fetching.refresh(
            page,
            folder,
            day=time.strftime("%Y-%m-%d", time.gmtime()),
            on_page=lambda count: fal.progress.phase(f"{count} models"),
        )
    except Unreachable as error:
        cut_off = (folder / fetching.PARTIAL).exists()
        error.hint = error.hint or (
            "the same command goes on from there; --restart begins anew" if cut_off else _LATER
        )
        raise


def _with_prices(fal: Fal, cache: PriceCache, ids: Sequence[str]) -> int | None:
    """Fetch the prices of endpoints. Returns how many have one; None when the key lacks permission.

    They are stored after each page, so that an interrupted refresh can continue.
    """
    from openclaw_fal.fal.platform import MOST_IDS, NotAllowed
    from openclaw_fal.money.prices import parse_price

    now = time.time()
    known = cache.get_many(ids)
    stale = [name for name in ids if name not in known or now - known[name].fetched_at > FRESH_S]
    for start in range(0, len(stale), MOST_IDS):
        fal.progress.phase(f"prices of {start} of {len(stale)} models")
        page = stale[start : start + MOST_IDS]
        try:
            prices = fal.service.platform.pricing(page, deadline=fal.service.deadline(PAGE_S))
        except NotAllowed as error:
            fal.progress.note(error.message)
            return None
        checked_prices = (
            parse_price(price.endpoint_id, price.unit_price, price.unit, price.currency, now)
            for price in prices.values()
        )
        cache.store([price for price in checked_prices if price is not None])
    return len(cache.get_many(ids))


def _fresh(session: Session) -> Catalogue:
    """fal's current list of models. The user's cache is not changed."""
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


def _difference(item: Difference) -> JsonObject:
    model = f"fal/{item.endpoint}"
    return {"sort": item.sort, "model": model, "field": item.field, "text": item.text}


def _table(differences: Sequence[Difference]) -> Table:
    """All contradictions, and the first `SHOWN` differences of each other sort."""
    rows: list[tuple[str, str, str]] = []
    for sort in dict.fromkeys(item.sort for item in differences):
        of_sort = [item for item in differences if item.sort == sort]
        shown = of_sort if sort == "contradicts the table" else of_sort[:SHOWN]
        rows += [(f"fal/{item.endpoint}", sort, item.text) for item in shown]
        if len(of_sort) > len(shown):
            rows.append((f"and {len(of_sort) - len(shown)} more", sort, "--json lists all"))
    return Table(("model", "what", "how"), rows)
