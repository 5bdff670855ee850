"""Sockets that keep a deadline: names looked up, addresses vetted, every wait bounded."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from openclaw_fal.fal.deadline import Deadline
from openclaw_fal.fal.urls import address_of, is_public

if TYPE_CHECKING:
    import ssl

CONNECT_SECONDS = 10.0  # for each address of a host, and for the TLS handshake
WRITE_SECONDS = 60.0  # without the other side taking a byte
READ_SIZE = 256 * 1024
WRITE_SIZE = 64 * 1024
_LONGEST_WAIT = 24 * 3600.0
# Waits are cut into turns: a blocked call keeps Windows from delivering Ctrl-C, and other threads
# must notice when the deadline is stopped.
TURN = 0.5

T = TypeVar("T")


class Fault(Exception):
    """A request that got no answer, or only part of one.

    `sent` is false when provably nothing of the request left this machine (the name is unknown, the
    connection was refused, the TLS handshake failed). `forbidden` marks an address that the policy
    does not allow.
    """

    def __init__(
        self, message: str, *, sent: bool, timed_out: bool = False, forbidden: bool = False
    ) -> None:
        super().__init__(message)
        self.message = message
        self.sent = sent
        self.timed_out = timed_out
        self.forbidden = forbidden


class Untrusted(Fault):
    """A TLS handshake that failed because of the server's certificate."""


class Call:
    """The limits of one request, and whether it has begun to leave.

    `stall` is how many seconds the other side may stay silent. `leaving` is called once, right
    before the first byte leaves.
    """

    def __init__(
        self, deadline: Deadline, stall: float, leaving: Callable[[], object] | None = None
    ) -> None:
        self.deadline = deadline
        self.stall = stall
        self.began = False
        self._leaving = leaving

    def begin(self) -> None:
        """The next byte of the request is about to leave."""
        if not self.began and self._leaving:
            self._leaving()
        self.began = True

    def seconds(self, most: float | None = None) -> float:
        """How long the next wait may be. Raises Fault once the deadline has passed."""
        self.check_deadline()
        return min(self.stall if most is None else most, self.deadline.left(), _LONGEST_WAIT)

    def check_deadline(self) -> None:
        if self.deadline.expired:
            raise Fault("time ran out", sent=self.began, timed_out=True)

    def fault(self, error: Exception) -> Fault:
        """The Fault that an exception of the socket stands for."""
        if isinstance(error, TimeoutError):
            return Fault("no answer came in time", sent=self.began, timed_out=True)
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return Fault(str(reason), sent=self.began)


class Wire:
    """A connected socket, plain or with TLS."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    def read(self, call: Call) -> bytes:
        """The next bytes; b"" when the other side has closed. Raises Fault."""

        def receive(seconds: float) -> bytes:
            self._socket.settimeout(seconds)
            return self._socket.recv(READ_SIZE)

        try:
            return _in_turns(receive, call, call.seconds())
        except OSError as exc:
            raise call.fault(exc) from exc

    def write(self, data: bytes, call: Call) -> None:
        """Send everything. Raises OSError when the other side does not take it, else Fault."""
        view = memoryview(data)
        while view:
            call.begin()
            piece = view[:WRITE_SIZE]

            def send(seconds: float, piece: memoryview = piece) -> int:
                self._socket.settimeout(seconds)
                return self._socket.send(piece)

            view = view[_in_turns(send, call, call.seconds(WRITE_SECONDS)) :]

    def is_quiet(self) -> bool:
        """Whether nothing has come on an idle connection: not even its end."""
        try:
            self._socket.settimeout(0.0)
            self._socket.recv(1)
        except (BlockingIOError, InterruptedError):
            return True
        except OSError as exc:
            return type(exc).__name__ == "SSLWantReadError"
        return False

    def more_comes(self, seconds: float) -> bool:
        """Whether a byte arrives before the other side closes; this ends the socket's use."""
        try:
            self._socket.settimeout(max(seconds, 0.001))
            return bool(self._socket.recv(1))
        except OSError:
            return False

    def secured(self, context: ssl.SSLContext, host: str, call: Call) -> Wire:
        """The same connection with TLS over it. Raises Fault; Untrusted for its certificate."""
        import ssl

        self._socket.settimeout(call.seconds(CONNECT_SECONDS))
        try:
            return Wire(context.wrap_socket(self._socket, server_hostname=host))
        except ssl.SSLCertVerificationError as exc:
            raise Untrusted(call.fault(exc).message, sent=False) from exc
        except (OSError, ValueError) as exc:  # ValueError: a certificate for a malformed name
            raise call.fault(exc) from exc

    def close(self) -> None:
        self._socket.close()


def connect(host: str, port: int, call: Call, *, public_only: bool) -> Wire:
    """A connection to the first address of the host that answers. Raises Fault."""
    addresses = addresses_of(host, port, call)
    if public_only and not all(map(is_public, addresses)):
        raise Fault("its address is in a private network", sent=False, forbidden=True)
    failure: Fault | None = None
    for address in addresses:
        try:
            sock = socket.create_connection((address, port), call.seconds(CONNECT_SECONDS))
        except OSError as exc:
            failure = call.fault(exc)
        else:
            _set_options(sock)
            return Wire(sock)
    raise failure or Fault(f"{host} has no address", sent=False)


def addresses_of(host: str, port: int, call: Call) -> list[str]:
    """The IP addresses of a host, in the system's order of preference. Raises Fault.

    A lookup can neither be given a time-out nor interrupted, so a thread of its own does it.
    """
    if address_of(host) is not None:
        return [host]
    found: list[str] = []
    problem: list[str] = []
    done = threading.Event()

    def look_up() -> None:
        try:
            infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.extend(dict.fromkeys(str(info[4][0]) for info in infos))
        except (OSError, UnicodeError) as exc:
            problem.append(str(getattr(exc, "strerror", None) or exc))
        finally:
            done.set()

    threading.Thread(target=look_up, name="look-up", daemon=True).start()
    patience = call.seconds()
    while not done.wait(min(TURN, patience)):
        patience -= TURN
        if patience <= 0 or call.deadline.expired:
            raise Fault(f"the lookup of {host} took too long", sent=False, timed_out=True)
    if not found:
        raise Fault(f"{host} has no address: {''.join(problem) or 'unknown'}", sent=False)
    return found


def _in_turns(operation: Callable[[float], T], call: Call, seconds: float) -> T:
    """Do what may block, for at most `seconds`. Raises TimeoutError, and Fault at the deadline."""
    while True:
        turn = max(min(TURN, seconds), 0.001)
        try:
            return operation(turn)
        except TimeoutError:
            seconds -= turn
            call.check_deadline()
            if seconds <= 0:
                raise


def _set_options(sock: socket.socket) -> None:
    """No delay for small requests; and since a model may think for minutes without a byte, keep
    routers from forgetting the connection."""
    options = [
        (socket.IPPROTO_TCP, "TCP_NODELAY", 1),
        (socket.SOL_SOCKET, "SO_KEEPALIVE", 1),
        (socket.IPPROTO_TCP, "TCP_KEEPIDLE", 45),
        (socket.IPPROTO_TCP, "TCP_KEEPINTVL", 15),
        (socket.IPPROTO_TCP, "TCP_KEEPCNT", 6),
    ]
    for level, name, value in options:
        if hasattr(socket, name):
            sock.setsockopt(level, getattr(socket, name), value)
