"""Reading JSON5: the published cases, exact places of errors, and nothing that crashes."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import NamedTuple

import pytest

from openclaw_fal.json5 import read as json5
from openclaw_fal.json5.error import Json5Error
from openclaw_fal.json5.grammar import MAX_DEPTH
from openclaw_fal.json5.read import loads, same
from openclaw_fal.json5.scan import plain, scan


class Case(NamedTuple):
    name: str
    text: str
    json: bool
    json5: bool


CASES = [
    Case(**case)
    for case in json.loads(
        (Path(__file__).parents[1] / "data" / "json5-cases.json").read_text(encoding="utf-8")
    )["cases"]
]


@pytest.fixture(params=["short", "long"], autouse=True)
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each test runs with both readers: that of short texts, and that of long ones."""
    if request.param == "long":
        monkeypatch.setattr(json5.loads, "__kwdefaults__", {"short": -1})
    return str(request.param)


def test_the_published_cases_are_all_here() -> None:
    assert len(CASES) == 111


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_published_case(case: Case) -> None:
    if case.json5:
        value = loads(case.text)
        assert same(value, plain(scan(case.text)))
        if case.json:
            assert same(value, json.loads(case.text))
        return
    for read in (loads, scan):
        with pytest.raises(Json5Error) as caught:
            read(case.text, "x.json")
        error = caught.value
        assert error.message.startswith(f"x.json:{error.line}:{error.column}: ")
        assert error.source_line.replace("\t", " ").isprintable()


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("{a: 1,\n b: tru}", 2, 5),
        ("{a: 1\r\n b: 2}", 2, 2),
        ("{a: 1\r b: 2}", 2, 2),
        ("\ufeff{a 1}", 1, 4),
        ("{\n\n  'x: 1\n}", 3, 3),
        ("{a: [1, 2}", 1, 10),
        ("{a: {b: 1}", 1, 1),
        ("{a: [1,", 1, 5),
        ("{a: 1} x", 1, 8),
        ("{a: 1 /* never\n ends", 1, 7),
        ("{a: 'x\\u00'}", 1, 7),
        ("{a: 'x\\7'}", 1, 7),
        ("{a: 1_000}", 1, 6),
        ("{a: -.}", 1, 5),
        ("{a: 5e}", 1, 6),
        ("{a: .5.}", 1, 7),
        ("", 1, 1),
    ],
)
def test_the_place_of_an_error(text: str, line: int, column: int) -> None:
    with pytest.raises(Json5Error) as caught:
        loads(text)
    error = caught.value
    assert (error.line, error.column) == (line, column)
    assert error.caret == " " * (len(error.caret) - 1) + "^"
    assert error.excerpt == f"{error.source_line}\n{error.caret}"


def test_the_caret_stands_under_the_place_in_tabs_and_long_lines() -> None:
    with pytest.raises(Json5Error) as caught:
        loads("{\n\t\ta: oops}")
    assert (caught.value.source_line, caught.value.caret) == ("\t\ta: oops}", "\t\t   ^")
    with pytest.raises(Json5Error) as caught:
        loads("[" + "1," * 5000 + "?]")
    error = caught.value
    assert error.column == 10002
    assert len(error.source_line) <= 100
    assert error.source_line[len(error.caret) - 1] == "?"


@pytest.mark.parametrize(
    "text",
    [
        '{"apiKey": "abcd-1234" "x": 1}',
        "{models: {fal: {'apiKey': \"abcd-1234}}}",
        "{botToken: abcd-1234}",
        "{password: 'abcd-1234', x}",
        "{apiKey: 1234abcd-1234}",
    ],
)
def test_an_error_shows_no_secret(text: str) -> None:
    with pytest.raises(Json5Error) as caught:
        loads(text)
    shown = caught.value.message + caught.value.excerpt
    assert "1234" not in shown
    assert "abcd" not in shown
    assert len(caught.value.source_line) == len(text)


def test_a_byte_order_mark_is_read_over() -> None:
    assert loads('\ufeff{"a": 1}') == loads("\ufeff{a: 1}") == {"a": 1}


def test_of_equal_keys_the_last_counts() -> None:
    assert loads("{a: 1, b: 2, '\\u0061': 3}") == {"a": 3, "b": 2}


@pytest.mark.parametrize("bracket", ["[]", "{}"])
@pytest.mark.parametrize("comment", ["", "// c\n"])
def test_deep_nesting_is_refused_and_never_a_crash(bracket: str, comment: str) -> None:
    def nested(depth: int) -> str:
        opening = "[" if bracket == "[]" else '{"a":'
        inner = "[]" if bracket == "[]" else "{}"
        return comment + opening * (depth - 1) + inner + bracket[1] * (depth - 1)

    assert isinstance(loads(nested(MAX_DEPTH)), (list, dict))
    for depth in (MAX_DEPTH + 1, 1500, 200_000):
        with pytest.raises(Json5Error, match="levels of objects"):
            loads(nested(depth))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e999", math.inf),
        ("-1e999", -math.inf),
        ("[NaN]", [math.nan]),
        ("-0.0", -0.0),
        ("1" * 4000, int("1" * 4000)),
        ("1" * 5000, math.inf),
        ("0x" + "f" * 3000, 16**3000 - 1),
        ('"\\ud83d\\ude00"', "😀"),
        ("'\\ud83d\\ude00'", "😀"),
        ('{a: "\\ud800"}', {"a": "\ud800"}),
        ('{"a": "\\ud800"}', {"a": "\ud800"}),
        ("'a\u2028b\\\u2029c'", "a\u2028bc"),
        ("'\\x41\\v\\0\\q'", "A\v\0q"),
        ("{$\u200d: 1, ünï: 2, \\u0061b: 3}", {"$\u200d": 1, "ünï": 2, "ab": 3}),
        ("{a\u0301: 1}", {"a\u0301": 1}),
        ("{__proto__: 1}", {"__proto__": 1}),
    ],
    ids=lambda part: str(part)[:20] if isinstance(part, str) else "",
)
def test_unusual_values(text: str, value: object) -> None:
    assert same(loads(text), value)
    assert same(plain(scan(text)), value)


def test_same_tells_types_apart_as_javascript_does() -> None:
    assert same([1, math.nan, {"a": None}], [1.0, math.nan, {"a": None}])
    assert not same(1, True)
    assert not same({"a": 1}, {"a": 1, "b": 2})
    assert not same("1", 1)
    assert not same([1], [1, 2])
