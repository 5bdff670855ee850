"""What `openclaw onboard` asks a person, in a real terminal."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

if os.name == "nt":
    pytest.skip("needs pseudo-terminals", allow_module_level=True)

from tests.ui.terminal import watch


def asked(kind: str, answer: str) -> tuple[str, str]:
    return f"{kind} model [Enter keeps *]:", answer + "\n"


KEPT = [asked(kind, "") for kind in ("image", "video", "music")]
PICTURE = "Make a sandbox picture here (no key, no cost)? [y/N]"
LONG_KEY = "abcdefgh-1234-5678-9012-abcdefabcdef:0123456789abcdef0123456789abcdef"


def everything() -> dict[Path, bytes]:
    home = Path(os.environ["HOME"])
    return {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}


def test_onboarding_on_a_terminal() -> None:
    answers = [*KEPT, (PICTURE, "y\n")]
    seen = watch("onboard", "--no-verify", columns=60, typed=LONG_KEY + "\n", answers=answers)
    assert seen.status == 0, seen.text
    assert LONG_KEY not in seen.raw
    holding = [path.name for path, data in everything().items() if LONG_KEY.encode() in data]
    assert holding == ["credentials.toml"]
    assert seen.ever("https://fal.ai/dashboard/keys")
    assert seen.screen[-1].startswith(("next ", "note: ", "      "))
    assert [path.suffix for path in Path.cwd().iterdir() if path.is_file()] == [".png"]
    # Again: Enter keeps the key, the models and every byte.
    before = everything()
    again = watch("onboard", typed="\n", answers=[*KEPT, (PICTURE, "\x03")])
    assert again.status == 0, again.text
    assert again.ever("Enter keeps the stored one")
    assert everything() == before


def test_onboarding_asks_for_the_default_models() -> None:
    path = Path(os.environ["HOME"]) / ".openclaw" / "openclaw.json"
    path.parent.mkdir()
    path.write_text(
        "{ // mine\n  agents: {defaults: {mediaModels: {\n"
        "    video: {primary: 'google/veo', fallbacks: ['fal/c/d']}, // kept\n  }}},\n}\n"
    )
    answers = [
        asked("image", "9"),
        asked("image", "fal/fal-ai/flux/schnel"),
        asked("image", "fal-ai/flux/schnell"),
        asked("video", "xyzzy"),
        asked("video", "kling"),
        asked("video", "2"),
        asked("music", "fal/fal-ai/flux/dev"),
        asked("music", ""),
        (PICTURE, "\n"),
    ]
    seen = watch("onboard", "--no-verify", rows=99, answers=answers, env={"FAL_KEY": LONG_KEY})
    assert seen.status == 0, seen.text
    assert seen.ever("* 1  google/veo")
    assert seen.ever("the list goes from 1 to 5")
    assert seen.ever("fal/fal-ai/flux/schnel is not known here\n\n  1  fal/fal-ai/flux/schnell")
    assert seen.ever("xyzzy is not a model ref")
    second = re.search(r"\n  2  (fal/fal-ai/kling\S+)\n", seen.text.partition("kling\n")[2])
    assert seen.ever("fal/fal-ai/flux/dev makes image, not music")
    text = path.read_text()
    assert second
    assert f"video: {{primary: '{second[1]}', fallbacks: ['fal/c/d']}}, // kept" in text
    assert "fal/fal-ai/flux/schnell" in text
    assert "// mine" in text
    assert "music" not in text
    assert not list(Path.cwd().glob("*.png"))


def test_scripts_are_asked_nothing_even_on_a_terminal() -> None:
    env = {"FAL_KEY": LONG_KEY, "CI": "1"}
    seen = watch("onboard", "--no-verify", env=env)
    assert seen.status == 0, seen.text
    assert not seen.ever("Enter")


@pytest.mark.parametrize("without", ["", "stdin", "stderr", "json", "flag", "CI"])
def test_only_a_person_at_a_terminal_is_asked(
    without: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from openclaw_fal.cli.onboard_questions import is_interactive
    from openclaw_fal.session import Session

    monkeypatch.delenv("CI", raising=False)
    for name in ("stdin", "stderr"):
        stream = getattr(sys, name)
        monkeypatch.setattr(stream, "isatty", lambda name=name: name != without, raising=False)
    if without == "CI":
        monkeypatch.setenv("CI", "1")
    session = Session()
    session.json = without == "json"
    assert is_interactive(session, without == "flag") is (without == "")


@pytest.mark.parametrize("end", ["\x03", "\x04"])
def test_ctrl_c_and_the_end_of_the_input_store_nothing(end: str) -> None:
    before = everything()
    answers = [asked("image", "2"), (asked("video", "")[0], end)]
    seen = watch("onboard", "--no-verify", answers=answers, env={"FAL_KEY": LONG_KEY})
    assert seen.status == 130, seen.text
    assert "nothing was stored" in seen.text
    assert everything() == before


def test_the_sandbox_needs_no_key() -> None:
    env = {"OPENCLAW_FAL_SANDBOX": "1"}
    seen = watch("onboard", typed="\n", answers=[*KEPT, (PICTURE, "\n")], env=env)
    assert seen.status == 0, seen.text
    assert seen.ever("the sandbox needs none")
    assert not [path for path in everything() if path.name == "credentials.toml"]


def test_the_models_to_choose_from_are_known_and_work_from_a_prompt() -> None:
    from openclaw_fal import ImageRequest, MusicRequest, VideoRequest, plan
    from openclaw_fal.provider.specs import DEFAULT_MODELS, SUGGESTED_MODELS, known_models

    made = {"image": ImageRequest, "video": VideoRequest, "music": MusicRequest}
    for kind, names in SUGGESTED_MODELS.items():
        assert names[0] == DEFAULT_MODELS[kind]
        for name in names:
            assert name in known_models(kind)
            assert plan(made[kind](name, "a lighthouse")).body["prompt"]
