"""Random JSON5 documents, random edits: the result reads as expected, the rest stays byte for byte.

The documents are written here together with the place of every value, so that neither the values
nor the places are those of the code under test.
"""

from __future__ import annotations

import json
import math
import random
from copy import deepcopy
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from openclaw_fal.json5.read import loads, same
from tests.support.effort import effort

from .one_edit import set_value, unset_value

Path = tuple[str | int, ...]

KEYS = [
    "a",
    "b",
    "c_1",
    "$d",
    "ünï",
    "a b",
    "a.b/c",
    "__proto__",
    "if",
    "",
    "'",
    '"',
    "0",
    "Infinity",
]
BARE = {"a", "b", "c_1", "$d", "ünï", "__proto__", "if", "Infinity"}
NUMBERS: list[tuple[str, int | float]] = [
    ("0", 0), ("-0", 0), ("+15", 15), ("0xC8", 200), ("-0Xc8e4", -0xC8E4), (".5", 0.5), ("5.", 5.0),
    ("-.5e-3", -0.0005), ("5.E4", 5e4), ("2e23", 2e23), ("1e999", math.inf), ("NaN", math.nan),
    ("-Infinity", -math.inf), ("+Infinity", math.inf), ("-NaN", math.nan), ("0.10", 0.1),
]  # fmt: skip
TEXTS = [
    "",
    "x",
    "it's",
    'say "hi"',
    "// no comment",
    "/* nor this */",
    "a\\b",
    "tab\t",
    "é😀",
    "},{",
    "\u2028",
]
BLANKS = [" ", "  ", "\t", "\u00a0", "\ufeff", "\v", "\f", "\u3000"]


@dataclass
class Spot:
    """A value: its own span, that of its member (from the key on), and its members."""

    member: int
    start: int
    end: int = 0
    children: list[tuple[str | int, Spot]] = field(default_factory=list)
    value: object = None


class Writer:
    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.text = ""
        self.comments: list[tuple[int, int]] = []
        self.eol = chance.choice(["\n", "\r\n", "\r", "mixed"])
        self.wild = chance.random() < 0.6
        self.indent = chance.choice(["", "  ", "    ", "\t"])
        if chance.random() < 0.2:
            self.text = "\ufeff"

    def newline(self) -> str:
        if self.eol != "mixed":
            return self.eol
        return self.chance.choice(["\n", "\r\n", "\r", "\u2028", "\u2029"])

    def comment(self) -> None:
        start = len(self.text)
        words = self.chance.choice(["note", "{", '"', "a: 1,", "'", "*", "[1", "é"])
        name = f"c{len(self.comments)}"
        if self.chance.random() < 0.5:
            self.text += f"//{words} {name}."
            self.comments.append((start, len(self.text)))
            self.text += self.newline()
        else:
            inner = self.newline() if self.chance.random() < 0.2 else " "
            self.text += f"/*{words}{inner}{name}.*/"
            self.comments.append((start, len(self.text)))

    def filler(self) -> None:
        """White space and comments, where any may stand."""
        if not self.wild:
            return
        for _ in range(self.chance.choice([0, 0, 0, 1, 1, 2, 3])):
            kind = self.chance.random()
            if kind < 0.3:
                self.comment()
            elif kind < 0.5:
                self.text += self.newline()
            else:
                self.text += self.chance.choice(BLANKS)

    def string(self, text: str, quote: str) -> None:
        made = ""
        for char in text:
            style = self.chance.random()
            if char in (quote, "\\"):
                made += "\\" + char
            elif style < 0.1:
                units = char.encode("utf-16-be")
                made += "".join(
                    f"\\u{units[i]:02x}{units[i + 1]:02X}" for i in range(0, len(units), 2)
                )
            elif style < 0.15 and ord(char) < 256:
                made += f"\\x{ord(char):02x}"
            elif style < 0.2:
                made += "\\" + self.chance.choice(["\n", "\r\n", "\r", "\u2028"]) + char
            else:
                made += char
        self.text += quote + made + quote

    def key(self, key: str) -> None:
        quote = self.chance.choice(["", '"', "'"])
        if not quote and key in BARE:
            escape = key[0].isalpha() and self.chance.random() < 0.2
            self.text += f"\\u{ord(key[0]):04x}{key[1:]}" if escape else key
        else:
            self.string(key, quote or '"')

    def value(self, member: int, depth: int, *, root: bool = False) -> Spot:
        spot = Spot(member, len(self.text))
        if root or (depth < 4 and self.chance.random() < 0.5):
            self.container(spot, depth, is_object=root or self.chance.random() < 0.6)
        elif self.chance.random() < 0.4:
            spot.value = self.chance.choice(TEXTS)
            self.string(spot.value, self.chance.choice("\"'"))
        elif self.chance.random() < 0.7:
            literal, spot.value = self.chance.choice(NUMBERS)
            self.text += literal
        else:
            literal, spot.value = self.chance.choice(
                [("true", True), ("false", False), ("null", None)]
            )
            self.text += literal
        spot.end = len(self.text)
        return spot

    def container(self, spot: Spot, depth: int, *, is_object: bool) -> None:
        self.text += "{" if is_object else "["
        count = self.chance.choice([0, 1, 2, 3, 4] if depth else [1, 2, 3, 5])
        lines = self.chance.random() < 0.6
        for index in range(count):
            if lines:
                self.text += self.newline() + self.indent * (depth + 1)
            self.filler()
            member = len(self.text)
            key: str | int = index
            if is_object:
                key = self.chance.choice(KEYS)
                self.key(str(key))
                self.filler()
                self.text += ":" + self.chance.choice(["", " "])
                self.filler()
            spot.children.append((key, self.value(member, depth + 1)))
            self.filler()
            if index < count - 1 or self.chance.random() < 0.4:
                self.text += "," + self.chance.choice(["", " "])
        if lines:
            self.text += self.newline() + self.indent * depth
        self.filler()
        self.text += "}" if is_object else "]"
        inner = [(key, child.value) for key, child in spot.children]
        spot.value = (
            {str(key): value for key, value in inner} if is_object else [v for _, v in inner]
        )


