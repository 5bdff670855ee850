"""Text on its way to a person, a terminal or a program: safe, bounded, and without secrets."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TextIO

REDACTED = "[redacted]"
LONGEST_MESSAGE = 1500
SHORTEST_SECRET = 16
"""Characters. What is shorter is not searched for: it would hide parts of ordinary words."""

_ESCAPES = r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-_])"
# Characters that change the direction of text: a line can be made to read as something else.
_DIRECTION = "[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
_DIRECTION_CODES = {*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C}
_CONTROLS = r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+"
_SURROGATES = "[\ud800-\udfff]"
_SEARCHED_FOR_ESCAPES = 2 * 1024 * 1024  # bytes of a body
# Names that a message may begin with and that keep their capital letter.
_NAMES = {"Flux", "Kling", "Krea", "Python", "Seedance", "Veo", "Wan", "Windows"}


def safe(text: str, *, keep_newlines: bool = True) -> str:
    """`text` with control characters shown as escapes, so that it cannot drive the terminal."""
    if text.isprintable():
        return text
    return "".join(_visible(char, keep_newlines) for char in text)


def _visible(char: str, keep_newlines: bool) -> str:
    if char == "\n" and keep_newlines:
        return char
    if char == "\t":
        return "    "
    code = ord(char)
    if code < 0x20 or 0x7F <= code < 0xA0 or code in _DIRECTION_CODES or 0xD800 <= code < 0xE000:
        return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    if code in (0x2028, 0x2029):
        return f"\\u{code:04x}"
    return char


def clean(text: str, *, key: str | None = None, limit: int = LONGEST_MESSAGE) -> str:
    """A server's text as one line without control characters and key, of at most `limit`
    characters."""
    text = redacted(text, [key])[: limit * 4 + 200]
    if not text.isprintable():
        text = re.sub(_DIRECTION, "", re.sub(_ESCAPES, "", text))
        text = re.sub(_SURROGATES, "\ufffd", re.sub(_CONTROLS, " ", text))
        # Again: the characters that were taken out may have stood between parts of the key.
        text = redacted(text, [key])
    text = text.strip()
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def redacted(text: str, secrets: Iterable[str | None]) -> str:
    """`text` without the secrets, and without the long halves of an `<id>:<secret>` key."""
    parts = {part for secret in secrets for part in _parts(secret)}
    for part in sorted(parts, key=len, reverse=True):
        text = text.replace(part, REDACTED)
    return text


def redacted_bytes(data: bytes, key: str | None) -> bytes:
    """A body without the key and its secret half. The id stays, since other names may hold it."""
    for part in _parts(key)[:2]:
        raw = part.encode()
        if raw in data:
            data = data.replace(raw, REDACTED.encode())
        if b"\\" in data and len(data) <= _SEARCHED_FOR_ESCAPES:
            data = re.sub(_pattern_with_escapes(part), REDACTED.encode(), data)
    return data


def redacted_headers(headers: Mapping[str, str], key: str | None) -> dict[str, str]:
    """The headers of an answer to a request that carried the key."""
    everything = "\n".join((*headers, *headers.values()))
    if not any(part in everything for part in _parts(key)):
        return dict(headers)
    return {redacted(name, [key]): redacted(value, [key]) for name, value in headers.items()}


def _parts(secret: str | None) -> list[str]:
    """The key, then its secret half, then its id; parts that are too short are left out."""
    if not secret or len(secret) < SHORTEST_SECRET:
        return []
    first, colon, second = secret.partition(":")
    return [secret, *(half for half in (second, first) if colon and len(half) >= SHORTEST_SECRET)]


def _pattern_with_escapes(secret: str) -> bytes:
    """A pattern for a secret of which any character may stand as a JSON escape (`\\u0061`)."""
    either = (
        rf"(?:\\?{re.escape(char)}|\\u00{ord(char) >> 4:x}[{ord(char) & 15:x}{ord(char) & 15:X}])"
        for char in secret
    )
    return "".join(either).encode()


def redacted_json(node: object, secrets: Iterable[str]) -> object:
    """A document as plain JSON with secrets removed from its values, and numbers that JSON lacks
    as text. Its keys are our own names, and stay."""
    if isinstance(node, str):
        return redacted(node, secrets)
    if isinstance(node, Mapping):
        return {str(key): redacted_json(value, secrets) for key, value in node.items()}
    if isinstance(node, (list, tuple)):
        return [redacted_json(value, secrets) for value in node]
    if node is None or isinstance(node, (bool, int)):
        return node
    if isinstance(node, float) and math.isfinite(node):
        return node
    return redacted(str(node), secrets)


def json_for_terminals(text: str) -> str:
    """JSON with control and direction characters escaped, which JSON itself allows."""
    if text.replace("\n", "").isprintable():
        return text
    return "".join(
        f"\\u{ord(char):04x}" if 0x7F <= ord(char) < 0xA0 or ord(char) in _DIRECTION_CODES else char
        for char in text
    )


def lower_start(text: str) -> str:
    """A message of fal or of a library as it stands after `error:`, without a capital letter unless
    it begins with a name. Messages of ours may begin with the name of a file: not for them."""
    word = re.match(r"[A-Z][a-z]*(?=[ ,:;.]|$)", text)
    if word is None or word[0] in _NAMES:
        return text
    return text[0].lower() + text[1:]


def counted(count: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def split_words(key: str) -> str:
    """`maxReferenceImages` → `max reference images`."""
    return re.sub(r"(?<=[a-z])[A-Z]", lambda capital: f" {capital[0].lower()}", key)


def reason(failure: OSError) -> str:
    """Why a call of the operating system failed: `no space left on device`."""
    words = failure.strerror or str(failure) or type(failure).__name__
    return words[:1].lower() + words[1:]


def write_safely(stream: TextIO, text: str) -> None:
    """Write to a text stream whose encoding may not know every character (Windows code pages)."""
    try:
        stream.write(text)
    except UnicodeEncodeError:
        encoding = getattr(stream, "encoding", None) or "ascii"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
