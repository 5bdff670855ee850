"""Limits and patterns that both JSON5 readers share."""

from __future__ import annotations

MAX_DEPTH = 200
"""The deepest nesting of objects and lists; deeper texts are refused."""

NUMBER = (
    r"[+-]?(?:0[xX][0-9a-fA-F]+|Infinity|NaN"
    r"|(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
)
"""The regular expression of a JSON5 number."""