@dataclass
class Document:
    text: str
    root: Spot
    comments: list[tuple[int, int]]


def write(chance: random.Random) -> Document:
    writer = Writer(chance)
    writer.filler()
    root = writer.value(len(writer.text), 0, root=True)
    writer.filler()
    return Document(writer.text, root, writer.comments)


def counting(spot: Spot, prefix: Path = ()) -> dict[Path, Spot]:
    """The values that count when read: of equal keys the last."""
    found = {prefix: spot}
    for key, child in dict(spot.children).items():
        found |= counting(child, (*prefix, key))
    return found


def values(chance: random.Random, depth: int = 0) -> object:
    if depth < 3 and chance.random() < 0.3:
        inner = [values(chance, depth + 1) for _ in range(chance.randrange(3))]
        return {chance.choice(KEYS): value for value in inner} if chance.random() < 0.6 else inner
    return chance.choice([None, True, 7, 0.25, -math.inf, math.nan, 1e22, *TEXTS])


def is_part(part: str, whole: str) -> bool:
    """Whether a text is left when characters are taken out of another."""
    rest = iter(whole)
    return all(char in rest for char in part)


def model_set(data: object, path: Path, value: object) -> object:
    data = deepcopy(data)
    node = data
    for key in path[:-1]:
        node = node[key]  # type: ignore[index]
    if isinstance(node, list) and path[-1] == len(node):
        node.append(value)
    else:
        node[path[-1]] = value  # type: ignore[index]
    return data


def model_unset(data: object, path: Path) -> object:
    data = deepcopy(data)
    node = data
    for key in path[:-1]:
        node = node[key]  # type: ignore[index]
    del node[path[-1]]  # type: ignore[attr-defined]
    return data


def comments_outside(document: Document, start: int, end: int) -> list[str]:
    return [document.text[a:b] for a, b in document.comments if b <= start or a >= end]


def assert_in_order(parts: list[str], text: str) -> None:
    at = 0
    for part in parts:
        at = text.find(part, at)
        assert at >= 0, part
        at += len(part)


chances = st.integers(0, 2**48).map(random.Random)
thorough = settings(max_examples=effort(40, 4_000))


