"""The limits and the state of one request in progress, and its failures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol, TypeVar

from openclaw_fal.fal.deadline import Deadline

CONNECT_SECONDS = 10.0  # for each address of a host, and for the TLS handshake
PREPARE_SECONDS = 30.0  # for each wait before the request is sent: a name lookup, a proxy
WRITE_SECONDS = 60.0  # without the server taking a byte
BROKEN_SECONDS = 1.0  # after a failed send: the server may have sent an error response already
# Waits are cut into turns: Windows delivers no Ctrl-C to a blocked call, and another thread may
# stop the deadline.
TURN = 0.5
_LONGEST_WAIT = 24 * 3600.0

T = TypeVar("T")


class Fault(Exception):
    """A request that got no response, or only part of one.

    `sent` is false when provably no byte of the request was sent (the host is unknown, the
    connection was refused, the TLS handshake failed). `forbidden` marks an address that the policy
    does not allow. `raw` is what was received of the body.
    """

    def __init__(
        self, message: str, *, sent: bool, timed_out: bool = False, forbidden: bool = False
    ) -> None:
        super().__init__(message)
        self.message = message
        self.raw = b""
        self.sent = sent
        self.timed_out = timed_out
        self.forbidden = forbidden


class Untrusted(Fault):
    """A TLS handshake that failed because of the server's certificate."""


class Closable(Protocol):
    def close(self) -> None: ...


class Call:
    """One request in progress.

    `stall`: seconds for which the server may stay silent. `on_sending` is called once, right before
    the first byte is sent; `began` is true from then on. While `preparing`, what is written is not
    part of the request but asks a proxy to connect. `opened` are the connections to close when the
    request fails.
    """

    def __init__(
        self, deadline: Deadline, stall: float, on_sending: Callable[[], object] | None = None
    ) -> None:
        self.deadline = deadline
        self.stall = stall
        self.began = False
        self.preparing = False
        self.opened: list[Closable] = []
        self._on_sending = on_sending
        self._broken: str | None = None

    def begin(self) -> None:
        """Called before each write of the request."""
        if not self.began and self._on_sending:
            self._on_sending()
        self.began = True

    def break_off(self, error: OSError) -> None:
        """Called when the request cannot be sent completely: the wait for a response becomes
        short."""
        self._broken = f"the connection broke while the request was sent: {self.fault(error)}"
        self.stall = min(self.stall, BROKEN_SECONDS)

    def seconds(self, most: float | None = None) -> float:
        """How long the next wait may be: at most `most` (default: `stall`) and until the deadline.
        Raises Fault once the deadline has passed."""
        self.check_deadline()
        limit = self.stall if most is None else most
        if not self.began:
            limit = min(limit, PREPARE_SECONDS)
        return min(limit, self.deadline.remaining(), _LONGEST_WAIT)

    def check_deadline(self) -> None:
        if self.deadline.expired:
            raise Fault("time ran out", sent=self.began, timed_out=True)

    def in_turns(self, operation: Callable[[float], T], seconds: float) -> T:
        """Repeat a blocking `operation` with a time-out of one turn, for at most `seconds`.

        Raises TimeoutError, and Fault at the deadline.
        """
        while True:
            turn = max(min(TURN, seconds), 0.001)
            try:
                return operation(turn)
            except TimeoutError:
                seconds -= turn
                self.check_deadline()
                if seconds <= 0:
                    raise

    def fault(self, error: Exception) -> Fault:
        """The Fault for a socket's exception."""
        if self._broken:
            return Fault(self._broken, sent=self.began)
        if isinstance(error, TimeoutError):
            return Fault("no answer came in time", sent=self.began, timed_out=True)
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return Fault(str(reason), sent=self.began)

    @contextmanager
    def current(self) -> Iterator[None]:
        """Make this the current call for the block: httpcore does not tell its network backend for
        which request it reads and writes."""
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)


_current: ContextVar[Call] = ContextVar("call")


def current_call() -> Call:
    return _current.get()
