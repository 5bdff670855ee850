"""What README says: its commands run, its programs work, its files and links are there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from openclaw_fal import errors
from openclaw_fal.sandbox import Sandbox
from openclaw_fal.store import paths
from tests.docs.scene import README, scene, with_job

if os.name == "nt":
    pytest.skip("the documented commands are a POSIX shell's", allow_module_level=True)

TEXT = README.read_text(encoding="utf-8")
INSTALL = "python3 -m venv"  # those two are run by .ci/run
ROOT = README.parent


def blocks(language: str) -> list[str]:
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", TEXT, re.DOTALL | re.MULTILINE)
    return [re.sub(rf"^{margin}", "", body, flags=re.MULTILINE) for margin, body in found]


SHELL = [block for block in blocks("sh") if INSTALL not in block]


@pytest.fixture
def fal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with scene(tmp_path, monkeypatch) as sandbox:
        yield sandbox


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
    steps = re.findall(r"run: (openclaw .*)", recipe)
    assert len(steps) == 2
    monkeypatch.setenv("VERSION", "1.0")
    for step in steps:
        done = run(step)
        assert done.returncode == 0, done.stderr
    assert Path("banner.mp4").stat().st_size > 0
    assert {"FAL_KEY", "OPENCLAW_FAL_HOME", "OPENCLAW_FAL_SANDBOX"} <= set(
        re.findall(r"^ +([A-Z_]+):", recipe, re.MULTILINE)
    )


def test_a_status_of_seven_is_picked_up_as_the_recipe_says(fal: Sandbox) -> None:
    """The same recipe, with a time limit that runs out."""
    (recipe,) = (block for block in SHELL if "-eq 7" in block)
    fal.dials.queue_length, fal.dials.queue_step = 3, 1.0
    hasty = recipe.replace("--json >", "--timeout-ms 1500 --poll-interval 0.1 --json >")
    hasty = hasty.replace("jobs wait", "jobs wait --timeout-ms 60000 --poll-interval 0.1")
    done = run(hasty)
    assert done.returncode == 0, done.stderr
    assert Path("waves.mp4").exists()
    assert len(fal.posts()) == 1


@pytest.mark.parametrize("program", blocks("python"), ids=lambda text: text.split("\n")[0])
def test_every_program_works(program: str, fal: Sandbox) -> None:
    if program.startswith("ImageRow("):
        program = f"from openclaw_fal.provider.image_rows import *\nrows = (\n{program})"
    Path("program.py").write_text(program, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "program.py"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_commands_in_the_text_exist(fal: Sandbox) -> None:
    """Commands that are named between backquotes: at least their help is there."""
    prose = re.sub(r"^ *```.*?^ *```$", "", TEXT, flags=re.DOTALL | re.MULTILINE)
    named = {
        match.split(" --")[0].split(" fal/")[0]
        for match in re.findall(r"`openclaw ((?:[a-z]+ ?)+[^`]*)`", prose)
    }
    for words in sorted(named):
        command = words.replace("generate|edit", "generate").split(">")[0]
        first = [word for word in command.split() if re.fullmatch("[a-z]+", word)]
        done = run(f"openclaw {' '.join(first[:3])} --help")
        assert done.returncode == 0, words


def test_the_exit_statuses_are_those_of_the_errors() -> None:
    listed = {int(status) for status in re.findall(r"^\| (\d+) \|", TEXT, re.MULTILINE)}
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    raised = {kind.status for kind in kinds if issubclass(kind, errors.OpenClawFalError)}
    assert listed == raised | {0}


def test_the_files_that_it_names_are_there() -> None:
    for target in re.findall(r"\]\((?!http|#)([^)]+)\)", TEXT):
        assert (ROOT / target).is_file(), target
    for name in re.findall(r"`([a-z_/.]+/[a-z_.]+\.(?:py|json))`", TEXT):
        assert any((base / name).is_file() for base in (ROOT, ROOT / "openclaw_fal")), name
    for name in re.findall(r"`([a-z]+)/`", TEXT):
        assert any((base / name).is_dir() for base in (ROOT, ROOT / "openclaw_fal")), name
    assert f"`{paths.credentials_path().name}`" in TEXT
    assert f"`{paths.jobs_path().name}`" in TEXT


def test_its_links_within_lead_somewhere() -> None:
    heads = re.findall(r"^## (.*)$", TEXT, re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", head.lower()).replace(" ", "-") for head in heads}
    linked = set(re.findall(r"\]\(#([^)]+)\)", TEXT))
    assert linked == anchors


def test_the_variables_that_it_names_are_read() -> None:
    source = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "openclaw_fal").rglob("*.py")
    )
    for name in set(re.findall(r"\b((?:OPENCLAW|FAL|SSL)_[A-Z_]+)\b", TEXT)):
        assert f'"{name}"' in source, name


def test_a_model_is_added_as_it_says(tmp_path: Path) -> None:
    """In a copy of the package: the row is listed, completed, planned and run."""
    copy = tmp_path / "openclaw_fal"
    shutil.copytree(ROOT / "openclaw_fal", copy, ignore=shutil.ignore_patterns("__pycache__"))
    (row,) = (block for block in blocks("python") if block.startswith("ImageRow("))
    rows = copy / "provider" / "image_rows.py"
    text = rows.read_text(encoding="utf-8")
    last = text.rindex("    ImageRow(\n")
    rows.write_text(text[:last] + row + text[last:], encoding="utf-8")
    script = """
        python3 -m openclaw_fal.cli.generate_completion completions
        python3 -m openclaw_fal.cli.generate_completion --check completions
        python3 -m openclaw_fal __complete words image --model fal/fal-ai/exam
        python3 -m openclaw_fal image models fal/fal-ai/example/v1
        python3 -m openclaw_fal image p --model fal/fal-ai/example/v1 --aspect-ratio 16:9 --dry-run
        python3 -m openclaw_fal image p --model fal/fal-ai/example/v1 --aspect-ratio 16:9 --sandbox
    """
    done = subprocess.run(
        ["sh", "-eu", "-c", script.replace("python3", sys.executable)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "fal/fal-ai/example/v1" in done.stdout
    assert '"aspect_ratio": "16:9"' in done.stdout
    assert (tmp_path / "p.png").exists()
    assert f"{tmp_path}/p.png" in done.stdout
