"""Installs the completion scripts where the shells load them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from openclaw_fal.completion.scripts import SCRIPTS, script
from openclaw_fal.errors import LocalError, UsageError
from openclaw_fal.text import reason

if TYPE_CHECKING:
    from collections.abc import Mapping

OURS = "openclaw-fal"
"""A text in each of our scripts. A file without it belongs to another program."""


def shell_in_use(environ: Mapping[str, str]) -> str:
    """The name of the user's shell. Raises UsageError if there is no completion for it."""
    name = Path(environ.get("SHELL", "")).name.removesuffix(".exe")
    name = "powershell" if name == "pwsh" or (not name and os.name == "nt") else name
    if name not in SCRIPTS:
        what = f"there is no completion for {name}" if name else "SHELL does not say which shell"
        raise UsageError(what, hint=f"openclaw completion install {'|'.join(SCRIPTS)}")
    return name


def places(shell: str, environ: Mapping[str, str], home: Path) -> list[Path]:
    """The files from which the shell loads completions; bash and fish need one for each name of the
    program."""

    def folder(variable: str, default: str) -> Path:
        return Path(environ.get(variable) or home / default)

    if shell == "bash":
        base = folder("XDG_DATA_HOME", ".local/share") / "bash-completion" / "completions"
        return [base / "openclaw", base / "openclaw-fal"]
    if shell == "fish":
        base = folder("XDG_CONFIG_HOME", ".config") / "fish" / "completions"
        return [base / "openclaw.fish", base / "openclaw-fal.fish"]
    if shell == "zsh":
        return [folder("ZDOTDIR", "") / ".zfunc" / "_openclaw"]
    return [folder("XDG_CONFIG_HOME", ".config") / "powershell" / "openclaw-completion.ps1"]


def still_to_do(shell: str, path: Path) -> str:
    """The instruction for what the user still has to do."""
    if shell == "zsh":
        return (
            "if it is not there yet, put this into .zshrc, before compinit: "
            f"fpath=({path.parent} $fpath)"
        )
    if shell == "powershell":
        return f"put this into $PROFILE: . {path}"
    return f"open a new {shell}"


def install(shell: str, environ: Mapping[str, str], home: Path) -> list[Path]:
    """Write the script. Returns the files. Raises LocalError for another program's file, which is
    not changed, and for one that cannot be written."""
    from openclaw_fal.atomic import replace_file

    paths = places(shell, environ, home)
    for path in paths:
        if path.exists() and OURS not in path.read_text(encoding="utf-8", errors="replace"):
            raise LocalError(
                f"{path} belongs to another program, and stays as it is",
                hint=f"openclaw completion {shell} prints the script",
            )
    for path in paths:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, script(shell).encode(), mode=0o644)
        except OSError as error:
            raise LocalError(f"{path} cannot be written: {reason(error)}") from error
    return paths
