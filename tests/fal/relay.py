"""A proxy on loopback that leads everything to one server: HTTP, HTTPS or SOCKS5."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from tests.fal.conftest import answering
from tests.support.queueing import read_request


class Relay:
    """What a proxy was asked: `targets` are the hosts and ports, `heads` the heads of CONNECTs."""

    def __init__(self, goal: str) -> None:
        parts = urlsplit(goal)
        self._goal = (parts.hostname or "", parts.port or 0)
        self.targets: list[str] = []
        self.heads: list[bytes] = []
        self.credentials: list[tuple[bytes, bytes]] = []
        self.host, self.port = "", 0

    def http(self, sock: socket.socket, number: int) -> None:
        head = read_request(sock)
        self.heads.append(head)
        self.targets.append(head.split(b" ")[1].decode())
        sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        self._join(sock)

    def socks(self, sock: socket.socket, number: int) -> None:
        offered = sock.recv(256)
        if 2 in offered[2:]:
            sock.sendall(b"\x05\x02")
            said = sock.recv(512)
            length = said[1]
            self.credentials.append((said[2 : 2 + length], said[3 + length :]))
            sock.sendall(b"\x01\x00")
        else:
            sock.sendall(b"\x05\x00")
        asked = sock.recv(512)
        named = asked[3] == 3
        host = asked[5 : 5 + asked[4]].decode() if named else str(ip_address(asked[4:-2]))
        self.targets.append(f"{host}:{int.from_bytes(asked[-2:])}")
        sock.sendall(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
        self._join(sock)

    def _join(self, sock: socket.socket) -> None:
        sock.settimeout(None)
        with socket.create_connection(self._goal) as other:
            thread = threading.Thread(target=_pump, args=(sock, other), daemon=True)
            thread.start()
            _pump(other, sock)
            thread.join(10)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


@contextmanager
def relay(kind: str, goal: str, certificate: Path | None = None) -> Iterator[Relay]:
    """A proxy of a kind (`http`, `https`, `socks`); `certificate` is for https."""
    made = Relay(goal)
    serve = made.socks if kind == "socks" else made.http
    if kind == "https":
        assert certificate is not None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        plain = serve

        def secured(sock: socket.socket, number: int) -> None:
            with context.wrap_socket(sock, server_side=True) as wrapped:
                plain(wrapped, number)

        serve = secured
    with answering(serve) as (made.host, made.port):
        yield made


def certificate_for(host: str, path: Path) -> Path:
    """A self-signed certificate and its key, in one PEM file."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + secret)
    return path
