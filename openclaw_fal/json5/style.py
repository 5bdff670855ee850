"""The style of a JSON5 text, so that new members look like their neighbours."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from openclaw_fal.json5.scan import INLINE_BLANK, Item, Node, skipped

Quote = Literal["", '"', "'"]

_NEWLINE = re.compile(r"\r\n|\n|\r")
_LINE_HEAD = re.compile(
    rf"(?>{INLINE_BLANK.pattern}+/\*(?:[^*\n\r]|\*(?!/))*+\*/)*+{INLINE_BLANK.pattern}+"
)
_INDENT = re.compile(r"[ \t]*")
_COLON = re.compile(r"[ \t]?:[ \t]?")
_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_LINE_SEPARATORS = {"\u2028": "\\u2028", "\u2029": "\\u2029"}
_ONE_LINE_LIST = 72


class Raw(str):
    """JSON5 text: `render` copies it unchanged."""


@dataclass(frozen=True, slots=True)
class Style:
    """How values are written. `unit`: one step of indentation; `key_quote`: empty for bare keys;
    `trailing`: whether the last member on a line of its own has a comma."""

    newline: str = "\n"
    unit: str = "  "
    key_quote: Quote = '"'
    quote: Literal['"', "'"] = '"'
    colon: str = ": "
    trailing: bool = False
    inline_lists: bool = False

    @property
    def gap(self) -> str:
        """The space between members on one line."""
        return " " if self.colon.endswith((" ", "\t")) else ""


def style_at(text: str, chain: list[Node]) -> Style:
    """The style at the last container of a chain that begins at the root.

    A style that the container does not show comes from the containers around it, then from the rest
    of the text.
    """
    near = list(reversed(chain))  # nearest container first
    key_quote = _key_quote(text, near)
    return Style(
        newline=_newline(text, near[0]),
        unit=_unit(text, near),
        key_quote=key_quote,
        quote=_string_quote(text, near) or ("'" if key_quote == "'" else '"'),
        colon=_colon(text, near),
        trailing=_trailing(text, near),
        inline_lists=_inline_lists(text, chain[0], key_quote),
    )


def line_start(text: str, at: int) -> int:
    """Where the line of a position begins."""
    return max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1


def starts_line(text: str, at: int) -> bool:
    """Whether only white space stands before the position on its line."""
    match = INLINE_BLANK.match(text, line_start(text, at), at)
    return match is not None and match.end() == at


def heads_line(text: str, at: int) -> bool:
    """Whether only white space and comments stand before the position on its line."""
    return _LINE_HEAD.fullmatch(text, line_start(text, at), at) is not None


def indent_at(text: str, at: int) -> str:
    """The indentation of the line of a position, without a byte order mark."""
    start = line_start(text, at)
    match = _INDENT.match(text, start + text.startswith("\ufeff", start))
    assert match is not None
    return match.group()


def render(value: object, style: Style, indent: str, expanded: bool) -> str:
    """A value as JSON5 text; `expanded` puts members on lines of their own, after `indent`."""
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, dict):
        inner_indent = indent + style.unit
        members = [
            render_key(str(key), style) + style.colon + render(inner, style, inner_indent, expanded)
            for key, inner in value.items()
        ]
        return _container(members, "{}", style, indent, expanded, style.gap)
    if isinstance(value, list):
        spread = expanded and not (style.inline_lists and _short(value))
        members = [render(inner, style, indent + style.unit, spread) for inner in value]
        return _container(members, "[]", style, indent, spread, "")
    return _scalar(value, style.quote)


def render_key(key: str, style: Style) -> str:
    """A key: bare if the neighbours are bare and the key allows it, else with quotes."""
    if not style.key_quote and _NAME.fullmatch(key):
        return key
    return _string(key, style.key_quote or style.quote)


def _container(
    members: list[str], brackets: str, style: Style, indent: str, expanded: bool, pad: str
) -> str:
    opening, closing = brackets[0], brackets[1]
    if not members:
        return brackets
    if not expanded:
        return opening + pad + f",{style.gap}".join(members) + pad + closing
    line = style.newline + indent + style.unit
    end = "," if style.trailing else ""
    return opening + line + f",{line}".join(members) + end + style.newline + indent + closing


def _scalar(value: object, quote: str) -> str:
    if isinstance(value, str):
        return _string(value, quote)
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, int):
        # Python refuses to format very long decimal numbers, but not hexadecimal ones.
        return str(value) if value.bit_length() < 10_000 else hex(value)
    if isinstance(value, float):
        if math.isnan(value):
            return "NaN"
        return repr(value) if math.isfinite(value) else ("Infinity" if value > 0 else "-Infinity")
    raise TypeError(f"{type(value).__name__} is not a JSON5 value")


def _string(text: str, quote: str) -> str:
    body = json.dumps(text, ensure_ascii=False)[1:-1]
    if quote == "'":
        body = body.replace('\\"', '"').replace("'", "\\'")
    for char, escape in _LINE_SEPARATORS.items():
        body = body.replace(char, escape)
    body = re.sub("[\ud800-\udfff\x7f\ufeff]", lambda match: f"\\u{ord(match.group()):04x}", body)
    return quote + body + quote


def _short(value: list[object]) -> bool:
    if any(isinstance(inner, (dict, list)) for inner in value):
        return False
    return len(json.dumps(value, default=str)) <= _ONE_LINE_LIST


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    for item in node.items:
        yield from _nodes(item.value)


def _key_quote(text: str, near: list[Node]) -> Quote:
    for node in near:
        if node.kind == "object" and node.items:
            quotes = [_quote_at(text, item.start) for item in node.items]
            return "" if "" in quotes else quotes[-1]
    return '"'


def _string_quote(text: str, near: list[Node]) -> Literal['"', "'"] | None:
    for node in near:
        for item in reversed(node.items):
            if item.value.kind == "string":
                return "'" if text[item.value.start] == "'" else '"'
    for node in _nodes(near[-1]):
        if node.kind == "string":
            return "'" if text[node.start] == "'" else '"'
    return None


def _quote_at(text: str, at: int) -> Quote:
    char = text[at]
    return '"' if char == '"' else "'" if char == "'" else ""


def _colon(text: str, near: list[Node]) -> str:
    for node in near:
        if node.kind == "object" and node.items:
            last = node.items[-1]
            match = _COLON.fullmatch(text, last.key_end, last.value.start)
            return match.group() if match else ": "
    return ": "


def _newline(text: str, node: Node) -> str:
    """The line end before the last member, else the first one of the text."""
    at = node.items[-1].start if node.items else node.end
    start = line_start(text, at)
    if start:
        return "\r\n" if text[start - 2 : start] == "\r\n" else text[start - 1]
    first = _NEWLINE.search(text)
    return first.group() if first else "\n"


def _unit(text: str, near: list[Node]) -> str:
    for node in near:
        if (unit := _unit_of(text, node)) is not None:
            return unit
    for node in _nodes(near[-1]):
        if (unit := _unit_of(text, node)) is not None:
            return unit
    return "  "


def _unit_of(text: str, node: Node) -> str | None:
    outer = indent_at(text, node.start)
    for item in node.items:
        if heads_line(text, item.start):
            inner = indent_at(text, item.start)
            return inner[len(outer) :] if inner.startswith(outer) and inner != outer else None
    return None


def _trailing(text: str, near: list[Node]) -> bool:
    for node in near:
        if node.items and heads_line(text, node.items[-1].start):
            return node.items[-1].comma is not None
    return False


def _inline_lists(text: str, root: Node, key_quote: Quote) -> bool:
    """Whether lists are written on one line: like the first list, else if keys are bare."""
    for node in _nodes(root):
        if node.kind == "list":
            first = skipped(text, node.start + 1)
            if text[first] != "]":
                return not starts_line(text, first)
    return key_quote != '"'


def written_inline(text: str, node: Node) -> bool:
    """Whether a container has members and is on one line."""
    return bool(node.items) and not _NEWLINE.search(text, node.start, node.end)


def last_end(item: Item) -> int:
    """Where a member ends, with its comma."""
    return item.value.end if item.comma is None else item.comma + 1
