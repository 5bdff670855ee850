"""Sends a response, correctly or with the fault of the connection that it names (`wire`)."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import struct
import threading
import time
from collections.abc import Iterator

from openclaw_fal.sandbox.http1 import CHUNK, ClientGone, Response, head_of

_LINGER = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
_PACE_STEP = 0.02  # seconds between the pieces of a body with limited bandwidth


def send(
    sock: socket.socket, response: Response, *, close: bool, bodiless: bool, stop: threading.Event
) -> bool:
    """Send a response. Returns whether the connection can be used again. Raises ClientGone or
    OSError."""
    body, wire = response.body, response.wire
    length = len(body) if isinstance(body, bytes) else response.length
    if wire == "reset_after_read":
        reset(sock)
        return False
    if wire == "silent":
        hold(sock, stop)
        return False
    head = head_of(response, close=close or bool(wire), length=_announced(length, wire))
    if isinstance(body, bytes) and not (wire or bodiless or response.pace):
        sock.sendall(head + body)
        return not close
    sock.sendall(head)
    if bodiless:
        return not close
    chunks = iter([body]) if isinstance(body, bytes) else body
    if wire in ("cut", "cut_reset", "stall"):
        chunks = _first_part(chunks, length, response.wire_at)
    _send_chunks(sock, chunks, chunked=length is None, pace=response.pace, stop=stop)
    if wire == "stall":
        hold(sock, stop)
    if wire == "cut_reset":
        reset(sock)
    if length is None and not wire:
        sock.sendall(b"0\r\n\r\n")
    return not (close or wire)


def hold(sock: socket.socket, stop: threading.Event) -> None:
    """Send nothing until the client closes the connection or the sandbox stops."""
    while not stop.is_set():
        readable, _, _ = select.select([sock], [], [], 0.1)
        if readable:
            with contextlib.suppress(OSError):
                if sock.recv(CHUNK):
                    continue
            return


def reset(sock: socket.socket) -> None:
    """Close the connection with RST."""
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
    sock.close()


def close(sock: socket.socket) -> None:
    """Close the connection so that what was sent arrives even if the client is still sending."""
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_WR)
        sock.settimeout(0.2)
        for _ in range(64):
            if not sock.recv(CHUNK):
                break
    sock.close()


def _announced(length: int | None, wire: str) -> int | None:
    """The Content-Length to send, which a fault may make wrong."""
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
            raise ClientGone


def _first_part(chunks: Iterator[bytes], length: int | None, share: float) -> Iterator[bytes]:
    """The first `share` of a body; without a length, the first chunk."""
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
