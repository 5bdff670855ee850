"""Sets and removes values in a JSON5 text; every other byte stays the same.

Why not json-five, the only round-trip library for Python: it refuses two of the 111 published JSON5
cases (line ends that are a lone CR), takes about 850 ms for 90 KB, and does not keep every byte.
This editor locates only the objects on the path to the value, replaces a piece of text, then reads
the new text and compares it with the expected value.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from openclaw_fal.errors import OpenClawFalError, UsageError
from openclaw_fal.json5.path import (
    MISSING,
    KeyPath,
    check_index,
    get_at,
    index_of,
    nested,
    no_container,
    set_at,
    unset_at,
)
from openclaw_fal.json5.read import is_blank, loads, object_in, same
from openclaw_fal.json5.scan import INLINE_BLANK, Node, outline
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


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON5 text that holds an object, and its value. Edits return a new document.

    Call `checked()` after the last edit: it proves that the text has the value. `name` is the name
    of the text in messages, usually its file.
    """

    text: str = field(repr=False)
    value: object = field(repr=False)
    name: str = "text"

    @classmethod
    def of(cls, text: str, name: str = "text") -> Document:
        """Parses a text; an empty text holds an empty object.

        Raises Json5Error for a malformed text, LocalError for a value that is not an object.
        """
        return cls(text, object_in(text, name), name)

    def set(self, path: KeyPath, value: object) -> Document:
        """The document with the value at the path; the same document if nothing changes.

        An existing value is replaced in place, missing parents are created, a new member gets the
        style of its neighbours. An empty text becomes plain JSON. Raises LocalError when the path
        goes through a scalar, UsageError for an index past the end of a list.
        """
        if not path:
            raise UsageError("the path is empty")
        if same(get_at(self.value, path), value):
            return self
        return self._put(path, value, value)

    def unset(self, path: KeyPath) -> Document:
        """The document without the value at the path; the same document when there is none.

        A member is removed with its comma, and with its line if nothing else is on it; comments
        stay. A duplicate key is removed everywhere, or the earlier value would become valid.
        """
        if not path:
            raise UsageError("the path is empty")
        if get_at(self.value, path) is MISSING:
            return self
        text, again = self.text, True
        while again:
            container = _walk(outline(text, self.name), path[:-1])
            index = None if container is None else _position(container, path[-1])
            if container is None or index is None:
                break
            key = container.items[index].key
            again = sum(item.key == key for item in container.items) > 1
            text = _apply(text, _removal(text, container, index))
        return self._with(text, unset_at(self.value, path))

    def move(self, source: KeyPath, target: KeyPath) -> Document:
        """The document with the value at `source` moved to `target`, its text unchanged."""
        node = _walk(outline(self.text, self.name), source)
        if node is None:
            return self
        source_text = self.text[node.start : node.end]
        return self.unset(source).set_written(target, get_at(self.value, source), source_text)

    def set_written(self, path: KeyPath, value: object, source_text: str) -> Document:
        """The document with the value at the path, in the given JSON5 text."""
        return self._put(path, value, Raw(source_text))

    def checked(self) -> Document:
        """This document, if its text has its value; otherwise the editor has a bug.

        The check uses another reader than the scanner that the edits use.
        """
        if is_blank(self.text):
            return self
        actual = loads(self.text, self.name, short=0)
        if repr(actual) != repr(self.value) and not same(actual, self.value):
            raise OpenClawFalError(
                f"editing {self.name} would have changed something else; nothing was written",
                hint="this is a bug in openclaw-fal: please report it",
            )
        return self

    def written_at(self, path: KeyPath) -> str | None:
        """The JSON5 text of the value at a path; None when there is none."""
        node = None if is_blank(self.text) else _walk(outline(self.text, self.name), path)
        return None if node is None else self.text[node.start : node.end]

    def line_of(self, path: KeyPath) -> int:
        """The line of the value at a path, from 1; 1 when there is none."""
        node = None if is_blank(self.text) else _walk(outline(self.text, self.name), path)
        return 1 if node is None else len(_NEWLINE.findall(self.text, 0, node.start)) + 1

    def _put(self, path: KeyPath, value: object, written: object) -> Document:
        expected = set_at(self.value, path, value)
        text = self.text
        if is_blank(text):
            text = text[: text.startswith("\ufeff")] + EMPTY
        return self._with(_put(text, outline(text, self.name), path, written), expected)

    def _with(self, text: str, value: object) -> Document:
        return Document(text, value, self.name)


def _position(node: Node, segment: str | int) -> int | None:
    """The index of a container's member or element for a path segment: the last of duplicates."""
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
    """Applies the splices, last position first; two at one position keep their order."""
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
    """The splice that inserts the first member of an empty object or list."""
    node = chain[-1]
    start, end = node.start + 1, node.end - 1
    comments = list(_COMMENT.finditer(text, start, end))
    is_multiline = _NEWLINE.search(text, start, end) is not None
    own_line = len(chain) == 1 or any(
        item.value is node and heads_line(text, item.start) for item in chain[-2].items
    )
    indent = indent_at(text, end if starts_line(text, end) else node.start)
    inner = indent + style.unit
    comma = "," if style.trailing else ""
    if comments:
        at = comments[-1].end()
        if not is_multiline and not comments[-1].group().startswith("//"):
            return [(at, at, style.gap + written(style, indent, False))]
        if starts_line(text, comments[-1].start()):
            inner = indent_at(text, comments[-1].start())
            if inner.startswith(indent) and inner != indent:
                style = replace(style, unit=inner[len(indent) :])
        return [(at, at, style.newline + inner + written(style, inner, True) + comma)]
    if is_multiline:
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
    """The splices that remove a member, its comma and its white space."""
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
