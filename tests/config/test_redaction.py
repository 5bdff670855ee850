"""What may be shown."""

from __future__ import annotations

import pytest

from openclaw_fal.config.redaction import diff, is_secret, redacted
from openclaw_fal.store.key_format import REDACTED


@pytest.mark.parametrize(
    "key",
    ["apiKey", "api_key", "botToken", "token", "tokens", "password", "clientSecret", "FAL_KEY",
     "OPENAI_API_KEY", "Authorization", "X-Api-Key", "privateKey", "serviceAccount"],
)  # fmt: skip
def test_secret(key: str) -> None:
    assert is_secret(key)


@pytest.mark.parametrize("key", ["primary", "baseUrl", "sessionKey", "monkey", "keyboard", 0])
def test_no_secret(key: str | int) -> None:
    assert not is_secret(key)


def test_secrets_are_taken_out_and_references_stay() -> None:
    reference = {"source": "env", "provider": "default", "id": "FAL_KEY"}
    value = {
        "apiKey": "abc",
        "other": {"apiKey": "${NAME}", "token": reference, "tokens": ["a", "${B}"], "n": 1},
        "maxTokens": 5,
        "password": "",
        "baseUrl": "https://user:pw@host/x",
    }
    assert redacted(value) == {
        "apiKey": REDACTED,
        "other": {"apiKey": "${NAME}", "token": reference, "tokens": [REDACTED, "${B}"], "n": 1},
        "maxTokens": 5,
        "password": "",
        "baseUrl": "https://***@host/x",
    }
    assert redacted("abc", ("models", "apiKey")) == REDACTED
    assert redacted("abc", ("models", "primary")) == "abc"


def test_a_diff_shows_the_change_and_no_secret() -> None:
    before = "{\n  apiKey: \"old-one\", // c\n  token: 'same',\n  a: 1,\n}\n"
    after = before.replace("a: 1", "a: 2")
    assert diff(before, after, "f").splitlines() == [
        "--- f (before)",
        "+++ f (after)",
        "@@ -1,6 +1,6 @@",
        " {",
        f'   apiKey: "{REDACTED}", // c',
        f'   token: "{REDACTED}",',
        "-  a: 1,",
        "+  a: 2,",
        " }",
        " ",
    ]
    shown = diff(before, before.replace("old-one", "new-one"), "f")
    assert "one" not in shown
    assert f'+  apiKey: "{REDACTED} (new)", // c' in shown
    assert diff("", '{"a": 1}\n', "f").splitlines()[3:] == ['+{"a": 1}', "+"]


def test_a_diff_hides_a_key_that_was_commented_out() -> None:
    before = '{\n  // apiKey: "0123456789abcdef",\n  /* token: plain-old-token, */\n  a: 1,\n}\n'
    shown = diff(before, before.replace("a: 1", "a: 2"), "f")
    assert f'   // apiKey: "{REDACTED}",' in shown
    assert "0123456789abcdef" not in shown
    assert "plain-old-token" not in shown
