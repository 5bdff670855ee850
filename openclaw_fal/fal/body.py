"""Bodies of bounded size, however they are packed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from openclaw_fal.fal.http.call import Fault

if TYPE_CHECKING:
    from openclaw_fal.fal.http.sender import Answer

PIECE = 256 * 1024
ERROR_LIMIT = 1024 * 1024  # bytes of an error's body that are looked at


class Unreadable(Exception):
    """A body that is larger than the limit, or packed in a way that was not asked for. `raw` is
    what came of it, as it came."""

    raw = b""


def read(answer: Answer, limit: int) -> bytes:
    """The whole body, unpacked. Raises Unreadable when it is larger than `limit` bytes, and Fault
    when it is cut: both hold what came."""
    parts: list[bytes] = []
    raw: list[bytes] = []
    size = 0
    try:
        encoding = answer.headers.get("content-encoding")
        for part in unpacked(_kept(answer.chunks(), raw), encoding):
            size += len(part)
            if size > limit:
                raise Unreadable(f"the answer is larger than {limit // (1 << 20)} MB")
            parts.append(part)
    except (Fault, Unreadable) as exc:
        exc.raw = b"".join(raw)
        raise
    return b"".join(parts)


def _kept(chunks: Iterable[bytes], raw: list[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        raw.append(chunk)
        yield chunk


def read_start(answer: Answer, limit: int = ERROR_LIMIT) -> bytes:
    """The first bytes of a body, or what can be had of them; never raises for the body's sake."""
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
    """Undo a Content-Encoding, in pieces of bounded size. Raises Unreadable."""
    names = [name.strip().lower() for name in (encoding or "").split(",")]
    names = [name for name in names if name not in ("", "identity")]
    if not names:
        return iter(chunks)
    if len(names) > 1 or names[0] not in ("gzip", "x-gzip", "deflate"):
        return _refused(chunks)
    return _inflated(chunks)


def _refused(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Nothing can be made of it; but what came may be paid for: whoever reads it may keep it."""
    for _ in chunks:
        yield b""
    raise Unreadable("the answer is packed in a way that was not asked for")


def _inflated(chunks: Iterable[bytes]) -> Iterator[bytes]:
    import zlib

    unpacker = zlib.decompressobj(47)  # gzip or zlib, by the first bytes
    try:
        for chunk in chunks:
            waiting = chunk
            while waiting and not unpacker.eof:
                yield unpacker.decompress(waiting, PIECE)
                waiting = unpacker.unconsumed_tail
    except zlib.error:
        raise Unreadable("the answer is packed, and cannot be unpacked") from None
    if not unpacker.eof:
        raise Unreadable("the answer is packed, and its end is missing")
