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

from openclaw_fal.__main__ import main
from tests.canary import KEY, WATCH

__all__ = [
    "KEY",
    "Openclaw",
    "Outcome",
    "command",
    "in_process",
    "jobs",
    "process",
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


def command(*argv: str) -> list[str]:
    return [sys.executable, "-m", "openclaw_fal", *argv]


def process(
    *argv: str, stdin: bytes | None = None, env: Mapping[str, str] | None = None
) -> Outcome:
    """Run the program as a process in the test's environment, plus `env`."""
    done = subprocess.run(
        command(*argv),
        input=stdin or b"",
        capture_output=True,
        env={**os.environ, **(env or {})},
        timeout=60,
        check=False,
    )
    WATCH.seen(f"the process openclaw {argv}", done.stdout, done.stderr)
    return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())


class Watched(subprocess.Popen[bytes]):
    """A process whose output the canary's watch looks at."""

    def communicate(
        self, input: bytes | None = None, timeout: float | None = None
    ) -> tuple[bytes, bytes]:
        out, err = super().communicate(input, timeout)
        WATCH.seen(f"the process {self.args!r}", out or b"", err or b"")
        return out, err


def start(*argv: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """Start the program as a process; the test talks to it, and ends it."""
    return Watched(
        command(*argv),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **(env or {})},
    )


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
