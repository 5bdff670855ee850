"""The entries of the gallery: what the page shows of each file."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

from openclaw_fal.frozen import Frozen
from openclaw_fal.media import Kind


class Entry(Frozen, kw_only=True):
    """One file. `href` is its URL relative to the page, None if the file no longer exists.
    `command` generates it again; `date` is date and time as text."""

    name: str
    kind: Kind
    href: str | None = None
    prompt: str | None = None
    model: str | None = None
    seed: str | None = None
    cost: str | None = None
    date: str | None = None
    job: str | None = None
    command: str | None = None

    def as_json(self) -> dict[str, str]:
        """The entry as the page's script reads it."""
        return {
            key: value.encode("utf-8", "replace").decode("utf-8")
            for key, value in self.as_dict().items()
            if isinstance(value, str)
        }


def href(path: Path, page: Path) -> str:
    """The URL of a file relative to the page; absolute if the file is on another drive."""
    try:
        relative = os.path.relpath(path, page.parent)
    except ValueError:  # another drive
        return path.absolute().as_uri()
    return quote(os.fsencode(relative.replace(os.sep, "/")), safe="/")


def kind_of(mime_type: str) -> Kind | None:
    """The kind of media that a MIME type stands for; None for other types."""
    kinds: dict[str, Kind] = {"image": "image", "video": "video", "audio": "music"}
    return kinds.get(mime_type.partition("/")[0])
