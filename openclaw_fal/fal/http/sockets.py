"""Opens sockets: resolves names, checks addresses, and limits every wait."""

from __future__ import annotations

import os
import selectors
import socket
import threading
from errno import EINPROGRESS, EWOULDBLOCK

from openclaw_fal.fal.http.call import CONNECT_SECONDS, Call, Fault
from openclaw_fal.fal.urls import address_of, is_public

_CONNECTING = {0, EINPROGRESS, EWOULDBLOCK, 10035}  # 10035: WSAEWOULDBLOCK


def connect(host: str, port: int, call: Call, *, public_only: bool) -> socket.socket:
    """A socket connected to the first address of the host that accepts. Raises Fault."""
    addresses = vetted_addresses(host, port, call, public_only=public_only)
    failure: Fault | None = None
    for address in addresses:
        try:
            return _connected(address, port, call)
        except OSError as exc:
            failure = call.fault(exc)
    raise failure or Fault(f"{host} has no address", sent=False)


def vetted_addresses(host: str, port: int, call: Call, *, public_only: bool) -> list[str]:
    """The IP addresses of a host. Raises Fault, also when `public_only` and one is not public."""
    addresses = addresses_of(host, port, call)
    if public_only and not all(map(is_public, addresses)):
        raise Fault("its address is in a private network", sent=False, forbidden=True)
    return addresses


def addresses_of(host: str, port: int, call: Call) -> list[str]:
    """The IP addresses of a host, in the system's order of preference. Raises Fault.

    getaddrinfo takes no time-out and cannot be interrupted, so it runs in a thread of its own.
    """
    if address_of(host) is not None:
        return [host]
    addresses: list[str] = []
    problem: list[str] = []
    done = threading.Event()

    def look_up() -> None:
        try:
            infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            addresses.extend(dict.fromkeys(str(info[4][0]) for info in infos))
        except (OSError, UnicodeError) as exc:
            problem.append(str(getattr(exc, "strerror", None) or exc))
        finally:
            done.set()

    def wait(seconds: float) -> None:
        if not done.wait(seconds):
            raise TimeoutError

    threading.Thread(target=look_up, name="look-up", daemon=True).start()
    try:
        call.in_turns(wait, call.seconds())
    except (TimeoutError, Fault):
        message = f"the lookup of {host} took too long"
        raise Fault(message, sent=False, timed_out=True) from None
    if not addresses:
        raise Fault(f"{host} has no address: {''.join(problem) or 'unknown'}", sent=False)
    return addresses


def _connected(address: str, port: int, call: Call) -> socket.socket:
    """A socket connected to one address. Raises OSError, and Fault at the deadline."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        code = sock.connect_ex((address, port))
        if code not in _CONNECTING:
            raise OSError(code, os.strerror(code))
        call.in_turns(lambda seconds: _await_writable(sock, seconds), call.seconds(CONNECT_SECONDS))
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))
        _set_options(sock)
    except BaseException:
        sock.close()
        raise
    return sock


def _await_writable(sock: socket.socket, seconds: float) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(sock, selectors.EVENT_WRITE)
        if not selector.select(seconds):
            raise TimeoutError


def _set_options(sock: socket.socket) -> None:
    """Send small requests without delay, and keep the connection alive in routers: a model may run
    for minutes before the first byte of its response."""
    options = [
        (socket.IPPROTO_TCP, "TCP_NODELAY", 1),
        (socket.SOL_SOCKET, "SO_KEEPALIVE", 1),
        (socket.IPPROTO_TCP, "TCP_KEEPIDLE", 45),
        (socket.IPPROTO_TCP, "TCP_KEEPINTVL", 15),
        (socket.IPPROTO_TCP, "TCP_KEEPCNT", 6),
    ]
    for level, name, value in options:
        if hasattr(socket, name):
            sock.setsockopt(level, getattr(socket, name), value)
