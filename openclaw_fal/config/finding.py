"""One thing that is wrong with a config."""

from __future__ import annotations

from typing import Literal, NamedTuple

from openclaw_fal.json5.path import KeyPath, format_path

Severity = Literal["error", "warning"]


class Finding(NamedTuple):
    """One thing that is wrong (`error`: OpenClaw or this program cannot use it) or unwise.

    `refused` marks what OpenClaw's schema refuses: that may be written all the same, with --force.
    """

    severity: Severity
    path: str
    message: str
    hint: str | None = None
    refused: bool = False


def error(
    path: KeyPath, message: str, hint: str | None = None, *, refused: bool = False
) -> Finding:
    return Finding("error", format_path(path), message, hint, refused)


def warning(path: KeyPath, message: str, hint: str | None = None) -> Finding:
    return Finding("warning", format_path(path), message, hint)
