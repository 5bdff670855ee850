"""Environment variables that say yes or no."""

from __future__ import annotations

import os
from collections.abc import Mapping

from openclaw_fal.errors import UsageError

YES = ("1", "true", "yes", "on")
NO = ("0", "false", "no", "off")


def uses_sandbox(asked: bool) -> bool:
    """Whether requests go to a sandbox: the caller asked for it, or OPENCLAW_FAL_SANDBOX does."""
    return asked or says_yes("OPENCLAW_FAL_SANDBOX")


def says_yes(name: str, environ: Mapping[str, str] | None = None) -> bool:
    """Whether the variable `name` says yes; an unset or empty one says no.

    Raises UsageError for a value that is neither: a switch that nobody understood must not be
    taken for off.
    """
    value = (os.environ if environ is None else environ).get(name, "").strip()
    if value.lower() in YES:
        return True
    if not value or value.lower() in NO:
        return False
    raise UsageError(
        f"{name}={value} is neither yes nor no",
        hint=f"set {name} to 1, true, yes or on; or to 0, false, no or off; or unset it",
    )
