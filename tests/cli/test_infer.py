"""`openclaw infer`: what is written for OpenClaw runs here unchanged, and answers as it does."""

from __future__ import annotations

import json
import os
import shlex
import stat
import sys
from pathlib import Path

import pytest
from PIL import Image

from openclaw_fal.sandbox import Sandbox
from tests.support.program import Openclaw, process, write_config
from tests.support.systems import posix_shell

# Command lines of OpenClaw's documentation. First those that reach fal when fal makes the default
# models, word for word; then those that name another provider's model, with a model of fal's in its
# place; then every documented flag. With each, where the request goes and what is in it.
DOCUMENTED: list[tuple[str, str, dict[str, object]]] = [
    (
        'openclaw infer image generate --prompt "friendly lobster illustration" --json',
        "/fal-ai/flux/dev",
        {"prompt": "friendly lobster illustration"},
    ),
    (
        'openclaw infer image generate --prompt "cinematic product photo of headphones" --json',
        "/fal-ai/flux/dev",
        {"prompt": "cinematic product photo of headphones"},
    ),
    (
        'openclaw infer image generate --prompt "slow image backend" --timeout-ms 180000 --json',
        "/fal-ai/flux/dev",
        {"prompt": "slow image backend"},
    ),
    (
        'openclaw infer image generate --prompt "..." --json',
        "/fal-ai/flux/dev",
        {"prompt": "..."},
    ),
    (
        'openclaw infer video generate --prompt "..." --json',
        "/fal-ai/minimax/video-01-live",
        {"prompt": "..."},
    ),
    (
        'openclaw infer video generate --prompt "cinematic sunset over the ocean" --json',
        "/fal-ai/minimax/video-01-live",
        {"prompt": "cinematic sunset over the ocean"},
    ),
    (
        'openclaw infer video generate --prompt "slow drone shot over a forest lake" '
        "--resolution 768P --duration 6 --json",
        "/fal-ai/minimax/video-01-live",
        {"prompt": "slow drone shot over a forest lake"},
    ),
    (
        'openclaw capability image generate --prompt "friendly lobster illustration" --json',
        "/fal-ai/flux/dev",
        {"prompt": "friendly lobster illustration"},
    ),
    (
        "openclaw infer image generate --model fal/openai/gpt-image-2 --quality low "
        '--openai-moderation low --prompt "low-cost draft poster" --json',
        "/openai/gpt-image-2",
        {"prompt": "low-cost draft poster", "quality": "low"},
    ),
    (
        "openclaw infer image generate --model fal/fal-ai/flux/dev --output-format png "
        '--background transparent --prompt "simple red circle sticker on a transparent background" '
        "--json",
        "/fal-ai/flux/dev",
        {"output_format": "png"},
    ),
    (
        "openclaw infer image edit --file ./logo.png --output-format png --openai-background "
        'transparent --prompt "keep the logo, remove the background" --json',
        "/fal-ai/flux/dev/image-to-image",
        {"prompt": "keep the logo, remove the background", "output_format": "png"},
    ),
    (
        "openclaw infer image generate --model fal/fal-ai/flux/dev "
        '--prompt "Minimal flat test image: one blue square on a white background, no text." '
        "--output ./openclaw-infer-image-smoke.png --json",
        "/fal-ai/flux/dev",
        {},
    ),
    (
        "openclaw infer image generate --prompt p --model fal/fal-ai/nano-banana-2 --count 2 "
        "--aspect-ratio 16:9 --resolution 2K --output-format jpeg --background opaque "
        "--quality high --timeout-ms 60000 --output out.png --json --agent main",
        "/fal-ai/nano-banana-2",
        {"num_images": 2, "aspect_ratio": "16:9", "resolution": "2K", "output_format": "jpeg"},
    ),
    (
        "openclaw infer image edit --prompt p --model fal/openai/gpt-image-2 --file logo.png "
        "--file poster.png --size 1024x1536 --count 2 --output shots/ --json",
        "/openai/gpt-image-2/edit",
        {"num_images": 2},
    ),
    (
        "openclaw infer video generate --prompt p --model fal/bytedance/seedance-2.0/text-to-video "
        "--duration 6 --audio --watermark --resolution 720P --aspect-ratio 16:9 "
        "--timeout-ms 1200000 --output clip.mp4 --json",
        "/bytedance/seedance-2.0/text-to-video",
        {"duration": "6", "generate_audio": True, "resolution": "720p", "aspect_ratio": "16:9"},
    ),
    (
        "openclaw infer video generate --prompt p --model fal/fal-ai/minimax/video-01-live "
        "--size 1280x720 --json",
        "/fal-ai/minimax/video-01-live",
        {"prompt": "p"},
    ),
]
ENVELOPE = [
    "ok",
    "capability",
    "transport",
    "provider",
    "model",
    "attempts",
    "outputs",
    "ignoredOverrides",
]


