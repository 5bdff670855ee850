"""The sandbox itself: a socket on loopback, a thread for each connection, and what it keeps."""

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
from openclaw_fal.sandbox.cdn import made_file
from openclaw_fal.sandbox.connection import Connection
from openclaw_fal.sandbox.dials import Dials
from openclaw_fal.sandbox.http1 import Response
from openclaw_fal.sandbox.jobs import Ids, Job
from openclaw_fal.sandbox.ledger import Entry
from openclaw_fal.sandbox.storage import Upload
from openclaw_fal.sandbox.webhooks import is_loopback
from openclaw_fal.sandbox.world import Hook, Limits, Recorded, World

if TYPE_CHECKING:
    import ssl

    from openclaw_fal.sandbox.media.spec import Spec

_BACKLOG = 1024
_HANDSHAKE = 30.0
_TLS_HELLO = b"\x16"
_TUNNEL = b"HTTP/1.1 200 Connection established\r\n\r\n"
_NO_TUNNEL = "The sandbox stands in for fal's hosts only, and needs TLS for them.\n"


class Sandbox:
    """A fal on this machine. Use it as a context manager, or call start() and stop().

    `url` is the one address that serves everything: the value for `models.providers.fal.baseUrl`.
    `run_url`, `queue_url`, `rest_url`, `api_url` and `media_url` are strict, one for each of fal's
    hosts. `dials` can be changed or replaced while it runs. Any host but loopback is a UsageError.
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
        self._world = World(
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
        """Listen. Raises UsageError if the address cannot be had, or the package that TLS needs."""
        if self._listener:
            return self
        if self._wants_tls:
            from openclaw_fal.sandbox.tls import server_context

            crypto.require("https in the sandbox")
            self._tls, self._ca_file = server_context(self._world.folder())
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        try:
            self._listener = socket.create_server(
                (self._host, self._port), family=family, backlog=_BACKLOG
            )
        except OSError as exc:
            self._world.close()
            raise UsageError(
                f"cannot listen on {self._host}:{self._port}: {exc.strerror or exc}",
                hint="choose another port, or 0 for any free one",
            ) from exc
        self._port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._accept, name="fal-sandbox", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop listening, close every connection, remove what is on disk."""
        self._world.stop.set()
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
        self._world.close()

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
        """With `tls`: the certificate to trust (PEM). It is gone when the sandbox stops."""
        return self._ca_file

    def environment(self) -> dict[str, str]:
        """Variables under which programs made for fal find the sandbox in its place.

        With `tls` also those that need https and fal's own host names, such as fal's Python client:
        they take the sandbox for a proxy, and its certificate for fal's.
        """
        return clients.environment(self.url, self._ca_file)

    def scratch_environment(self) -> dict[str, str]:
        """Variables under which OpenClaw and this program use the sandbox, and a config and jobs
        that are gone when it stops."""
        return clients.scratch_environment(self.url, self._world.folder())

    def client_settings(self) -> dict[str, clients.ClientSettings]:
        """How to point each client at the sandbox, by the client's name."""
        return clients.settings(self.url, self._ca_file)

    # What happened

    @property
    def dials(self) -> Dials:
        return self._world.dials

    @dials.setter
    def dials(self, dials: Dials) -> None:
        self._world.dials = dials

    @property
    def requests(self) -> list[Recorded]:
        """Every request so far, in the order of arrival."""
        return self._world.recorded()

    def posts(self, prefix: str = "") -> list[Recorded]:
        """The POSTs to models (runs and submits), those under a path only if one is given."""
        wanted = "/" + prefix.lstrip("/")
        return [
            item
            for item in self.requests
            if item.phase in ("sync", "submit") and item.path.startswith(wanted)
        ]

    @property
    def ledger(self) -> list[Entry]:
        """The requests that were taken, each with its bill once it has ended."""
        return self._world.ledger.entries()

    @property
    def accepted(self) -> int:
        """How many requests to models were taken."""
        return self._world.ledger.accepted

    @property
    def billed(self) -> Decimal:
        """USD for everything that has ended."""
        return self._world.ledger.billed()

    def phase(self, name: str) -> list[Recorded]:
        """The requests of one phase: sync, submit, status, stream, result, cancel, media, …"""
        return [item for item in self.requests if item.phase == name]

    def wait_for(self, phase: str, count: int = 1, timeout: float = 10.0) -> list[Recorded]:
        """Wait until `count` requests of a phase have arrived. Raises TimeoutError."""
        return self._world.wait_for(phase, count, timeout)

    @property
    def leaks(self) -> list[Recorded]:
        """Requests to public hosts (media, upload addresses) that carried a key."""
        return [item for item in self.requests if item.leaked]

    @property
    def jobs(self) -> list[Job]:
        """The queue's jobs that are still remembered."""
        return self._world.jobs.all()

    @property
    def uploads(self) -> list[Upload]:
        """Uploaded files, complete or not."""
        return self._world.uploads()

    def media(self, url: str) -> bytes:
        """The bytes that a result's media URL serves. Raises KeyError if there are none."""
        path = _file_path(url)
        blob = made_file(self._world, path, self._world.library.dials(path) or self.dials)
        if blob is None:
            raise KeyError(url)
        return b"".join(blob.read(0, blob.size))

    def spec(self, url: str) -> Spec:
        """What a result's media URL stands for. Raises KeyError if it is none."""
        spec = self._world.library.get(_file_path(url))
        if spec is None:
            raise KeyError(url)
        return spec

    @property
    def crashes(self) -> list[str]:
        """Tracebacks of the sandbox's own bugs. A test can hold that there are none."""
        return list(self._world.crashes)

    def clear(self) -> None:
        """Forget the requests recorded so far."""
        self._world.forget()

    @property
    def memory(self) -> dict[str, int]:
        """How much is kept, for those who watch a long run."""
        return {
            "requests": len(self._world.requests),
            "jobs": len(self._world.jobs),
            "media_bytes": self._world.library.held,
            "connections": len(self._sockets),
        }

    # Connections

    def _accept(self) -> None:
        assert self._listener is not None
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                self._world.wait(0.01)
                if self._world.stop.is_set():
                    return
                continue
            if self._world.stop.is_set():
                sock.close()
                return
            with self._lock:
                self._sockets.add(sock)
            try:
                threading.Thread(target=self._serve, args=(sock,), daemon=True).start()
            except RuntimeError as exc:  # no more threads
                self._world.say([f"a connection is refused: {exc}"])
                self._close(sock)

    def _serve(self, sock: socket.socket) -> None:
        try:
            with contextlib.ExitStack() as stack:
                stack.callback(self._close, sock)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._converse(sock, stack)
        except OSError:
            pass
        except Exception as exc:
            self._world.crashed(exc)

    def _converse(self, sock: socket.socket, stack: contextlib.ExitStack) -> None:
        """Serve a connection, through TLS if the client begins with it or asks for a tunnel."""
        base = self.url
        sock.settimeout(_HANDSHAKE)
        if self._tls and sock.recv(1, socket.MSG_PEEK) == _TLS_HELLO:
            sock = self._secured(sock, self._tls, stack)
            base = base.replace("http:", "https:", 1)
        target = Connection(self._world, sock, base).serve()
        if not target:
            return
        host = target.rpartition(":")[0]
        if self._tls is None or addresses.role_of_host(host) is None:
            refusal = Response.text(_NO_TUNNEL, 403)
            sending.send(sock, refusal, close=True, bodiless=False, stop=self._world.stop)
            return
        sock.sendall(_TUNNEL)
        sock = self._secured(sock, self._tls, stack)
        Connection(self._world, sock, base, tunnel=host).serve()

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
