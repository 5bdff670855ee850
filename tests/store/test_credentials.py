"""The key: where it comes from, what is no key, and the file that stores it."""

from __future__ import annotations

import os
import stat
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_fal.config.fal_key import resolve_key
from openclaw_fal.config.read import Config
from openclaw_fal.errors import AuthError, LocalError
from openclaw_fal.store.credentials import store_key, store_reference, stored_key
from openclaw_fal.store.key_format import EnvKey, PlainKey, check_key, mask
from openclaw_fal.store.paths import credentials_path
from tests.support.configs import config_from
from tests.support.folders import mode
from tests.support.systems import links, permissions

KEY = "0f3c9a1e-77aa-4b5d-9d2e-1234567890ab:0123456789abcdef0123456789abcdef"


def config(api_key: str) -> Config:
    text = f"{{models: {{providers: {{fal: {{apiKey: {api_key}}}}}}}}}"
    return config_from(text)


def environ(**more: str) -> dict[str, str]:
    return {**os.environ, **more}


def test_the_order_of_the_sources() -> None:
    read = config("'key-in-the-config'")
    assert resolve_key(None) is None
    assert resolve_key(config("''")) is None
    found = resolve_key(read)
    assert found is not None
    assert (found.value, found.source) == ("key-in-the-config", "config")
    store_key("key-that-is-stored")
    found = resolve_key(read)
    assert found is not None
    assert (found.value, found.source) == ("key-that-is-stored", "stored")
    both = environ(FAL_API_KEY="second-key", FAL_KEY="first-key")
    for env, value in [
        (both, "first-key"),
        ({**both, "FAL_KEY": ""}, "second-key"),
        ({**both, "FAL_KEY": " \n"}, "second-key"),
        ({**both, "FAL_KEY": " first-key\r\n"}, "first-key"),
        ({**both, "FAL_KEY": "", "FAL_API_KEY": " "}, "key-that-is-stored"),
    ]:
        found = resolve_key(read, env)
        assert found is not None
        assert found.value == value
        if value != "key-that-is-stored":
            assert found.source == found.variable


def test_the_environment_is_enough_when_the_store_is_damaged() -> None:
    path = credentials_path()
    path.parent.mkdir()
    path.write_text("not toml", encoding="utf-8")
    assert resolve_key(None, environ(FAL_KEY="abc")) is not None
    with pytest.raises(LocalError):
        resolve_key(None)


@pytest.mark.parametrize(
    "value", ["'${MY_KEY}'", "{source: 'env', provider: 'default', id: 'MY_KEY'}"]
)
def test_a_key_that_the_config_says_is_in_a_variable(value: str) -> None:
    found = resolve_key(config(value), environ(MY_KEY=f"{KEY}\n"))
    assert found is not None
    assert (found.value, found.source, found.variable) == (KEY, "config", "MY_KEY")
    for env in (environ(), environ(MY_KEY=" ")):
        with pytest.raises(AuthError, match="MY_KEY, which is not set"):
            resolve_key(config(value), env)


def test_a_placeholder_is_refused_wherever_it_stands() -> None:
    with pytest.raises(AuthError, match=r"placeholder.*FAL_KEY"):
        resolve_key(None, environ(FAL_KEY="YOUR_FAL_KEY"))
    with pytest.raises(AuthError, match="apiKey in /x/openclaw"):
        resolve_key(config("'<your-key>'"))


def test_no_source_shows_the_key() -> None:
    found = resolve_key(None, environ(FAL_KEY=KEY))
    assert found is not None
    assert found.masked == "****cdef"
    assert KEY[:8] not in repr(found) + found.label
    assert "key-in-the-config" not in repr(resolve_key(config("'key-in-the-config'")))


