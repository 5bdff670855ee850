"""The options of a request as JSON, and a request from that JSON.

The JSON comes from the journal, or from a file that anyone may have written: the size of each value
is checked as well as its type. What it asks for is then planned like any other request.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from openclaw_fal import options
from openclaw_fal.errors import CapabilityError, LocalError
from openclaw_fal.media import REFERENCES, Kind, MediaRequest, MediaType, Reference
from openclaw_fal.parameters import KEYS

LIMIT = 256 * 1024
"""Characters of the JSON of one request."""

_TEXT_LIMIT = 200_000
_APART = frozenset({"model", "unchecked"})  # a file may not say that it is not to be checked
_FILES = {KEYS[name]: media for name, media in REFERENCES.items()}
_MOST_FILES = 64
_DEEPEST = 20

Locate = Callable[[MediaType, Mapping[str, object]], Reference]
"""The reference file that a document describes. Raises LocalError when it cannot be found."""


def request_document(
    request: MediaRequest, describe: Callable[[Reference], Mapping[str, object]]
) -> dict[str, object] | None:
    """The prompt and the options that were given, by the specification's names.

    None for a request that is too large to be kept.
    """
    given = options.options_of(request, describe)
    document = {key: value for key, value in given.items() if key not in _APART}
    try:
        return document if len(json.dumps(document)) <= LIMIT else None
    except (TypeError, ValueError, RecursionError):
        return None


def request_from(
    kind: Kind, model: str, document: Mapping[str, object], locate: Locate
) -> MediaRequest:
    """The request that a document describes. Raises LocalError for one that breaks the rules."""
    given: dict[str, object] = {"model": model}
    for key, value in document.items():
        if key in _APART or not _within_bounds(value):
            raise _damaged(key)
        given[key] = _references(key, value, locate) if key in _FILES else value
    try:
        return options.request_from(kind, given)
    except CapabilityError as error:
        raise _damaged(error.violations[0].key) from error


def _references(key: str, value: object, locate: Locate) -> list[Reference]:
    if not isinstance(value, list):
        raise _damaged(key)
    references = []
    for description in value:
        if not isinstance(description, Mapping):
            raise _damaged(key)
        references.append(locate(_FILES[key], description))
    return references


def _within_bounds(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= _TEXT_LIMIT
    if isinstance(value, list) and len(value) > _MOST_FILES:
        return False
    return not options.is_deeper(value, _DEEPEST)


def _damaged(key: str) -> LocalError:
    return LocalError(f"what was kept of the request is damaged: {key[:60]!r} cannot be")


def public(node: object) -> object:
    """A kept body or request without what is nobody's business: files by their SHA-256 and size,
    URLs by theirs. A prompt that holds a URL stays as it is: only whole values are URLs."""
    if isinstance(node, str):
        return {"urlSha256": sha256_of(node)} if _is_url(node) else node
    if isinstance(node, Mapping):
        if "sha256" in node:
            return {key: node[key] for key in ("sha256", "size", "type") if key in node}
        if "url" in node and len(node) == 1:
            return public(node["url"])
        return {str(key): public(value) for key, value in node.items()}
    if isinstance(node, (list, tuple)):
        return [public(item) for item in node]
    return node


def _is_url(text: str) -> bool:
    return text[:8].lower().startswith(("http://", "https://", "data:")) and " " not in text


def sha256_of(text: str) -> str:
    """The SHA-256 of a text, in hexadecimal."""
    from hashlib import sha256

    return sha256(text.encode("utf-8", "replace")).hexdigest()
