"""`openclaw config`: OpenClaw's own file, shown and edited without a scratch."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.support.folders import mode
from tests.support.program import KEY, Openclaw
from tests.support.systems import permissions

IMAGE = "agents.defaults.imageGenerationModel.primary"
CURRENT_IMAGE = "agents.defaults.mediaModels.image.primary"
LEGACY = """\
// my openclaw
{
  agents: {
    defaults: {
      // the picture model
      imageGenerationModel: {
        primary: 'fal/fal-ai/flux/dev', fallbacks: ["fal/fal-ai/flux/schnell", "google/x"],
      }, // keep
      model: "anthropic/claude",
    },
  },
  channels: { telegram: { botToken: "123456:SECRETSECRETSECRET" } },
}
"""
CURRENT = """\
{
\t"meta": {"lastTouchedVersion": "2026.9.6"},
\t"agents": {"defaults": {"mediaModels": {"image": "fal/fal-ai/nano-banana-2"}}}
}
"""


def write(text: str) -> Path:
    path = Path(os.environ["HOME"]) / ".openclaw" / "openclaw.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def test_file_names_the_file_that_applies(
    openclaw: Openclaw, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home = Path(os.environ["HOME"])
    assert openclaw("config", "file").out.strip() == str(home / ".openclaw" / "openclaw.json")
    monkeypatch.setenv("OPENCLAW_STATE_DIR", str(tmp_path))
    assert openclaw("config", "file").out.strip() == str(tmp_path / "openclaw.json")
    monkeypatch.setenv("OPENCLAW_CONFIG_PATH", str(tmp_path / "mine.json5"))
    assert openclaw("config", "file").out.strip() == str(tmp_path / "mine.json5")
    given = str(tmp_path / "given.json")
    assert openclaw("config", "file", "--config", given).out.strip() == given
    assert openclaw("--config", given, "config", "file").out.strip() == given


def test_show_tells_the_defaults_with_their_origin_and_never_the_key(
    openclaw: Openclaw, key: str
) -> None:
    write(LEGACY)
    document = openclaw("config", "show", "--json").json
    assert document["defaults"]["image"] == {
        "model": "fal/fal-ai/flux/dev",
        "origin": "config",
        "path": "agents.defaults.imageGenerationModel",
        "fallbacks": ["fal/fal-ai/flux/schnell", "google/x"],
    }
    assert document["defaults"]["video"]["origin"] == "built in"
    assert document["config"]["layout"] == "legacy"
    assert document["key"]["source"] == "FAL_KEY"
    assert document["key"]["masked"].endswith(KEY[-4:])
    plain = openclaw("config", "show")
    assert KEY not in plain.out + plain.err + json.dumps(document)
    assert "fal/fal-ai/minimax/video-01-live" in plain.out


def test_get_reads_either_spelling_and_hides_secrets(openclaw: Openclaw) -> None:
    write(CURRENT)
    for path in (IMAGE, CURRENT_IMAGE):
        assert openclaw("config", "get", path).out.strip() == "fal/fal-ai/nano-banana-2"
    write(LEGACY)
    outcome = openclaw("config", "get", "channels.telegram", "--json")
    assert "SECRET" not in outcome.out
    assert openclaw("config", "get", 'agents["defaults"].model').out.strip() == "anthropic/claude"


def test_get_of_an_unset_default_says_what_applies(openclaw: Openclaw) -> None:
    outcome = openclaw("config", "get", "agents.defaults.videoGenerationModel.primary")
    assert (outcome.status, outcome.out) == (0, "")
    assert "fal/fal-ai/minimax/video-01-live" in outcome.err


def test_set_changes_the_one_value_and_no_other_byte(openclaw: Openclaw) -> None:
    path = write(LEGACY)
    outcome = openclaw("config", "set", IMAGE, "fal/krea/v2/medium/text-to-image")
    assert outcome.status == 0, outcome.err
    assert path.read_text() == LEGACY.replace(
        "'fal/fal-ai/flux/dev'", "'fal/krea/v2/medium/text-to-image'"
    )
    assert path.with_name("openclaw.json.bak").read_text() == LEGACY


def test_set_in_the_other_layout_writes_the_one_of_the_file(openclaw: Openclaw) -> None:
    path = write(CURRENT)
    outcome = openclaw("config", "set", IMAGE, "fal/fal-ai/flux/dev")
    assert path.read_text() == CURRENT.replace("fal/fal-ai/nano-banana-2", "fal/fal-ai/flux/dev")
    assert "mediaModels.image" in outcome.err
    path = write(LEGACY)
    openclaw("config", "set", "agents.defaults.mediaModels.video.primary", "fal/fal-ai/veo3.1")
    text = path.read_text()
    assert "videoGenerationModel" in text
    assert "mediaModels" not in text


def test_a_dry_run_prints_the_difference_and_writes_nothing(openclaw: Openclaw) -> None:
    path = write(LEGACY)
    outcome = openclaw("config", "set", IMAGE, "fal/fal-ai/flux/schnell", "--dry-run")
    assert path.read_text() == LEGACY
    lines = [line for line in outcome.lines if line[:1] in "+-" and line[:3] not in ("---", "+++")]
    assert [line[0] for line in lines] == ["-", "+"]
    assert "fal/fal-ai/flux/schnell" in lines[1]
    assert "SECRET" not in outcome.out


def test_values_are_json5_or_else_text(openclaw: Openclaw) -> None:
    path = write("{}\n")
    assert openclaw("config", "set", "agents.defaults.mediaMaxMb", "12.5").status == 0
    assert openclaw("config", "set", IMAGE, "fal/fal-ai/flux/dev").status == 0
    value = "{primary: 'fal/fal-ai/veo3.1', timeoutMs: 60000,}"
    assert openclaw("config", "set", "agents.defaults.videoGenerationModel", value).status == 0
    assert json.loads(path.read_text())["agents"]["defaults"] == {
        "mediaMaxMb": 12.5,
        "imageGenerationModel": {"primary": "fal/fal-ai/flux/dev"},
        "videoGenerationModel": {"primary": "fal/fal-ai/veo3.1", "timeoutMs": 60000},
    }
    refused = openclaw("config", "set", IMAGE, "fal/fal-ai/flux/dev", "--strict-json")
    assert refused.status == 2


def test_unset_removes_the_key_and_leaves_the_comments(openclaw: Openclaw) -> None:
    path = write(LEGACY)
    assert openclaw("config", "unset", "agents.defaults.imageGenerationModel").status == 0
    text = path.read_text()
    assert "imageGenerationModel" not in text
    for kept in ("// my openclaw", "// the picture model", "// keep", 'model: "anthropic/claude"'):
        assert kept in text


@pytest.mark.parametrize(
    ("argv", "status", "word"),
    [
        (["set", IMAGE, "fal/a b"], 2, "white space"),
        (["set", IMAGE, "fal/../x"], 2, ".."),
        (["set", IMAGE, "justaword"], 2, "justaword"),
        (["set", IMAGE, "42"], 2, "text"),
        (["set", IMAGE, "fal/fal-ai/minimax/video-01-live"], 2, "video"),
        (["set", "agents..x", "1"], 2, "agents..x"),
        (["set", "__proto__.x", "1"], 2, "__proto__"),
        (["get", "a["], 2, "a["),
        (["set", "agents.defaults.mediaMaxMb", "0"], 2, "mediaMaxMb"),
        (["set", "models.providers.fal.baseUrl", "7"], 2, "baseUrl"),
        (["set", IMAGE], 2, "VALUE"),
    ],
)
def test_what_openclaw_would_refuse_is_refused(
    argv: list[str], status: int, word: str, openclaw: Openclaw
) -> None:
    path = write(LEGACY)
    outcome = openclaw("config", *argv, "--json")
    assert outcome.status == status, outcome.out
    assert word in outcome.json["error"]["message"]
    assert path.read_text() == LEGACY


def test_an_unknown_fal_endpoint_is_accepted_with_a_note(openclaw: Openclaw) -> None:
    write(LEGACY)
    outcome = openclaw("config", "set", IMAGE, "fal/acme/brand-new-model")
    assert outcome.status == 0
    assert "not known" in outcome.err


def test_validate_shows_the_place_of_a_syntax_error(openclaw: Openclaw) -> None:
    path = write("{\n  a: 1,\n  b: [1, 2,, 3],\n}\n")
    outcome = openclaw("config", "validate")
    assert outcome.status == 3
    assert f"{path}:3:" in outcome.err
    lines = outcome.err.splitlines()
    shown = next(index for index, line in enumerate(lines) if "b: [1, 2,, 3]" in line)
    caret = lines[shown + 1]
    assert caret.strip() == "^"
    assert lines[shown][caret.index("^")] == ","


def test_validate_lists_everything_that_is_wrong(openclaw: Openclaw) -> None:
    write(
        "{agents: {defaults: {imageGenerationModel: 7, mediaModels: {video: 'x'}}},"
        f" models: {{providers: {{fal: {{apiKey: '{KEY}'}}}}}}}}"
    )
    outcome = openclaw("config", "validate", "--json")
    assert outcome.status == 3
    message = outcome.json["error"]["message"]
    assert "imageGenerationModel" in message
    assert "mediaModels" in message
    assert KEY not in outcome.out
    write(f"{{models: {{providers: {{fal: {{apiKey: '{KEY}'}}}}}}}}")
    warned = openclaw("config", "validate", "--json")
    assert warned.status == 0
    assert [finding["severity"] for finding in warned.json["findings"]] == ["warning"]


def test_readonly_refuses_every_write(openclaw: Openclaw, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(LEGACY)
    monkeypatch.setenv("OPENCLAW_CONFIG_READONLY", "1")
    for argv in (["set", IMAGE, "fal/fal-ai/flux/schnell"], ["unset", "channels"]):
        assert openclaw("config", *argv).status == 3
    assert path.read_text() == LEGACY
    assert openclaw("config", "get", IMAGE).status == 0


@permissions
def test_links_and_modes_stay(openclaw: Openclaw, tmp_path: Path) -> None:
    real = tmp_path / "real.json"
    real.write_text(LEGACY)
    real.chmod(0o640)
    link = Path(os.environ["HOME"]) / ".openclaw" / "openclaw.json"
    link.parent.mkdir()
    link.symlink_to(real)
    assert openclaw("config", "set", IMAGE, "fal/fal-ai/flux/schnell").status == 0
    assert link.is_symlink()
    assert "flux/schnell" in real.read_text()
    assert mode(real) == 0o640


def test_the_key_in_the_config_works_in_each_form(
    openclaw: Openclaw, monkeypatch: pytest.MonkeyPatch
) -> None:
    def source(value: str) -> dict[str, object]:
        write(f"{{models: {{providers: {{fal: {{apiKey: {value}}}}}}}}}")
        found: dict[str, object] = openclaw("config", "show", "--json").json["key"]
        return found

    assert source(f"'{KEY}'")["source"] == "config"
    monkeypatch.setenv("MY_KEY", KEY)
    assert source("'${MY_KEY}'")["source"] == "config"
    assert source("{source: 'env', provider: 'default', id: 'MY_KEY'}")["source"] == "config"
    vault = source("{source: 'exec', provider: 'default', id: 'x'}")
    assert vault["set"] is False
    assert "env" in str(vault["problem"])
