"""`openclaw onboard`, interactive and not."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from openclaw_fal.sandbox import Sandbox
from tests.support.folders import mode
from tests.support.program import KEY, Openclaw, process, write_config
from tests.support.systems import permissions

CI_FLAGS = (
    "--non-interactive",
    "--accept-risk",
    "--skip-health",
    "--skip-channels",
    "--skip-skills",
    "--skip-search",
    "--skip-ui",
    "--skip-daemon",
    "--skip-hooks",
    "--skip-bootstrap",
    "--no-install-daemon",
    "--mode",
    "local",
    "--auth-choice",
    "fal-api-key",
)
FLUX = "fal/fal-ai/flux/dev"


def config_path() -> Path:
    return Path(os.environ["HOME"]) / ".openclaw" / "openclaw.json"


def everything(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def files_with(text: str, folder: Path) -> set[str]:
    return {path.name for path, data in everything(folder).items() if text.encode() in data}


def test_the_recipe_of_ci_leaves_openclaws_three_entries(
    openclaw: Openclaw, isolated: Path
) -> None:
    outcome = openclaw("onboard", *CI_FLAGS, "--fal-api-key", KEY, "--json")
    assert outcome.status == 0, outcome.err
    assert outcome.json["ok"] is True
    assert json.loads(config_path().read_text()) == {
        "agents": {"defaults": {"imageGenerationModel": {"primary": FLUX}}},
        "auth": {"profiles": {"fal:default": {"provider": "fal", "mode": "api_key"}}},
        "plugins": {"entries": {"fal": {"enabled": True}}},
    }
    assert files_with(KEY, isolated) == {"credentials.toml"}
    assert KEY not in outcome.out + outcome.err


@permissions
def test_the_key_file_is_private(openclaw: Openclaw, isolated: Path) -> None:
    openclaw("onboard", *CI_FLAGS, "--fal-api-key", KEY)
    (path,) = isolated.rglob("credentials.toml")
    assert mode(path) == 0o600
    assert mode(path.parent) == 0o700
    assert mode(config_path()) == 0o600


def test_running_it_again_changes_no_byte(openclaw: Openclaw, isolated: Path) -> None:
    openclaw("onboard", *CI_FLAGS, "--fal-api-key", KEY)
    before = everything(isolated)
    outcome = openclaw("onboard", *CI_FLAGS, "--fal-api-key", KEY, "--json")
    assert outcome.json["config"]["changed"] is False
    assert everything(isolated) == before


def test_a_configured_image_model_stays(openclaw: Openclaw) -> None:
    path = config_path()
    path.parent.mkdir()
    path.write_text("{agents: {defaults: {imageGenerationModel: 'google/x'}}} // mine\n")
    assert openclaw("onboard", *CI_FLAGS, "--fal-api-key", KEY).status == 0
    text = path.read_text()
    assert "imageGenerationModel: 'google/x'" in text
    assert FLUX not in text
    assert "// mine" in text


def test_a_file_of_the_newer_layout_gets_the_newer_keys(openclaw: Openclaw) -> None:
    path = config_path()
    path.parent.mkdir()
    path.write_text('{"meta": {"lastTouchedVersion": "2026.9.6"}}')
    assert openclaw("onboard", *CI_FLAGS, "--fal-api-key", KEY).status == 0
    config = json.loads(path.read_text())
    assert config["agents"]["defaults"] == {"mediaModels": {"image": {"primary": FLUX}}}


@pytest.mark.parametrize("name", ["FAL_KEY", "FAL_API_KEY"])
def test_a_key_in_the_environment_is_stored(
    name: str, openclaw: Openclaw, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, KEY)
    outcome = openclaw("onboard", "--json")
    assert outcome.json["key"]["source"] == name
    monkeypatch.delenv(name)
    assert openclaw("config", "show", "--json").json["key"]["source"] == "stored"


def test_the_key_from_standard_input(isolated: Path) -> None:
    outcome = process("onboard", "--fal-api-key-stdin", "--json", stdin=f"{KEY}\n".encode())
    assert outcome.status == 0, outcome.err
    assert files_with(KEY, isolated) == {"credentials.toml"}


def test_a_reference_stores_no_key(
    openclaw: Openclaw, isolated: Path, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = openclaw("onboard", *CI_FLAGS, "--secret-input-mode", "ref", "--json")
    assert outcome.status == 0, outcome.err
    assert outcome.json["key"]["mode"] == "ref"
    assert files_with(KEY, isolated) == set()
    monkeypatch.delenv("FAL_KEY")
    failed = openclaw("image", "p", "--json")
    assert failed.status == 4
    assert "FAL_KEY" in failed.json["error"]["message"]


@pytest.mark.parametrize(
    ("argv", "status", "word"),
    [
        (["--auth-choice", "openai-api-key"], 2, "fal-api-key"),
        (["--secret-input-mode", "vault", "--fal-api-key", KEY], 2, "plaintext"),
        (["--mode", "remote", "--fal-api-key", KEY], 2, "local"),
        (["--fal-api-key", KEY, "--fal-api-key-stdin"], 2, "twice"),
        (["--non-interactive"], 4, "FAL_KEY"),
        (["--secret-input-mode", "ref"], 4, "FAL_KEY"),
        (["--fal-api-key", "****************cdef"], 4, "mask"),
        (["--fal-api-key", "your-fal-key-here"], 4, "placeholder"),
        (["--fal-api-key", "abc def:ghi"], 4, "white space"),
        (["--fal-api-key", ""], 4, "empty"),
    ],
)
def test_refusals_store_nothing(
    argv: list[str], status: int, word: str, openclaw: Openclaw, isolated: Path
) -> None:
    outcome = openclaw("onboard", *argv, "--json")
    assert outcome.status == status, outcome.out
    assert word in outcome.json["error"]["message"]
    assert everything(isolated) == {}


def test_a_malformed_config_stops_it_before_the_key_is_stored(
    openclaw: Openclaw, isolated: Path
) -> None:
    path = write_config("http://127.0.0.1:1")
    path.write_text("{ broken")
    outcome = openclaw("onboard", "--fal-api-key", KEY, "--json")
    assert outcome.status == 3
    assert path.read_text() == "{ broken"
    assert files_with(KEY, isolated) == set()


def test_a_readonly_config_stops_it_before_the_key_is_stored(
    openclaw: Openclaw, isolated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENCLAW_CONFIG_READONLY", "1")
    outcome = openclaw("onboard", "--fal-api-key", KEY, "--json")
    assert outcome.status == 3
    assert "OPENCLAW_CONFIG_READONLY" in outcome.json["error"]["message"]
    assert files_with(KEY, isolated) == set()


def test_verify_asks_fal_at_no_cost(openclaw: Openclaw, fal: Sandbox) -> None:
    outcome = openclaw("onboard", "--verify", "--fal-api-key", KEY, "--json")
    assert outcome.json["verified"] is True
    assert [request.method for request in fal.requests] == ["GET"]


def test_verify_refused_is_status_4_and_stores_nothing(
    openclaw: Openclaw, fal: Sandbox, isolated: Path
) -> None:
    outcome = openclaw("onboard", "--verify", "--fal-api-key", "sandbox-bad-key", "--json")
    assert outcome.status == 4
    assert not list(isolated.rglob("credentials.toml"))


def test_verify_of_a_locked_account_is_status_8(openclaw: Openclaw, fal: Sandbox) -> None:
    outcome = openclaw("onboard", "--verify", "--fal-api-key", "sandbox-locked", "--json")
    assert outcome.status == 8
    assert outcome.json["error"]["code"] == "billing"


def test_verify_without_a_network_is_a_warning(openclaw: Openclaw) -> None:
    write_config("http://127.0.0.1:9")
    outcome = openclaw("onboard", "--verify", "--fal-api-key", KEY, "--json")
    assert outcome.status == 0
    assert outcome.json["verified"] is False
