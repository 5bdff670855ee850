"""What tests of batches share with those of the command line."""

from tests.cli.conftest import fal, key, openclaw

__all__ = ["fal", "key", "openclaw"]
