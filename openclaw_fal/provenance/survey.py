"""What is in a media file, and bounded reads from it."""

from __future__ import annotations

from typing import BinaryIO, NamedTuple

from openclaw_fal.provenance import foreign_metadata

STEPS = 200_000
"""The most chunks, segments, frames or boxes of a file that are read."""

PACKET_LIMIT = 1024 * 1024
"""The most bytes of an XMP packet that are read; this program never writes a larger one."""

TEXT_LIMIT = 64 * 1024
"""The most bytes of other programs' metadata that are searched for keywords."""


class Malformed(Exception):
    """The file violates its format. The message has "the file" as its subject."""


class NoRoom(Exception):
    """A mark cannot be put into this file. The message has "the file" as its subject."""


class Packet(NamedTuple):
    """An XMP packet. `start` and `end` are the offsets of the chunk, segment, box or frame around
    it; `data` is empty if the packet is too large, compressed or split."""

    start: int
    end: int
    data: bytes


class Survey:
    """What is in a file. `credentials`: it has C2PA content credentials; `foreign` names the
    metadata of other programs; `problem` says why reading stopped early."""

    def __init__(self) -> None:
        self.packets: list[Packet] = []
        self.credentials = False
        self.foreign: list[str] = []
        self.problem: str | None = None

    def add_foreign(self, *names: str) -> None:
        self.foreign += [name for name in names if name not in self.foreign]

    def add_exif(self, data: bytes) -> None:
        self.add_foreign(foreign_metadata.EXIF, *foreign_metadata.programs_in(data))


class Source:
    """A seekable file of `size` bytes; a read returns all the bytes asked for, or raises."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self.file, self.size = file, size

    def at(self, offset: int, length: int) -> bytes:
        """Exactly `length` bytes. Raises Malformed when the file ends before that."""
        self.file.seek(offset)
        data = self.file.read(length)
        if len(data) != length:
            raise Malformed("ends too early")
        return data

    def some(self, start: int, end: int, limit: int = TEXT_LIMIT) -> bytes:
        """The bytes between two offsets, at most `limit` of them."""
        return self.at(start, max(0, min(end - start, limit)))

    def packet(self, start: int, end: int, data_start: int, data_end: int | None = None) -> Packet:
        """The XMP packet at `data_start` to `data_end` (None: `end`), in a structure from `start`
        to `end`."""
        data_end = end if data_end is None else data_end
        whole = 0 <= data_end - data_start <= PACKET_LIMIT
        return Packet(start, end, self.at(data_start, data_end - data_start) if whole else b"")