@pytest.fixture
def pictures() -> None:
    for name in ("logo.png", "poster.png"):
        Image.new("RGB", (16, 16)).save(name)


@pytest.mark.parametrize(
    ("line", "path", "sent"), DOCUMENTED, ids=[str(at) for at in range(len(DOCUMENTED))]
)
def test_a_documented_command_line_runs_unchanged(
    openclaw: Openclaw,
    fal: Sandbox,
    pictures: None,
    line: str,
    path: str,
    sent: dict[str, object],
) -> None:
    words = shlex.split(line)
    assert words.pop(0) == "openclaw"
    outcome = openclaw(*words)
    assert outcome.status == 0, outcome.out + outcome.err
    (post,) = fal.posts()
    assert post.path == path
    assert post.json | sent == post.json
    document = outcome.json
    assert [key for key in document if key in ENVELOPE] == ENVELOPE
    assert document["ok"] is True
    assert document["capability"] == f"{words[1]}.{words[2]}"
    assert document["transport"] == "local"
    assert document["provider"] == "fal"
    assert document["attempts"] == []
    for output in document["outputs"]:
        file = Path(output["path"])
        assert file.is_absolute()
        assert file.stat().st_size == output["size"] > 0
        assert output["mimeType"].partition("/")[0] in ("image", "video")
        assert output["width"] > 0
        assert output["height"] > 0


def test_hints_that_fal_does_not_take_are_reported_as_ignored(
    openclaw: Openclaw, fal: Sandbox
) -> None:
    def ignored(*argv: str) -> dict[str, object]:
        found = openclaw("infer", *argv, "--json").json["ignoredOverrides"]
        return {item["key"]: item["value"] for item in found}

    image = ("image", "generate", "--prompt", "p")
    assert ignored(*image, "--background", "transparent") == {"background": "transparent"}
    assert ignored(*image, "--openai-background", "opaque") == {"background": "opaque"}
    assert ignored(*image, "--openai-moderation", "low") == {"openaiModeration": "low"}
    assert ignored("video", "generate", "--prompt", "p", "--audio", "--watermark") == {
        "audio": True,
        "watermark": True,
    }


def test_several_images_are_numbered_as_openclaw_does(openclaw: Openclaw, fal: Sandbox) -> None:
    outcome = openclaw(
        "infer",
        "image",
        "generate",
        "--prompt",
        "p",
        "--count",
        "2",
        "--output",
        "out.png",
        "--json",
    )
    paths = [Path(output["path"]).name for output in outcome.json["outputs"]]
    assert paths == ["out-1.png", "out-2.png"]


def test_without_json_the_paths_are_on_stdout(openclaw: Openclaw, fal: Sandbox) -> None:
    outcome = openclaw("infer", "image", "generate", "--prompt", "friendly lobster")
    assert outcome.lines == [str(Path.cwd() / "friendly-lobster.png")]


