"""Which certificates are trusted, and how many of them are loaded to see that."""

from __future__ import annotations

import ssl
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from openclaw_fal.errors import Unreachable
from openclaw_fal.fal.client import Client
from openclaw_fal.fal.hosts import hosts_for
from openclaw_fal.fal.http import trust as trusting
from openclaw_fal.fal.http.sender import Sender
from openclaw_fal.fal.http.trust import Trust
from openclaw_fal.sandbox import Sandbox
from tests.fal.conftest import FLUX, KEY, QUICK, soon

BY_NAME = "2bad58bb.0"
"""The file in which OpenSSL looks for the sandbox's authority: a hash of its name."""


class Paths(NamedTuple):
    capath: str | None


@pytest.fixture
def fal() -> Iterator[Sandbox]:
    with Sandbox(tls=True) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder for authorities."""
    made = tmp_path / "authorities"
    made.mkdir()
    return made


def client_with(fal: Sandbox, folder: Path) -> Client:
    url = fal.url.replace("http://127.0.0.1", "https://localhost")
    return Client(hosts_for(url), KEY, sender=Sender(Trust(str(folder))), retry=QUICK)


def run(client: Client) -> object:
    with client:
        return client.run(FLUX, {"prompt": "p"}, deadline=soon()).payload


def keep(fal: Sandbox, folder: Path) -> None:
    """Put the sandbox's authority into the folder, under the name that OpenSSL looks for."""
    assert fal.ca_file is not None
    (folder / BY_NAME).write_bytes(fal.ca_file.read_bytes())


def test_an_authority_in_the_folder_is_found_without_loading_the_others(
    fal: Sandbox, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(fal, folder)
    monkeypatch.delattr(trusting, "tls_context")

    assert run(client_with(fal, folder))


def test_an_authority_that_is_not_in_the_folder_is_looked_for_among_all(
    fal: Sandbox, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(fal.ca_file))

    assert run(client_with(fal, folder))
    assert len(fal.posts()) == 1


def test_an_authority_that_nobody_knows_stops_the_request(fal: Sandbox, folder: Path) -> None:
    with pytest.raises(Unreachable) as caught:
        run(client_with(fal, folder))

    assert "certificate" in caught.value.message.lower()
    assert not caught.value.may_have_arrived
    assert fal.requests == []


def test_all_are_loaded_once(folder: Path) -> None:
    trust = Trust(str(folder))
    first = trust.context()

    wider = trust.full_instead_of(first)

    assert wider is not None
    assert trust.full_instead_of(first) is wider
    assert trust.full_instead_of(wider) is None
    assert trust.context() is wider


@pytest.mark.parametrize(
    ("variable", "name", "used"),
    [
        (None, BY_NAME, True),
        (None, "authorities.pem", False),
        ("SSL_CERT_FILE", BY_NAME, False),
        ("SSL_CERT_DIR", BY_NAME, False),
    ],
    ids=["names", "no names", "a file is set", "a folder is set"],
)
def test_the_systems_folder_is_used_if_it_is_one_by_name(
    fal: Sandbox,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    variable: str | None,
    name: str,
    used: bool,
) -> None:
    assert fal.ca_file is not None
    (folder / name).write_bytes(fal.ca_file.read_bytes())
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: Paths(str(folder)))
    monkeypatch.setattr(sys, "platform", "linux")
    if variable:
        monkeypatch.setenv(variable, str(fal.ca_file if variable == "SSL_CERT_FILE" else folder))
    trust = Trust()

    assert (trust.full_instead_of(trust.context()) is not None) == used


def test_the_checks_are_those_of_any_connection(folder: Path) -> None:
    context = Trust(str(folder)).context()

    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
