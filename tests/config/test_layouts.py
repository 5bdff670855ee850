"""Every edit leaves a file that its release of OpenClaw accepts: never both layouts."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from openclaw_fal.config.check import validate
from openclaw_fal.config.edit import (
    Edit,
    EditResult,
    Set,
    Unset,
    edit_config,
    onboarding_edits,
)
from openclaw_fal.config.layouts import KINDS, Layout
from openclaw_fal.config.read import read_config
from openclaw_fal.config.rules import Migrate, check_settable
from openclaw_fal.errors import AuthError, LocalError, UsageError
from openclaw_fal.json5.read import loads
from openclaw_fal.media import Kind
from openclaw_fal.store.keys import REDACTED

from .releases import CURRENT, LEGACY, assert_accepted

OLD = "agents.defaults.imageGenerationModel"
NEW = "agents.defaults.mediaModels.image"
OLD_VIDEO, NEW_VIDEO = OLD.replace("image", "video"), NEW.replace("image", "video")
OLD_MUSIC, NEW_MUSIC = OLD.replace("image", "music"), NEW.replace("image", "music")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "openclaw.json"


def edit(file: Path, text: str, edits: Sequence[Edit]) -> EditResult:
    file.write_text(text, encoding="utf-8")
    result = edit_config(file, edits)
    assert file.read_text(encoding="utf-8") == result.after
    return result


EDITS: list[list[Edit]] = [
    [Set(f"{OLD}.primary", "fal/c/d")],
    [Set(f"{NEW}.primary", "fal/c/d")],
    [Set(OLD, "fal/c/d")],
    [Set(NEW, "fal/c/d")],
    [Set(OLD, {"primary": "fal/c/d", "timeoutMs": 5000})],
    [Set(NEW, {"primary": "fal/c/d"})],
    [Set(f"{OLD}.fallbacks", ["fal/e/f"])],
    [Set(f"{NEW}.fallbacks[1]", "fal/e/f")],
    [Set(f"{OLD}.timeoutMs", 1000)],
    [Set(f"{NEW_VIDEO}.timeoutMs", 1000)],
    [Set(f"{OLD_VIDEO}.fallbacks[0]", "fal/e/f")],
    [Set(f"{NEW_VIDEO}.primary", "fal/c/d")],
    [Set(f"{NEW_MUSIC}.primary", "fal/m/n")],
    [Set(f"{OLD_MUSIC}", "fal/m/n")],
    [Set(f"{NEW_MUSIC}.primary", "fal/m/n"), Set(f"{OLD_MUSIC}.timeoutMs", 9)],
    [Unset(OLD)],
    [Unset(NEW)],
    [Unset(f"{OLD}.fallbacks")],
    [Unset(f"{NEW}.fallbacks[0]")],
    [Unset(f"{OLD_VIDEO}.primary")],
    [Unset(NEW_VIDEO), Unset(OLD)],
    [Unset(NEW_VIDEO), Unset(OLD), Set(NEW, "fal/c/d")],
    [Set("agents.defaults.mediaMaxMb", 20)],
    [Set("models.providers.fal.baseUrl", "http://127.0.0.1:1234")],
]


@pytest.mark.parametrize("edits", EDITS, ids=str)
@pytest.mark.parametrize(("text", "release"), [(LEGACY, "2026.7"), (CURRENT, "2026.9")])
def test_each_release_accepts_the_edited_file(
    file: Path, text: str, release: str, edits: list[Edit]
) -> None:
    assert_accepted(loads(text), release)
    result = edit(file, text, edits)
    assert result.changed
    assert_accepted(loads(result.after), release)
    assert "// chat" in result.after
    again = edit_config(file, edits)
    assert not again.changed
    assert again.notes == ()


@pytest.mark.parametrize("edits", EDITS[:15], ids=str)
def test_both_spellings_do_the_same(file: Path, edits: list[Edit]) -> None:
    """What the two layouts hold after an edit is the same, whichever spelling was used."""
    edit(file, LEGACY, edits)
    legacy = [read_config(file).default_model(kind) for kind in ("image", "video", "music")]
    edit(file, CURRENT, edits)
    current = [read_config(file).default_model(kind) for kind in ("image", "video", "music")]
    assert [model and model[:3] for model in legacy] == [model and model[:3] for model in current]


@pytest.mark.parametrize(
    ("text", "path", "written"), [(CURRENT, OLD, NEW), (LEGACY, NEW, OLD)], ids=["newer", "older"]
)
def test_a_translated_path_is_told(file: Path, text: str, path: str, written: str) -> None:
    result = edit(file, text, [Set(f"{path}.primary", "fal/c/d")])
    assert len(result.notes) == 1
    assert result.notes[0].startswith(f"{path}.primary is written as {written}.primary: ")
    assert result.after == text.replace("google/x", "fal/c/d")
    assert edit(file, text, [Set(f"{written}.primary", "fal/c/d")]).notes == ()
    assert written in edit(file, text, [Unset(path)]).notes[0]


@pytest.mark.parametrize("text", [LEGACY, CURRENT])
def test_the_form_of_a_default_stays(file: Path, text: str) -> None:
    result = edit(file, text, [Set(f"{OLD_VIDEO}.primary", "fal/c/d")])
    assert result.after == text.replace('"fal/v/w"', '"fal/c/d"')
    result = edit(file, text, [Set(OLD, "fal/c/d")])
    assert result.after == text.replace("google/x", "fal/c/d")
    assert any("stays an object" in note for note in result.notes)
    result = edit(file, text, [Set(f"{NEW_VIDEO}.timeoutMs", 5)])
    assert any("was a bare model" in note for note in result.notes)
    video = read_config(file).default_model("video")
    assert video is not None
    assert (video.primary, video.timeout_ms, video.form) == ("fal/v/w", 5, "object")


BOTH = """{
  agents: {
    defaults: {
      // why
      imageGenerationModel: { primary: "google/x" /* dear */ },
      videoGenerationModel: "fal/v/w",
      mediaModels: { image: "fal/n/n", music: "fal/m/m" },
    },
  },
  %s
}
"""


@pytest.mark.parametrize(
    ("meta", "release", "image"),
    [
        ("", "2026.7", "google/x"),
        ('meta: { lastTouchedVersion: "2026.7.35" },', "2026.7", "google/x"),
        ('meta: { lastTouchedVersion: "2026.9.6" },', "2026.9", "fal/n/n"),
    ],
)
@pytest.mark.parametrize(
    "some",
    [
        Set("agents.defaults.mediaMaxMb", 1),
        Set(f"{OLD_VIDEO}.primary", "fal/c/d"),
        Set(f"{NEW_VIDEO}.primary", "fal/c/d"),
        Unset(NEW_MUSIC),
        Unset(OLD_VIDEO),
    ],
    ids=str,
)
def test_a_file_with_both_layouts_ends_with_one(
    file: Path, meta: str, release: str, image: str, some: Edit
) -> None:
    result = edit(file, BOTH % meta, [some])
    assert_accepted(loads(result.after), release)
    config = read_config(file)
    found = config.default_model("image")
    assert found is not None
    assert found.primary == image
    assert any("was removed" in note or "was moved" in note for note in result.notes)
    assert "// why" in result.after
    for kind, ref in (("video", "fal/v/w"), ("music", "fal/m/m")):
        default = config.default_model(kind)  # type: ignore[arg-type]
        expected = None if isinstance(some, Unset) and kind in str(some.path) else ref
        if isinstance(some, Set) and kind in str(some.path):
            expected = "fal/c/d"
        assert (default and default.primary) == expected


def test_unsetting_the_one_that_is_too_much_leaves_the_other_alone(file: Path) -> None:
    text = (
        '{ agents: { defaults: { imageGenerationModel: "a/b", mediaModels: { image: "c/d" } } } }'
    )
    result = edit(file, text, [Unset(OLD)])
    assert result.after == '{ agents: { defaults: { mediaModels: { image: "c/d" } } } }'
    assert result.notes == ()
    result = edit(file, text, [Unset("agents.defaults.mediaModels")])
    assert result.after == '{ agents: { defaults: { imageGenerationModel: "a/b" } } }'


def test_a_moved_default_keeps_its_comments(file: Path) -> None:
    text = """{ meta: { lastTouchedVersion: "2026.9.6" }, agents: { defaults: {
      mediaModels: {},
      imageGenerationModel: { primary: "a/b" /* dear */ },
    } } }"""
    result = edit(file, text, [Set("agents.defaults.mediaMaxMb", 1)])
    assert '{ primary: "a/b" /* dear */ }' in result.after
    assert_accepted(loads(result.after), "2026.9")


def test_all_kinds_at_once_in_a_file_of_the_older_layout(file: Path) -> None:
    value = {"image": "fal/c/d", "music": {"primary": "fal/m/n"}}
    result = edit(file, LEGACY, [Set("agents.defaults.mediaModels", value)])
    assert_accepted(loads(result.after), "2026.7")
    assert len(result.notes) == 1
    with pytest.raises(UsageError):
        edit_config(file, [Set("agents.defaults.mediaModels", {"speech": "x/y"})])


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


@pytest.mark.parametrize(
    ("text", "other"), [(LEGACY, {"mediaModels": {}}), (CURRENT, {"imageGenerationModel": "a/b"})]
)
@pytest.mark.parametrize("meta", [True, False])
def test_the_other_layout_does_not_come_in_with_a_larger_value(
    file: Path, text: str, other: object, meta: bool
) -> None:
    file.write_text(text if meta else text.replace("lastTouched", "first"), encoding="utf-8")
    with pytest.raises(UsageError):
        edit_config(file, [Set("agents.defaults", other)])


@pytest.mark.parametrize(("text", "release"), [(LEGACY, "2026.7"), (CURRENT, "2026.9")])
def test_a_larger_value_with_both_layouts_ends_with_one(
    file: Path, text: str, release: str
) -> None:
    both = {"imageGenerationModel": "a/b", "mediaModels": {"image": "c/d"}}
    assert_accepted(loads(edit(file, text, [Set("agents.defaults", both)]).after), release)


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


@pytest.mark.parametrize(
    ("text", "release", "path"),
    [
        ("", "2026.7", OLD),
        ('{"meta": {"lastTouchedVersion": "2026.9.6"}}', "2026.9", NEW),
        (LEGACY, "2026.7", None),
        (CURRENT, "2026.9", None),
        ("{agents: {defaults: {mediaModels: {}}}}", "2026.9", NEW),
        ("{agents: {defaults: {imageGenerationModel: {}}}}", "2026.7", OLD),
    ],
)
def test_onboarding(file: Path, text: str, release: str, path: str | None) -> None:
    file.write_text(text, encoding="utf-8")
    before = read_config(file)
    result = edit_config(file, onboarding_edits)
    data = loads(result.after)
    assert_accepted(data, release)
    after = read_config(file)
    image = after.default_model("image")
    assert image is not None
    if path is None:
        assert image == before.default_model("image")
    else:
        assert (image.primary, image.path) == ("fal/fal-ai/flux/dev", path)
    assert after.get(("auth", "profiles", "fal:default")).value == {
        "provider": "fal",
        "mode": "api_key",
    }
    assert after.get(("plugins", "entries", "fal", "enabled")).value is True
    chat = ("agents", "defaults", "model")
    assert after.get(chat) == before.get(chat)
    assert onboarding_edits(after) == []
    assert not edit_config(file, onboarding_edits).changed


def test_onboarding_a_file_with_wrong_types(file: Path) -> None:
    file.write_text("{plugins: []}", encoding="utf-8")
    with pytest.raises((LocalError, UsageError)):
        edit_config(file, onboarding_edits)
    assert file.read_text(encoding="utf-8") == "{plugins: []}"


@pytest.mark.parametrize("key", ["__proto__", "constructor", "prototype"])
def test_keys_that_are_never_set(key: str) -> None:
    with pytest.raises(UsageError, match=key):
        check_settable(("a", key, "b"))


@pytest.mark.parametrize(
    ("text", "layout", "reason"),
    [
        ("{agents: {entries: {}}}", "current", "agents.entries"),
        ("{agents: {list: []}}", "legacy", "agents.list"),
        ("{agents: {defaults: {pdfMaxMb: 1}}}", "current", "pdfMaxMb"),
        ("{wizard: {lastRunVersion: '2026.9.6'}}", "current", "wizard.lastRunVersion"),
        ("{agents: {list: []}, meta: {lastTouchedVersion: '2026.9.6'}}", "current", "meta"),
        ("{agents: {list: [], entries: {}}}", "legacy", "specification"),
        ("{gateway: {port: 1}}", "legacy", "specification"),
    ],
)
def test_a_release_is_recognised_by_more_than_one_key(
    file: Path, text: str, layout: str, reason: str
) -> None:
    file.write_text(text, encoding="utf-8")
    config = read_config(file)
    assert config.layout == layout
    assert reason in config.layout_choice.reason


def test_the_layout_of_a_fresh_file_can_be_chosen(file: Path) -> None:
    environ = {"OPENCLAW_FAL_LAYOUT": "current"}
    result = edit_config(file, onboarding_edits, environ={**os.environ, **environ})
    assert "mediaModels" in result.after
    assert result.notes == ()
    with pytest.raises(UsageError, match="OPENCLAW_FAL_LAYOUT=new"):
        read_config(file, {"OPENCLAW_FAL_LAYOUT": "new"})
    file.unlink()
    told = edit_config(file, onboarding_edits).notes
    assert any("config migrate --layout current" in note for note in told)


@pytest.mark.parametrize("text", [LEGACY, CURRENT])
def test_a_migration_there_and_back_changes_no_value(file: Path, text: str) -> None:
    file.write_text(text.replace("meta: {", "ui: {").replace("lastTouchedVersion", "x"))
    before = read_config(file)
    there: Layout = "current" if before.layout == "legacy" else "legacy"
    edit_config(file, [Migrate(there)])
    moved = read_config(file)
    assert moved.layout == there
    for kind in KINDS:
        old, new = before.default_model(kind), moved.default_model(kind)
        assert (old and old[:3]) == (new and new[:3])
    assert "// chat" in moved.text
    assert not edit_config(file, [Migrate(there)]).changed
    edit_config(file, [Migrate(before.layout)])
    assert read_config(file).data == before.data


@pytest.mark.parametrize(
    "plugins",
    ["{enabled: false}", "{deny: ['fal']}", "{allow: ['x']}", "{entries: {fal: {enabled: false}}}"],
)
def test_onboarding_enables_no_plugin_that_a_policy_keeps_out(file: Path, plugins: str) -> None:
    file.write_text(f"{{plugins: {plugins}}}", encoding="utf-8")
    before = read_config(file).data["plugins"]
    edit_config(file, onboarding_edits)
    after = read_config(file)
    assert after.data["plugins"] == before
    assert any("does not load" in finding.message for finding in validate(after))


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
