"""The program in a terminal of a given size, and what a person sees there."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field

import pyte

from tests.program import command

Frame = list[list[pyte.screens.Char]]
"""One state of the screen, with its colours."""


@dataclass
class Seen:
    """What was on the screen: at the end, and the text of every state on the way."""

    status: int
    screen: list[str]
    raw: str
    states: list[str] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join(self.screen)

    def ever(self, text: str) -> bool:
        """Whether `text` was on the screen at some time."""
        return any(text in state for state in self.states)


def watch(
    *argv: str,
    columns: int = 100,
    rows: int = 40,
    typed: str = "",
    env: Mapping[str, str] | None = None,
) -> Seen:
    """Run the program in a terminal until it ends. What is `typed` comes once the echo is off."""
    import pty
    import termios

    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (rows, columns))
    process = subprocess.Popen(
        command(*argv),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm-256color", **(env or {})},
        start_new_session=True,
    )
    os.close(theirs)
    screen = pyte.Screen(columns, rows)
    stream = pyte.ByteStream(screen)
    raw, states, frames = b"", [], []
    try:
        while True:
            if typed and not termios.tcgetattr(ours)[3] & termios.ECHO:
                os.write(ours, typed.encode())
                typed = ""
            try:
                data = os.read(ours, 65536)
            except OSError:  # Linux says EIO when the program has ended
                break
            if not data:
                break
            raw += data
            stream.feed(data)
            states.append("\n".join(line.rstrip() for line in screen.display))
            frames.append([[screen.buffer[y][x] for x in range(columns)] for y in range(rows)])
    finally:
        status = process.wait(60)
        os.close(ours)
    lines = [line.rstrip() for line in screen.display]
    while lines and not lines[-1]:
        lines.pop()
    return Seen(status, lines, raw.decode("utf-8", "replace"), states, frames)
