"""Finds the real OpenClaw, for commands that are its and not ours."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def where_else(error: Exception, path: str) -> str:
    """Where a command may be that `path` (`openclaw`, `openclaw infer image`, …) does not have: a
    word that was meant, the real OpenClaw, or the list of what there is."""
    meant = _meant(error)
    if meant is not None:
        return f"{path} {meant}"
    real = real_openclaw()
    if real is not None:
        return f"this program does fal's images, video and music; OpenClaw itself is {real}"
    return f"this program does fal's images, video and music: {path} --help"


def _meant(error: Exception) -> str | None:
    """The command whose name is nearly what was typed."""
    import difflib

    context, message = getattr(error, "ctx", None), str(error)
    if context is None or "'" not in message:
        return None
    typed = message.split("'")[1]
    found = difflib.get_close_matches(typed, context.command.list_commands(context), n=1)
    return found[0] if found else None


def real_openclaw() -> str | None:
    """The path of another `openclaw` on PATH that is not this program; None without one."""
    ours = _resolved(sys.argv[0])
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        for name in ("openclaw", "openclaw.cmd", "openclaw.exe"):
            path = Path(folder or ".", name)
            if not path.is_file() or not os.access(path, os.X_OK):
                continue
            if _resolved(path) != ours and not _is_ours(path):
                return str(path)
    return None


def _resolved(path: str | Path) -> str:
    return os.path.realpath(path)


def _is_ours(path: Path) -> bool:
    """Whether a script starts this package: the installer's launchers name it."""
    try:
        with path.open("rb") as file:
            return b"openclaw_fal" in file.read(1 << 20)
    except OSError:
        return False
