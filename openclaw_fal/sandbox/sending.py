"""Sending an answer: in order, or with the fault that its `wire` names."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import struct
import threading
import time
from collections.abc import Iterator

from openclaw_fal.sandbox.http1 import CHUNK, Gone, Response, head_of

_LINGER = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
_PACE_STEP = 0.02  # seconds between the pieces of a body that is sent at a pace


def send(
    sock: socket.socket, response: Response, *, close: bool, bodiless: bool, stop: threading.Event
) -> bool:
    """Send an answer; returns whether the connection can go on. Raises Gone, or OSError."""
    body, wire = response.body, response.wire
    length = len(body) if isinstance(body, bytes) else response.length
    if wire == "reset_after_read":
        reset(sock)
        return False
    if wire == "silent":
        hold(sock, stop)
        return False
    head = head_of(response, close=close or bool(wire), length=_promised(length, wire))
    if isinstance(body, bytes) and not (wire or bodiless or response.pace):
        sock.sendall(head + body)
        return not close
    sock.sendall(head)
    if bodiless:
        return not close
    chunks = iter([body]) if isinstance(body, bytes) else body
    if wire in ("cut", "cut_reset", "stall"):
        chunks = _first(chunks, length, response.wire_at)
    _send_chunks(sock, chunks, chunked=length is None, pace=response.pace, stop=stop)
    if wire == "stall":
        hold(sock, stop)
    if wire == "cut_reset":
        reset(sock)
    if length is None and not wire:
        sock.sendall(b"0\r\n\r\n")
    return not (close or wire)


def hold(sock: socket.socket, stop: threading.Event) -> None:
    """Say nothing until the client goes away or the sandbox stops."""
    while not stop.is_set():
        readable, _, _ = select.select([sock], [], [], 0.1)
        if readable:
            with contextlib.suppress(OSError):
                if sock.recv(CHUNK):
                    continue
            return


def reset(sock: socket.socket) -> None:
    """Make the connection end with RST when it is closed, and close it."""
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
    sock.close()


def close(sock: socket.socket) -> None:
    """Close in order: what was sent arrives even if the client is still sending."""
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_WR)
        sock.settimeout(0.2)
        for _ in range(64):
            if not sock.recv(CHUNK):
                break
    sock.close()


def _promised(length: int | None, wire: str) -> int | None:
    """The Content-Length to send."""
    if length is None:
        return None
    if wire == "lie_longer":
        return length + max(1000, length // 10)
    if wire == "lie_shorter":
        return max(0, length - max(1, length // 10))
    return length


def _send_chunks(
    sock: socket.socket,
    chunks: Iterator[bytes],
    *,
    chunked: bool,
    pace: int,
    stop: threading.Event,
) -> None:
    began, sent = time.monotonic(), 0
    for chunk in chunks:
        for piece in _pieces(chunk, max(1, int(pace * _PACE_STEP)) if pace else len(chunk)):
            sock.sendall(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
            sent += len(piece)
            if pace:
                stop.wait(max(0.0, began + sent / pace - time.monotonic()))
        if stop.is_set():
            raise Gone


def _first(chunks: Iterator[bytes], length: int | None, share: float) -> Iterator[bytes]:
    """The first part of a body; of one without a length, the first chunk."""
    if length is None:
        yield from (chunk for chunk, _ in zip(chunks, range(1), strict=False))
        return
    remaining = int(length * share)
    for chunk in chunks:
        if remaining <= 0:
            return
        yield chunk[:remaining]
        remaining -= len(chunk)


def _pieces(chunk: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(chunk), max(1, size)):
        yield chunk[start : start + size]
