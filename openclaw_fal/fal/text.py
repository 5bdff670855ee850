"""Text from a server, before anyone sees it: bounded, no control characters, no key."""

from __future__ import annotations

import re
from collections.abc import Mapping

LONGEST_MESSAGE = 1500
REDACTED = "[redacted]"
_ESCAPES = r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-_])"
_BIDI = "[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
_CONTROLS = r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+"
_SURROGATES = "[\ud800-\udfff]"
_WHOLE_KEY = 8  # shorter keys are no secrets, and hiding them would garble ordinary text
_HALF_KEY = 16
_SEARCHED = 2 * 1024 * 1024  # bytes of a body in which a key is found that is written in escapes


def clean(text: str, *, key: str | None = None, limit: int = LONGEST_MESSAGE) -> str:
    """One line that cannot drive a terminal, at most `limit` characters long, key redacted."""
    text = redact(text, key)[: limit * 4 + 200]
    if not text.isprintable():
        text = re.sub(_BIDI, "", re.sub(_ESCAPES, "", text))
        text = re.sub(_SURROGATES, "\ufffd", re.sub(_CONTROLS, " ", text))
        # Once more: what was taken out may have stood between the parts of the key.
        text = redact(text, key)
    text = text.strip()
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def redact(text: str, key: str | None) -> str:
    """`text` without the key, and without the halves of an `<id>:<secret>` key."""
    for secret in _secrets(key):
        text = text.replace(secret, REDACTED)
    return text


def redact_bytes(data: bytes, key: str | None) -> bytes:
    """A body without the key or its secret half. The id stays, since other names may hold it."""
    for secret in _secrets(key)[:2]:
        raw = secret.encode()
        if raw in data:
            data = data.replace(raw, REDACTED.encode())
        if b"\\" in data and len(data) <= _SEARCHED:
            data = re.sub(_escaped(secret), REDACTED.encode(), data)
    return data


def redact_headers(headers: Mapping[str, str], key: str | None) -> dict[str, str]:
    """The headers of an answer to a request that carried the key."""
    return {redact(name, key): redact(value, key) for name, value in headers.items()}


def _escaped(secret: str) -> bytes:
    """A pattern for a secret of which any character may stand as a JSON escape (`\\u0061`)."""
    either = (
        rf"(?:\\?{re.escape(char)}|\\u00{ord(char) >> 4:x}[{ord(char) & 15:x}{ord(char) & 15:X}])"
        for char in secret
    )
    return "".join(either).encode()


def _secrets(key: str | None) -> list[str]:
    """The key, then its secret half, then its id; what is too short to be secret is left out."""
    if not key or len(key) < _WHOLE_KEY:
        return []
    first, colon, second = key.partition(":")
    halves = [half for half in (second, first) if colon and len(half) >= _HALF_KEY]
    return [key, *halves]
