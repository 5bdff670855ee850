"""Hints for commands that only OpenClaw itself has, and the search for it on PATH."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_LOOKS_AT = "is about the model that looks at images; this program is about those that make them"
_CHATS = "is about the model that chats; this program is about those that make images and more"
MODELS_COMMANDS = {
    "set-image": _LOOKS_AT,
    "image-fallbacks": _LOOKS_AT,
    "set": _CHATS,
    "fallbacks": _CHATS,
    "scan": _CHATS,
    "auth": _CHATS,
}
"""Subcommands of OpenClaw's `models` that this program lacks, with their purpose."""
MEANT = {
    "set-image": "models default image REF",
    "image-fallbacks": "models default image --fallback REF",
    "auth": "onboard",
}
"""The command here that the user of such a subcommand probably wants; else `models default`."""


def real_openclaw() -> str | None:
    """The path of an `openclaw` on PATH that is not this program; None if there is none."""
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
    """Whether a script starts this package: pip's launchers contain its name."""
    try:
        with path.open("rb") as file:
            return b"openclaw_fal" in file.read(1 << 20)
    except OSError:
        return False