def test_the_mask_shows_four_characters_of_a_long_key_only() -> None:
    assert mask("abcdefghijklmnop") == "****mnop"
    assert mask("abcdefghijklmno") == mask("a") == "****"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("****", "masked"),
        ("*", "masked"),
        ("sk-…abcd", "masked"),
        ("••••••••", "masked"),
        ("0f3c****cdef", "masked"),
        ("0f3c...cdef", "masked"),
        ("----", "masked"),
        ("<your-key>", "placeholder"),
        ("<key>", "placeholder"),
        ("YOUR_FAL_KEY", "placeholder"),
        ("your-api-key", "placeholder"),
        ("your_fal_api_key_here", "placeholder"),
        ("YOUR_KEY_ID:YOUR_KEY_SECRET", "placeholder"),
        ("FAL_KEY", "placeholder"),
        ("fal-key", "placeholder"),
        ("xxxx", "placeholder"),
        ("xxxxxxxx-xxxx-xxxx:xxxx", "placeholder"),
        ("fal-xxxxxxxx", "placeholder"),
        ("XXXX", "placeholder"),
        ("__OPENCLAW_REDACTED__", "placeholder"),
        ("[redacted]", "placeholder"),
        ("${FAL_KEY}", "placeholder"),
        ("$FAL_KEY", "placeholder"),
        ("%FAL_KEY%", "placeholder"),
        ("{{ fal_key }}", "placeholder"),
        ("changeme", "placeholder"),
        ("change-me", "placeholder"),
        ("undefined", "placeholder"),
        ("FAL_KEY=abc:def", "variable"),
        ("export FAL_KEY=abc:def", "variable"),
        ("Key abc:def", "Bearer"),
        ("Bearer abc:def", "Bearer"),
        ('"abc:def"', "quotes"),
        ("'abc:def'", "quotes"),
        ("abc def", "white space"),
        ("abc\ndef", "white space"),
        ("abc\u00a0def", "white space"),
        ("abc\x07def", "no key has"),
        ("abcdéf", "no key has"),
        ("abc\u200bdef", "no key has"),
    ],
)
def test_what_is_no_key(text: str, reason: str) -> None:
    with pytest.raises(AuthError, match=reason) as caught:
        check_key(text)
    assert caught.value.status == 4
    if len(text.strip()) > 4 and text.strip().isascii():
        assert text not in caught.value.message


@pytest.mark.parametrize(
    "text",
    [KEY, "test", "k", "x", "test-key", "fal_sk_live_51Hx", "a.b.c", "my-key", "dummy-key-1",
     "id:se*cret", "keykeykey", "secret-abc", "xy", "abc=", "a/b+c==", "12345678", "{a}:b",
     "xxx1", "key:secret"],
)  # fmt: skip
def test_a_key_is_opaque(text: str) -> None:
    assert check_key(text) == check_key(f"  {text}\r\n") == check_key(f"\ufeff{text}") == text


@given(st.uuids(), st.text("0123456789abcdefABCDEFxyzXYZ", min_size=1))
def test_keys_of_fals_form_are_never_refused(name: object, secret: str) -> None:
    assert check_key(f"{name}:{secret}") == f"{name}:{secret}"


