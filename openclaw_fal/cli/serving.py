"""Serve the sandbox until a stop signal, and say how to point programs at it."""

from __future__ import annotations

import contextlib
import sys
import threading
from typing import TYPE_CHECKING

from openclaw_fal.ui.render import Renderer
from openclaw_fal.ui.result import Facts, Result
from openclaw_fal.ui.text import safe, write_safely

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

    with Sandbox(Dials.parse(dials), host=host, port=port, seed=seed, log=log, record=False) as fal:
        Renderer(session).result(_addresses(fal))
        sys.stdout.flush()
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()
    return 0


def _addresses(fal: Sandbox) -> Result:
    environment = fal.environment()
    document = {
        "ok": True,
        "capability": "sandbox.serve",
        "sandbox": True,
        "url": fal.url,
        "config": {"models.providers.fal.baseUrl": fal.url},
        "environment": environment,
    }
    rows = [
        ("address", fal.url),
        ("openclaw", f"openclaw config set models.providers.fal.baseUrl {fal.url}"),
        *((name, value) for name, value in environment.items()),
        ("key", "any text will do, for example FAL_KEY=sandbox"),
        ("stop", "Ctrl-C"),
    ]
    return Result(document, out=(Facts(rows),))
