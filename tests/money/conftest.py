"""What tests of money share."""

from __future__ import annotations

from tests.cli.conftest import fal, key, openclaw, pauses

__all__ = ["fal", "key", "openclaw", "pauses"]
