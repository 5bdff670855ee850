"""Chooses the proxy for a URL, for API requests, uploads and downloads alike."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from typing import NamedTuple

from openclaw_fal.errors import LocalError
from openclaw_fal.fal.urls import Url, is_loopback

_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}


class Proxy(NamedTuple):
    """A proxy; `auth` is user and password. `scheme` is http, https, socks5 or socks5h."""

    scheme: str
    host: str
    port: int
    auth: tuple[str, str] | None

    @property
    def takes_addresses(self) -> bool:
        """Whether host names are resolved here and the proxy gets an address, which can be checked.
        The other schemes pass the host name, which the proxy resolves."""
        return self.scheme == "socks5"


def proxy_for(url: Url) -> Proxy | None:
    """The proxy that the environment (or, on Windows and macOS, the system) sets for a URL.

    None for loopback hosts. Raises LocalError for a proxy that cannot be used.
    """
    if is_loopback(url.host) or not _any_proxy_set():
        return None
    from urllib.parse import unquote, urlsplit
    from urllib.request import getproxies, proxy_bypass

    proxies = getproxies()
    setting = proxies.get(url.scheme) or proxies.get("all")
    if not setting or proxy_bypass(f"{url.host}:{url.port}") or proxy_bypass(url.host):
        return None
    try:
        parts = urlsplit(setting if "://" in setting else f"http://{setting}")
        port, host = parts.port, parts.hostname
    except ValueError:
        port, host = None, None
    scheme = parts.scheme.lower() if host else ""
    if not host or scheme not in _PORTS:
        raise LocalError(
            f"the proxy that is set for {url.scheme} cannot be used: "
            f"it is none of {', '.join(f'{name}://HOST:PORT' for name in _PORTS)}",
            hint=f"set {url.scheme}_proxy to http://HOST:PORT, or no_proxy to {url.host}",
        )
    if scheme.startswith("socks") and find_spec("socksio") is None:
        raise LocalError(
            f"the proxy that is set for {url.scheme} is SOCKS, and socksio is not installed",
            hint="pip install 'openclaw-fal[socks]'",
        )
    auth = None
    if parts.username is not None:
        auth = (unquote(parts.username), unquote(parts.password or ""))
    return Proxy(scheme, host, port or _PORTS[scheme], auth)


def _any_proxy_set() -> bool:
    if sys.platform in ("win32", "darwin"):
        return True
    return any(name.lower().endswith("_proxy") and value for name, value in os.environ.items())
