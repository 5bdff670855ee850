"""A process that has loaded the program, and forks itself for each run: see `forks.py`.

It reads requests from the socket whose number is its argument: a JSON object, and the descriptors
of stdin, stdout, stderr and of a pipe that hears the number of the new process, then its status.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import struct
import sys
from typing import Any

LIBRARIES = (
    *("PIL.Image", "PIL.ImageFont", "certifi", "filelock", "getpass", "h11", "httpx", "json"),
    *("platformdirs", "pyjson5", "resource", "rich.console", "rich.live", "sqlite3", "ssl"),
    *("tomli_w", "tomllib", "typer.main", "encodings.ascii", "encodings.idna"),
    *("encodings.latin_1", "encodings.utf_8_sig"),
)


def load() -> None:
    """Import what a run may need. That does nothing else, so no run can tell the difference."""
    import openclaw_fal

    for name in LIBRARIES:
        importlib.import_module(name)
    for module in pkgutil.walk_packages(openclaw_fal.__path__, "openclaw_fal."):
        importlib.import_module(module.name)
    gc.collect()
    gc.freeze()


def serve(channel: socket.socket) -> dict[str, Any]:
    """Fork for each request, and report how each ends; returns in a fork, with what it shall do."""
    awake, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    reports: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([channel.fileno(), awake], [], [])
        if awake in ready:
            os.read(awake, 4096)
            for process in list(reports):
                ended, status = os.waitpid(process, os.WNOHANG)
                if ended:
                    _report(reports[process], os.waitstatus_to_exitcode(status))
                    os.close(reports.pop(process))
        if channel.fileno() in ready:
            message, descriptors, _, _ = socket.recv_fds(channel, 1 << 20, 4)
            if not message:
                raise SystemExit
            process = os.fork()
            if process == 0:
                signal.set_wakeup_fd(-1)
                channel.detach()
                _take_streams(descriptors[:3])
                request: dict[str, Any] = json.loads(message)
                return request
            reports[process] = descriptors.pop()
            _report(reports[process], process)
            for descriptor in descriptors:
                os.close(descriptor)


def _report(pipe: int, number: int) -> None:
    with contextlib.suppress(BrokenPipeError):  # the test has ended without waiting for it
        os.write(pipe, struct.pack("i", number))


def _take_streams(descriptors: list[int]) -> None:
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
    os.closerange(3, 1024)
    modes = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))
    for number, (name, mode) in enumerate(modes):
        old = getattr(sys, name)
        buffering = 1 if name == "stderr" else -1
        stream = open(  # noqa: SIM115
            number, mode, buffering, encoding=old.encoding, errors=old.errors, closefd=False
        )
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def become(request: dict[str, Any]) -> None:
    """Be the process that was asked for, from its environment on."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    more = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:0] = [folder for folder in more if folder and folder not in sys.path]
    sys.argv[:] = request["argv"]
    exec(compile(request["code"], "<string>", "exec"), {"__name__": "__main__"})


if __name__ == "__main__":
    load()
    become(serve(socket.socket(fileno=int(sys.argv[1]))))
