"""Reads the provenance mark of a file, or its sidecar, and the file without the mark."""

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
"""The largest sidecar that is read, in bytes; it holds the body of a request, which may be long."""


class Report(Frozen):
    """What is known of a file. `mark` is the document of the mark in the file (`embedded`) or in
    the file `sidecar`.

    `intact`: the file without the mark is byte for byte what fal served; None without a mark.
    `foreign` names the metadata of other programs. `problem` says why the file could not be read to
    its end; its subject is "the file".
    """

    path: Path
    sha256: str
    mark: Mapping[str, object] | None = None
    embedded: bool = False
    sidecar: Path | None = None
    intact: bool | None = None
    credentials: bool = False
    foreign: tuple[str, ...] = ()
    problem: str | None = None


class _Mark(NamedTuple):
    """A mark in a file. `removal` are the splices that remove it, None if it cannot be removed;
    `intact`: the file is then what fal served."""

    packet: Packet
    document: Mapping[str, object]
    removal: Sequence[Splice] | None
    intact: bool


def report(path: Path, mime_type: str) -> Report:
    """Reads a media file and the sidecar beside it. Raises LocalError."""
    with _opened(path) as (file, size):
        survey = formats.survey(file, size, mime_type)
        digest = sha256(spliced(file, size, ()))
        mark = _mark(file, size, mime_type, survey)
    sidecar, document = (None, None) if mark else sidecar_of(path, digest)
    for packet in survey.packets:
        if mark is None or packet != mark.packet:
            survey.add_foreign(*foreign_metadata.standards_in(packet.data))
    return Report(
        path=path,
        sha256=digest,
        mark=mark.document if mark else document,
        embedded=mark is not None,
        sidecar=sidecar,
        intact=mark.intact if mark else True if sidecar else None,
        credentials=survey.credentials,
        foreign=tuple(survey.foreign),
        problem=survey.problem,
    )


def mark_of(path: Path, mime_type: str) -> Mapping[str, object] | None:
    """The document of the mark in a file, or in the sidecar beside it; None if there is none or it
    cannot be read. Unlike `report` it does not read the whole file."""
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

    Raises LocalError for a file without a mark, and for one with content credentials.
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
        if mark.removal is None:
            raise LocalError(f"the mark in {path} cannot be removed; nothing was changed")
        yield spliced(file, size, mark.removal), mark.intact


def sidecar_of(path: Path, digest: str) -> tuple[Path, Mapping[str, object]] | tuple[None, None]:
    """The sidecar of a file (`FILE.json`) and its document, if it is about these bytes."""
    sidecar = path.with_name(f"{path.name}.json")
    document = read_sidecar(sidecar)
    if document is None or document.get("servedSha256") != digest:
        return None, None
    return sidecar, document


def read_sidecar(path: Path) -> dict[str, object] | None:
    """The document in a sidecar; None if there is no such file or this program did not write it."""
    try:
        if not path.is_file() or path.stat().st_size > SIDECAR_LIMIT:
            return None
        return xmp.document_of(read_file(path).content)
    except (OSError, LocalError):
        return None


@contextmanager
def _opened(path: Path) -> Iterator[tuple[BinaryIO, int]]:
    """A regular file and its size. Raises LocalError, also for an OSError within the block."""
    try:
        if not path.is_file():
            raise LocalError(
                f"{path} {'is not a file' if path.exists() else 'does not exist'}",
                hint=f"the current folder is {Path.cwd()}; openclaw jobs list shows what was made",
            )
        with open(os.open(path, open_flags(os.O_RDONLY)), "rb") as file:
            yield file, os.fstat(file.fileno()).st_size
    except (OSError, ValueError) as error:
        raise failure("read", path, error) from error


def _mark(file: BinaryIO, size: int, mime_type: str, survey: Survey) -> _Mark | None:
    """The mark in a file, if there is one. Hashes the file without it, to see if it is intact."""
    form = formats.format_of(mime_type)
    for packet in survey.packets:
        document = xmp.read(packet.data)
        if document is None or form is None:
            continue
        try:
            removals = form.strip(Source(file, size), packet)
        except (Malformed, NoRoom):
            return _Mark(packet, document, None, False)
        for removal in removals:
            if sha256(spliced(file, size, removal)) == document.get("servedSha256"):
                return _Mark(packet, document, removal, True)
        return _Mark(packet, document, removals[0], False)
    return None
