"""Which call of which process is at work on a job, and whether it still is.

An owner is a string `place|pid|start|call`. `place` tells machines, boots and containers apart,
`start` the process from a later one with the same number, and `call` the threads of a process.
Of a process in the same place, the system says whether it lives. Of any other (another machine or
container that shares the journal's folder, an earlier boot, a folder restored from a CI cache) the
lock tells that it holds on the job's byte of a file beside the journal: a lock ends with its
process, and is not copied with the file.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path
from typing import Literal

from openclaw_fal.journal import locks

Life = Literal["alive", "gone", "unknown"]

_calls: set[str] = set()
"""The calls of this process that are at work."""


def new_owner() -> str:
    """The owner string of a call of the running process; it counts as alive until `end`."""
    owner = f"{_this_process(os.getpid())}|{os.urandom(8).hex()}"
    _calls.add(owner)
    return owner


def end(owner: str) -> None:
    """The call is no longer at work."""
    _calls.discard(owner)


def life(owner: str, journal: Path, number: int) -> Life:
    """Whether the call is still at work on job `number`; "unknown" when the system does not say."""
    if owner in _calls:
        return "alive"
    place, pid, start, call = (*owner.split("|"), "", "", "")[:4]
    if place != _place() or not (pid.isascii() and pid.isdigit()):
        return locks.life(journal, number)
    if int(pid) == os.getpid() and call:
        return "gone"
    if start:
        return "alive" if _start(int(pid)) == start else "gone"
    return "unknown" if _exists(int(pid)) else "gone"


@cache
def _this_process(pid: int) -> str:
    """What the owners of all calls of the running process begin with."""
    return f"{_place()}|{pid}|{_start(pid) or ''}"


@cache
def _place() -> str:
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as boot:
            return f"{boot.read().strip()}/{os.stat('/proc/self/ns/pid').st_ino}"
    except (OSError, ValueError):
        import socket

        return socket.gethostname().replace("|", "-")


def _start(pid: int) -> str | None:
    """The start of a living process in clock ticks after the boot (proc_pid_stat(5), field 22)."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            fields = stat.read().rpartition(b")")[2].split()
        return None if fields[0] in (b"Z", b"X") else fields[19].decode("ascii")
    except (OSError, ValueError, IndexError):
        return None


def _exists(pid: int) -> bool:
    """Whether a process of this number exists; true when the system does not say."""
    if sys.platform == "win32":  # os.kill would end the process there
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
