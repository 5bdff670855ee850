"""A network backend for httpcore: each connect, read and write keeps the current call's limits."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator
from typing import Protocol

import httpcore

from openclaw_fal.fal.http.call import (
    CONNECT_SECONDS,
    WRITE_SECONDS,
    Fault,
    Untrusted,
    current_call,
)
from openclaw_fal.fal.http.sockets import connect
from openclaw_fal.fal.http.tls import TlsInTls

READ_SIZE = 256 * 1024
WRITE_SIZE = 64 * 1024
LINGER = 0.25  # seconds to wait for excess bytes after the end of a response
_HEAD_END = b"\r\n\r\n"


class _Socket(Protocol):
    """A socket, plain or with TLS."""

    def settimeout(self, seconds: float, /) -> None: ...
    def recv(self, most: int, /) -> bytes: ...
    def send(self, data: memoryview, /) -> int: ...
    def close(self) -> None: ...


class Backend(httpcore.NetworkBackend):
    """Opens connections; with `public_only`, only to public addresses. `proxied`: they lead to a
    proxy."""

    def __init__(self, *, public_only: bool, proxied: bool) -> None:
        self._public_only = public_only
        self._proxied = proxied

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> Stream:
        call = current_call()
        call.preparing = self._proxied
        stream = Stream(connect(host, port, call, public_only=self._public_only))
        call.opened.append(stream)
        return stream


class Stream(httpcore.NetworkStream):
    """A connection. It gives httpcore the head of a response separately from the body, so that
    `body` can read a large body without httpcore.

    The time-outs that httpcore passes are ignored: it passes none to the handshake with a SOCKS
    proxy, and a server that sends a byte now and then would never run into one.
    """

    def __init__(self, sock: _Socket) -> None:
        self._socket = sock
        self._timeout = -1.0  # seconds, as last set on the socket
        self._head: bytes | None = None  # the response head received so far; None: not in a head
        self._pending = b""  # received, not yet read
        self.at_body = False  # the head was read, and nothing of the body
        self.has_excess = False

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data, self._pending = self._pending, b""
        if not data:
            data = self._received(max_bytes)
        return data if self._head is None else self._up_to_head_end(data)

    def _received(self, most: int) -> bytes:
        call = current_call()

        def receive(seconds: float) -> bytes:
            self._set_timeout(seconds)
            return self._socket.recv(most)

        try:
            return call.in_turns(receive, call.seconds())
        except OSError as exc:
            raise call.fault(exc) from exc

    def _up_to_head_end(self, data: bytes) -> bytes:
        assert self._head is not None
        before = len(self._head)
        self._head += data
        end = self._head.find(_HEAD_END, max(0, before - len(_HEAD_END) + 1))
        if end < 0:
            return data
        cut = end + len(_HEAD_END) - before
        if self._head[:10] in (b"HTTP/1.1 1", b"HTTP/1.0 1"):  # 1xx: another head follows
            self._head = b""
        else:
            self._head, self.at_body = None, True
        self._pending = data[cut:]
        return data[:cut]

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        call = current_call()
        view = memoryview(buffer)
        while view:
            if not call.preparing:
                call.begin()
                self._head, self.at_body = b"", False
            piece = view[:WRITE_SIZE]

            def send(seconds: float, piece: memoryview = piece) -> int:
                self._set_timeout(seconds)
                return self._socket.send(piece)

            try:
                view = view[call.in_turns(send, call.seconds(WRITE_SECONDS)) :]
            except TimeoutError as exc:
                raise call.fault(exc) from exc
            except OSError as exc:
                # A server may refuse a request before it has read all of it. On a WriteError,
                # httpcore still reads the response.
                call.break_off(exc)
                raise httpcore.WriteError(str(exc)) from exc

    def body(self, length: int) -> Iterator[bytes]:
        """Read a body of `length` bytes without httpcore, which copies every byte several times.
        Only when `at_body`; the connection cannot be used again."""
        missing = length
        while missing:
            data = self.read(READ_SIZE)
            if not data:
                raise Fault(f"{length - missing} of {length} bytes came", sent=True)
            if len(data) > missing:
                self.has_excess, data = True, data[:missing]
            missing -= len(data)
            yield data

    def more_comes(self) -> bool:
        """Whether bytes follow the end of the response. The connection cannot be used again."""
        if self.has_excess or self._pending:
            return True
        try:
            self._set_timeout(max(min(LINGER, current_call().deadline.remaining()), 0.001))
            return bool(self._socket.recv(1))
        except OSError:
            return False

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> Stream:
        call = current_call()
        try:
            sock: ssl.SSLSocket | TlsInTls
            if isinstance(self._socket, ssl.SSLSocket):
                sock = TlsInTls(self._socket, ssl_context, server_hostname)
            else:
                sock = ssl_context.wrap_socket(
                    self._socket,  # type: ignore[arg-type]
                    server_hostname=server_hostname,
                    do_handshake_on_connect=False,
                )
            stream = Stream(sock)
            call.opened.append(stream)

            def shake_hands(seconds: float) -> None:
                sock.settimeout(seconds)
                sock.do_handshake()

            call.in_turns(shake_hands, call.seconds(CONNECT_SECONDS))
        except ssl.SSLCertVerificationError as exc:
            raise Untrusted(call.fault(exc).message, sent=call.began) from exc
        except (OSError, ValueError) as exc:  # ValueError: a certificate for a malformed name
            raise call.fault(exc) from exc
        return stream

    def get_extra_info(self, info: str) -> object:
        if info == "ssl_object" and isinstance(self._socket, (ssl.SSLSocket, TlsInTls)):
            return self._socket
        if info == "is_readable":
            return not self._is_idle()
        return None

    def _is_idle(self) -> bool:
        """Whether the connection is open and nothing was received since its last use."""
        if self._pending:
            return False
        try:
            self._set_timeout(0.0)
            self._socket.recv(1)
        except (BlockingIOError, InterruptedError, ssl.SSLWantReadError):
            return True
        except OSError:
            pass
        return False

    def _set_timeout(self, seconds: float) -> None:
        if seconds != self._timeout:  # settimeout is a system call
            self._socket.settimeout(seconds)
            self._timeout = seconds

    def close(self) -> None:
        self._socket.close()
