"""What is found wrong in a config."""

from __future__ import annotations

import pytest

from openclaw_fal.config import check
from openclaw_fal.config.check import ref_problem
from openclaw_fal.config.finding import Finding
from openclaw_fal.json5.error import Json5Error
from tests.support.configs import config_from

GOOD = """{
  meta: { lastTouchedVersion: '2026.9.6' },
  agents: { defaults: {
    model: { primary: 'anthropic/x' },
    mediaMaxMb: 20,
    mediaModels: {
      image: { primary: 'fal/fal-ai/flux/dev', fallbacks: ['google/x'], timeoutMs: 60000 },
      video: 'fal/fal-ai/minimax/video-01-live',
    },
  } },
  models: { providers: { fal: { baseUrl: 'https://fal.run', apiKey: '${FAL_KEY}' } } },
  auth: { profiles: { 'fal:default': { provider: 'fal', mode: 'api_key' } } },
  plugins: { entries: { fal: { enabled: true } } },
}"""


AGENTS = "agents.defaults"
MEDIA = f"{AGENTS}.mediaModels"
FAL = "models.providers.fal"


def validate(text: str) -> list[Finding]:
    return check.validate(config_from(text))


def found(text: str) -> list[tuple[str, str]]:
    return [(finding.severity, finding.path) for finding in validate(text)]


@pytest.mark.parametrize(
    "text", [GOOD, GOOD.replace("2026.9.6", "2026.8.1-beta.2"), "{}", "", " \n"]
)
def test_nothing_is_wrong(text: str) -> None:
    assert validate(text) == []


@pytest.mark.parametrize(
    ("old", "new", "severity", "path"),
    [
        ("'2026.9.6'", "'2026.7.35'", "error", "agents.defaults"),
        ("'2026.9.6'", "'soon'", "warning", "meta.lastTouchedVersion"),
        ("mediaMaxMb: 20", "mediaMaxMb: '20'", "error", "agents.defaults.mediaMaxMb"),
        ("mediaMaxMb: 20", "musicGenerationModel: 'fal/x'", "error", "agents.defaults"),
        ("primary: 'fal/fal-ai/flux/dev', ", "", "error", f"{MEDIA}.image"),
        ("'fal/fal-ai/flux/dev'", "'flux'", "error", f"{MEDIA}.image.primary"),
        ("'fal/fal-ai/flux/dev'", "'fal/a b'", "error", f"{MEDIA}.image.primary"),
        ("'fal/fal-ai/flux/dev'", "''", "error", f"{MEDIA}.image.primary"),
        ("'fal/fal-ai/flux/dev'", "5", "error", f"{MEDIA}.image.primary"),
        ("['google/x']", "'google/x'", "error", f"{MEDIA}.image.fallbacks"),
        ("['google/x']", "['/x']", "error", f"{MEDIA}.image.fallbacks[0]"),
        ("60000", "'60000'", "error", f"{MEDIA}.image.timeoutMs"),
        ("60000", "60000, seed: 1", "error", f"{MEDIA}.image.seed"),
        ("'fal/fal-ai/minimax/video-01-live'", "[]", "error", f"{MEDIA}.video"),
        ("'https://fal.run'", "5", "error", f"{FAL}.baseUrl"),
        ("'https://fal.run'", "'fal.run'", "error", f"{FAL}.baseUrl"),
        ("'https://fal.run'", "'https://'", "error", f"{FAL}.baseUrl"),
        ("'https://fal.run'", "'https://x:99999'", "error", f"{FAL}.baseUrl"),
        ("'https://fal.run'", "'https://[x'", "error", f"{FAL}.baseUrl"),
        ("'https://fal.run'", "'https://u:p@fal.run'", "error", f"{FAL}.baseUrl"),
        ("'https://fal.run'", "'http://example.com'", "warning", f"{FAL}.baseUrl"),
        ("'https://fal.run'", "'http://127.evil.test'", "warning", f"{FAL}.baseUrl"),
        ("'${FAL_KEY}'", "'abc:def'", "warning", f"{FAL}.apiKey"),
        ("'${FAL_KEY}'", "5", "error", f"{FAL}.apiKey"),
        ("'${FAL_KEY}'", "{source: 'exec', provider: 'x', id: 'y'}", "warning", f"{FAL}.apiKey"),
        ("mode: 'api_key'", "mode: 'oauth'", "warning", 'auth.profiles["fal:default"].mode'),
        ("enabled: true", "enabled: 'yes'", "error", "plugins.entries.fal.enabled"),
        ("enabled: true", "enabled: false", "warning", "plugins.entries.fal.enabled"),
        ("{ enabled: true }", "true", "error", "plugins.entries.fal"),
        ("mediaMaxMb: 20", "mediaMaxMb: 20, mediaMaxMb: 2", "warning", f"{AGENTS}.mediaMaxMb"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_found(old: str, new: str, severity: str, path: str) -> None:
    assert GOOD.count(old) == 1
    assert found(GOOD.replace(old, new)) == [(severity, path)]


def test_no_finding_shows_a_key() -> None:
    for finding in validate(GOOD.replace("${FAL_KEY}", "abc:secret")):
        assert "secret" not in str(finding)


def test_addresses_on_this_machine_are_fine() -> None:
    for host in ("127.0.0.1:8080", "localhost", "[::1]:80"):
        assert validate(GOOD.replace("https://fal.run", f"http://{host}")) == []


@pytest.mark.parametrize(
    "text",
    ["{agents: 5}", "{agents: {defaults: []}}", "{models: {providers: 'x'}}", "{plugins: null}"],
)
def test_wrong_types_above_are_found_and_never_a_crash(text: str) -> None:
    assert [finding.severity for finding in validate(text)] == ["error"]


def test_everything_is_found_at_once() -> None:
    text = (
        "{agents: {defaults: {imageGenerationModel: 5, videoGenerationModel: 'x', mediaMaxMb: 0}}}"
    )
    assert len(validate(text)) == 3


def test_a_text_that_is_not_json5_has_a_place_even_where_the_reader_lets_it_pass() -> None:
    for text in ("{a: }", "{a: 'x\\01'}", "{a\\u0020: 1}"):
        with pytest.raises(Json5Error):
            validate(text)
    assert [type(finding) for finding in check.findings([])] == [Finding]


@pytest.mark.parametrize("ref", ["fal/fal-ai/flux/dev", "google/x", "openai/gpt-image-1"])
def test_refs(ref: str) -> None:
    assert ref_problem(ref) is None
