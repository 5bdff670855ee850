"""Paths as OpenClaw writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_fal.errors import UsageError
from openclaw_fal.json5.path import (
    MISSING,
    KeyPath,
    format_path,
    get_at,
    parse_path,
    set_at,
    unset_at,
)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a", ("a",)),
        (" a.b-c.$d ", ("a", "b-c", "$d")),
        ('agents.defaults.models["a/b.c"]', ("agents", "defaults", "models", "a/b.c")),
        ("a['x'].y", ("a", "x", "y")),
        ("a[0].b", ("a", 0, "b")),
        ("a[0][1]", ("a", 0, 1)),
        ('["a.b"]', ("a.b",)),
        ('a[""]', ("a", "")),
        ('a["x\\"]y"]', ("a", 'x"]y')),
        ("a[fal/x.y]", ("a", "fal/x.y")),
        ("a[ 3 ]", ("a", 3)),
        ("a[007]", ("a", "007")),
        ("a[123456789012345678]", ("a", "123456789012345678")),
        ("a.0", ("a", "0")),
        ("a\\.b.c", ("a.b", "c")),
        ('auth.profiles["fal:default"].mode', ("auth", "profiles", "fal:default", "mode")),
    ],
)
def test_parse(text: str, path: KeyPath) -> None:
    assert parse_path(text) == path
    assert parse_path(format_path(path)) == path


@pytest.mark.parametrize(
    "text",
    ["", "  ", ".", "a.", ".a", "a..b", "a[", "a[]", "a[0", "a]", "a[0]b", 'a["x]',
     "a[-1]", 'a."b"',
     "a. .b", "a['x\"]", "a.[0]", "a\\"],
)  # fmt: skip
def test_malformed(text: str) -> None:
    with pytest.raises(UsageError):
        parse_path(text)


@given(st.lists(st.one_of(st.text(), st.integers(0, 999_999_999)), min_size=1))
def test_a_formatted_path_reads_back(path: list[str | int]) -> None:
    assert parse_path(format_path(tuple(path))) == tuple(path)


def test_get() -> None:
    data = {"a": [{"b": None}], "0": "x"}
    assert get_at(data, ("a", 0, "b")) is None
    assert get_at(data, ("a", "0", "b")) is None
    assert get_at(data, (0,)) == "x"
    paths: list[tuple[str | int, ...]] = [
        ("a", 1),
        ("a", "b"),
        ("a", 0, "b", "c"),
        ("x",),
        ("a", 0, "c"),
    ]
    for path in paths:
        assert get_at(data, path) is MISSING


def test_set_and_unset_copy() -> None:
    data = {"a": [{"b": 1}], "c": {}}
    assert set_at(data, ("a", 0, "b"), 2) == {"a": [{"b": 2}], "c": {}}
    assert set_at(data, ("c", "d", 0, "e"), 2) == {"a": [{"b": 1}], "c": {"d": [{"e": 2}]}}
    assert unset_at(data, ("a", 0)) == {"a": [], "c": {}}
    assert unset_at(data, ("a", 0, "x")) is data
    assert data == {"a": [{"b": 1}], "c": {}}
