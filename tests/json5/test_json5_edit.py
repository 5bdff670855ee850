"""Editing JSON5: what is written, in the neighbours' style, and what is left alone."""

from __future__ import annotations

import pytest

from openclaw_fal.errors import LocalError, OpenClawFalError, UsageError
from openclaw_fal.json5.error import Json5Error
from openclaw_fal.json5.path import parse_path
from openclaw_fal.json5.read import loads, same

from .one_edit import move_value, set_value, unset_value
from .test_json5 import CASES, Case

HAND_WRITTEN = """\
// my config
{
  // the first
  a: 1, // one
  'b': { c: 'x', d: [1, 2] }, /* bee */

  deep: {
    /* zed */ z: "q" // last
  },
  // old: 1
}
// end
"""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_published_case(case: Case) -> None:
    """A valid text survives an edit beside it and in it; another is refused and left alone."""
    value = loads(case.text) if case.json5 else None
    if isinstance(value, dict):
        new = set_value(case.text, ("new", "key"), ["v"])
        assert same(loads(new), {**value, "new": {"key": ["v"]}})
        assert same(loads(unset_value(new, ("new",))), value)
    elif case.text:
        with pytest.raises(LocalError if case.json5 else Json5Error):
            set_value(case.text, ("a",), 1)
        with pytest.raises(LocalError if case.json5 else Json5Error):
            unset_value(case.text, ("a",))
    wrapped = f"{{a: {case.text}\n, b: 1}}"
    if not case.json5:
        with pytest.raises(Json5Error):
            set_value(wrapped, ("b",), 2)
        return
    assert set_value(wrapped, ("b",), 2) == f"{{a: {case.text}\n, b: 2}}"
    assert same(loads(set_value(wrapped, ("c",), 3)), {"a": value, "b": 1, "c": 3})
    assert set_value(wrapped, ("c",), 3).startswith(wrapped[:-1])
    assert unset_value(wrapped, ("b",)).startswith(f"{{a: {case.text}")
    assert same(loads(unset_value(wrapped, ("b",))), {"a": value})


@pytest.mark.parametrize(
    ("path", "value", "old", "new"),
    [
        ("a", 2, "  a: 1, // one", "  a: 2, // one"),
        ("b.c", "it's", "c: 'x'", "c: 'it\\'s'"),
        ("deep.z", 'say "hi"', 'z: "q" // last', 'z: "say \\"hi\\"" // last'),
        ("b.d[0]", None, "[1, 2]", "[null, 2]"),
        ("b.d[2]", 3, "[1, 2]", "[1, 2, 3]"),
        ("b.d.1", 3, "[1, 2]", "[1, 3]"),
        ("b.e", [1], "d: [1, 2] }", "d: [1, 2], e: [1] }"),
        ("b", {"x": "y"}, "{ c: 'x', d: [1, 2] }", "{ x: 'y' }"),
        ("deep.k", True, 'z: "q" // last\n', 'z: "q", // last\n    k: true\n'),
        ("deep.k.l", 1, 'z: "q" // last\n', 'z: "q", // last\n    k: {\n      l: 1\n    }\n'),
        ("n", "v", "  },\n  // old", "  },\n  n: 'v',\n  // old"),
        ("n", {"k": ["x"]}, "  },\n  // old", "  },\n  n: {\n    k: ['x'],\n  },\n  // old"),
        ('["a-b"]', 1, "  },\n  // old", "  },\n  'a-b': 1,\n  // old"),
        ('["a.b/c"].d', 1, "  },\n  // old", "  },\n  'a.b/c': {\n    d: 1,\n  },\n  // old"),
    ],
)
def test_set_in_a_hand_written_file(path: str, value: object, old: str, new: str) -> None:
    assert HAND_WRITTEN.count(old) == 1
    assert set_value(HAND_WRITTEN, parse_path(path), value) == HAND_WRITTEN.replace(old, new)


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("a", "  a: 1, // one\n", "  // one\n"),
        ("b", "  'b': { c: 'x', d: [1, 2] }, /* bee */\n", "  /* bee */\n"),
        ("b.c", "{ c: 'x', d: [1, 2] }", "{ d: [1, 2] }"),
        ("b.d", "{ c: 'x', d: [1, 2] }", "{ c: 'x' }"),
        ("b.d[0]", "[1, 2]", "[2]"),
        ("b.d[1]", "[1, 2]", "[1]"),
        ("deep", '  deep: {\n    /* zed */ z: "q" // last\n  },\n', ""),
        ("deep.z", '/* zed */ z: "q" // last', "/* zed */ // last"),
    ],
)
def test_unset_in_a_hand_written_file(path: str, old: str, new: str) -> None:
    assert HAND_WRITTEN.count(old) == 1
    assert unset_value(HAND_WRITTEN, parse_path(path)) == HAND_WRITTEN.replace(old, new)


