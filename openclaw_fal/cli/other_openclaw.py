"""Finds the real OpenClaw on PATH, for commands that it has and this program does not."""

from __future__ import annotations

import os
import sys
from pathlib import Path


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
    """Whether a script starts this package: the launchers that pip writes name it."""
    try:
        with path.open("rb") as file:
            return b"openclaw_fal" in file.read(1 << 20)
    except OSError:
        return False
