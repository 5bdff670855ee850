"""What a file or its sidecar says about where it came from, and the file without its mark."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

from openclaw_fal.atomic import failure, open_flags, read_file
from openclaw_fal.errors import LocalError
from openclaw_fal.frozen import Frozen
from openclaw_fal.provenance import foreign_metadata, formats, xmp
from openclaw_fal.provenance.splice import Splice, sha256, spliced
from openclaw_fal.provenance.survey import Malformed, NoRoom, Packet, Source, Survey

SIDECAR_LIMIT = 16 * 1024 * 1024
"""Bytes of a sidecar: the body of a request may be long."""


class Report(Frozen):
    """What is in one file. `mark` is our document, from the file or from the sidecar at `sidecar`.

    `intact` says whether the file without the mark is, byte for byte, what fal served; None where
    there is no mark to tell. `others` names what other programs left. `problem` says why the file
    could not be looked through to its end; it continues "the file …".
    """

    path: Path
    sha256: str
    mark: Mapping[str, object] | None = None
    embedded: bool = False
    sidecar: Path | None = None
    intact: bool | None = None
    credentials: bool = False
    others: tuple[str, ...] = ()
    problem: str | None = None


class _Mark(NamedTuple):
    """A mark in a file, and how it comes out of it again."""

    packet: Packet
    document: Mapping[str, object]
    way_back: Sequence[Splice] | None
    intact: bool


def report(path: Path, mime_type: str) -> Report:
    """Reads a media file and the sidecar beside it. Raises LocalError."""
    with _opened(path) as (file, size):
        survey = formats.survey(file, size, mime_type)
        digest = sha256(spliced(file, size, ()))
        mark = _mark(file, size, mime_type, survey)
    beside = None if mark else sidecar_of(path, digest)
    foreign = [packet for packet in survey.packets if mark is None or packet != mark.packet]
    return Report(
        path=path,
        sha256=digest,
        mark=mark.document if mark else beside[1] if beside else None,
        embedded=mark is not None,
        sidecar=beside[0] if beside else None,
        intact=mark.intact if mark else True if beside else None,
        credentials=survey.credentials,
        others=_names(survey, foreign),
        problem=survey.problem,
    )


def mark_of(path: Path, mime_type: str) -> Mapping[str, object] | None:
    """The mark in a file or in the sidecar beside it, without a look at the rest of the file; None
    where there is none, and for what cannot be read."""
    try:
        with _opened(path) as (file, size):
            for packet in formats.survey(file, size, mime_type).packets:
                if (document := xmp.read(packet.data)) is not None:
                    return document
    except LocalError:
        return None
    return read_sidecar(path.with_name(f"{path.name}.json"))


@contextmanager
def without_mark(path: Path, mime_type: str) -> Iterator[tuple[Iterator[bytes], bool]]:
    """The content of a file without its mark, in pieces, and whether that is what fal served.

    Raises LocalError for a file without a mark, and for one that content credentials protect.
    """
    with _opened(path) as (file, size):
        survey = formats.survey(file, size, mime_type)
        mark = _mark(file, size, mime_type, survey)
        if mark is None:
            raise LocalError(f"{path} has no mark of openclaw-fal; nothing was changed")
        if survey.credentials:
            raise LocalError(
                f"{path} is signed with content credentials, which any change would break; "
                "nothing was changed"
            )
        if mark.way_back is None:
            raise LocalError(f"the mark in {path} cannot be taken out; nothing was changed")
        yield spliced(file, size, mark.way_back), mark.intact


def sidecar_of(path: Path, digest: str) -> tuple[Path, Mapping[str, object]] | None:
    """The sidecar of a file (`FILE.json`), if there is one of ours about these bytes."""
    sidecar = path.with_name(f"{path.name}.json")
    document = read_sidecar(sidecar)
    if document is None or document.get("servedSha256") != digest:
        return None
    return sidecar, document


def read_sidecar(path: Path) -> dict[str, object] | None:
    """The document in a sidecar; None when there is no such file, or it is not ours."""
    try:
        if not path.is_file() or path.stat().st_size > SIDECAR_LIMIT:
            return None
        return xmp.document_of(read_file(path).content)
    except (OSError, LocalError):
        return None


@contextmanager
def _opened(path: Path) -> Iterator[tuple[BinaryIO, int]]:
    """A regular file and its size. Raises LocalError, also while it is read."""
    try:
        if not path.is_file():
            there = path.is_dir() or path.exists()
            raise LocalError(f"{path} is not a file" if there else f"{path} does not exist")
        with open(os.open(path, open_flags(os.O_RDONLY)), "rb") as file:
            yield file, os.fstat(file.fileno()).st_size
    except (OSError, ValueError) as error:
        raise failure("read", path, error) from error


def _mark(file: BinaryIO, size: int, mime_type: str, survey: Survey) -> _Mark | None:
    """The mark in a file, if there is one. Takes it out, to see whether the rest is what it was."""
    form = formats.format_of(mime_type)
    for packet in survey.packets:
        document = xmp.read(packet.data)
        if document is None or form is None:
            continue
        try:
            ways = form.strip(Source(file, size), packet)
        except (Malformed, NoRoom):
            return _Mark(packet, document, None, False)
        for way in ways:
            if sha256(spliced(file, size, way)) == document.get("servedSha256"):
                return _Mark(packet, document, way, True)
        return _Mark(packet, document, ways[0], False)
    return None


def _names(survey: Survey, foreign: Sequence[Packet]) -> tuple[str, ...]:
    names = dict.fromkeys(survey.others)
    for packet in foreign:
        names |= dict.fromkeys(foreign_metadata.standards_in(packet.data))
    return tuple(names)
