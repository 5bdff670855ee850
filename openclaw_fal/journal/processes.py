"""Identifies the call that is working on a job, and tells whether it still is.

An owner is a string `host|pid|start|call`. `host` differs between machines, boots and containers,
`start` between processes with the same pid, and `call` between the calls of a process. For a
process on the same host, the system says whether it is alive. For any other (on another machine or
in another container that shares the journal's folder, before a reboot, in a folder restored from a
CI cache), its lock on the job's byte in a file beside the journal tells: a lock ends with its
process, and is not copied with the file.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path
from typing import Literal

from openclaw_fal.journal import locks

Liveness = Literal["alive", "gone", "unknown"]

_calls: set[str] = set()
"""The owners of this process's calls that are working on a job."""


def new_owner() -> str:
    """The owner of a new call of this process; it counts as alive until `end`."""
    owner = f"{_this_process(os.getpid())}|{os.urandom(8).hex()}"
    _calls.add(owner)
    return owner


def end(owner: str) -> None:
    """The call no longer works on its job."""
    _calls.discard(owner)


def liveness(owner: str, journal: Path, number: int) -> Liveness:
    """Whether the call is still working on job `number`; "unknown" if the system cannot tell."""
    if owner in _calls:
        return "alive"
    host, pid, start, call = (*owner.split("|"), "", "", "")[:4]
    if host != _host() or not (pid.isascii() and pid.isdigit()):
        return locks.liveness(journal, number)
    if int(pid) == os.getpid() and call:
        return "gone"
    if start:
        return "alive" if _start(int(pid)) == start else "gone"
    return "unknown" if _exists(int(pid)) else "gone"


@cache
def _this_process(pid: int) -> str:
    """The beginning of the owners of all calls of this process."""
    return f"{_host()}|{pid}|{_start(pid) or ''}"


@cache
def _host() -> str:
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as boot:
            return f"{boot.read().strip()}/{os.stat('/proc/self/ns/pid').st_ino}"
    except (OSError, ValueError):
        import socket

        return socket.gethostname().replace("|", "-")


def _start(pid: int) -> str | None:
    """The start of a running process in clock ticks since boot (proc_pid_stat(5), field 22)."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            fields = stat.read().rpartition(b")")[2].split()
        return None if fields[0] in (b"Z", b"X") else fields[19].decode("ascii")
    except (OSError, ValueError, IndexError):
        return None


def _exists(pid: int) -> bool:
    """Whether a process with this pid exists; true if the system cannot tell."""
    if sys.platform == "win32":  # there, os.kill would end the process
        import ctypes

        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        query_limited_information, access_denied, still_active = 0x1000, 5, 259
        handle = kernel.OpenProcess(query_limited_information, False, pid)
        if not handle:
            return ctypes.get_last_error() == access_denied
        code = ctypes.c_ulong(still_active)
        kernel.GetExitCodeProcess(handle, ctypes.byref(code))
        kernel.CloseHandle(handle)
        return code.value == still_active
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True
