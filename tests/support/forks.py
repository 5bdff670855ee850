"""Processes that need not start: forks of one that has loaded the program (`fork_server.py`).

A start costs more than most runs do. What is asked about the start itself, about what is loaded,
or about memory needs a process of its own: `command` of `program.py`. So does a run with other
settings of Python or of the locale, and any system but Linux.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import IO, Protocol, Self

ROOT = Path(__file__).parents[2]
_LONGEST = 100_000
_AT_START = ("LANG", "LC_", "LD_", "MALLOC", "PYTHON", "TZ")
_LATER = ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTHON_KEYRING_BACKEND")


class Process(Protocol):
    """What tests use of `subprocess.Popen[bytes]`."""

    pid: int
    stdin: IO[bytes] | None
    stdout: IO[bytes] | None
    stderr: IO[bytes] | None

    @property
    def returncode(self) -> int: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def communicate(
        self, input: bytes | None = None, timeout: float | None = None
    ) -> tuple[bytes, bytes]: ...
    def send_signal(self, sig: int) -> None: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


class Fork:
    """A process that runs `code` with `argv`; like `subprocess.Popen` with pipes. Its stdin is
    empty, or a pipe as well if `talks`. All three are the `terminal` if one is given."""

    def __init__(
        self,
        code: str,
        argv: Sequence[str],
        env: Mapping[str, str],
        *,
        talks: bool = False,
        terminal: int | None = None,
    ) -> None:
        self.args = [*argv]
        request = {"code": code, "argv": [*argv], "env": dict(env), "cwd": os.getcwd()}
        self._report, report = os.pipe()
        streams = self._pipes(talks) if terminal is None else [os.dup(terminal) for _ in range(3)]
        theirs = [*streams, report]
        socket.send_fds(_server(), [json.dumps(request).encode()], theirs)
        for descriptor in theirs:
            os.close(descriptor)
        self.pid = self._heard()
        self._status: int | None = None
        self._lock = threading.Lock()

    stdin: IO[bytes] | None = None
    stdout: IO[bytes] | None = None
    stderr: IO[bytes] | None = None

    def _pipes(self, talks: bool) -> list[int]:
        """Connect the streams to pipes; returns the ends of the process."""
        theirs_in, ours_in = os.pipe()
        ours_out, theirs_out = os.pipe()
        ours_err, theirs_err = os.pipe()
        if talks:
            self.stdin = open(ours_in, "wb", 0)  # noqa: SIM115
        else:
            os.close(ours_in)
        self.stdout = open(ours_out, "rb")  # noqa: SIM115
        self.stderr = open(ours_err, "rb")  # noqa: SIM115
        return [theirs_in, theirs_out, theirs_err]

    @property
    def returncode(self) -> int:
        """The exit status, or minus the signal, of a process that was waited for."""
        assert self._status is not None, "nobody has waited for it"
        return self._status

    def _heard(self) -> int:
        data = os.read(self._report, 4)
        assert data, "the server of forks has ended"
        number: int = struct.unpack("i", data)[0]
        return number

    def poll(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self._status

    def wait(self, timeout: float | None = None) -> int:
        with self._lock:
            if self._status is None:
                if not select.select([self._report], [], [], timeout)[0]:
                    raise subprocess.TimeoutExpired(self.args, timeout or 0)
                self._status = self._heard()
                os.close(self._report)
        return self._status

    def communicate(
        self, input: bytes | None = None, timeout: float | None = None
    ) -> tuple[bytes, bytes]:
        until = None if timeout is None else time.monotonic() + timeout
        parts: dict[int, bytes] = {}

        def read(number: int, stream: IO[bytes]) -> None:
            parts[number] = b"" if stream.closed else stream.read()

        assert self.stdout is not None
        assert self.stderr is not None
        readers = [
            threading.Thread(target=read, args=pair, daemon=True)
            for pair in enumerate((self.stdout, self.stderr))
        ]
        for reader in readers:
            reader.start()
        if self.stdin is not None:
            with contextlib.suppress(BrokenPipeError), self.stdin:
                self.stdin.write(input or b"")
        for reader in readers:
            reader.join(None if until is None else max(0.0, until - time.monotonic()))
        if any(reader.is_alive() for reader in readers):
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        self.wait(None if until is None else max(0.0, until - time.monotonic()))
        self.stdout.close()
        self.stderr.close()
        return parts[0], parts[1]

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, sig)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for stream in (self.stdin, self.stdout, self.stderr):
            if stream is not None:
                stream.close()
        self.wait()


def can_fork(env: Mapping[str, str], argv: Sequence[str]) -> bool:
    """Whether a fork would be what a start with this environment is."""
    if sys.platform != "linux" or sum(map(len, (*argv, *env.values()))) > _LONGEST:
        return False
    try:
        os.getcwd()
    except FileNotFoundError:  # a start takes over a folder that is gone, a fork cannot go there
        return False
    return _settings(env) == _settings(_first_environment())


def _settings(env: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in env.items()
        if name.startswith(_AT_START) and name not in _LATER
    }


@cache
def _first_environment() -> Mapping[str, str]:
    return dict(os.environ)


@cache
def _server() -> socket.socket:
    """The socket to the server of this process, which is started when it is first used."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    _first_environment()
    with theirs:
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.support.fork_server", str(theirs.fileno())],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
        )

    def stop() -> None:
        ours.close()
        server.wait(60)

    atexit.register(stop)
    return ours
