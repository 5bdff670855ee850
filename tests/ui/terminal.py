"""The program in a terminal of a given size, and what a person sees there."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyte
import pytest

from tests.support.program import in_terminal

SILENCE_S = 30.0

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
    answers: Sequence[tuple[str, str]] = (),
    env: Mapping[str, str] | None = None,
) -> Seen:
    """Run the program in a terminal until it ends. What is `typed` comes once the echo is off; each
    of the `answers`, a question and what is typed, once the cursor stands behind its question. A
    program that is silent for half a minute fails the test with what is on the screen."""
    import pty
    import termios

    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (rows, columns))
    process = in_terminal(theirs, *argv, env=env)
    os.close(theirs)
    screen = pyte.Screen(columns, rows)
    stream = pyte.ByteStream(screen)
    raw, states, frames = b"", [], []
    waiting = list(answers)
    heard = time.monotonic()
    try:
        while True:
            if typed and not termios.tcgetattr(ours)[3] & termios.ECHO:
                os.write(ours, typed.encode())
                typed = ""
            if waiting and screen.display[screen.cursor.y].rstrip() == waiting[0][0]:
                os.write(ours, waiting.pop(0)[1].encode())
            # The echo goes off in silence: look again soon while something is to be typed.
            if not select.select([ours], [], [], 0.05 if typed else 1)[0]:
                if time.monotonic() - heard > SILENCE_S:
                    process.kill()
                    seen = "\n".join(line for line in screen.display if line.strip())
                    pytest.fail(f"{argv}: nothing more came, {waiting} to be answered:\n{seen}")
                continue
            heard = time.monotonic()
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
