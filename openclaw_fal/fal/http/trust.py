"""Chooses the trusted certificates, for API requests, uploads and downloads alike."""

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
    """Trusts the certificates of `tls_context`. Can be used from several threads.

    Loading all authorities is the slowest step before the first request. On Linux, OpenSSL can load
    a single one by its name from a folder: that context is tried first, and the full one when a
    certificate is not found there. Both trust the same authorities.
    """

    def __init__(self, folder: str | None = None) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._context: ssl.SSLContext | None = None
        self._folder_only: ssl.SSLContext | None = None

    def context(self) -> ssl.SSLContext:
        """The context for the first attempt. Raises LocalError for unusable settings."""
        with self._lock:
            if self._context is None:
                folder = self._folder or _folder_by_name()
                if folder:
                    self._folder_only = _context_of(folder)
                self._context = self._folder_only or tls_context()
            return self._context

    def full_instead_of(self, context: ssl.SSLContext) -> ssl.SSLContext | None:
        """The context with all authorities; None when `context` has them already."""
        with self._lock:
            if context is not self._folder_only:
                return None
            if self._context is self._folder_only:
                self._context = tls_context()
            return self._context


def _folder_by_name() -> str | None:
    """The system's folder of authorities, if its files have OpenSSL's hash names (`1001acf7.0`)."""
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
    """A context with the system's authorities, or those of `SSL_CERT_FILE` and `SSL_CERT_DIR`.

    certifi's are added only where the system has none, since loading is slow, and on Windows, whose
    store is filled only on demand.
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
    # The authorities in a folder are loaded during handshakes, and not counted before.
    folder = ssl.get_default_verify_paths().capath
    try:
        return folder is not None and bool(os.listdir(folder))
    except OSError:
        return False
