"""The options of a request as JSON, and a request from that JSON.

The JSON comes from the journal, or from a file that anyone may have written: each value is checked
for its type and its size, and nothing else is taken over. What it asks for is then planned like any
other request.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from openclaw_fal.errors import LocalError
from openclaw_fal.media import (
    KEYS,
    ImageRequest,
    Kind,
    MediaRequest,
    MediaType,
    MusicRequest,
    Reference,
    VideoRequest,
)

REQUESTS: Mapping[str, type[MediaRequest]] = {
    "image": ImageRequest,
    "video": VideoRequest,
    "music": MusicRequest,
}
FILES: Mapping[str, MediaType] = {"images": "image", "videos": "video", "audio_refs": "audio"}

LIMIT = 256 * 1024
"""Characters of the JSON of one request."""

_TEXT_LIMIT = 200_000
_APART = frozenset({"model", "unchecked"})  # a file may not say that it is not to be checked
_MOST_FILES = 64
_DEEPEST = 20
_BOOLEANS = frozenset({"audio", "watermark", "instrumental"})
_NUMBERS = frozenset({"count", "seed"})
_DURATION = "duration"

Locate = Callable[[MediaType, Mapping[str, object]], Reference]
"""The reference file that a document describes. Raises LocalError when it cannot be found."""


def request_document(
    request: MediaRequest, describe: Callable[[Reference], Mapping[str, object]]
) -> dict[str, object] | None:
    """The prompt and the options that were given, by the specification's names.

    None for a request that is too large to be kept.
    """
    document: dict[str, object] = {}
    for name, value in request.as_dict().items():
        if name in _APART or value is None or value == ():
            continue
        if name in FILES:
            document[KEYS[name]] = [describe(reference) for reference in value]  # type: ignore[attr-defined]
        else:
            document[KEYS[name]] = dict(value) if name == "params" else value  # type: ignore[call-overload]
    try:
        return document if len(json.dumps(document)) <= LIMIT else None
    except (TypeError, ValueError, RecursionError):
        return None


def request_from(
    kind: Kind, model: str, document: Mapping[str, object], locate: Locate
) -> MediaRequest:
    """The request that a document describes. Raises LocalError for one that breaks the rules."""
    cls = REQUESTS[kind]
    names = {KEYS[name]: name for name in cls.fields() if name not in _APART}
    values: dict[str, object] = {"prompt": ""}
    for key, value in document.items():
        name = names.get(key)
        if name is None:
            raise _broken(key)
        values[name] = _files(name, value, locate) if name in FILES else _value(name, value)
    return cls(model=model, **values)  # type: ignore[arg-type]


def _value(name: str, value: object) -> object:
    if name == "params":
        if isinstance(value, Mapping) and not _too_deep(value):
            return tuple((str(key), inner) for key, inner in value.items())
    elif name in _BOOLEANS:
        if isinstance(value, bool):
            return value
    elif name in _NUMBERS or (name == _DURATION and not isinstance(value, str)):
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if number and (isinstance(value, int) or name == _DURATION):
            return value
    elif isinstance(value, str) and len(value) <= _TEXT_LIMIT:
        return value
    raise _broken(KEYS[name])


def _files(name: str, value: object, locate: Locate) -> tuple[Reference, ...]:
    if not isinstance(value, list) or len(value) > _MOST_FILES:
        raise _broken(KEYS[name])
    references = []
    for item in value:
        if not isinstance(item, Mapping):
            raise _broken(KEYS[name])
        references.append(locate(FILES[name], item))
    return tuple(references)


def _too_deep(value: object) -> bool:
    layer = [value]
    for _ in range(_DEEPEST):
        inner: list[object] = []
        for item in layer:
            if isinstance(item, Mapping):
                inner += item.values()
            elif isinstance(item, list):
                inner += item
        layer = inner
    return bool(layer)


def _broken(key: str) -> LocalError:
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