def test_music_goes_beyond_openclaw(openclaw: Openclaw, fal: Sandbox) -> None:
    outcome = openclaw("infer", "music", "generate", "--prompt", "slow piano", "--json")
    assert outcome.json["capability"] == "music.generate"
    assert outcome.json["outputs"][0]["mimeType"] == "audio/mpeg"


@pytest.mark.parametrize(
    "argv",
    [
        ["image", "edit", "--prompt", "p"],
        ["image", "generate", "--prompt", "p", "--count", ""],
        ["image", "generate", "--prompt", "p", "--timeout-ms", " "],
        [
            "image",
            "generate",
            "--prompt",
            "p",
            "--background",
            "auto",
            "--openai-background",
            "opaque",
        ],
        ["media", "image", "generate", "--prompt", "p"],
        ["image"],
        [],
    ],
)
def test_wrong_usage_sends_nothing(openclaw: Openclaw, fal: Sandbox, argv: list[str]) -> None:
    outcome = openclaw("infer", *argv, "--json")
    assert outcome.status == 2
    assert outcome.json["error"]["code"] == "usage"
    assert fal.requests == []


def test_a_default_of_another_provider_is_not_replaced(openclaw: Openclaw, fal: Sandbox) -> None:
    write_config(fal.url, imageGenerationModel="openai/gpt-image-2")
    outcome = openclaw("infer", "image", "generate", "--prompt", "p", "--json")
    assert outcome.status == 3
    assert "openai/gpt-image-2" in outcome.json["error"]["message"]
    assert fal.requests == []


# The real OpenClaw beside this program


def other_openclaw(folder: Path, text: str = "#!/usr/bin/env node\n") -> Path:
    folder.mkdir()
    name = "openclaw.cmd" if os.name == "nt" else "openclaw"
    program = folder / name
    program.write_text(text, encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


@pytest.mark.parametrize(
    "argv",
    [
        ["gateway", "status"],
        ["infer", "model", "run", "--prompt", "p"],
        ["infer", "image", "describe", "--file", "photo.jpg"],
        ["capability", "tts", "status"],
    ],
)
def test_a_command_of_the_real_openclaw_says_where_that_is(
    openclaw: Openclaw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, argv: list[str]
) -> None:
    real = other_openclaw(tmp_path / "node")
    other_openclaw(tmp_path / "ours", "#!python\nfrom openclaw_fal.__main__ import run\n")
    folders = [tmp_path / "missing", tmp_path / "ours", real.parent]
    monkeypatch.setenv("PATH", os.pathsep.join(map(str, folders)))
    outcome = openclaw(*argv, "--json")
    assert outcome.status == 2
    assert str(real) in outcome.json["error"]["hint"]


def test_without_a_real_openclaw_the_hint_is_the_help(
    openclaw: Openclaw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other_openclaw(tmp_path / "ours", "#!python\nfrom openclaw_fal.__main__ import run\n")
    (tmp_path / "not-a-program").mkdir()
    (tmp_path / "not-a-program" / "openclaw").write_text("text", encoding="utf-8")
    folders = [tmp_path / "ours", tmp_path / "not-a-program"]
    monkeypatch.setenv("PATH", os.pathsep.join(map(str, folders)))
    hint = openclaw("gateway", "--json").json["error"]["hint"]
    assert "--help" in hint
    assert str(tmp_path) not in hint


def test_a_word_that_was_nearly_right_is_named(openclaw: Openclaw) -> None:
    assert openclaw("imgae", "p", "--json").json["error"]["hint"].endswith(" image")
    assert openclaw("jobs", "lst", "--json").json["error"]["hint"].endswith(" jobs list")


@posix_shell
def test_the_installed_program_finds_the_real_one_behind_itself(tmp_path: Path) -> None:
    real = other_openclaw(tmp_path / "node")
    path = os.pathsep.join([str(Path(sys.executable).parent), str(real.parent)])
    outcome = process("gateway", "--json", env={"PATH": path})
    assert str(real) in json.loads(outcome.out)["error"]["hint"]
