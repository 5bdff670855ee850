"""The body of a request as the journal keeps it: with a placeholder for each file.

A placeholder is `{"sha256", "size", "type"}`, and `url` if the file was uploaded to fal.
"""

from __future__ import annotations

import binascii
import json
import re
from collections.abc import Mapping

_DATA_URI = r"(?a)data:([\w.+-]+/[\w.+-]+)(?:;[\w.+=-]+)*;base64,"

Placeholder = dict[str, object]


def placeholder(sha256: str, size: int, mime_type: str, url: str | None = None) -> Placeholder:
    """The placeholder for a file of `size` bytes."""
    return {"sha256": sha256, "size": size, "type": mime_type} | ({"url": url} if url else {})


def is_placeholder(node: object) -> bool:
    """Whether a part of a kept body is a placeholder."""
    return isinstance(node, Mapping) and {"sha256", "size", "type"} <= node.keys()


def kept(body: Mapping[str, object]) -> dict[str, object]:
    """The body with a placeholder for each data URI; everything else is as it was sent."""
    return {name: _kept(value) for name, value in body.items()}


def fingerprint(endpoint: str, body: Mapping[str, object]) -> str:
    """A hash that is equal for two requests with equal endpoint, options and files.

    `body` is as `kept` returns it. The URLs of uploaded files make no difference.
    """
    from hashlib import sha256

    text = json.dumps(
        [endpoint, _without_urls(body)], sort_keys=True, separators=(",", ":"), ensure_ascii=True
    )
    return sha256(text.encode("ascii")).hexdigest()


def same_input(body: Mapping[str, object], logged: object) -> bool:
    """Whether an input that fal has logged is that of a request.

    `body` is as `kept` returns it. Fields that fal has added are ignored, and numbers are compared
    by value. Files are compared by their bytes or by the URL that they were uploaded to; a URL that
    fal has put in the place of the bytes equals any file.
    """
    return isinstance(logged, Mapping) and all(
        name in logged and _same(value, logged[name]) for name, value in body.items()
    )


def _kept(node: object) -> object:
    if isinstance(node, str):
        return _placeholder_of(node)
    if isinstance(node, Mapping):
        return {str(key): _kept(value) for key, value in node.items()}
    if isinstance(node, (list, tuple)):
        return [_kept(value) for value in node]
    return node


def _placeholder_of(text: str) -> object:
    """The placeholder for a data URI; any other text unchanged."""
    head = re.match(_DATA_URI, text) if text.startswith("data:") else None
    if head is None:
        return text
    try:
        data = binascii.a2b_base64(text[head.end() :], strict_mode=True)
    except binascii.Error:
        return text
    from hashlib import sha256

    return placeholder(sha256(data).hexdigest(), len(data), head[1])


def _without_urls(node: object) -> object:
    if is_placeholder(node):
        assert isinstance(node, Mapping)
        return {"sha256": node["sha256"], "size": node["size"]}
    if isinstance(node, Mapping):
        return {str(key): _without_urls(value) for key, value in node.items()}
    if isinstance(node, (list, tuple)):
        return [_without_urls(value) for value in node]
    return node


def _same(ours: object, logged: object) -> bool:
    if isinstance(ours, Mapping):
        return _same_file(ours, logged) if is_placeholder(ours) else same_input(ours, logged)
    if isinstance(ours, (list, tuple)):
        return (
            isinstance(logged, (list, tuple))
            and len(ours) == len(logged)
            and all(map(_same, ours, logged))
        )
    if isinstance(ours, bool) or isinstance(logged, bool):
        return ours is logged
    if isinstance(ours, float) and isinstance(logged, str):  # fal keeps numbers' digits as text
        return _number(logged) == ours
    return ours == logged


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _same_file(ours: Mapping[str, object], logged: object) -> bool:
    if not isinstance(logged, str):
        return False
    if "url" in ours:
        return bool(ours["url"] == logged)
    theirs = _placeholder_of(logged)
    if isinstance(theirs, dict):
        return bool(theirs["sha256"] == ours["sha256"])
    return logged.startswith(("http://", "https://"))
