"""What one run of the program knows about itself: how to print, and which secrets to hide."""

from __future__ import annotations


class Session:
    """Filled in by the global options as they are parsed, and by commands as they learn more.

    `capability` and `model` name what was asked for in the failure document.
    """

    json = False
    quiet = False
    verbose = False
    no_color = False
    config: str | None = None
    sandbox = False
    model: str | None = None

    def __init__(self, prog: str = "openclaw", capability: str = "cli") -> None:
        self.prog = prog
        self.capability = capability
        self.secrets: set[str] = set()