@given(st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", min_size=20))
def test_random_keys_are_refused_only_as_masks_or_placeholders(text: str) -> None:
    letters = set(text.lower())
    if letters - set("x-_.:") and not text.lower().startswith(("your", "insert")):
        assert check_key(text) == text


@permissions
def test_the_file_is_private_from_its_first_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    real = os.open

    def watched(path: object, flags: int, *args: int) -> int:
        descriptor = real(path, flags, *args)  # type: ignore[arg-type]
        if "credentials" in str(path):
            seen.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        return descriptor

    monkeypatch.setattr(os, "open", watched)
    old = os.umask(0)
    try:
        stored = store_key(KEY)
    finally:
        os.umask(old)
    assert seen
    assert set(seen) == {0o600}
    path = credentials_path()
    assert (mode(path), mode(path.parent)) == (0o600, 0o700)
    assert stored.notes == ()
    assert stored.path == path
    assert stored.reference == PlainKey(KEY)
    assert [entry.name for entry in path.parent.iterdir() if entry.is_file()] == [
        "credentials.toml"
    ]


def test_storing_twice_changes_no_byte() -> None:
    store_key(f" {KEY}\n")
    before = credentials_path().stat()
    store_key(KEY)
    after = credentials_path().stat()
    assert (before.st_mtime_ns, before.st_ino) == (after.st_mtime_ns, after.st_ino)


def test_what_is_no_key_is_not_stored() -> None:
    with pytest.raises(AuthError):
        store_key("****")
    assert not credentials_path().exists()


def test_a_reference_is_stored_without_a_key() -> None:
    store_key(KEY)
    stored = store_reference("FAL_KEY")
    assert stored.reference == EnvKey("FAL_KEY")
    content = credentials_path().read_text(encoding="utf-8")
    assert KEY not in content
    assert tomllib.loads(content) == {
        "fal": {"reference": {"source": "env", "provider": "default", "id": "FAL_KEY"}}
    }
    with pytest.raises(AuthError, match="FAL_KEY, which is not set"):
        resolve_key(None)
    store_reference("OTHER_KEY")
    found = resolve_key(None, environ(OTHER_KEY=KEY))
    assert found is not None
    assert (found.value, found.source, found.variable) == (KEY, "stored", "OTHER_KEY")
    store_key(KEY)
    assert stored_key().reference == PlainKey(KEY)
    with pytest.raises(LocalError, match="name of an environment variable"):
        store_reference("not a name")


def test_other_entries_are_kept() -> None:
    path = credentials_path()
    path.parent.mkdir()
    path.write_text(
        'top = 1979-05-27\n[fal]\nlabel = "mine"\n[other]\nkey = "x"\n', encoding="utf-8"
    )
    store_key(KEY)
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    assert data["fal"] == {"label": "mine", "key": KEY}
    assert data["other"] == {"key": "x"}
    assert str(data["top"]) == "1979-05-27"


@pytest.mark.parametrize(
    "content",
    [b"fal = 3", b"[fal]\nkey = 3", b"[fal]\nreference = 'x'",
     b"[fal\n", b"\xff\xfe", b"a = 1\na = 2",
     b"[fal]\nreference = {source = 'file', id = 'x'}", b"a = " + b"[" * 5000],
)  # fmt: skip
def test_a_damaged_file_is_reported_and_never_replaced(content: bytes) -> None:
    path = credentials_path()
    path.parent.mkdir()
    path.write_bytes(content)
    for attempt in (
        stored_key,
        lambda: store_key(KEY),
        lambda: store_reference("FAL_KEY"),
        lambda: resolve_key(None),
    ):
        with pytest.raises(LocalError, match="is damaged"):
            attempt()
    assert path.read_bytes() == content


def test_a_damaged_file_is_reported_without_its_content() -> None:
    path = credentials_path()
    path.parent.mkdir()
    path.write_text(f"[fal]\nkey = {KEY}\n", encoding="utf-8")
    with pytest.raises(LocalError) as caught:
        stored_key()
    assert KEY[:8] not in caught.value.message
    assert "line 2" in caught.value.message


@permissions
def test_what_others_may_read_is_closed_with_a_note() -> None:
    path = credentials_path()
    store_key(KEY)
    path.chmod(0o644)
    path.parent.chmod(0o755)
    found = resolve_key(None)
    assert found is not None
    assert (mode(path), mode(path.parent)) == (0o600, 0o700)
    assert len(found.notes) == 2
    assert str(path) in found.notes[0]
    assert stored_key().notes == ()
    path.chmod(0o666)
    assert len(store_key("another-key").notes) == 1
    assert mode(path) == 0o600


@permissions
def test_a_folder_that_was_there_is_closed_too() -> None:
    folder = credentials_path().parent
    folder.mkdir()
    folder.chmod(0o775)
    assert len(store_key(KEY).notes) == 1
    assert mode(folder) == 0o700


@permissions
def test_a_folder_that_serves_others_stays_as_it_is(tmp_path: Path, isolated: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    isolated.chmod(0o755)
    for folder in (shared, isolated):
        before = mode(folder)
        store_key(KEY, environ(OPENCLAW_FAL_HOME=str(folder)))
        assert mode(folder) == before
        assert mode(folder / "credentials.toml") == 0o600


@permissions
def test_a_file_that_cannot_be_closed_gets_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    store_key(KEY)
    credentials_path().chmod(0o644)

    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "chmod", refused)
    found = resolve_key(None)
    assert found is not None
    assert "chmod failed" in found.notes[0]


@links
def test_a_linked_file_is_written_where_it_is(tmp_path: Path) -> None:
    path = credentials_path()
    path.parent.mkdir(mode=0o700)
    real = tmp_path / "real.toml"
    real.write_text("", encoding="utf-8")
    path.symlink_to(real)
    store_key(KEY)
    assert path.is_symlink()
    assert KEY in real.read_text(encoding="utf-8")
    assert mode(real) == 0o600


def test_a_folder_in_place_of_the_file() -> None:
    credentials_path().mkdir(parents=True)
    with pytest.raises(LocalError, match="folder"):
        store_key(KEY)
    with pytest.raises(LocalError, match="folder"):
        resolve_key(None)


def test_what_holds_a_key_does_not_show_it_by_itself() -> None:
    held = PlainKey("0123456789abcdef")
    assert "0123" not in f"{held} {held!r} {[held]}"
