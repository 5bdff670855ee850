"""What goes wrong in the matrix: how each fault is brought about in each phase of a job."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from openclaw_fal import atomic
from openclaw_fal.files import part_file
from openclaw_fal.sandbox import Fault, Sandbox

PHASES = ("connect", "send", "wait", "result", "download", "save")
FAULTS = ("refused", "reset", "stall", "garbage", "wrong status", "cut")

# The dial's kind of fault, and its options.
DIALS: dict[str, tuple[str | int, dict[str, Any]]] = {
    "refused": (401, {}),
    "reset": ("reset", {}),
    "stall": ("silent", {}),
    "garbage": ("garbage", {}),
    "wrong status": ("html", {"status": 502, "request_id": False}),
    "cut": ("cut", {}),
}
AT_MEDIA: dict[str, tuple[str | int, dict[str, Any]]] = {
    "refused": (403, {}),
    "stall": ("stall", {}),
}
DIALLED = {
    "send": ("sync", "submit"),
    "wait": ("status", "stream"),
    "result": ("result",),
    "download": ("media",),
}
_GREETINGS = {
    "garbage": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    "wrong status": b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 6\r\n\r\n<html>",
}


class Trouble:
    """A fault that was set up: the address to use, and whether it has struck."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.connections = 0
        self.dialled: list[Fault] = []
        self.called = False

    @property
    def struck(self) -> bool:
        return self.called or self.connections > 0 or any(fault.used for fault in self.dialled)


@contextmanager
def trouble(phase: str, fault: str, fal: Sandbox, timeout_s: float) -> Iterator[Trouble]:
    """The fault, for as long as the block runs."""
    made = Trouble(fal.url)
    with contextlib.ExitStack() as stack:
        if phase == "connect":
            stack.enter_context(_door(fault, made))
        elif phase == "save":
            stack.enter_context(_save(fault, fal, made, timeout_s))
        else:
            kind, options = (AT_MEDIA if phase == "download" else {}).get(fault, DIALS[fault])
            made.dialled = [fal.dials.fail(name, kind, **options) for name in DIALLED[phase]]
            fal.dials.stream = fault != "cut"  # the events before the cut would be whole
        try:
            yield made
        finally:
            fal.dials.heal()
            fal.dials.stream = True


@contextmanager
def _door(fault: str, made: Trouble) -> Iterator[None]:
    """A port in the place of fal's, behind which nobody speaks HTTP as they should."""
    listener = socket.create_server(("127.0.0.1", 0))
    made.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    if fault == "refused":
        listener.close()
        made.called = True
        yield
        return
    held: list[socket.socket] = []

    def serve() -> None:
        while True:
            try:
                visitor, _ = listener.accept()
            except OSError:
                return
            made.connections += 1
            with contextlib.suppress(OSError):
                _receive(visitor, fault, held)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for visitor in held:
            visitor.close()
        thread.join(5)


def _receive(visitor: socket.socket, fault: str, held: list[socket.socket]) -> None:
    if fault == "stall":
        held.append(visitor)
        return
    visitor.recv(1, socket.MSG_PEEK)  # a reset before any byte has left is another case
    if fault == "reset":
        form = "hh" if os.name == "nt" else "ii"
        visitor.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(form, 1, 0))
    else:
        visitor.recv(65536)
    if fault in _GREETINGS:
        visitor.sendall(_GREETINGS[fault])
    visitor.close()


@contextmanager
def _save(fault: str, fal: Sandbox, made: Trouble, timeout_s: float) -> Iterator[None]:
    """What can go wrong when all bytes are there, or while they are written."""

    def failing(error: BaseException) -> Callable[..., Any]:
        def fail(*_: object, **__: object) -> None:
            made.called = True
            raise error

        return fail

    with pytest.MonkeyPatch.context() as patch:
        if fault == "refused":  # the name cannot be given
            patch.setattr(atomic, "_move", failing(PermissionError(errno.EACCES, "denied")))
        elif fault == "reset":  # the disk goes away
            patch.setattr(os, "fsync", failing(OSError(errno.EIO, "input/output error")))
        elif fault == "stall":  # the disk is so slow that time runs out meanwhile
            patch.setattr(os, "fsync", _slowly(os.fsync, made, timeout_s))
        elif fault == "garbage":  # the bytes are a web page
            made.dialled = [fal.dials.fail("media", "html", status=200)]
        elif fault == "wrong status":  # the disk is full
            full = OSError(errno.ENOSPC, "no space left on device")
            patch.setattr(part_file, "_open_part", _opened_for(failing(full)))
        else:  # the process is stopped at the last moment
            patch.setattr(atomic, "_move", failing(KeyboardInterrupt()))
        yield


def _slowly(call: Callable[..., Any], made: Trouble, seconds: float) -> Callable[..., Any]:
    def slow(*args: object) -> Any:
        made.called = True
        time.sleep(seconds)
        return call(*args)

    return slow


def _opened_for(write: Callable[..., Any]) -> Callable[..., Any]:
    """Part files whose `write` is another one."""
    opened = part_file._open_part

    class Full:
        def __init__(self, file: Any) -> None:
            self._file = file
            self.write = write

        def __getattr__(self, name: str) -> Any:
            return getattr(self._file, name)

    return lambda path: Full(opened(path))
