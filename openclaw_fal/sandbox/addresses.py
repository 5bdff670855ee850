"""The sandbox's base URLs, and which of fal's hosts (`role`) a request addresses."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from openclaw_fal.sandbox.http1 import Request, split_target

ROLES = ("run", "queue", "rest", "api", "media")
_HOSTS = {
    "fal.run": "run",
    "falrun.com": "run",
    "queue.fal.run": "queue",
    "queue.falrun.com": "queue",
    "rest.fal.ai": "rest",
    "rest.alpha.fal.ai": "rest",
    "api.fal.ai": "api",
    "fal.media": "media",
    "v2.fal.media": "media",
    "v3.fal.media": "media",
    "v3b.fal.media": "media",
}
FAL_HOSTS = tuple(_HOSTS)
TARGET_HEADER = "x-fal-target-url"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Base URLs without a trailing slash. `cdn` is the media host, `media` the folder of its
    files."""

    run: str
    queue: str
    rest: str
    api: str
    cdn: str

    @property
    def media(self) -> str:
        return self.cdn + "/files"


FAL = Addresses(
    "https://fal.run",
    "https://queue.fal.run",
    "https://rest.fal.ai",
    "https://api.fal.ai/v1",
    "https://v3.fal.media",
)


def combined(base: str) -> Addresses:
    """All of fal's hosts at one base URL."""
    return Addresses(base, base, base, base + "/v1", base)


def strict(base: str) -> Addresses:
    """A base URL of its own for each of fal's hosts."""
    return Addresses(
        f"{base}/~run", f"{base}/~queue", f"{base}/~rest", f"{base}/~api/v1", f"{base}/~media"
    )


def addresses_of(request: Request) -> Addresses:
    """The base URLs to use in the response to this request."""
    if request.host in _HOSTS:
        return FAL
    if request.role == "all" or TARGET_HEADER in request.headers:
        return combined(request.base)
    return strict(request.base)


def role_of_host(host: str) -> str | None:
    """The role of a host of fal's (`queue.fal.run` → `queue`); None for any other host."""
    return _HOSTS.get(host.lower())


def assign_role(request: Request) -> None:
    """Set the request's role from its host or the prefix of its path, and remove the prefix."""
    role = role_of_host(request.host)
    first, _, remainder = request.path.removeprefix("/").partition("/")
    if role:
        request.role = role
    elif first.startswith("~") and first[1:] in ROLES:
        request.role = first[1:]
        request.path = "/" + remainder


def retarget(request: Request) -> None:
    """Set role and path from the header in which fal's JavaScript client gives a proxy the
    target."""
    target = request.headers.get(TARGET_HEADER, "")
    role = role_of_host(urlsplit(target).hostname or "")
    if role:
        request.role = role
        request.path, request.query = split_target(target)
