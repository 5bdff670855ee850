"""Run a process to its end, and say what it took."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

MB = 1_000_000
STARTER = Path(__file__).with_name("starter.py")


class Cost(NamedTuple):
    """Wall and processor time in seconds, peak memory in MB; None where the system does not tell.

    A peak cannot read below that of a small Python process (see `starter`).
    """

    seconds: float
    cpu: float | None
    peak: float | None


def run(argv: Sequence[str], *, env: Mapping[str, str], cwd: Path) -> Cost:
    """Run a command that must succeed. Raises RuntimeError with what it said if it does not."""
    with (cwd / "stdout").open("wb") as out, (cwd / "stderr").open("wb") as err:

        def call(command: Sequence[str]) -> int:
            nothing = subprocess.DEVNULL
            return subprocess.call(command, env=env, cwd=cwd, stdin=nothing, stdout=out, stderr=err)

        status, cost = _started(call, argv, cwd) if hasattr(os, "wait4") else _timed(call, argv)
    if status:
        said = (cwd / "stderr").read_text(encoding="utf-8", errors="replace")
        raise RuntimeError(f"{' '.join(argv)} ended with status {status}:\n{said}")
    return cost


def _started(
    call: Callable[[Sequence[str]], int], argv: Sequence[str], cwd: Path
) -> tuple[int, Cost]:
    report = cwd / "cost"
    failed = call([sys.executable, "-I", "-S", str(STARTER), str(report), *argv])
    if failed:
        return failed, Cost(0.0, None, None)
    status, seconds, cpu, peak = report.read_text(encoding="utf-8").split()
    unit = 1 if sys.platform == "darwin" else 1024
    return int(status), Cost(float(seconds), float(cpu), int(peak) * unit / MB)


def _timed(call: Callable[[Sequence[str]], int], argv: Sequence[str]) -> tuple[int, Cost]:
    began = time.perf_counter()
    status = call(argv)
    return status, Cost(time.perf_counter() - began, None, None)
