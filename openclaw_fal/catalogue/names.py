"""The ids in a catalogue that begin with some text, for completion.

With every press of Tab: so neither `json` nor `zlib` is loaded, the checksum is not looked at, and
of the file no more than the index is read.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as type checkers know it; the module `typing` takes longer than all of this
if TYPE_CHECKING:
    from pathlib import Path

FORMAT = b"openclaw-fal catalogue "


def names(kind: str | None, start: str) -> list[str]:
    """The ids of the shipped catalogue that make a kind (None: image, video or music) and begin
    with `start`, in order."""
    import os

    return names_in(os.path.join(os.path.dirname(__file__), "endpoints.bin"), kind, start)


def names_in(path: str | Path, kind: str | None, start: str) -> list[str]:
    """The same for a file; nothing for one that is not there or is no catalogue."""
    try:
        with open(path, "rb") as file:
            if not file.readline().startswith(FORMAT):
                return []
            # `{"asOf": …, "index": N, …}`
            size = int(file.readline().partition(b'"index":')[2].partition(b",")[0])
            index = file.read(size)
    except (OSError, ValueError):
        return []
    prefix, made = start.encode(), kind.encode() if kind else None
    lines = [line.split(b"\t") for line in index.splitlines() if line.startswith(prefix)]
    return [
        line[0].decode() for line in lines if (line[1] == made if made else line[1] != b"other")
    ]
