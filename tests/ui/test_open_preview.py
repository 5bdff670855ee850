"""`--open` and `--preview`: what was made is shown, and nothing that goes wrong there matters."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from openclaw_fal.ui import preview
from tests.support.program import Openclaw

xdg_open = pytest.mark.skipif(
    sys.platform in ("win32", "darwin"), reason="opens files in its own way there"
)


@xdg_open
def test_open_hands_the_file_to_the_desktop(
    openclaw: Openclaw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe = tmp_path / "opened"
    os.mkfifo(pipe)
    opener = tmp_path / "xdg-open"
    opener.write_text(f'#!/bin/sh\nprintf "%s" "$1" > {pipe}\n', encoding="utf-8")
    opener.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    outcome = openclaw("image", "p", "--sandbox", "--open")
    assert outcome.status == 0, outcome.err
    assert pipe.read_text(encoding="utf-8") == outcome.out.strip()


@xdg_open
def test_where_nothing_opens_files_it_is_a_note(
    openclaw: Openclaw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    outcome = openclaw("image", "p", "--sandbox", "--open")
    assert outcome.status == 0
    assert "note: p.png was not opened: there is no xdg-open" in outcome.err
    assert openclaw("image", "p", "--sandbox", "--open", "--json").json["ok"] is True


def test_a_preview_needs_a_terminal(openclaw: Openclaw) -> None:
    pytest.importorskip("textual_image")
    outcome = openclaw("image", "p", "--sandbox", "--preview")
    assert outcome.status == 0
    assert "no preview: this is not a terminal" in outcome.err
    assert "▀" not in outcome.err
    assert openclaw("image", "p", "--sandbox", "--preview", "--json").err.count("preview") == 0


def test_without_the_library_nothing_is_sent(
    openclaw: Openclaw, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preview, "find_spec", lambda name: None)
    outcome = openclaw("image", "p", "--sandbox", "--preview", "--json")
    assert outcome.status == 2
    assert outcome.json["error"]["hint"] == 'pip install "openclaw-fal[preview]"'
    assert openclaw("jobs", "list", "--json").json["jobs"] == []


def test_a_file_that_is_no_image_is_a_note(tmp_path: Path) -> None:
    pytest.importorskip("textual_image")
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    note = preview.show(broken, color=True)
    assert note is not None
    assert note.startswith("broken.png cannot be previewed: ")


def test_the_library_is_loaded_only_for_a_preview(openclaw: Openclaw) -> None:
    import subprocess

    program = (
        "import sys; from openclaw_fal.__main__ import main; main(['image', 'p', '--sandbox']); "
        "print('textual_image' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.split()[-1] == b"False"
