"""Sends requests, and gives their answers. Loads httpx with the first request."""

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
    """A response whose body is read as it comes. Use it as a context manager.

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
        """The body as it was sent, before any Content-Encoding is undone. Raises Fault."""
        return self._each(self._response.iter_raw())

    def bare_chunks(self, length: int) -> Iterator[bytes]:
        """`chunks` for large bodies of known length; the connection is not used again."""
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

    def patience(self, seconds: float) -> None:
        """From here on, how long the other side may stay silent."""
        self._call.stall = seconds

    def sent_too_much(self) -> bool:
        """Whether more bytes came than belong to the body, once `bare_chunks` has given it all."""
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
    """Opens requests, and keeps idle connections for the next ones. Safe to use from threads.

    Making one costs nothing: httpx, certificates and proxies are loaded by the first request that
    needs them. Redirects are not followed, and cookies are not sent.
    """

    def __init__(self, trust: Trust | None = None) -> None:
        self._trust = trust or Trust()
        self._lock = threading.Lock()
        self._client: httpx.Client | None = None
        self._closed = False

    def open(self, request: Request) -> Answer:
        """Send a request and return its response, of which only the head has been read.

        Raises Fault, or LocalError for unusable proxy or certificate settings.
        """
        from openclaw_fal.fal.http import transport

        call = Call(request.deadline, request.stall, request.leaving)
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
