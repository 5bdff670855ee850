"""TLS inside TLS: to a server, through an https proxy."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import TypeVar

PIECE = 64 * 1024

T = TypeVar("T")


class TlsInTls:
    """What a socket with TLS offers, over a socket that has TLS already: Python's sockets cannot be
    wrapped twice. After a TimeoutError, the same call goes on where it was."""

    def __init__(self, outer: ssl.SSLSocket, context: ssl.SSLContext, host: str | None) -> None:
        self._outer = outer
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._inner = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._unsent = b""
        self._taken: int | None = None  # bytes of a `send` that are encrypted, not yet sent

    def settimeout(self, seconds: float) -> None:
        self._outer.settimeout(seconds)

    def do_handshake(self) -> None:
        self._with_traffic(self._inner.do_handshake)
        self._flush()

    def recv(self, most: int) -> bytes:
        try:
            return self._with_traffic(lambda: self._inner.read(most))
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
            return b""

    def send(self, data: memoryview) -> int:
        if self._taken is None:
            self._taken = self._with_traffic(lambda: self._inner.write(data))
        self._flush()
        taken, self._taken = self._taken, None
        return taken

    def selected_alpn_protocol(self) -> str | None:
        return self._inner.selected_alpn_protocol()

    def close(self) -> None:
        self._outer.close()

    def _with_traffic(self, operation: Callable[[], T]) -> T:
        """Do something that may need to send and receive before it can be done."""
        while True:
            try:
                return operation()
            except ssl.SSLWantReadError:
                self._flush()
            if data := self._outer.recv(PIECE):
                self._incoming.write(data)
            else:
                self._incoming.write_eof()

    def _flush(self) -> None:
        self._unsent += self._outgoing.read()
        while self._unsent:
            self._unsent = self._unsent[self._outer.send(self._unsent) :]
