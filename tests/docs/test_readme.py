"""What README says: its commands run, its programs work, its files and links are there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from openclaw_fal import errors
from openclaw_fal.cli import topics
from openclaw_fal.cli.topics import TOPICS
from openclaw_fal.sandbox import Sandbox
from tests.docs.scene import README, with_job
from tests.support.program import Openclaw

if os.name == "nt":
    pytest.skip("the documented commands are a POSIX shell's", allow_module_level=True)

TEXT = README.read_text(encoding="utf-8")
INSTALL = "python3 -m venv"  # those two are run by .ci/run
ROOT = README.parent


def blocks(language: str) -> list[str]:
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", TEXT, re.DOTALL | re.MULTILINE)
    return [re.sub(rf"^{margin}", "", body, flags=re.MULTILINE) for margin, body in found]


SHELL = [block for block in blocks("sh") if INSTALL not in block]


def run(script: str, *, shell: str = "sh") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [shell, "-eu", "-c", script],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("block", SHELL, ids=[block.split("\n")[0] for block in SHELL])
def test_every_command_runs(block: str, fal: Sandbox) -> None:
    done = run(with_job(block, fal))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_the_commands_of_the_pipeline_run(fal: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    (recipe,) = blocks("yaml")
    (job,) = yaml.safe_load(recipe)["jobs"].values()
    assert {"FAL_KEY", "OPENCLAW_FAL_HOME", "OPENCLAW_FAL_SANDBOX"} <= set(job["env"])
    assert all(isinstance(value, str) for value in job["env"].values())
    for name in ("OPENCLAW_FAL_SANDBOX", "OPENCLAW_FAL_MAX_SPEND"):
        monkeypatch.setenv(name, job["env"][name])
    steps = [step["run"] for step in job["steps"] if step.get("run", "").startswith("openclaw")]
    assert len(steps) == 3
    monkeypatch.setenv("VERSION", "1.0")
    stale = Path("banner.png").read_bytes()
    for step in steps:
        done = run(step)
        assert done.returncode == 0, done.stderr
    assert Path("banner.png").read_bytes() != stale  # the last step animates the new one
    assert Path("banner.mp4").stat().st_size > 0


def test_it_is_short() -> None:
    assert len(TEXT.splitlines()) <= 150


def test_a_status_of_seven_is_picked_up_as_the_help_says(fal: Sandbox) -> None:
    """The recipe of `openclaw help exit`, with a time limit that runs out."""
    recipe = re.search(r"^  for attempt.*?^  done$", TOPICS["exit"], re.DOTALL | re.MULTILINE)
    assert recipe is not None
    fal.dials.queue_length, fal.dials.queue_step = 3, 1.0
    hasty = recipe[0].replace("--key", "--timeout-ms 1500 --poll-interval 0.1 --key")
    hasty = hasty.replace("1 2 3", " ".join(map(str, range(30))))
    done = run(hasty)
    assert done.returncode == 0, done.stderr
    assert Path("waves.mp4").exists()
    assert len(fal.posts()) == 1


@pytest.mark.parametrize("program", blocks("python"), ids=lambda text: text.split("\n")[0])
def test_every_program_works(program: str, fal: Sandbox) -> None:
    Path("program.py").write_text(program, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "program.py"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_commands_in_the_text_exist(openclaw: Openclaw) -> None:
    """Commands that are named between backquotes: at least their help is there."""
    prose = re.sub(r"^ *```.*?^ *```$", "", TEXT, flags=re.DOTALL | re.MULTILINE)
    named = {
        match.split(" --")[0].split(" fal/")[0]
        for match in re.findall(r"`openclaw ((?:[a-z]+ ?)+[^`]*)`", prose)
    }
    for words in sorted(named):
        command = words.replace("generate|edit", "generate").split(">")[0]
        first = [word for word in command.split() if re.fullmatch("[a-z]+", word)]
        assert openclaw(*first[:3], "--help").status == 0, words


def test_the_exit_statuses_are_those_of_the_errors() -> None:
    listed = {int(status) for status in re.findall(r"^\| (\d+) \|", TEXT, re.MULTILINE)}
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    raised = {kind.status for kind in kinds if issubclass(kind, errors.OpenClawFalError)}
    assert listed == raised | {0}
    explained = {int(status) for status in re.findall(r"^  (\d+) +\S", topics.EXIT, re.MULTILINE)}
    assert explained == listed
    codes = re.search(r"code is one of: (.*?)\.$", topics.JSON, re.DOTALL | re.MULTILINE)
    assert codes is not None
    assert set(re.split(r",\s+", codes[1])) == {
        kind.code for kind in kinds if issubclass(kind, errors.OpenClawFalError)
    }


def test_the_files_that_it_names_are_there() -> None:
    for target in re.findall(r"\]\((?!http|#)([^)]+)\)", TEXT):
        assert (ROOT / target).is_file(), target
    for name in re.findall(r"`([a-z_/.]+/[a-z_.]+\.(?:py|json))`", TEXT):
        assert any((base / name).is_file() for base in (ROOT, ROOT / "openclaw_fal")), name
    for name in re.findall(r"`([a-z]+)/`", TEXT):
        assert any((base / name).is_dir() for base in (ROOT, ROOT / "openclaw_fal")), name


def test_where_it_is_shown_alone_nothing_is_broken() -> None:
    """The picture and the links to files are left out of the package's description."""
    hook = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    shown = TEXT
    for rule in hook["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]["substitutions"]:
        shown = re.sub(rule["pattern"], rule["replacement"], shown)
    assert "![" in TEXT
    assert "![" not in shown
    assert re.findall(r"\]\((?!http)", shown) == []


def test_the_variables_that_it_names_are_read() -> None:
    source = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "openclaw_fal").rglob("*.py")
    )
    for name in set(re.findall(r"\b((?:OPENCLAW|FAL|SSL)_[A-Z_]+)\b", TEXT)):
        assert f'"{name}"' in source, name
