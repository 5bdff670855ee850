"""Shows images in the terminal with textual-image: sixel, kitty's protocol, or half blocks.

The library is in the extra `preview`, and is imported only when a preview is shown.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from openclaw_fal.ui.rich_blocks import console

MOST_ROWS = 24  # of the picture
ROWS_BELOW = 10  # of the terminal, kept free for the closing panel


def available() -> bool:
    """Whether the library is installed."""
    return find_spec("textual_image") is not None


def show(path: Path, *, color: bool) -> str | None:
    """Draw an image file on stderr. Returns why it could not be drawn, or None."""
    import logging

    # The library warns when it has to guess the terminal's cell size; the guess is good enough.
    logging.getLogger("textual_image").setLevel(logging.CRITICAL)
    from textual_image import renderable

    image: Callable[..., object] = renderable.UnicodeImage
    if color:
        # The library asks the terminal through stdout what it can draw. Half blocks always work.
        image = renderable.Image if sys.stdout.isatty() else renderable.HalfcellImage
    out = console(sys.stderr, color=color)
    out.height = max(min(MOST_ROWS, out.height - ROWS_BELOW), 4)
    try:
        out.print(image(path, width="auto", height="auto"))
    except Exception as error:  # Pillow raises many types for a file that it cannot read
        return f"{path.name} cannot be previewed: {error}"
    return None
