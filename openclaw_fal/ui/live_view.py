"""Draws the live display with rich."""

from __future__ import annotations

import sys
from collections.abc import Callable

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.text import Text

FRAMES_A_SECOND = 8


class _Screen(Console):
    """A console that never hides the cursor, since a killed process could not show it again."""

    def show_cursor(self, show: bool = True) -> bool:
        return False


def _console(color: bool) -> _Screen:
    return _Screen(file=sys.stderr, no_color=not color, highlight=False, markup=False, emoji=False)


class View:
    """Redraws `lines(width, height)` until `stop`, which clears it."""

    def __init__(
        self, lines: Callable[[int, int], list[list[tuple[str, str]]]], *, color: bool
    ) -> None:
        self._lines = lines
        self._console = _console(color)
        self._live = Live(
            self,
            console=self._console,
            transient=True,
            refresh_per_second=FRAMES_A_SECOND,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start(refresh=True)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self._lines(options.max_width, console.height):
            yield Text.assemble(*line, no_wrap=True, overflow="ellipsis")

    def print(self, text: str, style: str) -> None:
        """Print a line above the display, which stays on the screen."""
        self._console.print(_message(text, style), soft_wrap=True)

    def stop(self) -> None:
        self._live.stop()


def print_line(text: str, style: str, *, color: bool) -> None:
    """Print a line where no display is open."""
    _console(color).print(_message(text, style), soft_wrap=True)


def _message(text: str, style: str) -> Text:
    """A line in `style`; of a note, only the word before the colon is styled."""
    head, colon, message = text.partition(":")
    if style == "dim" or not colon:
        return Text(text, style=style)
    return Text.assemble((head + colon, style), message)
