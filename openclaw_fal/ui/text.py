"""Text that is safe for a terminal and reads like the rest."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, TextIO

# Bidirectional overrides can make a line read as something else than it is.
_BIDI = {*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C}


def safe(text: str, *, keep_newlines: bool = True) -> str:
    """`text` with control characters shown as escapes, so that it cannot drive the terminal."""
    if text.isprintable():
        return text
    return "".join(_shown(char, keep_newlines) for char in text)


def _shown(char: str, keep_newlines: bool) -> str:
    if char == "\n" and keep_newlines:
        return char
    if char == "\t":
        return "    "
    code = ord(char)
    if code < 0x20 or 0x7F <= code < 0xA0 or code in _BIDI or 0xD800 <= code < 0xE000:
        return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    if code in (0x2028, 0x2029):
        return f"\\u{code:04x}"
    return char


def redacted(text: str, secrets: Iterable[str]) -> str:
    """`text` with every secret replaced, and the long halves of an `<id>:<secret>` one. Short
    strings are no secrets: they would hide words."""
    found = {secret for secret in secrets if len(secret) >= 4}
    for secret in list(found):
        first, colon, second = secret.partition(":")
        found.update(half for half in (first, second) if colon and len(half) >= 16)
    for secret in sorted(found, key=len, reverse=True):
        text = text.replace(secret, "[redacted]")
    return text


def presentable(node: Any, secrets: Iterable[str]) -> Any:
    """A document as plain JSON: every secret in its texts replaced (in the values themselves, where
    no escape hides one and replacing breaks nothing), numbers that JSON lacks as text."""
    if isinstance(node, str):
        return redacted(node, secrets)
    if isinstance(node, Mapping):
        return {
            redacted(str(key), secrets): presentable(value, secrets) for key, value in node.items()
        }
    if isinstance(node, (list, tuple)):
        return [presentable(value, secrets) for value in node]
    if node is None or isinstance(node, (bool, int)):
        return node
    if isinstance(node, float) and math.isfinite(node):
        return node
    return redacted(str(node), secrets)


def json_for_terminals(text: str) -> str:
    """JSON in which the control and direction characters that JSON allows are escaped, too."""
    if text.replace("\n", "").isprintable():
        return text
    return "".join(
        f"\\u{ord(char):04x}" if 0x7F <= ord(char) < 0xA0 or ord(char) in _BIDI else char
        for char in text
    )


# Words that a sentence of ours may begin with and that keep their capital letter.
_NAMES = {"Flux", "Kling", "Krea", "Python", "Seedance", "Veo", "Wan", "Windows"}


def said(text: str) -> str:
    """A message as it stands after `error:` or `note:`: no capital letter but in names."""
    word = re.match(r"[A-Z][a-z]*(?=[ ,:;.]|$)", text)
    if word is None or word[0] in _NAMES:
        return text
    return text[0].lower() + text[1:]


def in_words(key: str) -> str:
    """`maxReferenceImages` → `max reference images`."""
    return re.sub(r"(?<=[a-z])[A-Z]", lambda found: f" {found[0].lower()}", key)


def write_safely(stream: TextIO, text: str) -> None:
    """Write to a text stream whose encoding may not know every character (Windows code pages)."""
    try:
        stream.write(text)
    except UnicodeEncodeError:
        encoding = getattr(stream, "encoding", None) or "ascii"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
