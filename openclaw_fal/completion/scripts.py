"""The shells' completion scripts. They call the program, so they need no update with it."""

from __future__ import annotations

from pathlib import Path

SCRIPTS = {
    "bash": "openclaw.bash",
    "zsh": "_openclaw",
    "fish": "openclaw.fish",
    "powershell": "openclaw.ps1",
}
"""Shell → the name of its file in `shells/`."""


def script(shell: str) -> str:
    """The completion script of a shell."""
    path = Path(__file__).with_name("shells") / SCRIPTS[shell]
    return path.read_text(encoding="utf-8")
