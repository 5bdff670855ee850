"""HTTP requests over connections of which every read and write keeps a deadline.

Built on h11, the protocol engine of httpx, rather than on httpx itself. That gives what httpx's
time-outs (which start anew with each byte) and pools do not: a deadline that also holds against a
dripping server, the knowledge whether any of a request may have left, a look at the address before
anything is sent there, and a connection that is surely fresh. It also takes a fourth of the time to
import. Redirects are not followed, and cookies are not kept.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from openclaw_fal.fal.connection import Connection
from openclaw_fal.fal.deadline import Deadline
from openclaw_fal.fal.network import Call, Fault
from openclaw_fal.fal.routes import Trust, proxy_for
from openclaw_fal.fal.urls import Url

if TYPE_CHECKING:
    from types import TracebackType

    import h11

KEPT = 8  # idle connections

_Key = tuple[str, bool]


class Answer:
    """A response whose body is read as it comes. Use it as a context manager.

    `headers` have lower-case names; repeated ones are joined with commas.
    """

    def __init__(
        self,
        response: h11.Response,
        connection: Connection,
        call: Call,
        release: Callable[[], None],
    ) -> None:
        self._connection = connection
        self._call = call
        self._release = release
        self._closed = False
        self.status = response.status_code
        self.headers = _joined(response.headers)

    def chunks(self) -> Iterator[bytes]:
        """The body as it was sent, before any Content-Encoding is undone. Raises Fault."""
        return self._connection.body(self._call)

    def bare_chunks(self, length: int) -> Iterator[bytes]:
        """`chunks` for large bodies of known length; the connection is not used again."""
        return self._connection.bare_body(length, self._call)

    def patience(self, seconds: float) -> None:
        """From here on, how long the other side may stay silent."""
        self._call.stall = seconds

    def sent_too_much(self) -> bool:
        """Whether more bytes came than belong to the body; for a `Connection: close` request whose
        body has been read."""
        return self._connection.more_comes(self._call)

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._release()

    def __enter__(self) -> Answer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class Transport:
    """Opens requests, and keeps idle connections for the next ones. Safe to use from threads.

    Making one costs nothing: certificates, proxies and h11 are loaded by the first request that
    needs them.
    """

    def __init__(self, trust: Trust | None = None) -> None:
        self._trust = trust or Trust()
        self._idle: list[tuple[_Key, Connection]] = []
        self._lock = threading.Lock()
        self._closed = False

    def open(
        self,
        method: str,
        url: Url,
        *,
        headers: Mapping[str, str],
        deadline: Deadline,
        stall: float,
        body: Iterable[bytes] = (),
        length: int | None = None,
        fresh: bool = False,
        public_only: bool = False,
        leaving: Callable[[], object] | None = None,
    ) -> Answer:
        """Send a request and return its response, of which only the head has been read.

        `length` is the number of bytes in `body`; None means that there is no body. `stall` is how
        many seconds the other side may stay silent. `fresh` takes a connection that was never used,
        since one that was kept may be closed by the server while the request is on its way.
        `public_only` connects to addresses of the open internet only. `leaving` is called right
        before the first byte leaves. Raises Fault, or LocalError for unusable proxy or certificate
        settings.
        """
        call = Call(deadline, stall, leaving)
        call.check_deadline()
        key = (url.origin, public_only)
        connection = None if fresh else self._kept(key)
        if connection is None:
            connection = Connection(
                url, proxy=proxy_for(url), trust=self._trust, public_only=public_only
            )
        sent = {"Host": url.netloc, **headers}
        if length is not None:
            sent["Content-Length"] = str(length)
        try:
            response = connection.request(method, url.target, sent, body, call)
        except BaseException:
            connection.close()
            raise
        return Answer(response, connection, call, lambda: self._done_with(key, connection))

    def close(self) -> None:
        """Close all idle connections. A connection in use closes when its answer does."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for _, connection in idle:
            connection.close()

    def _kept(self, key: _Key) -> Connection | None:
        """An idle connection to that origin which still lives."""
        while True:
            with self._lock:
                found = next((item for item in reversed(self._idle) if item[0] == key), None)
                if found is None:
                    return None
                self._idle.remove(found)
            if found[1].is_alive():
                return found[1]
            found[1].close()

    def _done_with(self, key: _Key, connection: Connection) -> None:
        dropped: Connection | None = connection
        if connection.is_reusable():
            with self._lock:
                if not self._closed:
                    self._idle.append((key, connection))
                    dropped = self._idle.pop(0)[1] if len(self._idle) > KEPT else None
        if dropped:
            dropped.close()


def _joined(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined


__all__ = ["Answer", "Fault", "Transport"]
