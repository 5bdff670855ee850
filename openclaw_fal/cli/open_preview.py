"""`--open` and `--preview` show the saved files. Failures are notes, never errors."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from openclaw_fal.errors import UsageError
from openclaw_fal.store.key_format import KEY_VARIABLES

if TYPE_CHECKING:
    from openclaw_fal.media import Output
    from openclaw_fal.session import Session

OPENERS = ("xdg-open", "wslview")
INSTALL = 'pip install "openclaw-fal[preview]"'


def check_preview() -> None:
    """Raise UsageError when the library for previews is missing. Called before sending."""
    from openclaw_fal.ui import preview

    if not preview.available():
        raise UsageError("--preview needs the library textual-image", hint=INSTALL)


def previewed(outputs: Iterable[Output], session: Session) -> list[str]:
    """Draw the images among `outputs` on the terminal. Returns notes on those that failed."""
    from openclaw_fal.ui.render import is_terminal, wants_color

    if session.json or session.quiet:
        return []
    if not is_terminal(sys.stderr):
        return ["no preview: this is not a terminal"]
    from openclaw_fal.ui import preview

    color = wants_color(session)
    notes = [
        preview.show(output.path, color=color)
        for output in outputs
        if output.mime_type.startswith("image/")
    ]
    return [note for note in notes if note]


def opened(paths: Iterable[Path]) -> list[str]:
    """Open each file with the desktop's program. Returns notes on those that failed."""
    notes = [_opened(path) for path in paths]
    return [note for note in notes if note]


def _opened(path: Path) -> str | None:
    import shutil
    import subprocess

    try:
        if sys.platform == "win32":
            os.startfile(path)
            return None
        opener = "open" if sys.platform == "darwin" else next(filter(shutil.which, OPENERS), None)
        if opener is None:
            return f"{path.name} was not opened: there is no {' or '.join(OPENERS)} here"
        # In the background of a shell, so that the viewer outlives this program.
        subprocess.run(
            ["sh", "-c", '"$0" "$1" &', opener, str(path)],
            env={name: value for name, value in os.environ.items() if name not in KEY_VARIABLES},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            check=False,
        )
    except OSError as error:
        return f"{path.name} was not opened: {error}"
    return None
