"""Reads response bodies up to a size limit, and undoes their Content-Encoding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from openclaw_fal.fal.http.call import Fault

if TYPE_CHECKING:
    from openclaw_fal.fal.http.sender import Answer

PIECE = 256 * 1024
ERROR_LIMIT = 1024 * 1024  # bytes that are read of an error response
MOST_UNPACKED = 64 * 1024 * 1024  # bytes that a compressed body may always expand to
MOST_EXPANSION = 20  # times its own size that a larger one may expand to


class Unreadable(Exception):
    """A body over the size limit, or in an encoding that was not asked for. `raw` holds the bytes
    that were received, still encoded."""

    raw = b""


def read(answer: Answer, limit: int) -> bytes:
    """The whole decoded body. Raises Unreadable when it is larger than `limit` bytes, and Fault
    when it is cut off; both hold in `raw` what was received."""
    raw: list[bytes] = []
    chunks = _recorded(answer.chunks(), raw, limit)
    try:
        encoding = answer.headers.get("content-encoding")
        return b"".join(_limited(unpacked(chunks, encoding), limit))
    except (Fault, Unreadable) as exc:
        with suppress(Fault, Unreadable):
            for _ in chunks:  # what cannot be unpacked is kept whole
                pass
        exc.raw = b"".join(raw)
        raise


def _recorded(chunks: Iterable[bytes], raw: list[bytes], limit: int) -> Iterator[bytes]:
    for chunk in _limited(chunks, limit):
        raw.append(chunk)
        yield chunk


def _limited(chunks: Iterable[bytes], limit: int) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise Unreadable(f"the answer is larger than {limit // (1 << 20)} MB")
        yield chunk


def read_start(answer: Answer, limit: int = ERROR_LIMIT) -> bytes:
    """At most `limit` bytes of the decoded body; less, without an error, when it is cut or cannot
    be decoded."""
    parts: list[bytes] = []
    size = 0
    try:
        for part in unpacked(answer.chunks(), answer.headers.get("content-encoding")):
            parts.append(part[: limit - size])
            size += len(parts[-1])
            if size >= limit:
                break
    except (Fault, Unreadable):
        pass
    return b"".join(parts)


def unpacked(chunks: Iterable[bytes], encoding: str | None) -> Iterator[bytes]:
    """Undo a Content-Encoding (gzip or deflate) in pieces of at most `PIECE`. Raises Unreadable."""
    names = [name.strip().lower() for name in (encoding or "").split(",")]
    names = [name for name in names if name not in ("", "identity")]
    if not names:
        return iter(chunks)
    if len(names) > 1 or names[0] not in ("gzip", "x-gzip", "deflate"):
        return _undecodable(chunks)
    return _inflated(chunks)


def _undecodable(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Read everything, then raise Unreadable: the body may be paid for, and `read` records it."""
    for _ in chunks:
        yield b""
    raise Unreadable("the answer is packed in a way that was not asked for")


def _inflated(chunks: Iterable[bytes]) -> Iterator[bytes]:
    import zlib

    unpacker = zlib.decompressobj(47)  # gzip or zlib, by the first bytes
    sent = unpacked = 0
    try:
        for chunk in chunks:
            sent += len(chunk)
            packed = chunk
            while packed and not unpacker.eof:
                piece = unpacker.decompress(packed, PIECE)
                unpacked += len(piece)
                if unpacked > max(MOST_UNPACKED, MOST_EXPANSION * sent):
                    raise Unreadable(f"it is packed, and unpacks to more than {unpacked >> 20} MB")
                yield piece
                packed = unpacker.unconsumed_tail
    except zlib.error:
        raise Unreadable("the answer is packed, and cannot be unpacked") from None
    if not unpacker.eof:
        raise Unreadable("the answer is packed, and its end is missing")
