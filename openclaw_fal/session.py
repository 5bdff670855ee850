"""The state of one run of the program: how to print, and which secrets to hide."""

from __future__ import annotations

from contextlib import ExitStack


class Session:
    """Set while the command line is parsed, and by commands.

    `capability` is the command (`image.generate`) and `model` its endpoint, for JSON documents;
    `resources` are closed after the result is printed; `key_place` is where the key comes from.
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
