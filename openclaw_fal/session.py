"""What one run of the program knows about itself: how to print, and which secrets to hide."""

from __future__ import annotations

from contextlib import ExitStack


class Session:
    """Filled in by the command line as it is parsed, and by commands as they learn more.

    `capability` is the command that runs (`image.generate`), `model` the endpoint that it asks:
    both are in the JSON documents. `resources` are closed when the command has ended, after its
    result is printed. `key_place` is where the key in use was found.
    """

    json = False
    quiet = False
    verbose = False
    no_color = False
    config: str | None = None
    sandbox = False
    model: str | None = None
    key_place: str | None = None

    def __init__(self, prog: str = "openclaw") -> None:
        self.prog = prog
        self.capability = "cli"
        self.secrets: set[str] = set()
        self.resources = ExitStack()
