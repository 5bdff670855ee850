"""Sends requests and returns streamed responses. Loads httpx with the first request."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from openclaw_fal.fal.http.call import Call, Fault
from openclaw_fal.fal.http.request import Request
from openclaw_fal.fal.http.trust import Trust

if TYPE_CHECKING:
    from types import TracebackType

    import httpx


class Answer:
    """A response whose body is streamed. Use it as a context manager.

    `headers` have lower-case names; repeated ones are joined with commas.
    """

    def __init__(self, response: httpx.Response, call: Call) -> None:
        from openclaw_fal.fal.http.transport import stream_of

        self._response = response
        self._call = call
        self._stream = stream_of(response)
        self.status = response.status_code
        self.headers = _joined(response.headers.raw)
        if location := response.extensions["location"]:
            self.headers["location"] = location

    def chunks(self) -> Iterator[bytes]:
        """The body as sent, still in its Content-Encoding. Raises Fault."""
        return self._each(self._response.iter_raw())

    def bare_chunks(self, length: int) -> Iterator[bytes]:
        """Like `chunks` for a body of `length` bytes, but faster: see `Stream.body`."""
        return self._each(self._stream.body(length)) if self._stream else self.chunks()

    def _each(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        from openclaw_fal.fal.http.transport import faults

        while True:
            with self._call.current(), faults(self._call):
                piece = next(pieces, None)
            if piece is None:
                return
            yield piece
            self._call.check_deadline()

    def set_stall(self, seconds: float) -> None:
        """Set for how long the server may stay silent from now on."""
        self._call.stall = seconds

    def sent_too_much(self) -> bool:
        """After `bare_chunks`: whether the server sent more bytes than the body's length."""
        with self._call.current():
            return self._stream is not None and self._stream.more_comes()

    def close(self) -> None:
        self._response.close()

    def __enter__(self) -> Answer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class Sender:
    """Sends requests, and keeps idle connections for later ones. Can be used from several threads.

    Creating one is cheap: httpx, certificates and proxies are loaded by the first request that
    needs them. Redirects are not followed, and cookies are not sent.
    """

    def __init__(self, trust: Trust | None = None) -> None:
        self._trust = trust or Trust()
        self._lock = threading.Lock()
        self._client: httpx.Client | None = None
        self._closed = False

    def open(self, request: Request) -> Answer:
        """Send a request and return its response as soon as its head was read.

        Raises Fault, or LocalError for unusable proxy or certificate settings.
        """
        from openclaw_fal.fal.http import transport

        call = Call(request.deadline, request.stall, request.on_sending)
        call.check_deadline()
        with self._lock:
            if self._closed:
                raise Fault("the client is closed", sent=False)
            if self._client is None:
                self._client = transport.client(self._trust)
        return Answer(transport.send(self._client, request, call), call)

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            self._closed = True
            client, self._client = self._client, None
        if client is not None:
            client.close()


def _joined(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined
