"""A problem of a config."""

from __future__ import annotations

from typing import Literal, NamedTuple

from openclaw_fal.json5.path import KeyPath, format_path

Severity = Literal["error", "warning"]


class Finding(NamedTuple):
    """A problem: an `error` (OpenClaw or this program cannot use the config), or a `warning`.

    `unknown_key`: OpenClaw's schema does not have the key; `--force` writes it anyway.
    """

    severity: Severity
    path: str
    message: str
    hint: str | None = None
    unknown_key: bool = False


def error(
    path: KeyPath, message: str, hint: str | None = None, *, unknown_key: bool = False
) -> Finding:
    return Finding("error", format_path(path), message, hint, unknown_key)


def warning(path: KeyPath, message: str, hint: str | None = None) -> Finding:
    return Finding("warning", format_path(path), message, hint)
