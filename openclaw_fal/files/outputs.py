"""Saves the output files of a job. Their target is checked before the request is sent.

target = plan_target("shots/{prompt}-{seed}.png", prompt=…, kind="image", model=…, …)
check_writable(target)
with PartFile(target, job_id, index, count) as part:
    part.write(data)
    output = part.finish(remote_file)
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

from openclaw_fal.errors import LocalError
from openclaw_fal.files import naming, sniff
from openclaw_fal.files.part_file import PartFile, give_name
from openclaw_fal.files.sniff import FileType
from openclaw_fal.files.target import OutputTarget, components, plan_target
from openclaw_fal.text import reason

__all__ = ["OutputTarget", "PartFile", "check_writable", "plan_target", "save_raw_answer"]

_PROBE_BYTES = 64 * 1024
_KNOWN_LATER = {"seed", "id", "n"}  # fields of a template that have no value before the request
_TYPICAL: dict[str, str] = {"image": "png", "video": "mp4", "music": "mp3"}


def check_writable(target: OutputTarget) -> None:
    """Check, before anything is paid for, that the output files can be written.

    Makes the folder, and writes and removes a small file in it. Raises `LocalError` for a file in
    place of the folder, a read-only folder or disk, a full disk, and a name that is too long. Of a
    folder whose name depends on the result, the part of the path that is known is checked.
    """
    folder, name, number = target.place(
        job_id="0" * 10,
        index=0,
        count=target.count,
        seed=2**63,
        extension=_TYPICAL[target.kind],
    )
    known_folder = _known_folder(target)
    try:
        known_folder.mkdir(parents=True, exist_ok=True)
        _probe(known_folder)
        stem, extension = naming.split_extension(name, None)
        numbered = "" if number is None else f"-{number}"
        with suppress(FileNotFoundError):
            os.lstat(folder / f"{stem}{numbered}{extension}")
    except OSError as failure:
        no_folder = isinstance(failure, (FileExistsError, NotADirectoryError))
        why = "it is not a folder" if no_folder else reason(failure)
        raise LocalError(
            f"nothing can be written to {known_folder}: {why}; nothing was sent",
            hint="choose another place with --output",
        ) from failure


def save_raw_answer(target: OutputTarget, job_id: str, raw: bytes) -> Path:
    """Save an answer of fal's that no media can be read from, in the target's folder; if it cannot
    be written there, in the system's folder for temporary files.

    Returns the path. No file is overwritten: it takes the next free name, as a media file does.
    """
    try:
        return _save(target, job_id, raw)
    except LocalError:
        import tempfile

        template = components(target.template)[-1]
        temporary = target.replaced(folder=tempfile.gettempdir(), template=template)
        return _save(temporary, job_id, raw)


def _save(target: OutputTarget, job_id: str, raw: bytes) -> Path:
    kind = _kind_of(raw)
    part = PartFile(target, job_id, 0, 1, suffix=".answer")
    try:
        part.restart()
        part.write(raw)
        part.sync()
    except BaseException:
        part.discard()
        raise
    part.close()
    _, name, _ = target.place(job_id=job_id, index=0, count=1, seed=None, extension=kind.extension)
    stem, _ = naming.split_extension(name, kind)
    return give_name(part.path, naming.candidates(stem, f".{kind.extension}", None, job_id), job_id)


def _known_folder(target: OutputTarget) -> Path:
    """The folder of the files, without the parts of the path that depend on the result."""
    parts = components(target.template)[:-1]
    known = next(
        (i for i, part in enumerate(parts) if naming.fields(part) & _KNOWN_LATER), len(parts)
    )
    template = os.sep.join([*parts[:known], "x"])
    return target.replaced(template=template).place(
        job_id="", index=0, count=1, seed=None, extension=""
    )[0]


def _probe(folder: Path) -> None:
    """Write and remove a small file, which also detects a full disk."""
    path = folder / f".openclaw-{os.urandom(8).hex()}.part"
    try:
        with open(path, "xb") as file:
            file.write(bytes(_PROBE_BYTES))
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def _kind_of(raw: bytes) -> FileType:
    """The type for an answer: `.json`, `.txt`, or `.raw` for anything else (compressed data)."""
    try:
        json.loads(raw)
    except (ValueError, RecursionError):
        extension = "txt" if not raw or sniff.is_text(raw) else "raw"
        return FileType("", (extension,))
    return FileType("application/json", ("json",))
