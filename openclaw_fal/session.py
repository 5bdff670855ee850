"""What one run of the program knows about itself: how to print, and which secrets to hide."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Session:
    """Filled in by the global options as they are parsed, and by commands as they learn more.

    `capability` and `model` name what was asked for in the failure document.
    """

    prog: str = "openclaw"
    json: bool = False
    quiet: bool = False
    verbose: bool = False
    no_color: bool = False
    config: str | None = None
    sandbox: bool = False
    capability: str = "cli"
    model: str | None = None
    secrets: set[str] = field(default_factory=set)
