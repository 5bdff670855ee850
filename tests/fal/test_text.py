"""Text from a server can neither drive a terminal nor give the key away."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from openclaw_fal.fal.text import clean, redact, redact_bytes
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
    assert redact(f"Key {KEY}!", KEY) == "Key [redacted]!"
    assert redact(f"{ID} and {SECRET}", KEY) == "[redacted] and [redacted]"
    assert "canary" not in clean(f"{KEY[:10]}\x1b[0m{KEY[10:]}", key=KEY)
    assert clean("x" * 1000 + KEY, key=KEY, limit=1010) == "x" * 1000 + "[redacted]"


def test_what_is_too_short_to_be_secret_stays() -> None:
    assert redact("a test of tests", "test") == "a test of tests"
    assert redact("x", None) == "x"


def test_bodies_lose_the_key_and_keep_the_id() -> None:
    body = f'{{"url": "https://m/{ID}/a.png", "echo": "{KEY}", "half": "{SECRET}"}}'.encode()
    found = redact_bytes(body, KEY)
    assert SECRET.encode() not in found
    assert f"https://m/{ID}/a.png".encode() in found


@given(st.text(max_size=300))
def test_nothing_unprintable_comes_through(text: str) -> None:
    found = clean(text)
    assert not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in found)
    found.encode("utf-8")
