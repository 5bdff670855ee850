"""`openclaw completion install`: the script is where the shell reads it, and nothing is lost."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from openclaw_fal.completion.scripts import SCRIPTS, script
from tests.support.program import Openclaw


@pytest.mark.parametrize("shell", SCRIPTS)
def test_it_is_written_where_the_shell_reads_it(
    openclaw: Openclaw, isolated: Path, shell: str
) -> None:
    outcome = openclaw("completion", "install", shell)

    assert outcome.status == 0, outcome.err
    for line in outcome.lines:
        assert Path(line).is_relative_to(isolated)
        assert Path(line).read_text(encoding="utf-8") == script(shell)
    assert outcome.err.startswith("note: ")
    again = openclaw("completion", "install", shell, "--json")
    assert (again.json["shell"], again.json["paths"]) == (shell, outcome.lines)


@pytest.mark.parametrize(
    ("value", "shell"), [("/usr/bin/zsh", "zsh"), ("/opt/fish", "fish"), ("pwsh", "powershell")]
)
def test_without_a_name_it_is_the_shell_in_use(
    openclaw: Openclaw, monkeypatch: pytest.MonkeyPatch, value: str, shell: str
) -> None:
    monkeypatch.setenv("SHELL", value)
    assert openclaw("completion", "install", "--json").json["shell"] == shell


def test_an_unknown_shell_is_wrong_usage(
    openclaw: Openclaw, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHELL", "/bin/tcsh")
    outcome = openclaw("completion", "install")
    assert outcome.status == 2
    assert "hint: openclaw completion install bash|zsh|fish|powershell" in outcome.err
    assert openclaw("completion", "install", "tcsh").status == 2
    assert openclaw("completion", "bash", "zsh").status == 2


def test_a_file_of_another_program_stays(openclaw: Openclaw, isolated: Path) -> None:
    other = isolated / ".local/share/bash-completion/completions/openclaw"
    other.parent.mkdir(parents=True)
    other.write_text("# the real OpenClaw's own completion\n")
    outcome = openclaw("completion", "install", "bash", "--json")

    assert (outcome.status, outcome.json["error"]["code"]) == (3, "config")
    assert other.read_text() == "# the real OpenClaw's own completion\n"
    assert [path.name for path in other.parent.iterdir()] == ["openclaw"]


@pytest.mark.skipif(os.name == "nt" or not shutil.which("fish"), reason="needs fish")
def test_fish_finds_it(openclaw: Openclaw, isolated: Path, tmp_path: Path) -> None:
    openclaw("completion", "install", "fish")
    program = tmp_path / "openclaw"
    program.write_text("#!/bin/sh\nprintf 'imagine\\tit\\n'\n")
    program.chmod(0o755)
    done = subprocess.run(
        ["fish", "-c", "complete -C 'openclaw im'; echo end"],
        env={**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "imagine\tit\nend\n"
