"""MP3: a `PRIV` frame of the owner `XMP` in an ID3v2 tag (ID3v2.3, 4.28; XMP part 3, 1.1.4).

An existing tag is extended in its own version (2.3 or 2.4); else a tag of version 2.3 is added.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from openclaw_fal.provenance.splice import Splice
from openclaw_fal.provenance.survey import STEPS, Malformed, NoRoom, Packet, Source, Survey

_HEADER = 10
_OWNER = b"XMP\0"
_UNSYNCHRONISED, _EXTENDED, _FOOTER = 0x80, 0x40, 0x10
_LARGEST_TAG = 2**28 - 1
_SEARCHED = 1024 * 1024


class _Tag(NamedTuple):
    version: int
    flags: int
    end: int


class _Frame(NamedTuple):
    name: bytes
    start: int
    data: int
    end: int


def survey(source: Source, result: Survey) -> None:
    """Reads every frame of the tag. Raises Malformed."""
    tag = _tag(source)
    if tag is None:
        return
    if tag.version not in (3, 4) or tag.flags & (_UNSYNCHRONISED | _EXTENDED):
        # The frames of such a tag are not parsed; only content credentials are searched for.
        result.credentials = b"c2pa" in source.some(_HEADER, tag.end, _SEARCHED)
        return
    for frame in _frames(source, tag):
        head = source.some(frame.data, frame.end, 100)
        if frame.name == b"PRIV" and head.startswith(_OWNER):
            data = frame.data + len(_OWNER)
            result.packets.append(source.packet(frame.start, frame.end, data))
        elif frame.name == b"GEOB" and b"c2pa" in head:
            result.credentials = True


def embed(source: Source, xmp: bytes) -> Sequence[Splice]:
    """The splices that insert a packet. Raises NoRoom, Malformed."""
    tag = _tag(source)
    content = _OWNER + xmp
    if tag is None:
        if source.at(0, 1) != b"\xff":
            raise NoRoom("does not begin with MPEG audio")
        frame = b"PRIV" + struct.pack(">IH", len(content), 0) + content
        return [Splice(0, 0, b"ID3\x03\0\0" + _synchsafe(len(frame)) + frame)]
    if tag.version not in (3, 4):
        raise NoRoom(f"has a tag of version 2.{tag.version}, which cannot hold it")
    if tag.flags & (_UNSYNCHRONISED | _EXTENDED | _FOOTER):
        raise NoRoom("has a tag of a rare kind")
    size = _synchsafe(len(content)) if tag.version == 4 else struct.pack(">I", len(content))
    frame = b"PRIV" + size + b"\0\0" + content
    at = _HEADER
    for last in _frames(source, tag):
        at = last.end
    return [
        Splice(6, 10, _synchsafe(tag.end - _HEADER + len(frame))),
        Splice(at, at, frame),
    ]


def strip(source: Source, packet: Packet) -> Sequence[Sequence[Splice]]:
    """The ways to remove a packet: with the whole tag if nothing else is in it, or alone."""
    tag = _tag(source)
    if tag is None:
        raise Malformed("has no tag")
    size = tag.end - _HEADER - (packet.end - packet.start)
    shorter = [Splice(6, 10, _synchsafe(size)), Splice(packet.start, packet.end)]
    return [shorter] if size else [[Splice(0, tag.end)], shorter]


def _tag(source: Source) -> _Tag | None:
    head = source.at(0, _HEADER)
    if head[:3] != b"ID3":
        return None
    size = _from_synchsafe(head[6:], "tag")
    footer = _HEADER if head[3] == 4 and head[5] & _FOOTER else 0
    if _HEADER + size + footer > source.size:
        raise Malformed("ends in the middle of its tag")
    return _Tag(head[3], head[5], _HEADER + size)


def _frames(source: Source, tag: _Tag) -> Iterator[_Frame]:
    """The frames before the padding. Raises Malformed when they do not fit into the tag."""
    offset = _HEADER
    for _ in range(STEPS):
        if offset + 10 > tag.end or source.at(offset, 1) == b"\0":
            return
        name, raw = struct.unpack(">4s4s2x", source.at(offset, 10))
        length = int.from_bytes(raw, "big")
        if tag.version == 4:
            length = _from_synchsafe(raw, "frame")
        end = offset + 10 + length
        if end > tag.end or not name.isalnum():
            raise Malformed("has a frame that does not fit into its tag")
        yield _Frame(name, offset, offset + 10, end)
        offset = end
    raise Malformed("has too many frames")


def _from_synchsafe(raw: bytes, owner: str) -> int:
    """The length in four bytes of seven bits each. Raises Malformed."""
    if any(byte > 0x7F for byte in raw):
        raise Malformed(f"has a {owner} whose length cannot be read")
    return sum(byte << shift for byte, shift in zip(raw, (21, 14, 7, 0), strict=True))


def _synchsafe(number: int) -> bytes:
    """A length in four bytes of seven bits each. Raises NoRoom over 256 MB."""
    if number > _LARGEST_TAG:
        raise NoRoom("has a tag that cannot grow")
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))
