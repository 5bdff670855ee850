"""Setting and removing values in a JSON5 text while every other byte stays as it is.

An own editor on purpose. json-five, the one round-trip library for Python, refuses two of the 111
published JSON5 cases (line ends that are a lone CR), needs some 850 ms for 90 KB, and does not keep
every byte. Here the text is scanned once for the positions of its members, the change is a splice,
and the new text is read again and compared with the value that it ought to have.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from openclaw_fal.config.keypath import (
    MISSING,
    KeyPath,
    check_index,
    format_path,
    get_at,
    index_of,
    nested,
    no_container,
    set_at,
    type_name,
    unset_at,
)
from openclaw_fal.errors import LocalError, OpenClawFalError, UsageError
from openclaw_fal.json5.read import loads, same
from openclaw_fal.json5.scan import INLINE_BLANK, Node, plain, scan
from openclaw_fal.json5.style import (
    Raw,
    Style,
    heads_line,
    indent_at,
    last_end,
    line_start,
    render,
    render_key,
    starts_line,
    style_at,
    written_inline,
)

Splice: TypeAlias = tuple[int, int, str]
EMPTY = "{}\n"
_COMMENT = re.compile(r"//[^\n\r\u2028\u2029]*|/\*.*?\*/", re.DOTALL)
_NEWLINE = re.compile(r"\r\n|\n|\r")


def is_blank(text: str) -> bool:
    """Whether there is nothing in it: an empty config file."""
    return not text.strip("\ufeff \t\r\n")


def set_value(text: str, path: KeyPath, value: object, name: str = "config") -> str:
    """The text with the value at the path; the same text when it is there already.

    A value that is there is replaced in place, missing parents are made, a new member follows its
    neighbours' style. An empty text becomes a new one in plain JSON.
    Raises Json5Error, LocalError when the text is no object or the path goes through a scalar,
    UsageError for an index that is neither in the list nor the next one.
    """
    if not path:
        raise UsageError("The path is empty")
    if is_blank(text):
        text = text[: text.startswith("\ufeff")] + EMPTY
    root = _root(text, name)
    data = plain(root)
    if same(get_at(data, path), value):
        return text
    expected = set_at(data, path, value)
    return _checked(_put(text, root, path, value), expected, path)


def unset_value(text: str, path: KeyPath, name: str = "config") -> str:
    """The text without the value at the path; the same text when there is none.

    A member goes with its comma, and with its line when nothing else is on it; comments stay.
    A key that is there several times is removed each time: else an earlier one would come to count.
    """
    if not path:
        raise UsageError("The path is empty")
    while not is_blank(text):
        root = _root(text, name)
        data = plain(root)
        if get_at(data, path) is MISSING:
            break
        container = _walk(root, path[:-1])
        assert container is not None
        index = _position(container, path[-1])
        assert index is not None
        key = container.items[index].key
        again = sum(item.key == key for item in container.items) > 1
        new = _apply(text, _removal(text, container, index))
        if again:
            text = new
            continue
        return _checked(new, unset_at(data, path), path)
    return text


def move_value(text: str, source: KeyPath, target: KeyPath, name: str = "config") -> str:
    """The text with the value at `source` standing at `target` instead, as it is written there."""
    node = _walk(_root(text, name), source)
    if node is None:
        return text
    raw, value = text[node.start : node.end], plain(node)
    without = unset_value(text, source, name)
    root = _root(without, name)
    expected = set_at(plain(root), target, value)
    return _checked(_put(without, root, target, Raw(raw)), expected, target)


def _checked(after: str, expected: object, path: KeyPath) -> str:
    """The new text, if it reads as it ought to. Anything else is a bug, and nothing is written.

    It is read by another reader than the scanner that the edit rests on.
    """
    if not same(loads(after, "the edited text", short=0), expected):
        raise OpenClawFalError(
            f"Editing {format_path(path)} would have changed something else; nothing was written",
            hint="This is a bug in openclaw-fal: please report it",
        )
    return after


def _root(text: str, name: str) -> Node:
    root = scan(text, name)
    if root.kind != "object":
        held = type_name(plain(root))
        raise LocalError(f"{name} is not a config: it holds {held}, not an object")
    return root


def _position(node: Node, segment: str | int) -> int | None:
    """Which member or element of a container counts for a path segment."""
    if node.kind == "object":
        key = str(segment)
        return next((i for i in reversed(range(len(node.items))) if node.items[i].key == key), None)
    index = index_of(segment) if node.kind == "list" else None
    return index if index is not None and index < len(node.items) else None


def _walk(root: Node, path: KeyPath) -> Node | None:
    node = root
    for segment in path:
        index = _position(node, segment)
        if index is None:
            return None
        node = node.items[index].value
    return node


def _put(text: str, root: Node, path: KeyPath, value: object) -> str:
    chain = [root]
    for at, segment in enumerate(path):
        node = chain[-1]
        if node.kind not in ("object", "list"):
            raise no_container(node.value, path[:at])
        index = _position(node, segment)
        if index is None:
            if node.kind == "list":
                check_index(segment, len(node.items), path[:at])
            key = str(segment) if node.kind == "object" else None
            return _apply(text, _insertion(text, chain, key, nested(path[at + 1 :], value)))
        chain.append(node.items[index].value)
    return _apply(text, [_replacement(text, chain, value)])


def _apply(text: str, splices: list[Splice]) -> str:
    """The splices done, from the back; of two at one place the first in the list stands first."""
    for start, end, new in sorted(splices, key=lambda splice: splice[:2])[::-1]:
        text = text[:start] + new + text[end:]
    return text


def _replacement(text: str, chain: list[Node], value: object) -> Splice:
    parent, old = chain[-2:]
    style = style_at(text, chain[:-1])
    if old.kind == "string":
        style = replace(style, quote="'" if text[old.start] == "'" else '"')
    own_line = any(item.value is old and heads_line(text, item.start) for item in parent.items)
    expanded = own_line and not written_inline(text, old)
    return old.start, old.end, render(value, style, indent_at(text, old.start), expanded)


def _insertion(text: str, chain: list[Node], key: str | None, value: object) -> list[Splice]:
    """The splices that add a member (or an element: no key) at the end of the chain's last node."""
    node = chain[-1]
    style = style_at(text, chain)

    def written(style: Style, indent: str, expanded: bool) -> str:
        member = render(value, style, indent, expanded)
        return member if key is None else render_key(key, style) + style.colon + member

    if not node.items:
        return _first(text, chain, style, written)
    last = node.items[-1]
    end = last_end(last)
    comment_end, tail, line_comment = _line_tail(text, end)
    own_line = heads_line(text, last.start)
    if own_line or line_comment:
        outer = indent_at(text, last.start)
        indent = outer if own_line else outer + style.unit
        new = style.newline + indent + written(style, indent, True)
        at = tail
    else:
        new = style.gap + written(style, indent_at(text, last.start), False)
        at = comment_end
    if last.comma is not None:
        return [(at, at, new + ",")]
    return [(end, end, ","), (at, at, new)]


