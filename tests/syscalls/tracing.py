"""strace: which calls a command makes, and the same command with one of them broken."""

from __future__ import annotations

import os
import re
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.support.program import command

CALLS = (
    *("openat", "write", "pwrite64", "fsync", "fdatasync", "rename", "renameat2"),
    *("link", "linkat", "unlink", "unlinkat", "sendto", "sendmsg"),
)
FAULTS = {"kill": "signal=SIGKILL", "EIO": "error=EIO", "ENOSPC": "error=ENOSPC"}
TIMEOUT_S = 120
FAST = "--seccomp-bpf"
"""strace stops the process only at the calls that are traced."""
_LINE = re.compile(r"(\d+)\s+(\w+)\((.*)")
_READS = re.compile(r"\bopenat\([^)]*\bO_RDONLY\b")
"""What Python opens to start: a number within one thread may strike it in another."""
_WRITES = re.compile(r"\bO_(WRONLY|RDWR|CREAT)\b")


class Point(NamedTuple):
    """The `nth` call of a name, counted from 1 in each thread, and how it fails."""

    call: str
    nth: int
    fault: str


class Ended(NamedTuple):
    """How a traced command ended. `hit` are the calls that were broken, as strace shows them."""

    status: int
    out: str
    err: str
    hit: tuple[str, ...]


def calls_of(
    argv: Sequence[str], env: Mapping[str, str], folder: Path, log: Path
) -> tuple[Ended, list[tuple[str, int]]]:
    """Run a command and record its calls: names, and their numbers within their thread."""
    ended = _traced(argv, env, folder, log, (FAST,))
    seen: Counter[tuple[str, str]] = Counter()
    found: set[tuple[str, int]] = set()
    for line in log.read_text("utf-8", "replace").splitlines():
        match = _LINE.match(line)
        if match is None:  # the end of a call that was listed before
            continue
        thread, call, rest = match.groups()
        seen[thread, call] += 1
        if call != "openat" or _WRITES.search(rest):
            found.add((call, seen[thread, call]))
    return ended, sorted(found)


def broken_at(
    point: Point, argv: Sequence[str], env: Mapping[str, str], folder: Path, log: Path
) -> Ended:
    """Run a command with one of its calls broken."""
    inject = f"inject={point.call}:{FAULTS[point.fault]}:when={point.nth}"
    fast = () if point.fault == "kill" else (FAST,)  # signals are not delivered where it stops
    return _traced(argv, env, folder, log, (*fast, "-e", inject))


def _traced(
    argv: Sequence[str], env: Mapping[str, str], folder: Path, log: Path, more: Sequence[str]
) -> Ended:
    strace = (
        "strace",
        "-f",
        "-qq",
        "-o",
        str(log),
        "-e",
        f"trace={','.join(CALLS)}",
    )
    done = subprocess.run(
        [*strace, *more, *command(*argv)],
        cwd=folder,
        env={**os.environ, **env, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    text = log.read_text("utf-8", "replace")
    hit = [line for line in text.splitlines() if "(INJECTED)" in line and not _READS.search(line)]
    killed = done.returncode in (-9, 137)
    if killed:
        hit.append("killed")
    status = -9 if killed else done.returncode
    return Ended(
        status,
        done.stdout.decode("utf-8", "replace"),
        done.stderr.decode("utf-8", "replace"),
        tuple(hit),
    )
