"""The files of one job: their target is checked before the request is sent, then each is saved.

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
from openclaw_fal.files.part_file import PartFile, named
from openclaw_fal.files.sniff import FileType
from openclaw_fal.files.target import OutputTarget, components, plan_target
from openclaw_fal.text import reason

__all__ = ["OutputTarget", "PartFile", "check_writable", "plan_target", "save_unreadable"]

_PROBE_BYTES = 64 * 1024
_LATE = {"seed", "id", "n"}
_TYPICAL: dict[str, str] = {"image": "png", "video": "mp4", "music": "mp3"}


def check_writable(target: OutputTarget) -> None:
    """Make sure, before anything is paid for, that the files can be written where they are to go.

    Makes the folder, and writes and removes a small file in it. Raises `LocalError` for what is in
    the way: a file where a folder should be, a read-only folder or disk, a full disk, a name that
    is too long. A folder whose name depends on the result is checked as far as it is known.
    """
    folder, name, number = target.place(
        job_id="0" * 10,
        index=0,
        count=target.count,
        seed=2**63,
        extension=_TYPICAL[target.kind],
    )
    early = _known_folder(target)
    try:
        early.mkdir(parents=True, exist_ok=True)
        _probe(early)
        stem, extension = naming.split_extension(name, None)
        numbered = "" if number is None else f"-{number}"
        with suppress(FileNotFoundError):
            os.lstat(folder / f"{stem}{numbered}{extension}")
    except OSError as failure:
        in_the_way = isinstance(failure, (FileExistsError, NotADirectoryError))
        why = "it is not a folder" if in_the_way else reason(failure)
        raise LocalError(
            f"nothing can be written to {early}: {why}; nothing was sent",
            hint="choose another place with --output",
        ) from failure


def save_unreadable(target: OutputTarget, job_id: str, raw: bytes) -> Path:
    """Keep an answer of fal's that holds no media, beside where the media would be, or where that
    disk is full, in the system's folder for temporary files.

    Returns the path. Nothing is written over: like a media file, it takes the next free name.
    """
    try:
        return _saved(target, job_id, raw)
    except LocalError:
        import tempfile

        template = components(target.template)[-1]
        elsewhere = target.replaced(folder=tempfile.gettempdir(), template=template)
        return _saved(elsewhere, job_id, raw)


def _saved(target: OutputTarget, job_id: str, raw: bytes) -> Path:
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
    return named(part.path, naming.candidates(stem, f".{kind.extension}", None, job_id), job_id)


def _known_folder(target: OutputTarget) -> Path:
    """The folder of the files, as far up as it does not depend on the result."""
    parts = components(target.template)[:-1]
    known = next((i for i, part in enumerate(parts) if naming.fields(part) & _LATE), len(parts))
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
    """JSON, other text, or bytes that are still packed."""
    try:
        json.loads(raw)
    except (ValueError, RecursionError):
        extension = "txt" if not raw or sniff.is_text(raw) else "raw"
        return FileType("", (extension,))
    return FileType("application/json", ("json",))
