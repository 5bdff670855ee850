"""The limits of one request while it is under way, and what can go wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol, TypeVar

from openclaw_fal.fal.deadline import Deadline

CONNECT_SECONDS = 10.0  # for each address of a host, and for the TLS handshake
PREPARE_SECONDS = 30.0  # of silence before the request begins: a name lookup, a proxy
WRITE_SECONDS = 60.0  # without the other side taking a byte
BROKEN_SECONDS = 1.0  # of silence after a send that failed: an answer, if any, is on its way
# Waits are cut into turns: a blocked call keeps Windows from delivering Ctrl-C, and other threads
# must notice when the deadline is stopped.
TURN = 0.5
_LONGEST_WAIT = 24 * 3600.0

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
        self.raw = b""  # what came of the answer's body
        self.sent = sent
        self.timed_out = timed_out
        self.forbidden = forbidden


class Untrusted(Fault):
    """A TLS handshake that failed because of the server's certificate."""


class Closable(Protocol):
    def close(self) -> None: ...


class Call:
    """One request under way.

    `stall` is how many seconds the other side may stay silent. `leaving` is called once, right
    before the first byte leaves. While `preparing`, what is written is no part of the request: it
    asks a proxy to connect.
    """

    def __init__(
        self, deadline: Deadline, stall: float, leaving: Callable[[], object] | None = None
    ) -> None:
        self.deadline = deadline
        self.stall = stall
        self.began = False
        self.preparing = False
        self.opened: list[Closable] = []
        self._leaving = leaving
        self._broken: str | None = None

    def begin(self) -> None:
        """The next byte of the request is about to leave."""
        if not self.began and self._leaving:
            self._leaving()
        self.began = True

    def break_off(self, error: OSError) -> None:
        """The request could not be sent to its end: no more than an answer that is there already
        is waited for."""
        self._broken = f"the connection broke while the request was sent: {self.fault(error)}"
        self.stall = min(self.stall, BROKEN_SECONDS)

    def seconds(self, most: float | None = None) -> float:
        """How long the next wait may be. Raises Fault once the deadline has passed."""
        self.check_deadline()
        patience = self.stall if most is None else most
        if not self.began:
            patience = min(patience, PREPARE_SECONDS)
        return min(patience, self.deadline.remaining(), _LONGEST_WAIT)

    def check_deadline(self) -> None:
        if self.deadline.expired:
            raise Fault("time ran out", sent=self.began, timed_out=True)

    def in_turns(self, operation: Callable[[float], T], seconds: float) -> T:
        """Do what may block, for at most `seconds`; `operation` gets the seconds of one turn.

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
        """The Fault that an exception of the socket stands for."""
        if self._broken:
            return Fault(self._broken, sent=self.began)
        if isinstance(error, TimeoutError):
            return Fault("no answer came in time", sent=self.began, timed_out=True)
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return Fault(str(reason), sent=self.began)

    @contextmanager
    def current(self) -> Iterator[None]:
        """What is read and written in this block belongs to this call: httpcore does not pass on
        which request a connection is used for."""
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)


_current: ContextVar[Call] = ContextVar("call")


def current_call() -> Call:
    return _current.get()