@pytest.mark.parametrize(
    ("text", "path", "value", "new"),
    [
        ("", "a.b", 1, '{\n  "a": {\n    "b": 1\n  }\n}\n'),
        (" \n", "a", 1, '{\n  "a": 1\n}\n'),
        ("{}", "a.b", "c", '{\n  "a": {\n    "b": "c"\n  }\n}'),
        ('{"a":1}', "b.c", [1, {"x": 2}], '{"a":1,"b":{"c":[1,{"x":2}]}}'),
        ("{a:1,}", "b", 2, "{a:1,b:2,}"),
        ("{ a: 1 // c\n}", "b", 2, "{ a: 1, // c\n  b: 2\n}"),
        ("{ a: 1 /* c */ }", "b", 2, "{ a: 1, /* c */ b: 2 }"),
        ("{ /* c */ }", "b", 2, '{ /* c */ "b": 2 }'),
        ("{\r\n   // c\r\n}", "a.b", 2, '{\r\n   // c\r\n   "a": {\r\n      "b": 2\r\n   }\r\n}'),
        ("{\r\ta: 1\r}\r", "b", 2, "{\r\ta: 1,\r\tb: 2\r}\r"),
        ("{\n\ta: 1\n}", "b.c", 2, "{\n\ta: 1,\n\tb: {\n\t\tc: 2\n\t}\n}"),
        ("{a: [// c\u2028]}", "a[0]", 2, "{a: [// c\n  2\u2028]}"),
        ("{\n    'a': 1,\n}", "b", "x", "{\n    'a': 1,\n    'b': 'x',\n}"),
        ("{\n  a: {},\n}", "a.b", "x", "{\n  a: {\n    b: \"x\",\n  },\n}"),
        ("{ a : 1 }", "b", 2, "{ a : 1, b : 2 }"),
        ('\ufeff{\n "a": 1\n}', "b", 2, '\ufeff{\n "a": 1,\n "b": 2\n}'),
        ("{a: 0x10}", "a", 16, "{a: 0x10}"),
        ("{a: 'x'}", "a", "x", "{a: 'x'}"),
        ("{a: 1, a: 2}", "a", 3, "{a: 1, a: 3}"),
        ("{a: {x: 1}, a: {y: 1}}", "a.x", 3, "{a: {x: 1}, a: {y: 1, x: 3}}"),
        ("{\\u0061: 1, '\\x62': 2}", "b", 3, "{\\u0061: 1, '\\x62': 3}"),
        ("{__proto__: 1}", "a", 2, "{__proto__: 1, a: 2}"),
        ("{a: 1}", "a", float("inf"), "{a: Infinity}"),
        ("{a: 1}", "a", "\ud800\u2028\x7f", '{a: "\\ud800\\u2028\\u007f"}'),
        ("{a: [\n  1\n]}", "a[1]", 2, "{a: [\n  1,\n  2\n]}"),
    ],
)  # fmt: skip
def test_set_follows_the_style(text: str, path: str, value: object, new: str) -> None:
    assert set_value(text, parse_path(path), value) == new


