"""Images in the terminal, through textual-image: sixel, kitty's protocol, or half blocks.

The library belongs to the extra `preview` and is imported only when a preview is asked for.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from openclaw_fal.ui.rich_blocks import console

ROWS, ROWS_BELOW = 24, 10  # the picture's rows at most, and what is left for the closing panel


def available() -> bool:
    """Whether the library is installed."""
    return find_spec("textual_image") is not None


def show(path: Path, *, color: bool) -> str | None:
    """Draw an image file on stderr; why it could not be drawn, if so."""
    import logging

    logging.getLogger("textual_image").setLevel(logging.CRITICAL)  # guesses are good enough here
    from textual_image import renderable

    kind: Callable[..., object] = renderable.UnicodeImage
    if color:
        # What the terminal can do was asked through stdout; without one, half blocks always work.
        kind = renderable.Image if sys.stdout.isatty() else renderable.HalfcellImage
    out = console(sys.stderr, color=color)
    out.height = max(min(ROWS, out.height - ROWS_BELOW), 4)
    try:
        out.print(kind(path, width="auto", height="auto"))
    except Exception as error:  # Pillow has many ways to say that it cannot read a file
        return f"{path.name} cannot be previewed: {error}"
    return None
