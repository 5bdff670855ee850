"""Which certificates are trusted. One answer for the API, uploads and downloads alike."""

from __future__ import annotations

import os
import re
import sys
import threading
from typing import TYPE_CHECKING

from openclaw_fal.errors import LocalError

if TYPE_CHECKING:
    import ssl


class Trust:
    """Which certificates are trusted: those of `tls_context`. Safe to use from threads.

    Loading all authorities takes longer than anything else before the first request. Linux systems
    also keep them in a folder in which OpenSSL finds the one it needs by its name: that is tried
    first, and all are loaded when it is not there. What is trusted is the same.
    """

    def __init__(self, folder: str | None = None) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._context: ssl.SSLContext | None = None
        self._first: ssl.SSLContext | None = None  # the one with the folder alone

    def context(self) -> ssl.SSLContext:
        """The checks for a connection. Raises LocalError for unusable settings."""
        with self._lock:
            if self._context is None:
                folder = self._folder or _folder_by_name()
                if folder:
                    self._first = _context_of(folder)
                self._context = self._first or tls_context()
            return self._context

    def wider_than(self, context: ssl.SSLContext) -> ssl.SSLContext | None:
        """The checks with all authorities; None when `context` had them already."""
        with self._lock:
            if context is not self._first:
                return None
            if self._context is self._first:
                self._context = tls_context()
            return self._context


def _folder_by_name() -> str | None:
    """The system's folder of authorities, if OpenSSL's names of them (`1001acf7.0`) are in it."""
    if sys.platform == "win32" or os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR"):
        return None
    import ssl

    folder = ssl.get_default_verify_paths().capath
    try:
        names = os.listdir(folder) if folder else []
    except OSError:
        return None
    return folder if any(re.fullmatch(r"[0-9a-f]{8}\.\d", name) for name in names) else None


def _context_of(folder: str) -> ssl.SSLContext:
    import ssl

    context = ssl.create_default_context(capath=folder)
    context.set_alpn_protocols(["http/1.1"])
    return context


def tls_context() -> ssl.SSLContext:
    """Certificate checks as usual, with `SSL_CERT_FILE` and `SSL_CERT_DIR` in the place of the
    machine's authorities.

    One bundle is loaded, not two, since that is most of the time until the first request: certifi's
    comes in where the machine has none, and on Windows, whose store fills up only on demand.
    """
    import ssl

    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    try:
        if file or folder:
            context = ssl.create_default_context(cafile=file or None, capath=folder or None)
        else:
            context = ssl.create_default_context()
    except OSError as exc:
        raise LocalError(
            f"the certificates in SSL_CERT_FILE or SSL_CERT_DIR cannot be read: {exc}"
        ) from None
    context.set_alpn_protocols(["http/1.1"])
    if file or folder:
        return context
    if sys.platform == "win32" or not _has_authorities(context):
        import certifi

        context.load_verify_locations(certifi.where())
    return context


def _has_authorities(context: ssl.SSLContext) -> bool:
    import ssl

    if context.cert_store_stats()["x509_ca"]:
        return True
    # A folder is read certificate by certificate, during handshakes.
    folder = ssl.get_default_verify_paths().capath
    try:
        return folder is not None and bool(os.listdir(folder))
    except OSError:
        return False
