"""HTTP/1.1 on one connection, directly or through a proxy; h11 reads and writes the protocol."""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from openclaw_fal.fal.network import Call, Fault, Untrusted, Wire, connect
from openclaw_fal.fal.routes import ProxyAddress, Trust
from openclaw_fal.fal.urls import Url

if TYPE_CHECKING:
    import ssl

    import h11

IDLE_SECONDS = 55.0  # after which an idle connection is not used again
LINGER = 0.25  # seconds to watch for bytes behind the end of an answer
LONGEST_HEAD = 100 * 1024


class Connection:
    """One connection to the host of a URL. Made without being opened: the first request does that.

    `public_only`: only to an address of the open internet. Behind a proxy that looks up the name
    itself, this cannot be told, and is not asked.
    """

    def __init__(
        self,
        url: Url,
        *,
        proxy: ProxyAddress | None,
        trust: Trust,
        public_only: bool,
    ) -> None:
        self._url = url
        self._proxy = proxy
        self._trust = trust
        self._public_only = public_only and proxy is None
        self._wire: Wire | None = None
        self._protocol: h11.Connection | None = None
        self._idle_since = 0.0
        self._excess = False

    def request(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: Iterable[bytes],
        call: Call,
    ) -> h11.Response:
        """Send a request and read the head of the answer. Raises Fault."""
        import h11

        if self._wire is None:
            self._wire = self._opened(call)
            self._protocol = h11.Connection(h11.CLIENT, max_incomplete_event_size=LONGEST_HEAD)
        if self._proxy is not None and self._url.scheme == "http":
            target = f"{self._url.origin}{target}"
            headers = {**headers, **_proxy_headers(self._proxy)}
        fields = [(name.encode(), value.encode()) for name, value in headers.items()]
        try:
            head = h11.Request(method=method, target=target, headers=fields)
        except h11.LocalProtocolError as exc:
            raise Fault(f"the request cannot be sent: {exc}", sent=False) from None
        self._send(head, body, call)
        while True:
            event = self._next_event(call)
            if isinstance(event, h11.Response):
                return event
            if not isinstance(event, h11.InformationalResponse):
                raise Fault("the server closed the connection without an answer", sent=True)

    def _send(self, head: h11.Request, body: Iterable[bytes], call: Call) -> None:
        import h11

        wire, protocol = self._both()
        try:
            start = protocol.send(head)
            for piece in body:
                wire.write(start + (protocol.send(h11.Data(data=piece)) or b""), call)
                start = b""
            wire.write(start + (protocol.send(h11.EndOfMessage()) or b""), call)
        except TimeoutError as exc:
            raise call.fault(exc) from exc
        except OSError:
            # A server may refuse a request before it has read it all, and say so: read that.
            return

    def body(self, call: Call) -> Iterator[bytes]:
        """The body of the answer, as it comes. Raises Fault."""
        import h11

        while True:
            event = self._next_event(call)
            if isinstance(event, h11.Data):
                yield bytes(event.data)
                call.check_deadline()
            else:
                return

    def bare_body(self, length: int, call: Call) -> Iterator[bytes]:
        """A body of known length, past h11, which copies every byte several times; this ends the
        connection's use. Raises Fault."""
        wire, protocol = self._both()
        self._protocol, left = None, length
        data = protocol.trailing_data[0]
        while left:
            if not data and not (data := wire.read(call)):
                raise Fault(f"{length - left} of {length} bytes came", sent=True)
            if len(data) > left:
                self._excess, data = True, data[:left]
            left -= len(data)
            yield data
            data = b""

    def more_comes(self, call: Call) -> bool:
        """Whether bytes follow the end of the answer; this ends the connection's use."""
        if self._excess or (self._protocol is not None and self._protocol.trailing_data[0]):
            return True
        assert self._wire is not None
        return self._wire.more_comes(min(LINGER, call.deadline.left()))

    def is_reusable(self) -> bool:
        """Make the connection ready for another request, if it can take one."""
        import h11

        if self._protocol is None or self._protocol.trailing_data[0]:
            return False
        if {self._protocol.our_state, self._protocol.their_state} != {h11.DONE}:
            return False
        self._protocol.start_next_cycle()
        self._idle_since = time.monotonic()
        return True

    def is_alive(self) -> bool:
        """Whether an idle connection is likely to take another request."""
        young = time.monotonic() - self._idle_since < IDLE_SECONDS
        return young and self._wire is not None and self._wire.is_quiet()

    def close(self) -> None:
        if self._wire is not None:
            self._wire.close()

    def _both(self) -> tuple[Wire, h11.Connection]:
        assert self._wire is not None
        assert self._protocol is not None
        return self._wire, self._protocol

    def _next_event(self, call: Call) -> Any:
        wire, protocol = self._both()
        return _next_event(protocol, wire, call)

    def _opened(self, call: Call) -> Wire:
        """A connection ready for the request, through the proxy and with TLS where needed."""
        if self._url.scheme == "http":
            return self._connected(call, None)
        context = self._trust.context()
        try:
            return self._connected(call, context)
        except Untrusted:
            wider = self._trust.wider_than(context)
            if wider is None:
                raise
            return self._connected(call, wider)

    def _connected(self, call: Call, context: ssl.SSLContext | None) -> Wire:
        url, proxy = self._url, self._proxy
        host, port = (url.host, url.port) if proxy is None else (proxy.host, proxy.port)
        wire = connect(host, port, call, public_only=self._public_only)
        try:
            if context is None:
                return wire
            if proxy is not None:
                _tunnel(wire, url, proxy, call)
            return wire.secured(context, url.host, call)
        except BaseException:
            wire.close()
            raise


def _tunnel(wire: Wire, url: Url, proxy: ProxyAddress, call: Call) -> None:
    """Have the proxy connect to the host. Raises Fault: nothing of the request has left yet."""
    import h11

    target = f"[{url.host}]:{url.port}" if ":" in url.host else f"{url.host}:{url.port}"
    headers = {"Host": target, **_proxy_headers(proxy)}
    protocol = h11.Connection(h11.CLIENT, max_incomplete_event_size=LONGEST_HEAD)
    fields = [(name.encode(), value.encode()) for name, value in headers.items()]
    asking = Call(call.deadline, call.stall)
    try:
        head = protocol.send(h11.Request(method="CONNECT", target=target, headers=fields))
        wire.write(head or b"", asking)
        event = _next_event(protocol, wire, asking)
    except (Fault, OSError, h11.LocalProtocolError) as exc:
        late = isinstance(exc, TimeoutError) or getattr(exc, "timed_out", False)
        raise Fault(f"the proxy does not answer: {exc}", sent=False, timed_out=late) from None
    if not isinstance(event, h11.Response) or not 200 <= event.status_code < 300:
        status = getattr(event, "status_code", "nothing")
        raise Fault(f"the proxy answered with {status}", sent=False)


def _next_event(protocol: h11.Connection, wire: Wire, call: Call) -> Any:
    import h11

    while True:
        try:
            event = protocol.next_event()
            if event is not h11.NEED_DATA:
                return event
            data = wire.read(call)
            if not data and protocol.their_state is h11.SEND_RESPONSE:
                raise Fault("the server closed the connection without an answer", sent=call.began)
            protocol.receive_data(data)
        except h11.RemoteProtocolError as exc:
            raise Fault(f"the answer is broken: {exc}", sent=call.began) from None


def _proxy_headers(proxy: ProxyAddress) -> dict[str, str]:
    if proxy.auth is None:
        return {}
    token = b64encode(":".join(proxy.auth).encode()).decode()
    return {"Proxy-Authorization": f"Basic {token}"}
