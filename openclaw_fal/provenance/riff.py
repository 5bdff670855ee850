"""RIFF files (WebP and WAV): chunks, each padded to an even length."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from openclaw_fal.provenance.survey import STEPS, Malformed, Source

HEADER = 12
_LARGEST = 2**32 - 1


class Chunk(NamedTuple):
    """A chunk: the offsets of its name, of its data, and of the end of its data."""

    name: bytes
    start: int
    data: int
    end: int


def riff_end(source: Source, form: bytes) -> int:
    """The end of the file according to its header. Raises Malformed."""
    magic, size, name = struct.unpack("<4sI4s", source.at(0, HEADER))
    if magic != b"RIFF" or name != form:
        raise Malformed(f"does not begin as RIFF {form.decode()}")
    if size < 4 or 8 + size > source.size:
        raise Malformed("is shorter than its header says, or was written as a stream")
    return 8 + int(size)


def chunks(source: Source, end: int) -> Iterator[Chunk]:
    """The chunks before the offset `end`. Raises Malformed when they do not fit."""
    offset = HEADER
    for _ in range(STEPS):
        if offset >= end:
            return
        name, length = struct.unpack("<4sI", source.at(offset, 8))
        chunk_end = offset + 8 + length
        if chunk_end > end:
            raise Malformed("has a chunk that is longer than the file")
        yield Chunk(name, offset, offset + 8, chunk_end)
        offset = chunk_end + length % 2
    raise Malformed("has too many chunks")


def chunk(name: bytes, data: bytes) -> bytes:
    """A chunk with its padding."""
    return name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)


def size_field(end: int) -> bytes:
    """The size field of a file of `end` bytes. Raises Malformed over 4 GB."""
    if end - 8 > _LARGEST:
        raise Malformed("would be larger than 4 GB")
    return struct.pack("<I", end - 8)
