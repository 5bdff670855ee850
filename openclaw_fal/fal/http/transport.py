"""A transport for httpx over httpcore's connection pools, with our own network backend.

The only module that handles httpx's and httpcore's exceptions.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, NamedTuple

import httpcore
import httpx

from openclaw_fal.fal.http.backend import Backend, Stream
from openclaw_fal.fal.http.call import Call, Fault, Untrusted
from openclaw_fal.fal.http.proxies import Proxy, proxy_for
from openclaw_fal.fal.http.request import Request
from openclaw_fal.fal.http.sockets import vetted_addresses
from openclaw_fal.fal.http.trust import Trust
from openclaw_fal.fal.urls import Url

IDLE_CONNECTIONS = 8  # that a pool keeps
IDLE_SECONDS = 55.0  # after which an idle connection is not used again


class _Route(NamedTuple):
    """What the connections of one pool have in common."""

    scheme: str
    proxy: Proxy | None
    fresh: bool
    public_only: bool
    context: ssl.SSLContext | None


class Transport(httpx.BaseTransport):
    """Sends the requests of an httpx.Client. Can be used from several threads.

    A request's extension `request` holds our Request, `call` its Call.
    """

    def __init__(self, trust: Trust) -> None:
        self._trust = trust
        self._pools: dict[_Route, httpcore.ConnectionPool] = {}
        self._lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        ours: Request = request.extensions["request"]
        call: Call = request.extensions["call"]
        proxy = proxy_for(ours.url)
        secure = ours.url.scheme == "https" or (proxy is not None and proxy.scheme == "https")
        context = self._trust.context() if secure else None
        try:
            return self._sent(request, ours, call, proxy, context)
        except Untrusted:
            full = self._trust.full_instead_of(context) if context is not None else None
            if full is None or call.began:
                raise
            return self._sent(request, ours, call, proxy, full)

    def _sent(
        self,
        request: httpx.Request,
        ours: Request,
        call: Call,
        proxy: Proxy | None,
        context: ssl.SSLContext | None,
    ) -> httpx.Response:
        pool = self._pool(_Route(ours.url.scheme, proxy, ours.fresh, ours.public_only, context))
        extensions: dict[str, object] = {} if proxy is None else {"trace": _preparations(call)}
        host = ours.url.host
        if proxy is not None and proxy.takes_addresses:
            host = vetted_addresses(host, ours.url.port, call, public_only=ours.public_only)[0]
            extensions["sni_hostname"] = ours.url.host
        assert isinstance(request.stream, httpx.SyncByteStream)
        sent = httpcore.Request(
            request.method,
            # Not httpx's URL, which normalizes the target.
            httpcore.URL(
                scheme=ours.url.scheme, host=host, port=_port(ours.url), target=ours.url.target
            ),
            headers=request.headers.raw,
            content=request.stream,
            extensions=extensions,
        )
        try:
            answer = pool.handle_request(sent)
        except BaseException:
            for stream in call.opened:
                stream.close()
            raise
        assert isinstance(answer.stream, Iterable)
        return httpx.Response(
            answer.status,
            headers=_without_location(answer.headers),
            stream=_Stream(answer.stream),
            extensions={**answer.extensions, "location": _location(answer.headers)},
        )

    def _pool(self, route: _Route) -> httpcore.ConnectionPool:
        with self._lock:
            if route not in self._pools:
                # With a proxy, the socket connects to the proxy, whose address may be private.
                proxied = route.proxy is not None
                backend = Backend(public_only=route.public_only and not proxied, proxied=proxied)
                self._pools[route] = httpcore.ConnectionPool(
                    ssl_context=route.context if route.scheme == "https" else None,
                    proxy=_proxy(route.proxy, route.context),
                    max_connections=None,
                    max_keepalive_connections=0 if route.fresh else IDLE_CONNECTIONS,
                    keepalive_expiry=IDLE_SECONDS,
                    network_backend=backend,
                )
            return self._pools[route]

    def close(self) -> None:
        with self._lock:
            pools, self._pools = self._pools, {}
        for pool in pools.values():
            pool.close()


class _Stream(httpx.SyncByteStream):
    """The body of a response."""

    def __init__(self, stream: Iterable[bytes]) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._stream)

    def close(self) -> None:
        close = getattr(self._stream, "close", None)
        if close is not None:
            close()


class _RequestBody(httpx.SyncByteStream):
    """The body of a request."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._pieces)


