"""Copies a file with some bytes replaced, piece by piece, so that little memory is used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO, NamedTuple

from openclaw_fal.provenance.survey import Packet, Source

_PIECE = 1024 * 1024


class Splice(NamedTuple):
    """The bytes from `start` up to `end` (offsets in the original file) become `data`."""

    start: int
    end: int
    data: bytes = b""


def cut(source: Source, packet: Packet) -> Sequence[Sequence[Splice]]:
    """How a packet is removed from a format where nothing else changes with it."""
    return [[Splice(packet.start, packet.end)]]


def spliced(file: BinaryIO, size: int, splices: Sequence[Splice]) -> Iterator[bytes]:
    """The new content in pieces. The splices do not overlap. Raises OSError."""
    position = 0
    for splice in sorted(splices):
        yield from _pieces(file, position, splice.start)
        yield splice.data
        position = splice.end
    yield from _pieces(file, position, size)


def sha256(pieces: Iterable[bytes]) -> str:
    """The SHA-256 of the pieces together, in hexadecimal."""
    import hashlib

    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def _pieces(file: BinaryIO, start: int, end: int) -> Iterator[bytes]:
    file.seek(start)
    while start < end:
        piece = file.read(min(_PIECE, end - start))
        if not piece:
            raise OSError("the file became shorter while it was being read")
        start += len(piece)
        yield piece
