"""Turns the options of a request into JSON, and that JSON into a request.

The JSON comes from the journal or from a file that anyone may have written, so the size of each
value is checked as well as its type.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from openclaw_fal import options
from openclaw_fal.errors import CapabilityError, LocalError
from openclaw_fal.media import REFERENCES, Kind, MediaRequest, MediaType, Reference
from openclaw_fal.parameters import KEYS

LIMIT = 256 * 1024
"""The most characters of the JSON of a request."""

_TEXT_LIMIT = 200_000
# Not options of the document: the model is given apart, and a file must not switch off the checks.
_EXCLUDED = frozenset({"model", "unchecked"})
_FILES = {KEYS[name]: media for name, media in REFERENCES.items()}
_MOST_FILES = 64
_DEEPEST = 20

Locate = Callable[[MediaType, Mapping[str, object]], Reference]
"""The reference file that a document describes. Raises LocalError when it cannot be found."""


def request_document(
    request: MediaRequest, describe: Callable[[Reference], Mapping[str, object]]
) -> dict[str, object] | None:
    """The prompt and the given options, under the specification's names; `describe` gives the JSON
    of a reference file. None for a request that is too large to be kept."""
    given = options.options_of(request, describe)
    document = {key: value for key, value in given.items() if key not in _EXCLUDED}
    try:
        return document if len(json.dumps(document)) <= LIMIT else None
    except (TypeError, ValueError, RecursionError):
        return None


def request_from(
    kind: Kind, model: str, document: Mapping[str, object], locate: Locate
) -> MediaRequest:
    """The request that a document describes. Raises LocalError for an invalid document."""
    given: dict[str, object] = {"model": model}
    for key, value in document.items():
        if key in _EXCLUDED or not _within_bounds(value):
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
    return LocalError(f"the kept options of the request are damaged: {key[:60]!r} is not valid")


def public(node: object) -> object:
    """A kept body or request without private data: a file becomes its SHA-256, size and type, a URL
    its SHA-256. A URL within a longer text, such as a prompt, is kept."""
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
