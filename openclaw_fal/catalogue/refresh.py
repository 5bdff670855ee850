"""Fetches fal's list of models, page by page, into the user's cache.

    result = refresh(fetch_page, cache_folder, day="2026-11-26", on_page=print)
    catalogue, warning = read.current(cache_folder)

`fetch_page(cursor)` is given by the caller and returns the JSON of
`GET /v1/models?expand=openapi-3.0&cursor=…`. After each page the endpoints so far and the next
cursor are saved, so that an interrupted refresh continues there. The cached catalogue is replaced
once, after the last page; an answer that is no list of models changes nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from openclaw_fal.catalogue.openapi import endpoint_of
from openclaw_fal.catalogue.pack import pack
from openclaw_fal.catalogue.read import CACHED, Catalogue
from openclaw_fal.errors import LocalError, Unreachable
from openclaw_fal.frozen import Frozen
from openclaw_fal.media import Endpoint, Json

PARTIAL = "catalogue.part"
FetchPage = Callable[[str | None], Json]


class Refreshed(Frozen):
    """The result of a refresh: the number of endpoints, and of entries skipped for want of a
    schema; `resumed`: it continued an interrupted refresh."""

    endpoints: int
    skipped: int
    resumed: bool
    path: Path


class _Partial(Frozen):
    """The pages so far of a refresh that is not finished."""

    endpoints: tuple[Endpoint, ...] = ()
    skipped: int = 0
    cursor: str | None = None


def refresh(
    fetch_page: FetchPage,
    folder: Path,
    *,
    day: str,
    on_page: Callable[[int], None] = lambda endpoints: None,
) -> Refreshed:
    """Fetch every page and replace the cached catalogue.

    `on_page` is called after each page with the number of endpoints so far. Raises Unreachable for
    an answer that is no list of models, LocalError when the cache cannot be written, and what
    `fetch_page` raises; each time the earlier catalogue and the pages so far are kept.
    """
    partial, target = folder / PARTIAL, folder / CACHED
    so_far = _read_partial(partial)
    resumed = so_far.cursor is not None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        while True:
            so_far = _with_page(so_far, fetch_page(so_far.cursor))
            on_page(len(so_far.endpoints))
            if so_far.cursor is None:
                break
            _replace(partial, _partial_text(so_far))
        if not so_far.endpoints:
            raise Unreachable("fal's platform API listed no model with a schema")
        _replace(target, pack(so_far.endpoints, day))
        partial.unlink(missing_ok=True)
    except OSError as error:
        raise LocalError(f"the cache {folder} cannot be written: {error}") from error
    return Refreshed(len(so_far.endpoints), so_far.skipped, resumed, target)


def _with_page(so_far: _Partial, page: object) -> _Partial:
    models = page.get("models") if isinstance(page, Mapping) else None
    if not isinstance(page, Mapping) or not isinstance(models, list):
        raise Unreachable("the answer of fal's platform API is not a list of models")
    read = [endpoint_of(model) if isinstance(model, Mapping) else None for model in models]
    known = {endpoint.id: endpoint for endpoint in so_far.endpoints}
    known |= {endpoint.id: endpoint for endpoint in read if endpoint is not None}
    cursor = page.get("next_cursor") if page.get("has_more", True) else None
    if cursor is not None and (not isinstance(cursor, str) or cursor == so_far.cursor):
        raise Unreachable("the answer of fal's platform API has a next_cursor that cannot be used")
    return _Partial(tuple(known.values()), so_far.skipped + read.count(None), cursor or None)


def _partial_text(so_far: _Partial) -> bytes:
    head = json.dumps({"cursor": so_far.cursor, "skipped": so_far.skipped}).encode()
    return head + b"\n" + pack(so_far.endpoints, "")


def _read_partial(path: Path) -> _Partial:
    """The pages of an interrupted refresh; empty if there is none or its file is damaged."""
    try:
        head, _, packed = path.read_bytes().partition(b"\n")
        facts = json.loads(head)
        endpoints = tuple(Catalogue(packed).endpoints())
        return _Partial(endpoints, int(facts["skipped"]), str(facts["cursor"]))
    except (OSError, ValueError, LookupError, TypeError):
        return _Partial()


def _replace(path: Path, content: bytes) -> None:
    """Write the whole file or leave the one that is there."""
    part = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        part.write_bytes(content)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
