"""`openclaw auth`, and keys that are none."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.support.program import KEY, Openclaw


def test_status_and_logout(openclaw: Openclaw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FAL_KEY", raising=False)
    assert openclaw("onboard", "--fal-api-key", KEY, "--non-interactive").status == 0
    facts = json.loads(openclaw("auth", "status", "--json").out)["key"]
    assert (facts["set"], facts["source"]) == (True, "stored")
    monkeypatch.setenv("FAL_KEY", KEY)
    facts = json.loads(openclaw("auth", "status", "--json").out)["key"]
    assert (facts["source"], len(facts["alsoIn"])) == ("FAL_KEY", 1)
    assert KEY not in openclaw("auth", "status").out
    gone = openclaw("auth", "logout")
    assert gone.status == 0
    assert "a key is still in FAL_KEY in the environment" in gone.err
    assert json.loads(openclaw("onboard", "--remove", "--json").out)["removed"] is False
    monkeypatch.delenv("FAL_KEY")
    assert json.loads(openclaw("auth", "status", "--json").out)["key"] == {"set": False}


@pytest.mark.parametrize(
    "key", ["https://fal.ai/dashboard/keys", "hello", "sk-abc", "sk-abcdefghijklmnopqrstuvwxyz"]
)
def test_what_is_no_key_replaces_none(openclaw: Openclaw, key: str) -> None:
    assert openclaw("onboard", "--fal-api-key", KEY, "--non-interactive").status == 0
    before = json.loads(openclaw("auth", "status", "--json").out)
    refused = openclaw("onboard", "--fal-api-key", key, "--non-interactive")
    assert refused.status == 4
    assert "https://fal.ai/dashboard/keys; --force" in refused.err
    assert json.loads(openclaw("auth", "status", "--json").out) == before
    forced = openclaw("onboard", "--fal-api-key", key, "--non-interactive", "--force")
    assert forced.status == 0


def test_a_default_whose_variable_is_not_set_stops_no_onboarding(openclaw: Openclaw) -> None:
    path = Path(os.environ["HOME"]) / ".openclaw" / "openclaw.json"
    path.parent.mkdir()
    path.write_text("{agents: {defaults: {imageGenerationModel: 'fal/${UNSET_ONE}'}}}")
    done = openclaw("onboard", "--fal-api-key", KEY, "--non-interactive", "--json")
    assert done.status == 0
    assert done.json["defaults"]["image"] == "fal/${UNSET_ONE}"
