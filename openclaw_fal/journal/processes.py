"""Which process is at work on a job, and whether it still lives.

An owner is a string `place|pid|start`. `place` tells machines, boots and containers apart, and
`start` the process from a later one with the same number, where the system gives them cheaply
(Linux). A journal shared by several machines therefore never takes one machine's pid for another's.
"""

from __future__ import annotations

import os
import sys
from typing import Literal

Life = Literal["alive", "gone", "unknown"]


def this_process() -> str:
    """The owner string of the running process."""
    pid = os.getpid()
    return f"{_place()}|{pid}|{_start(pid) or ''}"


def life(owner: str) -> Life:
    """Whether the process of an owner string still runs; "unknown" when that cannot be told."""
    place, _, rest = owner.rpartition("|")[0].partition("|")
    start = owner.rpartition("|")[2]
    if place != _place() or not rest.isascii() or not rest.isdigit():
        return "unknown"
    pid = int(rest)
    if start:
        return "alive" if _start(pid) == start else "gone"
    return "unknown" if _exists(pid) else "gone"


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
