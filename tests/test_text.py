"""Text from a server can neither drive a terminal nor give the key away."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from openclaw_fal.text import clean, redacted, redacted_bytes, redacted_json
from tests.fal.conftest import KEY

ID, SECRET = KEY.split(":")


def test_control_sequences_are_taken_out() -> None:
    assert clean("a\x1b[31mred\x1b[0m\x1b]0;title\x07 b\r\n\tc\x00\x9bd") == "ared b c d"
    assert clean("safe\u202egnp.exe") == "safegnp.exe"
    assert clean("\ud800x") == "\ufffdx"
    assert clean("ünïcødé 🎨 👩\u200d🎨") == "ünïcødé 🎨 👩\u200d🎨"


def test_long_text_is_cut() -> None:
    assert clean("x" * 5000, limit=10) == "x" * 9 + "…"


def test_the_key_is_redacted_whole_and_in_halves() -> None:
    assert redacted(f"Key {KEY}!", [KEY]) == "Key [redacted]!"
    assert redacted(f"{ID} and {SECRET}", [KEY]) == "[redacted] and [redacted]"
    assert "canary" not in clean(f"{KEY[:10]}\x1b[0m{KEY[10:]}", key=KEY)
    assert clean("x" * 1000 + KEY, key=KEY, limit=1010) == "x" * 1000 + "[redacted]"


def test_what_is_too_short_to_be_secret_stays() -> None:
    assert redacted("a sandbox of sandboxes", ["sandbox"]) == "a sandbox of sandboxes"
    assert redacted("x", [None]) == "x"


def test_bodies_lose_the_key_and_keep_the_id() -> None:
    body = f'{{"url": "https://m/{ID}/a.png", "echo": "{KEY}", "half": "{SECRET}"}}'.encode()
    found = redacted_bytes(body, KEY)
    assert SECRET.encode() not in found
    assert f"https://m/{ID}/a.png".encode() in found


def test_a_document_keeps_its_keys() -> None:
    assert redacted_json({SECRET: {"path": SECRET}}, [KEY]) == {SECRET: {"path": "[redacted]"}}


@given(st.text(max_size=300))
def test_nothing_unprintable_comes_through(text: str) -> None:
    found = clean(text)
    assert not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in found)
    found.encode("utf-8")
