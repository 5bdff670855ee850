"""The user's catalogue: the one that `models refresh` fetched, else the shipped one.

    from openclaw_fal.job import user_catalogue
    plan(request, user_catalogue.ENDPOINTS)

It is read at the first lookup.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from openclaw_fal.media import Endpoint, EndpointKind
from openclaw_fal.store import paths

if TYPE_CHECKING:
    from openclaw_fal.catalogue.read import Catalogue


class KnownEndpoints:
    """The user's catalogue as a `provider.lookup.Lookup`."""

    def endpoint(self, endpoint: str) -> Endpoint | None:
        return current()[0].endpoint(endpoint)

    def siblings(self, endpoint: str) -> list[str]:
        return current()[0].siblings(endpoint)

    def ids(self, kind: EndpointKind | None = None) -> list[str]:
        return current()[0].ids(kind)


ENDPOINTS = KnownEndpoints()


def current() -> tuple[Catalogue, str | None]:
    """The catalogue, and a warning if the one that was fetched is damaged."""
    from openclaw_fal.catalogue.read import CACHED

    folder = paths.catalogue_folder()
    try:
        changed = (folder / CACHED).stat().st_mtime_ns
    except OSError:
        changed = 0
    return _read(str(folder), changed)


@lru_cache(maxsize=2)
def _read(folder: str, changed: int) -> tuple[Catalogue, str | None]:
    """Read the catalogue; again only if the file has changed."""
    from pathlib import Path

    from openclaw_fal.catalogue import read

    return read.current(Path(folder))


def warning() -> str | None:
    """What is wrong with the fetched catalogue; None if nothing is, or if it was never read."""
    return current()[1] if _read.cache_info().currsize else None
