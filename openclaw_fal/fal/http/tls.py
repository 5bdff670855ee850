"""TLS inside TLS, for a server behind an https proxy."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import TypeVar

PIECE = 64 * 1024

T = TypeVar("T")


class TlsInTls:
    """A TLS socket over a TLS socket: `ssl.wrap_socket` cannot wrap one twice. After a
    TimeoutError, repeating the same call continues it."""

    def __init__(self, outer: ssl.SSLSocket, context: ssl.SSLContext, host: str | None) -> None:
        self._outer = outer
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._inner = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._unsent = b""
        self._encrypted: int | None = None  # bytes of a `send` that are encrypted, not yet sent

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
        if self._encrypted is None:
            self._encrypted = self._with_traffic(lambda: self._inner.write(data))
        self._flush()
        count, self._encrypted = self._encrypted, None
        return count

    def selected_alpn_protocol(self) -> str | None:
        return self._inner.selected_alpn_protocol()

    def close(self) -> None:
        self._outer.close()

    def _with_traffic(self, operation: Callable[[], T]) -> T:
        """Repeat a TLS operation, sending and receiving for it, until it is done."""
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
