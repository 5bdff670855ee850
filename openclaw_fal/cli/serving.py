"""Serve the sandbox until a stop signal, and say how to point programs at it."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
from typing import TYPE_CHECKING

from openclaw_fal.text import safe, write_safely
from openclaw_fal.ui.render import Renderer
from openclaw_fal.ui.result import Result

if TYPE_CHECKING:
    from openclaw_fal.sandbox import Sandbox
    from openclaw_fal.session import Session


def serve_until_stopped(session: Session, host: str, port: int, dials: str, seed: int) -> int:
    """Print the addresses at once, then serve. Ctrl-C and SIGTERM end it with status 0."""
    from openclaw_fal.sandbox import Dials, Sandbox

    def log(line: str) -> None:
        if not session.quiet:
            write_safely(sys.stderr, safe(line, keep_newlines=False) + "\n")
            sys.stderr.flush()

    fal = Sandbox(
        Dials.parse(dials), host=host, port=port, seed=seed, log=log, record=False, tls=True
    )
    with fal, contextlib.suppress(KeyboardInterrupt):
        Renderer(session).result(_addresses(fal))
        sys.stdout.flush()
        threading.Event().wait()
    return 0


def _addresses(fal: Sandbox) -> Result:
    """Where it is, and the lines that point other programs at it, ready to be pasted."""
    clients = fal.client_settings()
    document = {
        "ok": True,
        "capability": "sandbox.serve",
        "sandbox": True,
        "url": fal.url,
        "config": {"models.providers.fal.baseUrl": fal.url},
        "environment": fal.environment(),
        "clients": clients,
    }
    python = " ".join(
        f"{name}={value}"
        for name, value in fal.environment().items()
        if name in ("FAL_KEY", "HTTPS_PROXY", "SSL_CERT_FILE")
    )
    javascript = json.dumps(clients["@fal-ai/client"]["config"])
    text = f"""\
A fal on this machine is at {fal.url}

OpenClaw and this program:
  openclaw config set models.providers.fal.baseUrl {fal.url}
  export FAL_KEY=sandbox
fal's Python client:
  export {python}
fal's JavaScript client:
  fal.config({javascript})

Any key will do. Ctrl-C stops it."""
    return Result(document, out=(text,))
