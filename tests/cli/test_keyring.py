"""`onboard --keyring`: the key in the system's store, by a backend of the test's own."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from tests.support.effort import some
from tests.support.program import KEY, Openclaw, Outcome, process

BACKEND = """
import json, os
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError

class Store(KeyringBackend):
    priority = 1

    def _read(self):
        mode = os.environ.get("TEST_KEYRING_MODE", "")
        if mode == "locked":
            raise KeyringLocked("locked")
        if mode == "broken":
            raise ValueError("the bus is gone")
        try:
            return json.load(open(os.environ["TEST_KEYRING_FILE"]))
        except FileNotFoundError:
            return {}

    def _write(self, entries):
        with open(os.environ["TEST_KEYRING_FILE"], "w") as file:
            json.dump(entries, file)

    def get_password(self, service, username):
        return self._read().get(f"{service} {username}")

    def set_password(self, service, username, password):
        if os.environ.get("TEST_KEYRING_MODE") != "forgetful":
            self._write({**self._read(), f"{service} {username}": password})

    def delete_password(self, service, username):
        entries = self._read()
        if entries.pop(f"{service} {username}", None) is None:
            raise PasswordDeleteError("not there")
        self._write(entries)
"""
ONBOARD = ("onboard", "--non-interactive", "--json")
OTHER = "other-key-0123456789abcdef"


@pytest.fixture
def store(isolated: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a keyring that every process of this test uses."""
    folder = isolated / "backends"
    folder.mkdir()
    (folder / "store_of_the_test.py").write_text(BACKEND, encoding="utf-8")
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    )
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "store_of_the_test.Store")
    monkeypatch.setenv("TEST_KEYRING_FILE", str(isolated / "keyring.json"))
    monkeypatch.delenv("FAL_KEY", raising=False)
    return isolated / "keyring.json"


def credentials(isolated: Path) -> str:
    (path,) = isolated.rglob("credentials.toml")
    return path.read_text(encoding="utf-8")


def stored(*flags: str, key: str = KEY) -> Outcome:
    outcome = process(*ONBOARD, "--fal-api-key-stdin", *flags, stdin=key.encode())
    assert outcome.status == 0, outcome.err
    return outcome


def test_the_key_is_in_the_keyring_and_nowhere_else(store: Path, isolated: Path) -> None:
    assert stored("--keyring").json["key"]["mode"] == "keyring"
    assert list(json.loads(store.read_text()).values()) == [KEY]
    assert KEY not in credentials(isolated)
    status = process("auth", "status", "--json")
    assert status.json["key"]["source"] == "stored"
    assert "the system's keyring" in status.json["key"]["label"]
    assert KEY not in status.out
    assert process("image", "p", "--dry-run").status == 0
    again = stored("--keyring", key=OTHER)
    assert list(json.loads(store.read_text()).values()) == [OTHER]
    assert again.json["config"]["changed"] is False


def test_logout_empties_the_keyring(store: Path, isolated: Path) -> None:
    stored("--keyring")
    assert process("auth", "logout", "--json").json["removed"] is True
    assert json.loads(store.read_text()) == {}
    assert process("auth", "status", "--json").json["key"] == {"set": False}


def test_a_key_in_the_file_takes_the_place_of_the_one_in_the_keyring(
    store: Path, isolated: Path
) -> None:
    stored("--keyring")
    assert stored(key=OTHER).json["key"]["mode"] == "plaintext"
    assert json.loads(store.read_text()) == {}
    assert OTHER in credentials(isolated)


def test_a_stored_key_moves_into_the_keyring(store: Path, isolated: Path) -> None:
    stored()
    assert process(*ONBOARD, "--keyring").status == 0
    assert KEY not in credentials(isolated)
    assert list(json.loads(store.read_text()).values()) == [KEY]


@pytest.mark.exhaustive
@pytest.mark.parametrize(("mode", "word"), [("locked", "is locked"), ("broken", "the bus is gone")])
def test_a_keyring_out_of_reach_has_its_own_error(
    mode: str, word: str, store: Path, isolated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored("--keyring")
    before = credentials(isolated), store.read_text()
    monkeypatch.setenv("TEST_KEYRING_MODE", mode)
    for argv in some((["image", "p"], ["auth", "logout"], [*ONBOARD, "--keyring"]), 1, seed=mode):
        refused = process(*argv, "--json")
        assert refused.status == 3
        assert word in refused.json["error"]["message"]
        assert "FAL_KEY" in refused.json["error"]["hint"]
        assert "Traceback" not in refused.err
    shown = process("auth", "status", "--json")
    assert shown.status == 0
    assert word in shown.json["key"]["problem"]
    assert (credentials(isolated), store.read_text()) == before
    left = process(*ONBOARD, "--fal-api-key-stdin", stdin=OTHER.encode())
    assert left.status == 0
    assert "still in the system's keyring" in left.err + left.out


def test_a_keyring_that_keeps_nothing_is_noticed(
    store: Path, isolated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_KEYRING_MODE", "forgetful")
    refused = process(*ONBOARD, "--keyring", "--fal-api-key-stdin", stdin=KEY.encode())
    assert refused.status == 3
    assert "did not keep the key" in refused.json["error"]["message"]
    assert not list(isolated.rglob("credentials.toml"))


@pytest.mark.parametrize("backend", ["keyring.backends.fail.Keyring", "no.such.Backend"])
def test_no_keyring_at_all(
    backend: str, store: Path, isolated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", backend)
    refused = process(*ONBOARD, "--keyring", "--fal-api-key-stdin", stdin=KEY.encode())
    assert refused.status == 3
    assert "keyring" in refused.json["error"]["message"]
    assert not list(isolated.rglob("credentials.toml"))


def test_an_entry_that_is_gone(store: Path, isolated: Path) -> None:
    stored("--keyring")
    store.unlink()
    refused = process("image", "p", "--json")
    assert refused.status == 4
    assert "openclaw onboard --keyring" in refused.json["error"]["hint"]


def test_without_the_extra(openclaw: Openclaw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    refused = openclaw(*ONBOARD, "--keyring", "--fal-api-key", KEY)
    assert refused.status == 3
    assert "openclaw-fal[keyring]" in refused.json["error"]["hint"]


def test_a_reference_is_not_stored_in_the_keyring(openclaw: Openclaw) -> None:
    assert openclaw(*ONBOARD, "--keyring", "--secret-input-mode", "ref").status == 2
