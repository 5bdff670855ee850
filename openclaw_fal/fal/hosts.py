"""The API hosts behind a base URL, and the check of a base URL."""

from __future__ import annotations

from typing import NamedTuple

from openclaw_fal.errors import LocalError
from openclaw_fal.fal.urls import BadUrl, Url, is_loopback, parse

FAL = "https://fal.run"


class Hosts(NamedTuple):
    """The base URLs, without a trailing slash, of synchronous runs, the queue, storage and the
    platform API."""

    run: str
    queue: str
    rest: str
    api: str

    @property
    def is_fal(self) -> bool:
        """Whether these are fal's own hosts."""
        return self.run == FAL


def hosts_for(base_url: str | None, *, allow_http: bool = False) -> Hosts:
    """The hosts behind a base URL; fal's own hosts for None and https://fal.run.

    Any other base URL is used for everything, so that no request goes to fal's hosts unnoticed.
    Raises LocalError for a base URL that cannot be used (see `check_base_url`).
    """
    base = FAL if base_url is None else check_base_url(base_url, allow_http=allow_http)
    if base == FAL:
        return Hosts(FAL, "https://queue.fal.run", "https://rest.fal.ai", "https://api.fal.ai/v1")
    return Hosts(base, base, base, f"{base}/v1")


def check_base_url(base_url: str, *, allow_http: bool = False) -> str:
    """The base URL in normal form, without a trailing slash.

    Raises LocalError when it is not an http(s) URL, has a user name or query, or is plain http to
    another machine without `allow_http`: the key would be sent unencrypted.
    """
    try:
        url = parse(base_url)
    except BadUrl as exc:
        raise _unusable(str(exc)) from None
    if "?" in url.target:
        raise _unusable("it has a query")
    if url.scheme == "http" and not allow_http and not is_loopback(url.host):
        raise _unusable(
            f"plain http to {url.host} would send the key unencrypted",
            hint="use https, or set OPENCLAW_FAL_ALLOW_HTTP=1",
        )
    return f"{url.origin}{url.target}".rstrip("/")


def same_origin(one: Url, other: Url) -> bool:
    return (one.scheme, one.host, one.port) == (other.scheme, other.host, other.port)


def takes_key(url: Url, hosts: Hosts) -> bool:
    """Whether the key may be sent to a URL that fal named: to API hosts only."""
    if any(same_origin(url, parse(base)) for base in (hosts.run, hosts.queue, hosts.rest)):
        return True
    return (
        hosts.is_fal
        and url.scheme == "https"
        and url.port == 443
        and (url.host == "fal.run" or url.host.endswith(".fal.run"))
    )


def _unusable(
    reason: str, hint: str = "openclaw config get models.providers.fal.baseUrl"
) -> LocalError:
    return LocalError(f"fal's base URL cannot be used: {reason}", hint=hint)
