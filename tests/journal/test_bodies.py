"""The exact body in the journal, its fingerprint, and how fal's log is compared with it."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_fal.journal.bodies import fingerprint, kept, placeholder, same_input

PNG = b"\x89PNG" + bytes(range(200))
URI = "data:image/png;base64," + base64.b64encode(PNG).decode()
PLACEHOLDER = {"sha256": hashlib.sha256(PNG).hexdigest(), "size": 204, "type": "image/png"}
UPLOADED = placeholder("ab" * 32, 9_000_000, "video/mp4", "https://v3.fal.media/files/a/b.mp4")
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def test_files_become_their_marks_wherever_they_stand() -> None:
    body = {"prompt": "p" * 9000, "image_url": URI, "more": [{"deep": URI}], "n": 2}
    assert kept(body) == {
        "prompt": "p" * 9000,
        "image_url": PLACEHOLDER,
        "more": [{"deep": PLACEHOLDER}],
        "n": 2,
    }


@pytest.mark.parametrize(
    "text", ["data: the musical", "data:,hello", "data:image/png;base64,?!x", "", "http://a/b.png"]
)
def test_a_text_that_is_no_file_stays_as_it_is(text: str) -> None:
    assert kept({"prompt": text}) == {"prompt": text}


@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_every_other_body_is_kept_exactly_and_equals_itself(body: dict[str, Any]) -> None:
    assert kept(body) == body
    assert same_input(body, body)
    assert fingerprint("e", body) == fingerprint("e", dict(reversed(body.items())))


def test_the_fingerprint_is_that_of_what_is_asked_for() -> None:
    one = fingerprint("e", {"a": 1, "image_url": PLACEHOLDER})
    assert one == fingerprint("e", {"image_url": {**PLACEHOLDER, "url": "https://x"}, "a": 1})
    assert one != fingerprint("f", {"a": 1, "image_url": PLACEHOLDER})
    assert one != fingerprint("e", {"a": 2, "image_url": PLACEHOLDER})
    assert one != fingerprint("e", {"a": 1, "image_url": {**PLACEHOLDER, "sha256": "0"}})


@pytest.mark.parametrize(
    ("body", "seen", "same"),
    [
        ({"a": 1}, {"a": 1, "added": True}, True),
        ({"a": 1}, {"a": 1.0}, True),
        ({"a": 1}, {"a": True}, False),
        ({"a": 3.5}, {"a": "3.5"}, True),
        ({"a": 3.5}, {"a": "x"}, False),
        ({"a": 1}, {}, False),
        ({"a": 1}, None, False),
        ({"a": 1}, "text", False),
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}, True),
        ({"a": [1, 2]}, {"a": [2, 1]}, False),
        ({"a": [1, 2]}, {"a": [1]}, False),
        ({"a": PLACEHOLDER}, {"a": URI}, True),
        ({"a": PLACEHOLDER}, {"a": URI[:-8] + "AAAAAAA="}, False),
        ({"a": PLACEHOLDER}, {"a": "https://v3.fal.media/files/x.png"}, True),
        ({"a": PLACEHOLDER}, {"a": "text"}, False),
        ({"a": PLACEHOLDER}, {"a": None}, False),
        ({"a": UPLOADED}, {"a": UPLOADED["url"]}, True),
        ({"a": UPLOADED}, {"a": "https://v3.fal.media/files/other.mp4"}, False),
    ],
)
def test_what_fal_has_logged_is_compared(body: Any, seen: object, same: bool) -> None:
    assert same_input(body, seen) is same
