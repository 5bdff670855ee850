"""What the tests of trust share with those of the command line."""

from __future__ import annotations

from tests.cli.conftest import fal, key, openclaw, pauses

__all__ = ["fal", "key", "openclaw", "pauses"]
