"""The files in completions/ and the completion table are what the command line makes of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from openclaw_fal.cli import generate_completion
from openclaw_fal.completion.scripts import SCRIPTS, script
from tests.support.program import in_process

FOLDER = Path(__file__).parent.parent.parent / "completions"


def test_the_generated_files_are_in_step(capfd: pytest.CaptureFixture[str]) -> None:
    assert generate_completion.main(["--check", str(FOLDER)]) == 0, capfd.readouterr().err


def test_drift_is_found_and_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generate_completion, "TABLE", tmp_path / "table.py")
    folder = str(tmp_path / "out")
    assert generate_completion.main(["--check", folder]) == 1
    assert not Path(folder).exists()
    assert generate_completion.main([folder]) == 0
    assert generate_completion.main(["--check", folder]) == 0
    monkeypatch.setitem(generate_completion.TAKES, "--quality", ["changed"])
    assert generate_completion.main(["--check", folder]) == 1


@pytest.mark.parametrize("shell", SCRIPTS)
def test_the_command_prints_the_script(shell: str, capfd: pytest.CaptureFixture[str]) -> None:
    outcome = in_process(capfd)("completion", shell)
    text = script(shell)
    assert outcome.out == text == (FOLDER / SCRIPTS[shell]).read_text(encoding="utf-8")
    assert in_process(capfd)("completion", shell, "--json").json["script"] == text


def test_powershell_is_known_by_its_program_too(capfd: pytest.CaptureFixture[str]) -> None:
    openclaw = in_process(capfd)
    assert openclaw("completion", "pwsh").out == script("powershell")
    assert openclaw("completion", "tcsh", "--json").status == 2


def test_the_powershell_script_by_inspection() -> None:
    """Its brackets match, and it asks for a line the way the program answers."""
    text = script("powershell")
    code = re.sub(r"#.*|'[^']*'|\"[^\"]*\"", "", text)
    for opening, closing in ("()", "{}", "[]"):
        assert code.count(opening) == code.count(closing)
    assert "__complete line" in text
    assert "$env:OPENCLAW_FAL_COMPLETE_LINE" in text
    assert "-CommandName openclaw, openclaw-fal" in text
