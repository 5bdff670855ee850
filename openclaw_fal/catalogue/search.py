"""Searches a catalogue by words: search(catalogue, "kling image", kind="video")."""

from __future__ import annotations

from collections.abc import Iterable

from openclaw_fal.catalogue.read import Catalogue, family
from openclaw_fal.frozen import Frozen
from openclaw_fal.media import Endpoint, EndpointKind

LIMIT = 20
# The score of a word by what it matches: a part of the id, the beginning of a part, any text of the
# id, the kind, the name of an input field, any text of such a name.
PART, PART_BEGINNING, IN_ID, KIND, FIELD, FIELD_PART = 12, 8, 5, 6, 3, 1


class Hit(Frozen):
    """An endpoint that matches, and how well (a higher score is better)."""

    endpoint: Endpoint
    family: str
    score: int


def search(
    catalogue: Catalogue,
    words: str,
    *,
    kind: EndpointKind | None = None,
    also: Iterable[Endpoint] = (),
    limit: int = LIMIT,
) -> list[Hit]:
    """The endpoints whose id, kind or input fields match every word, the best match first.

    `also` are endpoints that the catalogue may lack, such as those of the table. Endpoints of kind
    `other` are included only if that kind is given.
    """
    wanted = words.lower().split()
    known = {endpoint.id: endpoint for endpoint in (*also, *catalogue.endpoints())}
    hits = []
    for endpoint in known.values():
        if (kind is None and endpoint.kind == "other") or (kind and endpoint.kind != kind):
            continue
        scores = [_score(word, endpoint) for word in wanted]
        if all(scores):
            hits.append(Hit(endpoint, family(endpoint.id), sum(scores)))
    hits.sort(key=lambda hit: (-hit.score, len(hit.endpoint.id), hit.endpoint.id))
    return hits[:limit]


def _score(word: str, endpoint: Endpoint) -> int:
    """How well one word matches an endpoint; 0 if it does not."""
    parts = endpoint.id.lower().split("/")
    names = endpoint.properties
    if word in parts or word == endpoint.id.lower():
        return PART
    if any(piece == word for part in parts for piece in part.split("-")):
        return PART_BEGINNING + 1
    if any(part.startswith(word) for part in parts):
        return PART_BEGINNING
    if word in endpoint.id.lower():
        return IN_ID
    if word.removesuffix("s") == endpoint.kind:
        return KIND
    if word in names:
        return FIELD
    return FIELD_PART if any(word in name for name in names) else 0
