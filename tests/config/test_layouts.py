"""Every edit leaves a file that its release of OpenClaw accepts: never both layouts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from openclaw_fal.config.check import validate
from openclaw_fal.config.edit import edit_config
from openclaw_fal.config.layouts import Layout
from openclaw_fal.config.read import read_config
from openclaw_fal.config.rules import Edit, Migrate, Set, Unset, onboarding_edits
from openclaw_fal.errors import LocalError, UsageError
from openclaw_fal.json5.read import loads
from openclaw_fal.media import KINDS
from tests.config.editing import NEW, NEW_MUSIC, NEW_VIDEO, OLD, OLD_MUSIC, OLD_VIDEO, edit
from tests.config.releases import CURRENT, LEGACY, assert_accepted


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "openclaw.json"


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
