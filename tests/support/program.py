"""Run the program as a user does: through `main`, or as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import openclaw_fal.__main__
from openclaw_fal.__main__ import main
from tests.support.canary import KEY, WATCH
from tests.support.forks import Fork, Process, can_fork

__all__ = [
    "KEY",
    "Openclaw",
    "Outcome",
    "Process",
    "command",
    "in_process",
    "in_terminal",
    "jobs",
    "process",
    "python",
    "start",
    "write_config",
]


@dataclass(frozen=True)
class Outcome:
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


Openclaw = Callable[..., Outcome]


def in_process(capfd: pytest.CaptureFixture[str]) -> Openclaw:
    """A function that runs `main(argv)` and captures what it prints."""

    def openclaw(*argv: str) -> Outcome:
        capfd.readouterr()
        with WATCH.children(f"openclaw {argv}"):
            status = main(list(argv))
        sys.stdout.flush()
        sys.stderr.flush()
        captured = capfd.readouterr()
        WATCH.seen(f"openclaw {argv}", captured.out, captured.err)
        return Outcome(status, captured.out, captured.err)

    return openclaw


PROGRAM = "from openclaw_fal.__main__ import run; run()"
# It is the program's own terminal: Ctrl-C is a signal, and /dev/tty is this one.
IN_TERMINAL = (
    "import fcntl, os, sys, termios; os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "sys.argv[0] = 'openclaw'; " + PROGRAM
)


def command(*argv: str) -> list[str]:
    """The words that start the program in a process of its own."""
    return [sys.executable, "-m", "openclaw_fal", *argv]


def python(code: str, *arguments: object, talks: bool = False) -> Process:
    """Start a process that runs Python code with the arguments in `sys.argv[1:]`."""
    argv = ["-c", *map(str, arguments)]
    if can_fork(os.environ, argv):
        return Fork(code, argv, os.environ, talks=talks)
    return _popen([sys.executable, "-c", code, *argv[1:]], os.environ, talks=talks)


def process(
    *argv: str, stdin: bytes | None = None, env: Mapping[str, str] | None = None
) -> Outcome:
    """Run the program as a process in the test's environment, plus `env`."""
    with start(*argv, env=env, talks=True) as running:
        try:
            out, err = running.communicate(stdin, timeout=60)
        finally:
            running.kill()
    return Outcome(running.returncode, out.decode(), err.decode())


def start(*argv: str, env: Mapping[str, str] | None = None, talks: bool = False) -> Process:
    """Start the program as a process; the test talks to it, and ends it."""
    environment = {**os.environ, **(env or {})}
    if can_fork(environment, argv):
        program = str(openclaw_fal.__main__.__file__)
        return WatchedFork(PROGRAM, [program, *argv], environment, talks=talks)
    return _popen(command(*argv), environment, talks=talks)


def in_terminal(terminal: int, *argv: str, env: Mapping[str, str] | None = None) -> Process:
    """Start the program in a terminal, under the name that its users type."""
    environment = {**os.environ, "TERM": "xterm-256color", **(env or {})}
    if can_fork(environment, argv):
        return Fork(IN_TERMINAL, ["-c", *argv], environment, terminal=terminal)
    words = [sys.executable, "-c", IN_TERMINAL, *argv]
    return subprocess.Popen(
        words, stdin=terminal, stdout=terminal, stderr=terminal, env=environment
    )


def _popen(words: list[str], env: Mapping[str, str], *, talks: bool) -> Process:
    return WatchedStart(
        words,
        stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=env,
    )


class _Watched:
    """A process whose output the canary's watch looks at."""

    def communicate(
        self, input: bytes | None = None, timeout: float | None = None
    ) -> tuple[bytes, bytes]:
        out, err = super().communicate(input, timeout)  # type: ignore[misc]
        WATCH.seen(f"the process {self.args!r}", out or b"", err or b"")  # type: ignore[attr-defined]
        return out, err


class WatchedFork(_Watched, Fork):
    pass


class WatchedStart(_Watched, subprocess.Popen[bytes]):
    pass


def write_config(url: str, **defaults: object) -> Path:
    """A config whose fal is at `url`, in the home that the test has; returns its path."""
    path = Path(os.environ["HOME"]) / ".openclaw" / "openclaw.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    config: dict[str, object] = {"models": {"providers": {"fal": {"baseUrl": url}}}}
    if defaults:
        config["agents"] = {"defaults": defaults}
    path.write_text(json.dumps(config), encoding="utf-8")
    return path


def jobs(openclaw: Openclaw, *filters: str) -> list[dict[str, Any]]:
    """The journal, newest first."""
    outcome = openclaw("jobs", "list", "--all", "--json", *filters)
    assert outcome.status == 0, outcome.err
    found: Sequence[dict[str, Any]] = outcome.json["jobs"]
    return list(found)
