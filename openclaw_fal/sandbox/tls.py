"""TLS for clients that use fal's own host names: a server context, and the authority to trust."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from openclaw_fal.sandbox import crypto
from openclaw_fal.sandbox.addresses import FAL_HOSTS

if TYPE_CHECKING:
    import ssl


def server_context(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A context with a new certificate, and the file of its authority's certificate (PEM)."""
    import ssl

    authority, chain = crypto.certificates((*FAL_HOSTS, "localhost"))
    trusted, private = folder / "ca.pem", folder / "server.pem"
    trusted.write_bytes(authority)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        handle = os.open(private, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(chain)
        context.load_cert_chain(private)
    finally:
        private.unlink(missing_ok=True)
    context.set_alpn_protocols(["http/1.1"])
    return context, trusted
