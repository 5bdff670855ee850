"""The generated files by path: their specs, and a cache of their bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from openclaw_fal.sandbox.dials import Dials
from openclaw_fal.sandbox.media.render import render
from openclaw_fal.sandbox.media.spec import Spec

_PATTERN_BLOCK = 1 << 16


@dataclass(frozen=True, slots=True)
class Blob:
    """A file to serve: `data`, then filler bytes up to `size`, which are generated when read."""

    size: int
    content_type: str
    data: bytes

    def read(self, start: int, stop: int) -> Iterator[bytes]:
        """The bytes from start to stop, in chunks."""
        held = min(len(self.data), stop)
        while start < held:
            end = min(held, start + _PATTERN_BLOCK)
            yield self.data[start:end]
            start = end
        while start < stop:
            end = min(stop, start + _PATTERN_BLOCK)
            yield filler(start, end)
            start = end


class Library:
    """Specs by path (limited by count) and rendered bytes (limited by size)."""

    def __init__(self, *, specs: int = 20_000, held: int = 64 << 20) -> None:
        self._specs: OrderedDict[str, tuple[Spec, Dials | None]] = OrderedDict()
        self._bytes: OrderedDict[Spec, bytes] = OrderedDict()
        self._max_specs, self._max_held, self._held = specs, held, 0
        self._lock = threading.Lock()

    def put(self, path: str, spec: Spec, dials: Dials | None = None) -> None:
        """Store a spec, with the dials in the header of its request."""
        with self._lock:
            self._specs[path] = spec, dials
            self._specs.move_to_end(path)
            while len(self._specs) > self._max_specs:
                self._specs.popitem(last=False)

    def get(self, path: str) -> Spec | None:
        with self._lock:
            return self._specs.get(path, (None, None))[0]

    def dials(self, path: str) -> Dials | None:
        """The dials in the header of the request that generated the file at the path."""
        with self._lock:
            return self._specs.get(path, (None, None))[1]

    def render(self, spec: Spec) -> bytes:
        """The spec's bytes, from the cache or newly rendered."""
        with self._lock:
            cached = self._bytes.get(spec)
            if cached is not None:
                self._bytes.move_to_end(spec)
                return cached
        data = render(spec)
        with self._lock:
            if spec not in self._bytes:
                self._bytes[spec] = data
                self._held += len(data)
            while self._held > self._max_held and len(self._bytes) > 1:
                self._held -= len(self._bytes.popitem(last=False)[1])
        return data

    @property
    def held(self) -> int:
        """Bytes of rendered media in memory."""
        return self._held


def filler(start: int, stop: int) -> bytes:
    """Filler bytes: each block of 64 KiB starts with its number, so that all parts differ."""
    out = bytearray()
    while start < stop:
        block, offset = divmod(start, _PATTERN_BLOCK)
        data = block.to_bytes(8, "big") + _pattern()
        end = min(_PATTERN_BLOCK, offset + stop - start)
        out += data[offset:end]
        start += end - offset
    return bytes(out)


@cache
def _pattern() -> bytes:
    return bytes((i * 31 + (i >> 8)) & 0xFF for i in range(_PATTERN_BLOCK - 8))
