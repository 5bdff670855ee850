"""The exact body of a request as the journal keeps it: files by their marks, no bytes of them.

A mark is `{"sha256", "size", "type"}`, with the `url` that an uploaded file was given by fal.
"""

from __future__ import annotations

import binascii
import json
import re
from collections.abc import Mapping

_DATA_URI = r"(?a)data:([\w.+-]+/[\w.+-]+)(?:;[\w.+=-]+)*;base64,"

Mark = dict[str, object]


def mark(sha256: str, size: int, mime_type: str, url: str | None = None) -> Mark:
    """What stands for a file of `size` bytes."""
    return {"sha256": sha256, "size": size, "type": mime_type} | ({"url": url} if url else {})


def is_mark(node: object) -> bool:
    """Whether a part of a kept body stands for a file."""
    return isinstance(node, Mapping) and {"sha256", "size", "type"} <= node.keys()


def kept(body: Mapping[str, object]) -> dict[str, object]:
    """The body with each data URI as its mark; everything else is as it was sent."""
    return {name: _kept(value) for name, value in body.items()}


def fingerprint(endpoint: str, body: Mapping[str, object]) -> str:
    """The same for two requests that ask for the same: equal endpoint, options and files.

    `body` is as `kept` gives it. Where an uploaded file went makes no difference.
    """
    from hashlib import sha256

    text = json.dumps(
        [endpoint, _without_urls(body)], sort_keys=True, separators=(",", ":"), ensure_ascii=True
    )
    return sha256(text.encode("ascii")).hexdigest()


def same_input(body: Mapping[str, object], seen: object) -> bool:
    """Whether an input that fal has logged is that of a request.

    `body` is as `kept` gives it. A field that fal has added is no difference, and numbers are equal
    by value. A file is equal by its bytes, or by the URL that it was uploaded to; where fal has put
    a URL of its own in the place of the bytes, nothing more can be compared.
    """
    return isinstance(seen, Mapping) and all(
        name in seen and _same(value, seen[name]) for name, value in body.items()
    )


def _kept(node: object) -> object:
    if isinstance(node, str):
        return _marked(node)
    if isinstance(node, Mapping):
        return {str(key): _kept(value) for key, value in node.items()}
    if isinstance(node, (list, tuple)):
        return [_kept(value) for value in node]
    return node


def _marked(text: str) -> object:
    """A data URI as its mark; any other text as it is."""
    head = re.match(_DATA_URI, text) if text.startswith("data:") else None
    if head is None:
        return text
    try:
        data = binascii.a2b_base64(text[head.end() :], strict_mode=True)
    except binascii.Error:
        return text
    from hashlib import sha256

    return mark(sha256(data).hexdigest(), len(data), head[1])


def _without_urls(node: object) -> object:
    if is_mark(node):
        assert isinstance(node, Mapping)
        return {"sha256": node["sha256"], "size": node["size"]}
    if isinstance(node, Mapping):
        return {str(key): _without_urls(value) for key, value in node.items()}
    if isinstance(node, (list, tuple)):
        return [_without_urls(value) for value in node]
    return node


def _same(ours: object, seen: object) -> bool:
    if isinstance(ours, Mapping):
        return _same_file(ours, seen) if is_mark(ours) else same_input(ours, seen)
    if isinstance(ours, (list, tuple)):
        return (
            isinstance(seen, (list, tuple))
            and len(ours) == len(seen)
            and all(map(_same, ours, seen))
        )
    if isinstance(ours, bool) or isinstance(seen, bool):
        return ours is seen
    if isinstance(ours, float) and isinstance(seen, str):  # fal's numbers, with all their digits
        return _number(seen) == ours
    return ours == seen


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _same_file(ours: Mapping[str, object], seen: object) -> bool:
    if not isinstance(seen, str):
        return False
    if "url" in ours:
        return bool(ours["url"] == seen)
    theirs = _marked(seen)
    if isinstance(theirs, dict):
        return bool(theirs["sha256"] == ours["sha256"])
    return seen.startswith(("http://", "https://"))
