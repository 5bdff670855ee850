"""What several tests of trust look for, and other ways to run the program."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import unicodedata
from collections.abc import Mapping
from typing import Any

from tests.support.canary import WATCH
from tests.support.program import Outcome, command, in_terminal

# Title, clipboard and link commands; clearing, colours, a cursor that moves; the same in one byte;
# bell, back, carriage return, delete; text that runs the other way; line ends of other alphabets.
HOSTILE = (
    "a\x1b]0;title\x07b\x1b]52;c;aGk=\x07c\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\d"
    "\x1b[2J\x1b[66;6H\x1b[31me\x9b31mf\x9d52;c;aGk=\x9cg\x90h\x07\x08\ri\x7fj\u202ek\u2066l\u200fm"
    "\x00n\x85o\u2028p\x0cq\x0br"
)
_BIDI = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def commands(text: str, allowed: str = "\n") -> set[str]:
    """The characters in a text that can drive a terminal or turn a line around."""
    return {
        char
        for char in text
        if char not in allowed and (unicodedata.category(char) == "Cc" or char in _BIDI)
    }


def strict(text: str) -> Any:
    """The one JSON document in a text: nothing beside it, and nothing that only Python reads."""

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    return json.loads(text, parse_constant=refuse)


def refused(outcome: Outcome, status: int | set[int]) -> dict[str, Any]:
    """The failure of a run with `--json`: one document, a message, the right status, no crash."""
    wanted = {status} if isinstance(status, int) else status
    assert outcome.status in wanted, outcome.out + outcome.err
    document = strict(outcome.out)
    assert document["ok"] is False
    error: dict[str, Any] = document["error"]
    assert error["code"]
    assert error["message"]
    assert "Traceback" not in outcome.err
    assert "this is a bug" not in error["message"]
    return error


def shell(script: str, *argv: str, env: Mapping[str, str] | None = None) -> Outcome:
    """Run the program under a shell script in which `"$@"` stands for it."""
    done = subprocess.run(
        ["/bin/sh", "-c", script, "sh", *command(*argv)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={**os.environ, **(env or {})},
        timeout=60,
        check=False,
    )
    WATCH.seen(f"{script} {argv}", done.stdout, done.stderr)
    return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())


LIMITED = """
import resource, sys
for name, value in {limits!r}.items():
    resource.setrlimit(getattr(resource, name), (value, value))
from openclaw_fal.__main__ import main
raise SystemExit(main(sys.argv[1:]))
"""


def limited(limits: Mapping[str, int], *argv: str) -> Outcome:
    """Run the program in a process with limits of the system (see `resource`)."""
    done = subprocess.run(
        [sys.executable, "-c", LIMITED.format(limits=dict(limits)), *argv],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
        check=False,
    )
    WATCH.seen(f"{limits} {argv}", done.stdout, done.stderr)
    return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())


class Terminal:
    """The program in a terminal of its own: what a person sees."""

    def __init__(self, *argv: str) -> None:
        import pty

        self._ours, theirs = pty.openpty()
        self._argv = argv
        self.process = in_terminal(theirs, *argv, env={"COLUMNS": "100"})
        os.close(theirs)
        self._closed = False

    def text(self) -> str:
        """Everything until the program ends."""
        parts = []
        with contextlib.suppress(OSError):  # Linux says EIO at the end
            while part := os.read(self._ours, 65536):
                parts.append(part)
        self.process.wait(60)
        data = b"".join(parts)
        WATCH.seen(f"{self._argv!r} in a terminal", data)
        return data.decode("utf-8", "replace")

    def close(self) -> None:
        """Close the window: the program gets SIGHUP, and nowhere to write."""
        if not self._closed:
            self._closed = True
            os.close(self._ours)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        self.process.kill()
        self.process.wait()


def sparse(name: str, size: int) -> None:
    """A file that begins like a PNG, and takes no space beyond."""
    from PIL import Image

    Image.new("RGB", (4, 4)).save(name, "PNG")
    with open(name, "r+b") as file:
        file.truncate(size)
