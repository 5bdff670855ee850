"""Estimates and limits for the requests of a command: prices from the cache, bills from the
journal."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from openclaw_fal.money.amount import parse_usd
from openclaw_fal.money.budget import Cap
from openclaw_fal.money.quote import Limits, Quotes

if TYPE_CHECKING:
    from openclaw_fal.job.settings import RunSettings
    from openclaw_fal.journal.ledger import Ledger
    from openclaw_fal.money.prices import Price, PriceCache

MAX_SPEND = "OPENCLAW_FAL_MAX_SPEND"


def limits(settings: RunSettings, environ: Mapping[str, str] | None = None) -> Limits:
    """The limits of `--max-spend` (else `OPENCLAW_FAL_MAX_SPEND`) and `--assume-cost`.

    Raises UsageError for a text that is no amount.
    """
    environ = os.environ if environ is None else environ
    given, name = settings.max_spend, "--max-spend"
    if given is None and environ.get(MAX_SPEND, "").strip():
        given, name = environ[MAX_SPEND], MAX_SPEND
    caps = () if given is None else (Cap(parse_usd(given, name), "run", origin=name),)
    assume = settings.assume_cost
    assumed = None if assume is None else parse_usd(assume, "--assume-cost")
    return Limits(assumed, caps, settings.batch)


def quotes(api: str, ledger: Ledger, settings: RunSettings) -> Quotes:
    """Estimates with the cached prices of the platform API at the URL `api`; with those of the
    sandbox if the settings say so."""
    price_of = _sandbox_price if settings.sandbox else price_cache(api).get
    run = os.urandom(8).hex()
    return Quotes(price_of, ledger.history, declared_defaults, limits(settings), run)


def price_cache(api: str) -> PriceCache:
    """The cache of prices from the platform API at the URL `api`."""
    from openclaw_fal.money.prices import PriceCache
    from openclaw_fal.store import paths

    return PriceCache(paths.prices_path(), api)


def declared_defaults(endpoint: str) -> Mapping[str, object] | None:
    """The defaults that an endpoint declares for its input fields; None for an unknown endpoint."""
    from openclaw_fal.catalogue import read

    declared = read.endpoint(endpoint)
    if declared is None:
        return None
    return {
        name: schema["default"]
        for name, schema in declared.properties.items()
        if "default" in schema
    }


def _sandbox_price(endpoint: str) -> Price | None:
    """The price in the sandbox; None for an endpoint that the sandbox lacks."""
    from openclaw_fal.money.prices import parse_price
    from openclaw_fal.sandbox import models, prices
    from openclaw_fal.sandbox.dials import ENVIRONMENT, Dials

    if models.known(endpoint) is None:
        return None
    price = prices.price_of(endpoint, Dials.parse(os.environ.get(ENVIRONMENT, "")))
    return parse_price(endpoint, str(price.amount), price.unit, "USD", 0.0)
