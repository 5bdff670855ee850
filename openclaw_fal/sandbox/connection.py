"""One connection: read a request, find its route, let the dials spoil it, answer, and again."""

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
    Gone,
    Request,
    Response,
    head_of,
    read_head,
    split_target,
)
from openclaw_fal.sandbox.routes import Route, route
from openclaw_fal.sandbox.world import Recorded, World

_IDLE = 120.0  # seconds that a connection may be silent
_LOCAL = ("localhost", "127.0.0.1", "[::1]")


class Connection:
    """Serves one socket until either side has enough.

    `base` is the scheme and host that answers name; `tunnel` the host that the client asked to be
    connected to, if it takes the sandbox for a proxy.
    """

    def __init__(self, world: World, sock: socket.socket, base: str, tunnel: str = "") -> None:
        self._world = world
        self._sock = sock
        self._base = base
        self._tunnel = tunnel
        self._source = io.BufferedReader(socket.SocketIO(sock, "r"), CHUNK)

    def serve(self) -> str:
        """Answer requests. Returns the `host:port` of a CONNECT, else nothing, when it is over."""
        self._sock.settimeout(_IDLE)
        try:
            fault = self._world.dials.fault("connect")
            if fault:
                self._spoil_connection(fault)
                return ""
            while not self._world.stop.is_set():
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
        except (Gone, OSError):
            pass
        return ""

    def _spoil_connection(self, fault: Fault) -> None:
        if fault.kind in ("stall", "silent"):
            sending.hold(self._sock, self._world.stop)
        else:
            sending.reset(self._sock)

    def _request(self, method: str, target: str, headers: dict[str, str]) -> Request:
        path, query = split_target(target)
        named = headers.get("host", "")
        host = self._tunnel or named.rpartition(":")[0] or named
        request = Request(method, target, path, query, headers, host=host)
        scheme, _, own = self._base.partition("://")
        local = host in _LOCAL and not self._tunnel
        request.base = f"{scheme}://{named if local else own}"
        request.reader = BodyReader(self._source, headers)
        if addresses.TARGET_HEADER in headers:
            addresses.retarget(request)
        else:
            addresses.assign_role(request)
        return request

    def _exchange(self, request: Request, version: str) -> bool:
        """Answer one request; returns whether the connection stays open."""
        world, began = self._world, time.monotonic()
        place = route(request)
        dials, wrong = self._dials(request)
        spared = wrong or place.phase == "control"
        fault = None if spared else dials.fault(place.phase)
        if fault and fault.kind == "reset":
            self._remember(request, place)
            sending.reset(self._sock)
            return False
        if "100-continue" in request.headers.get("expect", "").lower():
            self._sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if not place.streamed:
            self._read_body(request, dials)
        recorded = self._remember(request, place)
        response = wrong or self._answer(request, place, dials, fault)
        if place.phase != "media":
            world.wait(dials.latency)
        if world.stop.is_set():
            raise Gone
        self._finish_headers(place, response, fault)
        recorded.size = self._drained(request)
        recorded.status = response.status
        close = _wants_close(request, version)
        bodiless = request.method == "HEAD"
        ms = (time.monotonic() - began) * 1000
        line = f"{request.method} {request.path} {response.status} {ms:.0f} ms"
        world.say([line, *response.notes])
        return sending.send(self._sock, response, close=close, bodiless=bodiless, stop=world.stop)

    def _dials(self, request: Request) -> tuple[Dials, Response | None]:
        """The dials for this request: its header's, those that its job had, or the sandbox's."""
        try:
            own = self._world.dials_of(request)
        except UsageError as exc:
            return Dials(), answers.failure(400, f"X-Sandbox-Dials: {exc.message}")
        return own or self._world.inherited_dials(request) or self._world.dials, None

    def _read_body(self, request: Request, dials: Dials) -> None:
        """The body, unless it is larger than the dials allow."""
        assert request.reader is not None
        parts: list[bytes] = []
        for chunk in request.reader.chunks():
            if dials.max_body and request.reader.received > dials.max_body:
                request.too_large = True
                parts.clear()
            else:
                parts.append(chunk)
        request.body = b"" if request.too_large else b"".join(parts)

    def _remember(self, request: Request, place: Route) -> Recorded:
        public_host = place.public and place.phase in ("media", "upload", "initiate")
        leaked = public_host and "authorization" in request.headers
        return self._world.remember(request, place.phase, leaked=leaked)

    def _answer(
        self, request: Request, place: Route, dials: Dials, fault: Fault | None
    ) -> Response:
        try:
            response = self._taken(request, place, dials, fault)
        except (Gone, BadRequest, OSError):
            raise
        except Exception as exc:
            self._world.crashed(exc)
            response = answers.failure(500, "The sandbox has a bug; its log says more.")
        if dials.echo_auth and response.status >= 400 and isinstance(response.body, bytes):
            header = request.headers.get("authorization", "")
            response = answers.failure(response.status, f"Not accepted: Authorization: {header}")
        return response

    def _taken(self, request: Request, place: Route, dials: Dials, fault: Fault | None) -> Response:
        world, platform = self._world, place.phase == "platform"
        hooked = world.hook(request) if world.hook else None
        if hooked is not None:
            return hooked
        if request.too_large:
            return answers.failure(413, "Request body is too large")
        if not place.public:
            refused = answers.refusal(request, platform=platform, token=place.token)
            if refused is not None:
                return refused
        if place.phase in ("sync", "submit") and world.locked(dials):
            return answers.failure(403, answers.LOCKED)
        if fault is None:
            return place.handler(world, request, dials)
        if not fault.takes_effect:
            return spoil.answer(fault, platform=platform)
        return spoil.spoil(fault, place.handler(world, request, dials), platform=platform)

    def _finish_headers(self, place: Route, response: Response, fault: Fault | None) -> None:
        response.set_header("server", "openclaw-fal-sandbox")
        if fault and not fault.request_id:
            response.headers = [pair for pair in response.headers if pair[0] != "x-fal-request-id"]
        elif place.phase not in ("media", "upload") and not response.header("x-fal-request-id"):
            response.set_header("x-fal-request-id", self._world.ids.uuid())

    def _drained(self, request: Request) -> int:
        """Read what the handler did not read of the body; returns how much there was in all."""
        assert request.reader is not None
        if not request.reader.done:
            for _ in request.reader.chunks():
                pass
        return request.reader.received


def _wants_close(request: Request, version: str) -> bool:
    wanted = request.headers.get("connection", "").lower()
    return "close" in wanted or (version == "HTTP/1.0" and "keep-alive" not in wanted)
