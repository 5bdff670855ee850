"""Serves one connection: read a request, find its route, apply the dials, answer; repeat."""

from __future__ import annotations

import contextlib
import io
import socket
import time

from openclaw_fal.errors import UsageError
from openclaw_fal.sandbox import addresses, answers, sending, spoil
from openclaw_fal.sandbox.dials import Dials
from openclaw_fal.sandbox.faults import Fault
from openclaw_fal.sandbox.http1 import (
    CHUNK,
    BadRequest,
    BodyReader,
    ClientGone,
    Request,
    Response,
    head_of,
    read_head,
    split_target,
)
from openclaw_fal.sandbox.routes import Route, route_of
from openclaw_fal.sandbox.state import Recorded, SandboxState

_IDLE = 120.0  # seconds without a byte, after which a connection is closed
_LOCAL = ("localhost", "127.0.0.1", "[::1]")


class Connection:
    """Serves one socket until either side closes it.

    `base` is the scheme and host for URLs in responses. `tunnel` is the host of the client's
    CONNECT request, if it uses the sandbox as a proxy.
    """

    def __init__(
        self, sandbox: SandboxState, sock: socket.socket, base: str, tunnel: str = ""
    ) -> None:
        self._state = sandbox
        self._sock = sock
        self._base = base
        self._tunnel = tunnel
        self._source = io.BufferedReader(socket.SocketIO(sock, "r"), CHUNK)

    def serve(self) -> str:
        """Answer requests until the end. Returns the `host:port` of a CONNECT request, else ""."""
        self._sock.settimeout(_IDLE)
        try:
            fault = self._state.dials.fault("connect")
            if fault:
                self._fail_connection(fault)
                return ""
            while not self._state.stop.is_set():
                head = read_head(self._source)
                if head is None:
                    return ""
                method, target, version, headers = head
                if method == "CONNECT":
                    return target
                if not self._exchange(self._request(method, target, headers), version):
                    return ""
        except BadRequest as exc:
            with contextlib.suppress(OSError):
                self._sock.sendall(head_of(Response(exc.status), close=True, length=0))
        except (ClientGone, OSError):
            pass
        return ""

    def _fail_connection(self, fault: Fault) -> None:
        if fault.kind in ("stall", "silent"):
            sending.hold(self._sock, self._state.stop)
        else:
            sending.reset(self._sock)

    def _request(self, method: str, target: str, headers: dict[str, str]) -> Request:
        path, query = split_target(target)
        host_header = headers.get("host", "")
        host = self._tunnel or host_header.rpartition(":")[0] or host_header
        request = Request(method, target, path, query, headers, host=host)
        scheme, _, own_address = self._base.partition("://")
        local = host in _LOCAL and not self._tunnel
        request.base = f"{scheme}://{host_header if local else own_address}"
        request.reader = BodyReader(self._source, headers)
        if addresses.TARGET_HEADER in headers:
            addresses.retarget(request)
        else:
            addresses.assign_role(request)
        return request

    def _exchange(self, request: Request, version: str) -> bool:
        """Answer one request; returns whether the connection stays open."""
        sandbox, began = self._state, time.monotonic()
        route = route_of(request)
        dials, bad_dials = self._dials(request)
        exempt = bad_dials or route.phase == "control"
        fault = None if exempt else dials.fault(route.phase)
        if fault and fault.kind == "reset":
            self._record(request, route)
            sending.reset(self._sock)
            return False
        if "100-continue" in request.headers.get("expect", "").lower():
            self._sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if not route.streamed:
            self._read_body(request, dials)
        recorded = self._record(request, route)
        response = bad_dials or self._answer(request, route, dials, fault)
        if route.phase != "media":
            sandbox.wait(dials.latency)
        if sandbox.stop.is_set():
            raise ClientGone
        self._finish_headers(route, response, fault)
        recorded.size = self._drained(request)
        recorded.status = response.status
        close = _wants_close(request, version)
        bodiless = request.method == "HEAD"
        ms = (time.monotonic() - began) * 1000
        line = f"{request.method} {request.path} {response.status} {ms:.0f} ms"
        sandbox.write_log([line, *response.notes])
        return sending.send(self._sock, response, close=close, bodiless=bodiless, stop=sandbox.stop)

    def _dials(self, request: Request) -> tuple[Dials, Response | None]:
        """The dials for this request: its header's, those of its job's submit, or the sandbox's.
        And the error response for a header that cannot be read."""
        try:
            header_dials = self._state.dials_of(request)
        except UsageError as exc:
            return Dials(), answers.failure(400, f"X-Sandbox-Dials: {exc.message}")
        return header_dials or self._state.inherited_dials(request) or self._state.dials, None

    def _read_body(self, request: Request, dials: Dials) -> None:
        """Read the body into the request, unless it is larger than the dials allow."""
        assert request.reader is not None
        parts: list[bytes] = []
        for chunk in request.reader.chunks():
            if dials.max_body and request.reader.received > dials.max_body:
                request.too_large = True
                parts.clear()
            else:
                parts.append(chunk)
        request.body = b"" if request.too_large else b"".join(parts)

    def _record(self, request: Request, route: Route) -> Recorded:
        public_host = route.public and route.phase in ("media", "upload", "initiate")
        leaked = public_host and "authorization" in request.headers
        return self._state.record(request, route.phase, leaked=leaked)

    def _answer(
        self, request: Request, route: Route, dials: Dials, fault: Fault | None
    ) -> Response:
        try:
            response = self._handle(request, route, dials, fault)
        except (ClientGone, BadRequest, OSError):
            raise
        except Exception as exc:
            self._state.record_crash(exc)
            response = answers.failure(500, "The sandbox has a bug; its log says more.")
        if dials.echo_auth and response.status >= 400 and isinstance(response.body, bytes):
            header = request.headers.get("authorization", "")
            response = answers.failure(response.status, f"Not accepted: Authorization: {header}")
        return response

    def _handle(
        self, request: Request, route: Route, dials: Dials, fault: Fault | None
    ) -> Response:
        sandbox, platform = self._state, route.phase == "platform"
        hook_response = sandbox.hook(request) if sandbox.hook else None
        if hook_response is not None:
            return hook_response
        if request.too_large:
            return answers.failure(413, "Request body is too large")
        if not route.public:
            refusal = answers.refusal(request, platform=platform, token=route.token)
            if refusal is not None:
                return refusal
        if route.phase in ("sync", "submit") and sandbox.locked(dials):
            return answers.failure(403, answers.LOCKED)
        if fault is None:
            return route.handler(sandbox, request, dials)
        if not fault.takes_effect:
            return spoil.fault_response(fault, platform=platform)
        return spoil.spoil(fault, route.handler(sandbox, request, dials), platform=platform)

    def _finish_headers(self, route: Route, response: Response, fault: Fault | None) -> None:
        response.set_header("server", "openclaw-fal-sandbox")
        if fault and not fault.request_id:
            response.headers = [pair for pair in response.headers if pair[0] != "x-fal-request-id"]
        elif route.phase not in ("media", "upload") and not response.header("x-fal-request-id"):
            response.set_header("x-fal-request-id", self._state.ids.uuid())

    def _drained(self, request: Request) -> int:
        """Read the part of the body that the handler left unread. Returns the body's size."""
        assert request.reader is not None
        if not request.reader.done:
            for _ in request.reader.chunks():
                pass
        return request.reader.received


def _wants_close(request: Request, version: str) -> bool:
    header = request.headers.get("connection", "").lower()
    return "close" in header or (version == "HTTP/1.0" and "keep-alive" not in header)
