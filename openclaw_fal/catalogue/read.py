"""Reads a catalogue of fal's endpoints, one endpoint at a time.

A catalogue is one file: a line with the format and a checksum of the rest, a line of JSON with the
date of the data, an index with a line for each endpoint, a zlib dictionary, and each endpoint's
declaration, compressed on its own. An endpoint is found by searching the index for its id, without
decoding anything else. That takes about 1 ms; importing SQLite alone would take 4 to 14 ms.
`catalogue.pack` writes this format.

    read.endpoint("fal-ai/recraft/v3/text-to-image")   # an Endpoint, or None
    read.ids("video")                                  # the ids of one kind, or of all
    read.siblings("fal-ai/kling-video/v2/master/text-to-video")
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import cast, get_args

from openclaw_fal.media import Endpoint, EndpointKind

FORMAT = "openclaw-fal catalogue 1"
SHIPPED = Path(__file__).with_name("endpoints.bin")
CACHED = "catalogue.bin"  # in the user's cache folder, as `catalogue.refresh` writes it
TAB, LINE = b"\t", b"\n"


class Damaged(ValueError):
    """The bytes are not a complete catalogue."""


class Catalogue:
    """The endpoints of one catalogue file. Raises `Damaged` for bytes that are no catalogue."""

    def __init__(self, raw: bytes) -> None:
        first, _, rest = raw.partition(LINE)
        if first != first_line(rest):
            raise Damaged("it is not a whole catalogue of this version")
        facts, _, rest = rest.partition(LINE)
        header = json.loads(facts)
        self.as_of = str(header["asOf"])
        index_end = int(header["index"])
        blobs_start = index_end + int(header["dictionary"])
        self._index = LINE + rest[:index_end]
        self._dictionary = rest[index_end:blobs_start]
        self._blobs = rest[blobs_start:]

    def endpoint(self, endpoint: str) -> Endpoint | None:
        """The endpoint with this id (without `fal/`); None when the catalogue lacks it."""
        start = self._index.find(LINE + endpoint.encode() + TAB)
        if start < 0:
            return None
        return self._read(self._index[start + 1 : self._index.index(LINE, start + 1)])

    def ids(self, kind: EndpointKind | None = None) -> list[str]:
        """The ids of all endpoints, or of those of one kind, in alphabetical order."""
        lines = (line.split(TAB) for line in self._lines())
        return [line[0].decode() for line in lines if kind is None or line[1] == kind.encode()]

    def endpoints(self) -> Iterator[Endpoint]:
        """Every endpoint, in alphabetical order of the ids."""
        return map(self._read, self._lines())

    def siblings(self, endpoint: str) -> list[str]:
        """The other ids of the same family (`fal-ai/kling-video`), those with the longest common
        path first."""
        start = family(endpoint).encode()
        ids = [
            line.split(TAB)[0].decode()
            for line in self._lines()
            if line.startswith((start + TAB, start + b"/"))
        ]
        siblings = [sibling for sibling in ids if sibling != endpoint]
        return sorted(siblings, key=lambda sibling: (-_common_parts(sibling, endpoint), sibling))

    def _lines(self) -> list[bytes]:
        return self._index.split(LINE)[1:-1]

    def _read(self, line: bytes) -> Endpoint:
        name, kind, start, end = line.split(TAB)
        unpacker = zlib.decompressobj(zdict=self._dictionary)
        declared = json.loads(unpacker.decompress(self._blobs[int(start) : int(end)]))
        return Endpoint(name.decode(), _kind(kind), declared["input"], tuple(declared["outputs"]))


@cache
def shipped() -> Catalogue:
    """The catalogue that is part of the program."""
    return Catalogue(SHIPPED.read_bytes())


def current(folder: Path) -> tuple[Catalogue, str | None]:
    """The refreshed catalogue, or the shipped one if that is newer or the other is damaged; and a
    warning in the latter case."""
    path = folder / CACHED
    try:
        cached = Catalogue(path.read_bytes())
    except FileNotFoundError:
        return shipped(), None
    except (OSError, Damaged) as error:
        hint = "the shipped catalogue is used; openclaw models refresh fetches a new one"
        return shipped(), f"{path} cannot be used ({error}): {hint}"
    return (cached, None) if cached.as_of >= shipped().as_of else (shipped(), None)


def endpoint(endpoint: str) -> Endpoint | None:
    """The endpoint with this id (without `fal/`); None when it is not known."""
    return shipped().endpoint(endpoint)


def ids(kind: EndpointKind | None = None) -> list[str]:
    """The ids of all endpoints, or of those of one kind, in alphabetical order."""
    return shipped().ids(kind)


def siblings(endpoint: str) -> list[str]:
    """The other ids of the endpoint's family, those with the longest common path first."""
    return shipped().siblings(endpoint)


def first_line(rest: bytes) -> bytes:
    """The first line of a catalogue: format and checksum of all that follows."""
    return f"{FORMAT} {zlib.crc32(rest):08x}".encode()


def family(endpoint: str) -> str:
    """The first two parts of an id: `fal-ai/flux` of `fal-ai/flux/dev`."""
    return "/".join(endpoint.split("/")[:2])


def _kind(name: bytes) -> EndpointKind:
    kind = name.decode()
    if kind not in get_args(EndpointKind):
        raise Damaged(f"{kind} is not a kind of endpoint")
    return cast(EndpointKind, kind)


def _common_parts(first: str, second: str) -> int:
    """The number of parts that two ids have in common at their beginnings."""
    pairs = zip(first.split("/"), second.split("/"), strict=False)
    return len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))
