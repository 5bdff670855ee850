"""Puts the provenance mark into a part file, before it gets its final name."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from openclaw_fal.atomic import open_flags, write_new
from openclaw_fal.media import Marked
from openclaw_fal.provenance import formats, xmp
from openclaw_fal.provenance.record import Level, Record, digital_source_type, document
from openclaw_fal.provenance.splice import sha256, spliced
from openclaw_fal.provenance.survey import Malformed, NoRoom, Source, Survey
from openclaw_fal.text import reason

Sign = Callable[[Path, Path, str, str], None]
"""Writes a signed copy of a file. Arguments: source, target, MIME type, digital source type."""

CREDENTIALS = "it carries content credentials, which any change would break"


def mark(
    part: Path, mime_type: str, record: Record, level: Level, sign: Sign | None = None
) -> Marked:
    """Writes a marked copy beside the file; if the file cannot be marked, returns the content of a
    sidecar instead.

    Never raises an Exception, as a file that is paid for must not be lost because it cannot be
    marked; `note` then says what went wrong.
    """
    try:
        marked = _mark(part, mime_type, record, level)
    except Exception as error:
        return Marked(part, provenance="none", note=f"no provenance was written: {error}")
    if sign is None or marked.content_credentials:
        return marked
    try:
        return _signed(part, marked, mime_type, digital_source_type(record), sign)
    except Exception as error:
        return marked.replaced(note=f"it could not be signed: {error}")


def _mark(part: Path, mime_type: str, record: Record, level: Level) -> Marked:
    with open(os.open(part, open_flags(os.O_RDONLY)), "rb") as file:
        info = os.fstat(file.fileno())
        served = sha256(spliced(file, info.st_size, ()))
        if level == "off":
            return Marked(part, served, served, "none")
        entries = document(record, level, served)
        survey = formats.survey(file, info.st_size, mime_type)
        why_not = _why_not(survey) if level != "sidecar" else "sidecar"
        if why_not is None:
            copy = _beside(part, "marked")
            try:
                pieces = _with_mark(file, info.st_size, mime_type, xmp.build(entries))
                digest = _write(copy, pieces, stat.S_IMODE(info.st_mode))
                return Marked(copy, digest, served, "embedded")
            except (NoRoom, Malformed) as failure:
                why_not = f"it {failure}"
            except OSError as failure:
                note = f"no provenance was written: {reason(failure)}"
                return Marked(part, served, served, "none", note=note)
    return Marked(
        part,
        served,
        served,
        "sidecar",
        json.dumps(entries, ensure_ascii=False, indent=2).encode("utf-8", "replace") + b"\n",
        content_credentials="present" if survey.credentials else None,
        note=None if level == "sidecar" else f"the mark is in a sidecar: {why_not}",
    )


def _why_not(survey: Survey) -> str | None:
    """Why a mark cannot be put into the file; None if it can."""
    if survey.credentials:
        return CREDENTIALS
    if survey.packets:
        return "it has XMP metadata of another program"
    return f"it {survey.problem}" if survey.problem else None


def _with_mark(file: BinaryIO, size: int, mime_type: str, packet: bytes) -> Iterator[bytes]:
    form = formats.format_of(mime_type)
    assert form is not None, "the survey has no problem"
    return spliced(file, size, form.embed(Source(file, size), packet))


def _write(path: Path, pieces: Iterable[bytes], mode: int) -> str:
    """Writes a new file and returns its SHA-256."""
    import hashlib

    digest = hashlib.sha256()

    def noted() -> Iterator[bytes]:
        for piece in pieces:
            digest.update(piece)
            yield piece

    write_new(path, noted(), mode=mode)
    return digest.hexdigest()


def _signed(part: Path, marked: Marked, mime_type: str, source_type: str, sign: Sign) -> Marked:
    copy = _beside(part, "signed")
    try:
        sign(marked.path, copy, mime_type, source_type)
    except Exception:
        copy.unlink(missing_ok=True)
        raise
    if marked.path != part:
        with suppress(OSError):
            marked.path.unlink()
    os.chmod(copy, stat.S_IMODE(part.stat().st_mode))
    with open(copy, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        digest = sha256(spliced(file, size, ()))
        os.fsync(file.fileno())
    return marked.replaced(path=copy, sha256=digest, content_credentials="signed")


def _beside(part: Path, suffix: str) -> Path:
    """The path of a copy; a file that a killed process left there is removed."""
    copy = part.with_suffix(f".{suffix}")
    copy.unlink(missing_ok=True)
    return copy
