"""Text that is safe for a terminal, and plain tables for pipes and narrow screens."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import TextIO

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
    """`text` with every secret replaced. Short strings are no secrets: they would hide words."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= 4 and secret in text:
            text = text.replace(secret, "[redacted]")
    return text


def plain_table(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> str:
    """Aligned columns; the last one wraps into what is left of `width`."""
    heads = [column.upper() for column in columns]
    cells = [heads, *rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(columns) - 1)]
    indent = sum(widths) + 2 * len(widths)
    lines = []
    for row in cells:
        start = "".join(f"{cell:<{w}}  " for cell, w in zip(row, widths, strict=False))
        last = textwrap.wrap(row[-1], max(width - indent, 20)) or [""]
        lines.append((start + last[0]).rstrip())
        lines.extend(" " * indent + more for more in last[1:])
    return "\n".join(lines)


def write_safely(stream: TextIO, text: str) -> None:
    """Write to a text stream whose encoding may not know every character (Windows code pages)."""
    try:
        stream.write(text)
    except UnicodeEncodeError:
        encoding = getattr(stream, "encoding", None) or "ascii"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
