"""Edits that OpenClaw would refuse, or that it takes only with a note."""

from __future__ import annotations

from pathlib import Path

import pytest

from openclaw_fal.config.edit import edit_config
from openclaw_fal.config.read import read_config
from openclaw_fal.config.rules import Edit, Set, Unset, check_settable
from openclaw_fal.errors import AuthError, LocalError, UsageError
from openclaw_fal.media import Kind
from openclaw_fal.store.key_format import REDACTED
from tests.config.editing import NEW, NEW_VIDEO, OLD, OLD_MUSIC, edit
from tests.config.releases import CURRENT, LEGACY


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "openclaw.json"


@pytest.mark.parametrize("text", [LEGACY, CURRENT])
@pytest.mark.parametrize(
    "bad",
    [
        Set(f"{OLD}.primary", "flux"),
        Set(f"{OLD}.primary", 5),
        Set(f"{OLD}.primary", ""),
        Set(f"{NEW}.fallbacks", "fal/a/b"),
        Set(f"{NEW}.fallbacks[0]", None),
        Set(f"{OLD}.timeoutMs", "soon"),
        Set(f"{OLD}.seed", 1),
        Set(OLD, {"fallbacks": ["fal/a/b"]}),
        Set(f"{OLD_MUSIC}.timeoutMs", 5),
        Unset(f"{OLD}.primary"),
        Set("agents.defaults.mediaMaxMb", "20"),
        Set("agents.defaults.mediaMaxMb", 0),
        Set("models.providers.fal.baseUrl", "fal.run"),
        Set("models.providers.fal.apiKey", 5),
        Set("models.providers.fal", "x"),
        Set("plugins.entries.fal.enabled", "yes"),
        Set("a.__proto__.b", 1),
        Set("a", {"b": [{"constructor": 1}]}),
        Set("a", [REDACTED]),
        Set("a..b", 1),
    ],
    ids=str,
)
def test_what_openclaw_would_refuse_is_refused_and_nothing_is_written(
    file: Path, text: str, bad: Edit
) -> None:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError):
        edit_config(file, [Set("agents.defaults.mediaMaxMb", 7), bad])
    assert file.read_text(encoding="utf-8") == text
    assert [entry.name for entry in file.parent.iterdir()] == ["openclaw.json"]


def test_what_was_wrong_before_does_not_stop_other_edits(file: Path) -> None:
    text = LEGACY.replace("fal/v/w", "nonsense").replace("fal/a/b", "more")
    assert edit(file, text, [Set(f"{OLD}.primary", "fal/c/d")]).changed
    assert edit(file, text, [Unset(f"{OLD}.fallbacks[0]")]).changed


def test_a_key_for_the_config_is_looked_at(file: Path) -> None:
    path = "models.providers.fal.apiKey"
    result = edit(file, "{}", [Set(path, "0f3c-aa:12345678")])
    assert any("plain text" in note for note in result.notes)
    for value in ("${FAL_KEY}", {"source": "file", "provider": "x", "id": "/y"}):
        assert edit(file, "{}", [Set(path, value)]).notes == ()
    with pytest.raises(AuthError):
        edit(file, "{}", [Set(path, "********")])


def test_a_setting_that_openclaw_refuses_needs_force(file: Path) -> None:
    with pytest.raises(UsageError, match=r"foo: OpenClaw .* knows no such key") as caught:
        edit(file, "{}", [Set("foo.bar", 1)])
    assert "--force" in str(caught.value.hint)
    forced = edit_config(file, [Set("foo.bar", 1)], force=True)
    assert any("knows no such key" in note for note in forced.notes)
    assert edit(file, "{}", [Set("gateway.port", 1), Set("env.vars.X", "y")]).notes == ()
    assert edit(file, "{foo: {bar: 2}}", [Set("foo.bar", 1)]).notes == ()
    assert edit(file, "{foo: {bar: 2}}", [Unset("foo.bar")]).notes == ()


def test_new_refs_are_shown_to_the_check(file: Path) -> None:
    asked: list[tuple[Kind, str]] = []

    def check(kind: Kind, ref: str) -> str | None:
        asked.append((kind, ref))
        if ref == "fal/bad":
            raise UsageError("no")
        return f"{ref} is unknown" if "new" in ref else None

    file.write_text(CURRENT, encoding="utf-8")
    refs = {"primary": "fal/new", "fallbacks": ["fal/a/b", "fal/other"]}
    result = edit_config(file, [Set(OLD, refs)], check_model=check)
    assert asked == [("image", "fal/new"), ("image", "fal/other")]
    assert "fal/new is unknown" in result.notes
    with pytest.raises(UsageError):
        edit_config(file, [Set(f"{NEW_VIDEO}.primary", "fal/bad")], check_model=check)


@pytest.mark.parametrize("key", ["__proto__", "constructor", "prototype"])
def test_keys_that_are_never_set(key: str) -> None:
    with pytest.raises(UsageError, match=key):
        check_settable(("a", key, "b"))


def test_names_that_dots_would_cut_are_refused(file: Path) -> None:
    text = "{models: {providers: {'llama.cpp': {baseUrl: 'http://localhost'}}}}"
    with pytest.raises(UsageError) as caught:
        edit(file, text, [Set("models.providers.llama.cpp.baseUrl", "x")])
    assert 'models.providers["llama.cpp"].baseUrl' in str(caught.value.hint)


@pytest.mark.parametrize(
    "url",
    [
        "https://fal.run/fal-ai",
        "https://fal.run/v1",
        "https://fal.ai",
        "https://api.fal.ai/v1",
        "https://rest.fal.ai",
        "https://queue.fal.run",
        "http://fal.run",
    ],
)
def test_fals_own_hosts_have_one_right_form(file: Path, url: str) -> None:
    with pytest.raises(UsageError, match=r"the only one that works is https://fal\.run"):
        edit(file, "{}", [Set("models.providers.fal.baseUrl", url)])
    file.write_text(f"{{models: {{providers: {{fal: {{baseUrl: '{url}'}}}}}}}}", encoding="utf-8")
    with pytest.raises(LocalError, match="the only one that works"):
        read_config(file).base_url()