@pytest.mark.parametrize(
    ("text", "path", "new"),
    [
        ("{a:1,b:2}", "a", "{b:2}"),
        ("{a:1,b:2}", "b", "{a:1}"),
        ("{a:1,b:2,}", "b", "{a:1,}"),
        ("{ a: 1 }", "a", "{}"),
        ("{ a: 1,\n  b: 2 }", "a", "{\n  b: 2 }"),
        ('{\n  "a": 1,\n  "b": 2\n}\n', "b", '{\n  "a": 1\n}\n'),
        ('{\r\n  "a": 1,\r\n  "b": 2\r\n}', "a", '{\r\n  "b": 2\r\n}'),
        ('{\n  "a": 1\n  , "b": 2\n}', "b", '{\n  "a": 1\n}'),
        ("{\n  a: 1 // x\n  , b: 2\n}", "a", "{\n  // x\n   b: 2\n}"),
        ("{\n  a: 1, // x\n  b: 2\n}", "b", "{\n  a: 1 // x\n}"),
        ("{\n  // only\n  a: 1\n}", "a", "{\n  // only\n}"),
        ("{a: 1, a: 2, b: 3}", "a", "{b: 3}"),
        ("{a: 1, '\\u0061': 2}", "a", "{}"),
        ("{a: 1}", "b", "{a: 1}"),
        ("{a: 1}", "a.b", "{a: 1}"),
        ("{a: [1]}", "a[4]", "{a: [1]}"),
        ("", "a", ""),
        ("{// c\u2028a:1, b: 2}", "a", "{// c\u2028b: 2}"),
    ],
)
def test_unset_takes_the_comma_and_leaves_the_comments(text: str, path: str, new: str) -> None:
    assert unset_value(text, parse_path(path)) == new


def test_a_value_moves_as_it_is_written() -> None:
    text = "{\n  old: { // why\n    n: 0x10 },\n  new: {},\n}\n"
    moved = move_value(text, ("old",), ("new", "here"))
    assert moved == "{\n  new: {\n    here: { // why\n    n: 0x10 },\n  },\n}\n"
    assert move_value(text, ("none",), ("x",)) == text


@pytest.mark.parametrize("text", ["[]", "1", "null", "'x'", "/* c */ true"])
def test_a_config_that_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(LocalError, match="not an object"):
        set_value(text, ("a",), 1)
    with pytest.raises(LocalError, match="not an object"):
        unset_value(text, ("a",))


def test_paths_that_lead_nowhere() -> None:
    with pytest.raises(LocalError, match=r"a\.b is a text"):
        set_value("{a: {b: 'x'}}", parse_path("a.b.c"), 1)
    with pytest.raises(LocalError, match="a is null"):
        set_value("{a: null}", parse_path("a.b"), 1)
    with pytest.raises(UsageError, match="next index is 1"):
        set_value("{a: [0]}", parse_path("a[2]"), 1)
    with pytest.raises(UsageError, match="not an index"):
        set_value("{a: [0]}", parse_path("a.b"), 1)
    with pytest.raises(UsageError, match="index 0"):
        set_value("{}", parse_path("a[1]"), 1)
    with pytest.raises(UsageError, match="empty"):
        set_value("{}", (), 1)
    with pytest.raises(UsageError, match="empty"):
        unset_value("{}", ())


def test_an_edit_that_reads_back_otherwise_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openclaw_fal.json5.edit.render", lambda *_: "1, other: 2")
    with pytest.raises(OpenClawFalError, match="nothing was written") as caught:
        set_value("{a: 1}", ("a",), 5)
    assert caught.value.status == 1


def test_many_comments_on_a_line_take_no_time() -> None:
    text = "{\n" + "/* c */" * 3000 + "x a: 1\n}"
    with pytest.raises(Json5Error):
        set_value(text, ("b",), 1)
    good = "{\n" + "/* c */" * 3000 + " a: [\n" + "/* c */" * 3000 + "1]\n}"
    assert same(loads(set_value(good, parse_path("a[1]"), 2)), {"a": [1, 2]})
