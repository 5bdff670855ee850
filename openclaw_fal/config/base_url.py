"""Recognises a base URL that cannot work: one on fal's own hosts."""

from __future__ import annotations

from urllib.parse import urlsplit

FAL = "https://fal.run"
_DOMAINS = ("fal.run", "fal.ai")


def fal_host_problem(base_url: str) -> str | None:
    """Why a base URL on one of fal's own hosts does not work; None if it may work.

    fal has a host for each task (fal.run, queue.fal.run, rest.fal.ai, api.fal.ai); only the base
    URL `https://fal.run` selects them.
    """
    try:
        url = urlsplit(base_url.strip())
        host, port = (url.hostname or "").rstrip("."), url.port
    except ValueError:
        return None
    if not any(host == domain or host.endswith(f".{domain}") for domain in _DOMAINS):
        return None
    path = url.path.rstrip("/")
    if host == "fal.run" and not path and url.scheme == "https" and port in (None, 443):
        return None
    return f"{base_url.strip()} is one of fal's own addresses; the only one that works is {FAL}"
