"""Writes a file without its mark: beside it under a free name, to another path, or in place."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from openclaw_fal.atomic import failure, sync_folder, take_free_name, write_new
from openclaw_fal.errors import LocalError
from openclaw_fal.provenance.read import without_mark


def write_stripped(
    path: Path, mime_type: str, *, output: Path | None = None, in_place: bool = False
) -> tuple[Path, bool]:
    """Returns the path of the written file, and whether it is what fal served.

    Only `in_place` replaces a file, atomically. Raises LocalError.
    """
    with without_mark(path, mime_type) as (pieces, intact):
        target = path if in_place else output or path
        temporary = target.with_name(f".{target.name}.{os.urandom(6).hex()}.tmp")
        try:
            info = path.stat()
            write_new(temporary, pieces, like=info, mode=stat.S_IMODE(info.st_mode))
            try:
                return _named(temporary, path, output, in_place), intact
            finally:
                with suppress(FileNotFoundError):
                    temporary.unlink()
        except OSError as error:
            raise failure("write", target, error) from error


def _named(temporary: Path, path: Path, output: Path | None, in_place: bool) -> Path:
    if in_place:
        target = Path(os.path.realpath(path))
        if target.parent != temporary.parent.resolve():
            raise LocalError(f"{path} is a link to {target}", hint="give the file itself")
        os.replace(temporary, target)
        sync_folder(target.parent)
        return path
    final = take_free_name(temporary, [output.name] if output else _names(path))
    if final is None:
        raise LocalError(f"{output or path} exists already; nothing was written")
    return final


def _names(path: Path) -> Iterator[str]:
    yield f"{path.stem}-stripped{path.suffix}"
    for number in range(2, 10_000):
        yield f"{path.stem}-stripped-{number}{path.suffix}"
