"""What a look through a media file brings to light, and the careful reads for it."""

from __future__ import annotations

from typing import BinaryIO, NamedTuple

STEPS = 200_000
"""Chunks, segments, frames or boxes of one file that are looked at."""

PACKET_LIMIT = 1024 * 1024
"""Bytes of an XMP packet that are read. A larger one is of another program."""

TEXT_LIMIT = 64 * 1024
"""Bytes of other programs' metadata that are searched for their names."""


class Malformed(Exception):
    """The file breaks the rules of its format; the message continues "the file …"."""


class NoRoom(Exception):
    """A mark cannot be put into this file; the message continues "the file …"."""


class Packet(NamedTuple):
    """An XMP packet, and the chunk, segment, box or frame around it (offsets in the file).

    `data` is empty where the packet is too large, compressed, or in pieces.
    """

    start: int
    end: int
    data: bytes


class Survey:
    """What is in a file. `credentials` says whether it carries C2PA content credentials, `others`
    names the metadata of other programs, `problem` why the look ended early."""

    def __init__(self) -> None:
        self.packets: list[Packet] = []
        self.credentials = False
        self.others: list[str] = []
        self.problem: str | None = None

    def add_other(self, name: str) -> None:
        if name not in self.others:
            self.others.append(name)


class Source:
    """A seekable file of `size` bytes whose reads give exactly what they were asked for."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self.file, self.size = file, size

    def at(self, offset: int, length: int) -> bytes:
        """Exactly `length` bytes. Raises Malformed when the file ends before them."""
        self.file.seek(offset)
        data = self.file.read(length)
        if len(data) != length:
            raise Malformed("ends too early")
        return data

    def some(self, start: int, end: int, limit: int = TEXT_LIMIT) -> bytes:
        """The bytes between two offsets, at most `limit` of them."""
        return self.at(start, max(0, min(end - start, limit)))

    def packet(self, start: int, end: int, data_start: int, data_end: int | None = None) -> Packet:
        """The XMP packet between two offsets, with the structure around it."""
        data_end = end if data_end is None else data_end
        whole = 0 <= data_end - data_start <= PACKET_LIMIT
        return Packet(start, end, self.at(data_start, data_end - data_start) if whole else b"")
