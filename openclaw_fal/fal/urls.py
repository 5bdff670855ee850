"""Parses URLs strictly, and decides from which of them media may be fetched."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

LONGEST = 16 * 1024
_SHARED = r"[a-z0-9._~-]+"
_LOCAL_NAMES = ("localhost", "local", "internal", "intranet", "lan", "home.arpa", "localdomain")
_PORTS = {"http": 80, "https": 443}
_UNSAFE = frozenset(' "<>^`{|}')


class BadUrl(ValueError):
    """A malformed or forbidden URL. The text is the reason, as a clause with "it"."""


class Url(NamedTuple):
    """An absolute http(s) URL. `host` is ASCII, lower-case, without brackets; `target` is the path
    and query."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def netloc(self) -> str:
        """The value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{self.netloc}"

    def __str__(self) -> str:
        return f"{self.origin}{self.target}"


@lru_cache(maxsize=64)
def parse(text: str) -> Url:
    """Parse an absolute http(s) URL. Raises BadUrl for anything else, and for one with a user name.

    Spaces, quotes and similar characters in the path are percent-encoded, as HTTP clients do. A
    backslash is refused, since some parsers take it for a slash.
    """
    if len(text) > LONGEST:
        raise BadUrl("it is too long")
    text = text.strip(" ")
    if not text.isprintable() or "\\" in text:
        raise BadUrl("it holds characters that no URL may hold")
    try:
        parts = urlsplit(text)
        port = parts.port
        host = _ascii_host(parts.hostname or "")
    except ValueError:
        raise BadUrl("it is not a URL") from None
    scheme = parts.scheme.lower()
    if scheme not in _PORTS:
        raise BadUrl("it is not an http or https URL")
    if "@" in parts.netloc:
        raise BadUrl("it holds a user name")
    if not host or port == 0:
        raise BadUrl("it names no host")
    target = _quoted(parts.path or "/") + (f"?{_quoted(parts.query)}" if parts.query else "")
    return Url(scheme, host, port or _PORTS[scheme], target)


def join(base: Url, location: str) -> Url:
    """The URL that a redirect from `base` leads to. Raises BadUrl."""
    try:
        return parse(urljoin(str(base), location.strip()))
    except BadUrl:
        raise
    except ValueError:
        raise BadUrl("it is not a URL") from None


def _ascii_host(host: str) -> str:
    """The host name as DNS takes it. Raises ValueError."""
    if ":" in host:  # an IPv6 address, checked by urlsplit only from Python 3.11.4 on
        return str(IPv6Address(host.partition("%")[0]))
    name = host if host.isascii() else host.encode("idna").decode("ascii")
    name = name.lower().removesuffix(".")
    if name and (not re.fullmatch(_SHARED, name) or len(name) > 253 or ".." in name):
        raise ValueError(host)
    return name


def _quoted(text: str) -> str:
    """Percent-encode the characters that a URL must not contain; `%` stays as it is."""
    if text.isascii() and not _UNSAFE & set(text):
        return text
    return "".join(
        "".join(f"%{byte:02X}" for byte in char.encode())
        if char in _UNSAFE or not char.isascii()
        else char
        for char in text
    )


@lru_cache(maxsize=64)
def address_of(host: str) -> IPv4Address | IPv6Address | None:
    """The host as an IP address; None if it is a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def is_loopback(host: str) -> bool:
    """Whether a URL's host is this machine, decided without DNS."""
    address = address_of(host)
    if address is None:
        return host == "localhost" or host.endswith(".localhost")
    return bool(_real(address).is_loopback)


def is_public(address: str) -> bool:
    """Whether an IP address is public: not loopback, private, link-local, multicast or reserved."""
    parsed = address_of(address.partition("%")[0])
    if parsed is None:
        return False
    real = _real(parsed)
    if isinstance(real, IPv6Address) and real.is_site_local:  # which Python counts as global
        return False
    return real.is_global and not (real.is_multicast or real.is_reserved or real.is_unspecified)


def _real(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address inside an IPv6 one (mapped, 6to4, NAT64), else the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address.packed[:12] == bytes.fromhex("0064ff9b") + bytes(8):
        return IPv4Address(address.packed[12:])
    return address.ipv4_mapped or address.sixtofour or address


def is_private_name(host: str) -> bool:
    """Whether a host is a private address or a local name (`nas`, `x.lan`), decided without DNS."""
    if address_of(host) is not None:
        return not is_public(host)
    if "." not in host:
        return True
    return any(host == name or host.endswith(f".{name}") for name in _LOCAL_NAMES)


class Policy(NamedTuple):
    """Decides from which URLs media may be fetched, given the API's base URL."""

    api: Url

    @property
    def public_only(self) -> bool:
        """Whether media must come from public addresses: the API's host is not private."""
        return not is_private_name(self.api.host)

    def check(self, url: Url) -> Url:
        """Return the URL if media may be fetched from it, else raise BadUrl.

        This checks the host name. The address is checked when connecting (`http/sockets.py`), so
        that a DNS answer cannot change between check and use.
        """
        on_api_host = (url.scheme, url.host) == (self.api.scheme, self.api.host)
        if url.scheme == "http" and not on_api_host:
            if not is_loopback(url.host):
                raise BadUrl("plain http is not allowed for media")
            if not is_loopback(self.api.host):
                raise BadUrl("it points to this machine, but the API is on another machine")
        if self.public_only and not on_api_host and is_private_name(url.host):
            raise BadUrl("it points into a private network, and the API is a public one")
        return url
