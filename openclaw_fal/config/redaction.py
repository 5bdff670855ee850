"""Removes secrets from values and texts that are shown. References to secrets stay."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from openclaw_fal.json5.path import KeyPath, get_at
from openclaw_fal.store.key_format import REDACTED

if TYPE_CHECKING:
    from openclaw_fal.json5.scan import Node

# Not compiled here: every run imports this module, but few show a config.
_SECRET = (
    r"(?i)(token|secret|passw(or)?d|passphrase|credential|cookie|bearer|authorization"
    r"|service_?account|(api|private|secret|access|signing|encrypt(ion)?)[-_ ]?key)s?$"
)
_SECRET_VARIABLE = r"(^|_)(KEY|PAT|PASS|AUTH)$"
_REFERENCE = r"\s*\$\{[A-Za-z_][A-Za-z0-9_]*\}\s*"
_USERINFO = r"(://)[^/@\s]+@"
_IN_QUERY = r"(?i)([?&][^=&#\s\"']*(?:key|token|secret|password|auth|sig)[^=&#\s\"']*=)[^&#\s\"']+"
_IN_COMMENT = (
    r"(?i)((?:key|token|secret|password|passphrase|credential)s?[\"']?\s*[:=]\s*)"
    r"([\"']?)(?!__OPENCLAW|\$\{|\[|\{)[^\s\"',}\]]{8,}\2"
)
_FAL_KEY = r"[A-Za-z0-9_-]{8,}:[A-Za-z0-9_-]{16,}"
_LINE_END = r"\r\n|\n|\r"


def is_secret(key: str | int) -> bool:
    """Whether a key names a secret: `apiKey`, `botToken`, `password`, `OPENAI_API_KEY` …"""
    name = str(key)
    return bool(re.search(_SECRET, name) or re.search(_SECRET_VARIABLE, name))


def redacted(value: object, path: KeyPath = ()) -> object:
    """A value without secrets. `path` is its path in the config: a key in it may name a secret.

    References (`${NAME}`, `{source, provider, id}`) are not secrets and stay.
    """
    return _redacted(value, secret=any(is_secret(key) for key in path))


def diff(before: str, after: str, name: str) -> str:
    """The change as a unified diff without secrets; a secret that changes is marked `(new)`."""
    import difflib

    from openclaw_fal.json5.scan import plain, scan

    old = scan(before, name) if before.strip("\ufeff \t\r\n") else None
    new = scan(after, name)
    values = plain(old) if old else {}
    lines = difflib.unified_diff(
        re.split(_LINE_END, _masked(before, old, values)) if old else [],
        re.split(_LINE_END, _masked(after, new, values)),
        f"{name} (before)",
        f"{name} (after)",
        lineterm="",
    )
    return "\n".join(line.rstrip("\n") for line in lines)


def _redacted(value: object, *, secret: bool) -> object:
    if isinstance(value, dict):
        if _is_reference(value):
            return value
        return {
            key: _redacted(inner, secret=secret or is_secret(key)) for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_redacted(inner, secret=secret) for inner in value]
    if not isinstance(value, str):
        return value
    return REDACTED if secret and _is_secret_text(value) else shown_text(value)


def shown_text(text: str) -> str:
    """A text without the secrets in its URLs: user names and passwords, keys in the query."""
    return re.sub(_IN_QUERY, r"\1***", re.sub(_USERINFO, r"\1***@", text))


def _is_reference(value: dict[str, object]) -> bool:
    """Whether an object says where a secret is, and is not a mistaken copy of the secret."""
    source, name = value.get("source"), value.get("id")
    if not isinstance(source, str) or not isinstance(name, str):
        return False
    if source == "env":
        return bool(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name))
    return bool(re.fullmatch("[a-z]{1,20}", source)) and not re.fullmatch(_FAL_KEY, name)


def _is_secret_text(text: str) -> bool:
    return bool(text) and not re.fullmatch(_REFERENCE, text)


def _masked(text: str, root: Node, before: object) -> str:
    for node, path in reversed(list(_secrets(root, (), secret=False))):
        shown = REDACTED if get_at(before, path) == node.value else f"{REDACTED} (new)"
        text = f'{text[: node.start]}"{shown}"{text[node.end :]}'
    return shown_text(re.sub(_IN_COMMENT, rf"\1\2{REDACTED}\2", text))


def _secrets(node: Node, path: KeyPath, *, secret: bool) -> Iterator[tuple[Node, KeyPath]]:
    if node.kind == "object" and _is_reference({str(i.key): i.value.value for i in node.items}):
        return
    if node.kind == "string" and secret and _is_secret_text(str(node.value)):
        yield node, path
    for item in node.items:
        inner = secret or is_secret(item.key)
        yield from _secrets(item.value, (*path, item.key), secret=inner)
