"""What the readers of JSON5 agree on."""

from __future__ import annotations

MAX_DEPTH = 200
"""Objects and lists within each other; a text beyond this is refused, never a crash."""

NUMBER = (
    r"[+-]?(?:0[xX][0-9a-fA-F]+|Infinity|NaN"
    r"|(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
)
"""The regular expression of a JSON5 number."""
