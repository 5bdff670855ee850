"""Decodes data URIs piece by piece: they may be too large to hold twice in memory."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from urllib.parse import unquote, unquote_to_bytes

PIECE = 1024 * 1024
_HEAD = r"(?i)data:[^,;]*((?:;[^,;]*)*),"
_URL_SAFE = str.maketrans("-_", "+/")


def data_uri_bytes(uri: str) -> Iterator[bytes]:
    """The decoded bytes, in pieces. Raises ValueError when the data URI is malformed."""
    head = re.match(_HEAD, uri[:1024])
    if head is None:
        raise ValueError("this is no data URI")
    if head[1].lower().endswith(";base64"):
        return _base64(uri, head.end())
    return _percent(uri, head.end())


def _base64(uri: str, start: int) -> Iterator[bytes]:
    if "%" in uri[start : start + PIECE]:
        uri, start = unquote(uri[start:]), 0
    carry = ""  # characters of an incomplete group of four
    for position in range(start, len(uri), PIECE):
        text = uri[position : position + PIECE]
        text = carry + "".join(text.split()).translate(_URL_SAFE)
        whole = len(text) // 4 * 4
        text, carry = text[:whole], text[whole:]
        yield _decoded(text)
    if carry:
        yield _decoded(carry + "=" * (-len(carry) % 4))


def _decoded(text: str) -> bytes:
    try:
        return binascii.a2b_base64(text, strict_mode=True) if text else b""
    except (ValueError, binascii.Error):
        raise ValueError("its base64 is broken") from None


def _percent(uri: str, start: int) -> Iterator[bytes]:
    position = start
    while position < len(uri):
        end = min(position + PIECE, len(uri))
        # Do not cut a %XX in two.
        mark = uri.rfind("%", end - 2, end)
        if mark >= 0 and end < len(uri):
            end = mark if mark > position else end
        yield unquote_to_bytes(uri[position:end])
        position = end
