"""The operating system's words for a failure."""

from __future__ import annotations


def reason(failure: OSError) -> str:
    """Why a call failed, with a small first letter: `no space left on device`."""
    words = failure.strerror or str(failure) or type(failure).__name__
    return words[:1].lower() + words[1:]
