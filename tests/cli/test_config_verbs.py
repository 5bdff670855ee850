"""The verbs and flags of OpenClaw's own `config`, and `infer list`, `inspect`, `providers`."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from openclaw_fal.json5.read import loads
from tests.support.program import Openclaw

IMAGE = "agents.defaults.imageGenerationModel"
TEXT = "{\n  // mine\n  models: { providers: { fal: { baseUrl: 'https://x.example' } } },\n}\n"


@pytest.fixture
def config(openclaw: Openclaw) -> Path:
    path = Path(os.environ["HOME"]) / ".openclaw" / "openclaw.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(TEXT, encoding="utf-8")
    return path


def value(path: Path) -> object:
    return loads(path.read_text(encoding="utf-8"))


def test_merge_adds_keys(openclaw: Openclaw, config: Path) -> None:
    argv = ["config", "set", "models.providers.fal", '{"timeoutSeconds": 9}', "--merge"]
    assert openclaw(*argv).status == 0
    assert value(config) == {
        "models": {"providers": {"fal": {"baseUrl": "https://x.example", "timeoutSeconds": 9}}}
    }
    assert "// mine" in config.read_text(encoding="utf-8")


def test_a_batch_is_all_or_nothing(openclaw: Openclaw, config: Path) -> None:
    good = [
        {"path": f"{IMAGE}.primary", "value": "fal/fal-ai/flux/dev"},
        {"path": "models.providers.fal.apiKey",
         "ref": {"source": "env", "provider": "default", "id": "FAL_KEY"}},
    ]  # fmt: skip
    bad = [*good, {"path": "nobody.knows", "value": 1}]
    assert openclaw("config", "set", "--batch-json", json.dumps(bad)).status == 2
    assert config.read_text(encoding="utf-8") == TEXT
    batch = config.with_name("batch.json")
    batch.write_text(json.dumps(good), encoding="utf-8")
    assert openclaw("config", "set", "--batch-file", str(batch)).status == 0
    outcome = openclaw("config", "get", f"{IMAGE}.primary")
    assert outcome.out == "fal/fal-ai/flux/dev\n"


@pytest.mark.parametrize(
    "argv",
    [
        ["--batch-json", "{}"],
        ["--batch-json", "[]"],
        ["--batch-json", '[{"path": "a"}]'],
        ["--batch-json", "[]", "--batch-file", "x"],
        ["a.b", "1", "--batch-json", '[{"path": "a", "value": 1}]'],
        ["a.b"],
        ["a.b", "1", "--ref-source", "env", "--ref-id", "X"],
        ["a.b", "--ref-source", "env"],
        ["a.b", "1", "--expect-current-absent", "--expect-current-json", "1"],
    ],
)
def test_what_contradicts_itself_is_wrong_usage(
    openclaw: Openclaw, config: Path, argv: list[str]
) -> None:
    assert openclaw("config", "set", *argv).status == 2
    assert config.read_text(encoding="utf-8") == TEXT


def test_a_write_can_depend_on_what_stands_there(openclaw: Openclaw, config: Path) -> None:
    url = "models.providers.fal.baseUrl"
    refused = openclaw("config", "set", url, "https://y.example", "--expect-current-absent")
    assert refused.status == 3
    other = ["--expect-current-json", '"https://z.example"']
    assert openclaw("config", "set", url, "https://y.example", *other).status == 3
    assert config.read_text(encoding="utf-8") == TEXT
    same = ["--expect-current-json", '"https://x.example"']
    assert openclaw("config", "set", url, "https://y.example", *same).status == 0
    new = ["config", "set", "agents.defaults.mediaMaxMb", "5", "--expect-current-absent"]
    assert [openclaw(*new).status, openclaw(*new).status] == [0, 3]


def test_a_reference_in_place_of_a_key(openclaw: Openclaw, config: Path) -> None:
    argv = ["config", "set", "models.providers.fal.apiKey", "--ref-source", "env", "--ref-id",
            "FAL_KEY"]  # fmt: skip
    assert openclaw(*argv).status == 0
    reference = {"source": "env", "provider": "default", "id": "FAL_KEY"}
    assert json.loads(openclaw("config", "get", argv[2], "--json").out)["value"] == reference


def test_a_patch_merges_and_removes(openclaw: Openclaw, config: Path) -> None:
    patch = config.with_name("patch.json5")
    patch.write_text(
        "{models: {providers: {fal: {baseUrl: null, timeoutSeconds: 5}}},\n"
        " agents: {defaults: {imageGenerationModel: {primary: 'fal/fal-ai/flux/dev'}}}}",
        encoding="utf-8",
    )
    dry = openclaw("config", "patch", "--file", str(patch), "--dry-run")
    assert (dry.status, config.read_text(encoding="utf-8")) == (0, TEXT)
    assert "-  models:" in dry.out
    assert openclaw("config", "patch", "--file", str(patch)).status == 0
    assert value(config) == {
        "models": {"providers": {"fal": {"timeoutSeconds": 5}}},
        "agents": {"defaults": {"imageGenerationModel": {"primary": "fal/fal-ai/flux/dev"}}},
    }
    assert openclaw("config", "patch").status == 2


def test_the_schema_and_a_part_of_it(openclaw: Openclaw, config: Path) -> None:
    outcome = openclaw("config", "schema", "agents.defaults.mediaModels", "--layout", "current")
    assert set(json.loads(outcome.out)["properties"]) == {"image", "video", "music"}
    missing = openclaw("config", "schema", "agents.defaults.mediaModels", "--layout", "legacy")
    assert missing.status == 2


def test_an_unknown_key_is_refused_and_found(openclaw: Openclaw, config: Path) -> None:
    refused = openclaw("config", "set", "image", "nano-banana")
    assert refused.status == 2
    assert f"{IMAGE}.primary" in refused.err
    typo = openclaw("config", "set", "agents.defaults.imageGenerationModels", "fal/fal-ai/flux/dev")
    assert "did you mean imageGenerationModel?" in typo.err
    assert config.read_text(encoding="utf-8") == TEXT
    forced = openclaw("config", "set", "image", "nano-banana", "--force")
    assert forced.status == 0
    checked = openclaw("config", "validate")
    assert checked.status == 3
    assert "image: " in checked.err


def test_validate_knows_the_kinds_of_models(openclaw: Openclaw, config: Path) -> None:
    config.write_text(
        f"{{agents: {{defaults: {{imageGenerationModel: '{VIDEO}'}}}}}}", encoding="utf-8"
    )
    checked = openclaw("config", "validate")
    assert checked.status == 3
    assert "makes video, not image" in checked.err


VIDEO = "fal/fal-ai/minimax/video-01-live"


def test_infer_tells_what_there_is(openclaw: Openclaw) -> None:
    listed = json.loads(openclaw("infer", "list", "--json").out)
    assert {"id": "image.generate", "transports": ["local"]}.items() <= listed[0].items()
    for entry in listed:
        facts = json.loads(openclaw("infer", "inspect", "--name", entry["id"], "--json").out)
        assert facts["id"] == entry["id"]
        assert isinstance(facts["flags"], list)
    image = json.loads(openclaw("infer", "image", "providers", "--json", "--agent", "x").out)
    assert [(row["id"], row["defaultModel"]) for row in image] == [("fal", "fal-ai/flux/dev")]
    video = json.loads(openclaw("infer", "video", "providers", "--json").out)
    assert video["generation"][0]["id"] == "fal"
    assert openclaw("infer", "inspect", "--name", "image.describe").status == 2
