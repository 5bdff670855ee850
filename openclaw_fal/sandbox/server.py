"""The sandbox's server on loopback, with a thread for each connection; and its public interface."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from openclaw_fal.errors import UsageError
from openclaw_fal.sandbox import addresses, clients, crypto, sending
from openclaw_fal.sandbox.cdn import generated_file
from openclaw_fal.sandbox.connection import Connection
from openclaw_fal.sandbox.dials import Dials
from openclaw_fal.sandbox.http1 import Response
from openclaw_fal.sandbox.jobs import Ids, Job
from openclaw_fal.sandbox.ledger import Entry
from openclaw_fal.sandbox.state import Hook, Limits, Recorded, SandboxState
from openclaw_fal.sandbox.storage import Upload
from openclaw_fal.sandbox.webhooks import is_loopback

if TYPE_CHECKING:
    import ssl

    from openclaw_fal.sandbox.media.spec import Spec

_BACKLOG = 1024
_HANDSHAKE = 30.0
_TLS_HELLO = b"\x16"
_TUNNEL = b"HTTP/1.1 200 Connection established\r\n\r\n"
_NO_TUNNEL = "The sandbox stands in for fal's hosts only, and needs TLS for them.\n"


class Sandbox:
    """A local stand-in for fal. Use it as a context manager, or call start() and stop().

    `url` is the base URL that serves everything: the value for `models.providers.fal.baseUrl`.
    `run_url`, `queue_url`, `rest_url`, `api_url` and `media_url` each stand for one of fal's hosts.
    `dials` can be changed or replaced while it runs. `on_request` may answer a request instead of
    the sandbox. Raises UsageError for a host that is not loopback.
    """

    def __init__(
        self,
        dials: Dials | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        seed: int = 0,
        log: Callable[[str], None] | None = None,
        on_request: Hook | None = None,
        record: bool = True,
        limits: Limits | None = None,
        tls: bool = False,
    ) -> None:
        if not is_loopback(host):
            raise UsageError(
                f"the sandbox listens on this machine only, not on {host}",
                hint="use 127.0.0.1, localhost or ::1",
            )
        self._host, self._port = host, port
        self._state = SandboxState(
            Dials() if dials is None else dials,
            Ids(seed),
            limits or Limits(),
            record,
            log,
            on_request,
            webhook_secret=sha256(f"openclaw-fal sandbox {seed}".encode()).digest(),
        )
        self._wants_tls = tls
        self._tls: ssl.SSLContext | None = None
        self._ca_file: Path | None = None
        self._listener: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()

    # Lifecycle

    def start(self) -> Self:
        """Start listening. Raises UsageError when the port is in use, or TLS lacks its package."""
        if self._listener:
            return self
        if self._wants_tls:
            from openclaw_fal.sandbox.tls import server_context

            crypto.require("https in the sandbox")
            self._tls, self._ca_file = server_context(self._state.folder())
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        try:
            self._listener = socket.create_server(
                (self._host, self._port), family=family, backlog=_BACKLOG
            )
        except OSError as exc:
            self._state.close()
            raise UsageError(
                f"cannot listen on {self._host}:{self._port}: {exc.strerror or exc}",
                hint="choose another port, or 0 for any free one",
            ) from exc
        self._port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._accept, name="fal-sandbox", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop listening, close all connections, and remove the sandbox's files."""
        self._state.stop.set()
        if self._listener and self._thread:
            with contextlib.suppress(OSError):  # wakes accept()
                socket.create_connection((self._host, self._port), timeout=1).close()
            self._thread.join(timeout=5)
            self._listener.close()
        with self._lock:
            sockets = list(self._sockets)
        for sock in sockets:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        self._state.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    # Addresses

    @property
    def port(self) -> int:
        return self._port

    @property
    def url(self) -> str:
        """The combined base URL."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    @property
    def run_url(self) -> str:
        return addresses.strict(self.url).run

    @property
    def queue_url(self) -> str:
        return addresses.strict(self.url).queue

    @property
    def rest_url(self) -> str:
        return addresses.strict(self.url).rest

    @property
    def api_url(self) -> str:
        return addresses.strict(self.url).api

    @property
    def media_url(self) -> str:
        return addresses.combined(self.url).media

    @property
    def ca_file(self) -> Path | None:
        """With `tls`: the file of the certificate to trust (PEM), which exists until stop()."""
        return self._ca_file

    def environment(self) -> dict[str, str]:
        """Environment variables that make fal's clients use the sandbox.

        With `tls` also for clients that need https and fal's own host names, such as fal's Python
        client: the sandbox is their proxy and their trusted certificate authority.
        """
        return clients.environment(self.url, self._ca_file)

    def scratch_environment(self) -> dict[str, str]:
        """Environment variables that make OpenClaw and this program use the sandbox, with a config
        and a home that exist until stop()."""
        return clients.scratch_environment(self.url, self._state.folder())

    def client_settings(self) -> dict[str, clients.ClientSettings]:
        """The settings for each client, by the client's name."""
        return clients.settings(self.url, self._ca_file)

    # What happened

    @property
    def dials(self) -> Dials:
        return self._state.dials

    @dials.setter
    def dials(self, dials: Dials) -> None:
        self._state.dials = dials

    @property
    def requests(self) -> list[Recorded]:
        """All recorded requests, in the order of arrival."""
        return self._state.recorded()

    def posts(self, prefix: str = "") -> list[Recorded]:
        """The POSTs to models (runs and submits) whose path starts with `prefix`."""
        path = "/" + prefix.lstrip("/")
        return [
            item
            for item in self.requests
            if item.phase in ("sync", "submit") and item.path.startswith(path)
        ]

    @property
    def ledger(self) -> list[Entry]:
        """The accepted requests, each with its charge once it has ended."""
        return self._state.ledger.entries()

    @property
    def accepted(self) -> int:
        """How many requests to models were accepted."""
        return self._state.ledger.accepted

    @property
    def billed(self) -> Decimal:
        """USD for all requests that have ended."""
        return self._state.ledger.billed()

    def phase(self, name: str) -> list[Recorded]:
        """The requests of one phase: sync, submit, status, stream, result, cancel, media, …"""
        return [item for item in self.requests if item.phase == name]

    def wait_for(self, phase: str, count: int = 1, timeout: float = 10.0) -> list[Recorded]:
        """Wait until `count` requests of a phase have arrived. Raises TimeoutError."""
        return self._state.wait_for(phase, count, timeout)

    @property
    def leaks(self) -> list[Recorded]:
        """Requests to public hosts (media, upload addresses) that carried a key."""
        return [item for item in self.requests if item.leaked]

    @property
    def jobs(self) -> list[Job]:
        """The queue's jobs that are still stored."""
        return self._state.jobs.all()

    @property
    def uploads(self) -> list[Upload]:
        """Uploaded files, complete or not."""
        return self._state.uploads()

    def media(self, url: str) -> bytes:
        """The bytes that a result's media URL serves. Raises KeyError if there are none."""
        path = _file_path(url)
        blob = generated_file(self._state, path, self._state.library.dials(path) or self.dials)
        if blob is None:
            raise KeyError(url)
        return b"".join(blob.read(0, blob.size))

    def spec(self, url: str) -> Spec:
        """The spec of the file at a result's media URL. Raises KeyError if there is none."""
        spec = self._state.library.get(_file_path(url))
        if spec is None:
            raise KeyError(url)
        return spec

    @property
    def crashes(self) -> list[str]:
        """Tracebacks of the sandbox's own bugs, so that a test can assert that there are none."""
        return list(self._state.crashes)

    def clear(self) -> None:
        """Forget the requests recorded so far."""
        self._state.clear()

    @property
    def memory(self) -> dict[str, int]:
        """How much is stored: for tests of long runs."""
        return {
            "requests": len(self._state.requests),
            "jobs": len(self._state.jobs),
            "media_bytes": self._state.library.held,
            "connections": len(self._sockets),
        }

    # Connections

    def _accept(self) -> None:
        assert self._listener is not None
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                self._state.wait(0.01)
                if self._state.stop.is_set():
                    return
                continue
            if self._state.stop.is_set():
                sock.close()
                return
            with self._lock:
                self._sockets.add(sock)
            try:
                threading.Thread(target=self._serve, args=(sock,), daemon=True).start()
            except RuntimeError as exc:  # no more threads
                self._state.write_log([f"a connection is refused: {exc}"])
                self._close(sock)

    def _serve(self, sock: socket.socket) -> None:
        try:
            with contextlib.ExitStack() as stack:
                stack.callback(self._close, sock)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._serve_requests(sock, stack)
        except OSError:
            pass
        except Exception as exc:
            self._state.record_crash(exc)

    def _serve_requests(self, sock: socket.socket, stack: contextlib.ExitStack) -> None:
        """Serve a connection; with TLS if the client starts a handshake or sends CONNECT."""
        base = self.url
        sock.settimeout(_HANDSHAKE)
        if self._tls and sock.recv(1, socket.MSG_PEEK) == _TLS_HELLO:
            sock = self._secured(sock, self._tls, stack)
            base = base.replace("http:", "https:", 1)
        target = Connection(self._state, sock, base).serve()
        if not target:
            return
        host = target.rpartition(":")[0]
        if self._tls is None or addresses.role_of_host(host) is None:
            refusal = Response.text(_NO_TUNNEL, 403)
            sending.send(sock, refusal, close=True, bodiless=False, stop=self._state.stop)
            return
        sock.sendall(_TUNNEL)
        sock = self._secured(sock, self._tls, stack)
        Connection(self._state, sock, base, tunnel=host).serve()

    def _secured(
        self, sock: socket.socket, tls: ssl.SSLContext, stack: contextlib.ExitStack
    ) -> socket.socket:
        secured = tls.wrap_socket(sock, server_side=True)
        with self._lock:
            self._sockets.add(secured)
        stack.callback(self._close, secured)
        return secured

    def _close(self, sock: socket.socket) -> None:
        sending.close(sock)
        with self._lock:
            self._sockets.discard(sock)


def _file_path(url: str) -> str:
    return "/files/" + url.partition("/files/")[2].partition("?")[0]