@thorough
@given(chances)
def test_documents_read_as_they_were_written(chance: random.Random) -> None:
    document = write(chance)
    for short in (-1, len(document.text)):
        assert same(loads(document.text, short=short), document.root.value)


@thorough
@given(chances)
def test_replacing_a_value_touches_only_its_span(chance: random.Random) -> None:
    document = write(chance)
    spots = counting(document.root)
    del spots[()]
    path = chance.choice(list(spots))
    value = values(chance)
    new = set_value(document.text, path, value)
    assert same(loads(new), model_set(document.root.value, path, value))
    spot = spots[path]
    assert new.startswith(document.text[: spot.start])
    assert new.endswith(document.text[spot.end :])
    assert set_value(new, path, value) == new


@thorough
@given(chances)
def test_adding_a_value_only_inserts(chance: random.Random) -> None:
    document = write(chance)
    spots = {p: s for p, s in counting(document.root).items() if isinstance(s.value, (dict, list))}
    where = chance.choice(list(spots))
    spot = spots[where]
    free = [key for key in KEYS if isinstance(spot.value, dict) and key not in spot.value]
    path = (*where, len(spot.value) if isinstance(spot.value, list) else chance.choice(free))
    value = values(chance)
    new = set_value(document.text, path, value)
    assert same(loads(new), model_set(document.root.value, path, value))
    opening, closing = spot.start + 1, spot.end - 1
    assert new.startswith(document.text[:opening])
    assert new.endswith(document.text[closing:])
    inside = document.text[opening:closing]
    if inside.strip(" \ufeff" + "".join(BLANKS) + "\r\n\u2028\u2029"):
        assert is_part(inside, new[opening : len(new) - len(document.text) + closing])
    assert_in_order(comments_outside(document, 0, 0), new)
    assert same(loads(unset_value(new, path)), document.root.value)


@thorough
@given(chances)
def test_adding_missing_parents(chance: random.Random) -> None:
    document = write(chance)
    value = values(chance)
    new = set_value(document.text, ("new", "x y", 0, "z"), value)
    expected = model_set(document.root.value, ("new",), {"x y": [{"z": value}]})
    assert same(loads(new), expected)
    assert is_part(document.text, new)


@thorough
@given(chances)
def test_removing_a_value_only_deletes(chance: random.Random) -> None:
    document = write(chance)
    spots = counting(document.root)
    del spots[()]
    path = chance.choice(list(spots))
    parent = counting(document.root)[path[:-1]]
    same_key = [child for key, child in parent.children if key == path[-1]]
    new = unset_value(document.text, path)
    assert same(loads(new), model_unset(document.root.value, path))
    assert is_part(new, document.text)
    opening, closing = parent.start + 1, parent.end - 1
    assert new.startswith(document.text[:opening])
    assert new.endswith(document.text[closing:])
    gone = [(child.member, child.end) for child in same_key]
    kept = [
        document.text[a:b]
        for a, b in document.comments
        if not any(start <= a < end for start, end in gone)
    ]
    assert_in_order(kept, new)
    for key, child in parent.children:
        if key != path[-1]:
            assert document.text[child.member : child.end] in new
    assert unset_value(new, path if isinstance(parent.value, dict) else (*path, "x")) == new


@settings(max_examples=effort(40, 2_000))
@given(chances)
def test_plain_json_stays_plain_json(chance: random.Random) -> None:
    data = {"a": values(chance), "b": {"c": values(chance)}, "d": [1]}
    data = json.loads(json.dumps(data).replace("-Infinity", "1").replace("NaN", "2"))
    indent = chance.choice([None, 2, 4, "\t"])
    text = json.dumps(data, indent=indent, ensure_ascii=False) + "\n"
    new = set_value(text, ("b", "new"), {"x": ["y", {"z": 1}], "é": "'"})
    data["b"]["new"] = {"x": ["y", {"z": 1}], "é": "'"}
    assert json.loads(new) == data
    if indent is not None:
        assert new == json.dumps(data, indent=indent, ensure_ascii=False) + "\n"
    del data["a"]
    assert json.loads(unset_value(new, ("a",))) == data
