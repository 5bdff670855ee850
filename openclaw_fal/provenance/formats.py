"""The formats that can hold a mark, by MIME type."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import BinaryIO, Protocol, cast

from openclaw_fal.provenance.splice import Splice
from openclaw_fal.provenance.survey import Malformed, Packet, Source, Survey

_MODULES = {
    "image/png": "png",
    "image/jpeg": "jpeg",
    "image/webp": "webp",
    "video/mp4": "mp4",
    "video/quicktime": "mp4",
    "audio/mp4": "mp4",
    "audio/mpeg": "mp3",
    "audio/wav": "wav",
}


class Format(Protocol):
    """The functions that each format's module has.

    `survey` notes in `result` what is in the file; `embed` returns the splices that insert a
    packet; `strip` returns the possible ways to remove one, each as splices: more than one where
    the file may have been changed in more than one way when the packet was inserted.
    """

    def survey(self, source: Source, result: Survey) -> None: ...
    def embed(self, source: Source, xmp: bytes) -> Sequence[Splice]: ...
    def strip(self, source: Source, packet: Packet) -> Sequence[Sequence[Splice]]: ...


def format_of(mime_type: str) -> Format | None:
    """The format of a MIME type; None for one that cannot hold a mark."""
    name = _MODULES.get(mime_type)
    if name is None:
        return None
    return cast(Format, import_module(f"openclaw_fal.provenance.{name}"))


def survey(file: BinaryIO, size: int, mime_type: str) -> Survey:
    """What is in a file. A malformed file is read up to its first error, which is then in
    `problem`. Raises OSError."""
    result = Survey()
    form = format_of(mime_type)
    if form is None:
        result.problem = "is of a format that holds no mark"
        return result
    try:
        form.survey(Source(file, size), result)
    except Malformed as failure:
        result.problem = str(failure)
    return result