def _first(
    text: str, chain: list[Node], style: Style, written: Callable[[Style, str, bool], str]
) -> list[Splice]:
    """The splice that puts the first member into an object or list that has none."""
    node = chain[-1]
    start, end = node.start + 1, node.end - 1
    comments = list(_COMMENT.finditer(text, start, end))
    spread = _NEWLINE.search(text, start, end) is not None
    own_line = len(chain) == 1 or any(
        item.value is node and heads_line(text, item.start) for item in chain[-2].items
    )
    indent = indent_at(text, end if starts_line(text, end) else node.start)
    inner = indent + style.unit
    comma = "," if style.trailing else ""
    if comments:
        at = comments[-1].end()
        if not spread and not comments[-1].group().startswith("//"):
            return [(at, at, style.gap + written(style, indent, False))]
        if starts_line(text, comments[-1].start()):
            inner = indent_at(text, comments[-1].start())
            if inner.startswith(indent) and inner != indent:
                style = replace(style, unit=inner[len(indent) :])
        return [(at, at, style.newline + inner + written(style, inner, True) + comma)]
    if spread:
        return [(start, start, style.newline + inner + written(style, inner, True) + comma)]
    if own_line:
        member = inner + written(style, inner, True) + comma
        return [(start, end, style.newline + member + style.newline + indent)]
    pad = style.gap if node.kind == "object" else ""
    return [(start, end, pad + written(style, indent, False) + pad)]


def _line_tail(text: str, at: int) -> tuple[int, int, bool]:
    """What follows a member on its line: where the last comment ends (`at` when there is none),
    where a new line may begin, and whether that comment is a `//` one."""
    comment_end, line_comment = at, False
    while True:
        blank = INLINE_BLANK.match(text, at)
        assert blank is not None
        at = blank.end()
        comment = _COMMENT.match(text, at)
        if comment is None:
            break
        at = comment_end = comment.end()
        line_comment = comment.group().startswith("//")
    tail = at if text[at] in "\r\n" else comment_end
    return comment_end, tail, line_comment


def _removal(text: str, node: Node, index: int) -> list[Splice]:
    """The cuts that remove a member, its comma and what white space held only it."""
    item = node.items[index]
    start, end, comma = item.start, item.value.end, item.comma
    if len(node.items) == 1:
        rest = text[node.start + 1 : start] + text[last_end(item) : node.end - 1]
        if not rest.strip() and (comma is None or not text[end:comma].strip()):
            return [(node.start + 1, node.end - 1, "")]
    cuts: list[Splice] = []
    before = node.items[index - 1].comma if comma is None and index else None
    if comma is not None:
        if text[end:comma].strip():
            cuts.append((comma, comma + 1, ""))
        else:
            end = comma + 1
    head = line_start(text, start)
    leading = text[head:start]
    if before is not None:
        if before >= head and not leading[: before - head].strip():
            leading = leading.replace(",", " ", 1)
        cuts.append((before, before + 1, ""))
    blank = INLINE_BLANK.match(text, end)
    assert blank is not None
    after = blank.end()
    own_line = not leading.strip()
    newline = _NEWLINE.match(text, after)
    if newline and own_line:
        cuts = [cut for cut in cuts if not head <= cut[0] < newline.end()]
        cuts.append((head, newline.end(), ""))
    elif newline or (text[after] in "}]" and not own_line):
        cuts.append((start - _blanks_before(text, start), after if newline else end, ""))
    else:
        cuts.append((start, after, ""))
    return cuts


def _blanks_before(text: str, at: int) -> int:
    """How many characters of white space stand before a position on its line."""
    head = line_start(text, at)
    leading = text[head:at]
    count = 0
    while count < len(leading) and INLINE_BLANK.fullmatch(leading[len(leading) - count - 1]):
        count += 1
    return count