def client(trust: Trust) -> httpx.Client:
    """An httpx client without httpx's own settings from the environment and time-outs."""
    return httpx.Client(transport=Transport(trust), trust_env=False, timeout=None)


def send(client: httpx.Client, request: Request, call: Call) -> httpx.Response:
    """Send a request and read the head of its response. Raises Fault."""
    headers = {"Host": request.url.netloc, **request.headers}
    if request.body is not None:
        headers["Content-Length"] = str(request.body.length)
    with call.current(), faults(call):
        sent = httpx.Request(
            request.method,
            _origin(request.url.origin),
            headers=[(name.encode(), value.encode()) for name, value in headers.items()],
            stream=_RequestBody(request.body if request.body is not None else ()),
            extensions={"request": request, "call": call},
        )
        return client.send(sent, stream=True)


@lru_cache(maxsize=64)
def _origin(text: str) -> httpx.URL:
    """A host's URL; the transport takes path and query from our own Request."""
    return httpx.URL(text)


def stream_of(response: httpx.Response) -> Stream | None:
    """The connection of a response, if its body can be read without httpcore."""
    stream = response.extensions.get("network_stream")
    return stream if isinstance(stream, Stream) and stream.at_body else None


@contextmanager
def faults(call: Call) -> Iterator[None]:
    """Turn exceptions of httpx and httpcore into Fault."""
    try:
        yield
    except httpcore.ProxyError as exc:
        raise Fault(f"the proxy answered with {exc}", sent=False) from None
    except httpcore.LocalProtocolError as exc:
        raise Fault(f"the request cannot be sent: {exc}", sent=call.began) from None
    except (httpcore.TimeoutException, httpx.TimeoutException):
        raise Fault("no answer came in time", sent=call.began, timed_out=True) from None
    except (httpcore.ProtocolError, httpcore.NetworkError, httpx.HTTPError) as exc:
        raise Fault(_reason(exc, call), sent=call.began) from None
    except httpx.InvalidURL as exc:
        raise Fault(f"the URL cannot be used: {exc}", sent=False) from None
    except Fault as fault:
        if call.preparing:
            message = f"the proxy does not answer: {fault.message}"
            raise Fault(message, sent=call.began, timed_out=fault.timed_out) from fault
        raise
    except Exception as exc:
        if not call.preparing:
            raise
        # The SOCKS library raises exceptions of its own, and fails assertions.
        raise Fault(f"the proxy's answer is broken: {exc}", sent=call.began) from None


def _reason(error: Exception, call: Call) -> str:
    words = str(error)
    if call.preparing:
        return f"the proxy does not answer: {words}"
    if "without sending a response" in words:
        return "the server closed the connection without an answer"
    return f"the answer is broken: {words}"


def _preparations(call: Call) -> Callable[[str, Mapping[str, Any]], None]:
    """A trace function for httpcore that sets `call.preparing` while a proxy is asked to connect.
    Unknown steps count as part of the request: the safe mistake is to call it uncertain."""

    def trace(step: str, details: Mapping[str, Any]) -> None:
        if step == "http11.send_request_headers.started":
            call.preparing = details["request"].method == b"CONNECT"
        elif step == "socks.setup_socks5_connection.started":
            call.preparing = True
        elif step in ("socks.setup_socks5_connection.complete", "proxy.start_tls.started"):
            call.preparing = False

    return trace


def _port(url: Url) -> int | None:
    """The port, or None if it is the scheme's default, so that a proxy request names none."""
    return None if (url.scheme, url.port) in (("http", 80), ("https", 443)) else url.port


def _proxy(proxy: Proxy | None, context: ssl.SSLContext | None) -> httpcore.Proxy | None:
    if proxy is None:
        return None
    auth = None if proxy.auth is None else (proxy.auth[0].encode(), proxy.auth[1].encode())
    url = httpcore.URL(scheme=proxy.scheme, host=proxy.host, port=proxy.port, target="/")
    return httpcore.Proxy(url, auth=auth, ssl_context=context if proxy.scheme == "https" else None)


def _without_location(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """httpx builds the next request from `Location` and fails if it is malformed. So it gets none;
    `Answer` takes the location from an extension."""
    return [pair for pair in headers if pair[0].lower() != b"location"]


def _location(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    values = [value for name, value in headers if name.lower() == b"location"]
    return values[0].decode("latin-1") if values else None
