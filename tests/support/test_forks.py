"""A fork is what a start is: to whoever tests with it, nothing differs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.forks import Fork, Process, can_fork
from tests.support.systems import linux

pytestmark = linux

FACTS = """
import json, os, signal, sys, threading
print(json.dumps({
    "argv": sys.argv, "environment": dict(os.environ), "folder": os.getcwd(), "name": __name__,
    "descriptors": sorted(map(int, os.listdir("/proc/self/fd")))[:-1],
    "threads": threading.active_count(),
    "handlers": [str(signal.getsignal(number)) for number in (2, 13, 15, 17)],
    "streams": [[s.encoding, s.errors, s.line_buffering, s.fileno(), s.isatty()]
                for s in (sys.stdin, sys.stdout, sys.stderr)],
    "input": sys.stdin.read(),
}))
"""


def started(code: str, *argv: str, talks: bool = True) -> Process:
    return subprocess.Popen(
        [sys.executable, "-c", code, *argv],
        env=os.environ,
        stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def forked(code: str, *argv: str, talks: bool = True) -> Process:
    return Fork(code, ["-c", *argv], os.environ, talks=talks)


def test_its_surroundings_are_those_of_a_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINE", "ü")
    monkeypatch.chdir(tmp_path)
    seen = []
    for begin in (started, forked):
        with begin(FACTS, "a word") as running:
            out, err = running.communicate(b"said")
        assert (running.returncode, err) == (0, b"")
        seen.append(json.loads(out))
    assert seen[0] == seen[1]
    assert seen[1]["environment"] == dict(os.environ)
    assert (seen[1]["input"], seen[1]["folder"]) == ("said", str(tmp_path))


@pytest.mark.parametrize(
    ("code", "status", "said"),
    [
        ("raise SystemExit(7)", 7, b""),
        ("print(1, end='')", 0, b"1"),
        ("1 / 0", 1, b""),
        ("import os; os.write(1, b'x'); os.kill(os.getpid(), 9)", -9, b"x"),
    ],
)
def test_its_end_is_that_of_a_start(code: str, status: int, said: bytes) -> None:
    for begin in (started, forked):
        with begin(code, talks=False) as running:
            out, err = running.communicate()
        assert (running.returncode, out) == (status, said)
        assert (b"ZeroDivisionError" in err) == ("1 / 0" in code)


WAITING = """
import sys
try:
    print("ready", flush=True)
    sys.stdin.read()
except KeyboardInterrupt:
    raise SystemExit(130)
"""


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, -15), (signal.SIGKILL, -9)]
)
def test_it_hears_signals(number: int, status: int) -> None:
    with forked(WAITING) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == b"ready\n"
        assert running.poll() is None
        running.send_signal(number)
        assert running.wait(60) == status


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({}, True),
        ({"HOME": "/elsewhere", "FAL_KEY": "x", "PYTHONPATH": "/x"}, True),
        ({"LC_ALL": "tr_TR.UTF-8"}, False),
        ({"PYTHONUTF8": "0"}, False),
        ({"PYTHONIOENCODING": "ascii"}, False),
        ({"TZ": "Asia/Tokyo"}, False),
        ({"MUCH": "x" * 200_000}, False),
    ],
)
def test_what_only_a_start_can_do_is_started(changes: dict[str, str], same: bool) -> None:
    assert can_fork({**os.environ, **changes}, ["image", "p"]) == same


def test_a_folder_that_is_gone_is_for_a_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert not can_fork(os.environ, [])
