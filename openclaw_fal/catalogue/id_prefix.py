"""The ids in a catalogue that begin with a prefix, for shell completion.

Runs at every press of Tab, so it must be quick: it reads only the index of the file, imports
neither `json` nor `zlib`, and does not verify the checksum.
"""

from __future__ import annotations

TYPE_CHECKING = False  # type checkers know this name; importing `typing` would take too long
if TYPE_CHECKING:
    from pathlib import Path

FORMAT = b"openclaw-fal catalogue "


def shipped_ids(kind: str | None, prefix: str) -> list[str]:
    """The ids of the shipped catalogue that begin with `prefix`, in order: those of endpoints that
    make a kind, or with None an image, video or music."""
    import os

    return ids_in_file(os.path.join(os.path.dirname(__file__), "endpoints.bin"), kind, prefix)


def ids_in_file(path: str | Path, kind: str | None, prefix: str) -> list[str]:
    """As `shipped_ids`, for any file; empty for one that does not exist or is no catalogue."""
    try:
        with open(path, "rb") as file:
            if not file.readline().startswith(FORMAT):
                return []
            # `{"asOf": …, "index": N, …}`
            size = int(file.readline().partition(b'"index":')[2].partition(b",")[0])
            index = file.read(size)
    except (OSError, ValueError):
        return []
    start = prefix.encode()
    lines = [line.split(b"\t") for line in index.splitlines() if line.startswith(start)]
    return [
        line[0].decode()
        for line in lines
        if (line[1] == kind.encode() if kind else line[1] != b"other")
    ]
