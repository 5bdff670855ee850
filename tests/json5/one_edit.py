"""One edit of a JSON5 text, read back."""

from __future__ import annotations

from openclaw_fal.json5.edit import Document
from openclaw_fal.json5.path import KeyPath


def set_value(text: str, path: KeyPath, value: object) -> str:
    return Document.of(text).set(path, value).checked().text


def unset_value(text: str, path: KeyPath) -> str:
    return Document.of(text).unset(path).checked().text


def move_value(text: str, source: KeyPath, target: KeyPath) -> str:
    return Document.of(text).move(source, target).checked().text
