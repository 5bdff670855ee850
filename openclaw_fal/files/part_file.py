"""Downloads into a part file, which gets a free name when it is complete.

A file has its final name only once it is complete and synced to the disk.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from openclaw_fal.atomic import open_flags, take_free_name, take_name, write_new
from openclaw_fal.errors import LocalError, Unreachable
from openclaw_fal.files import naming, sniff
from openclaw_fal.files.measure import measure
from openclaw_fal.files.sniff import FileType
from openclaw_fal.files.target import OutputTarget
from openclaw_fal.files.whole import truncation
from openclaw_fal.media import Marked, Output, RemoteFile, cut_data_uri
from openclaw_fal.text import reason

_NO_MEDIA = {sniff.HTML: "a web page", sniff.JSON: "JSON", sniff.XML: "XML"}


class PartFile:
    """The part file of output `index` (from 0) of `count`.

    If an earlier process left one for the same job and output, it is continued after its `offset`
    bytes. `close` keeps the part file, `finish` gives it its final name.
    """

    def __init__(
        self,
        target: OutputTarget,
        job_id: str,
        index: int,
        count: int,
        *,
        seed: int | None = None,
        suffix: str = ".part",
    ) -> None:
        self._target, self._job_id, self._index = target, job_id, index
        self._count, self._seed = count, seed
        self.path = part_path(target, job_id, index, count, seed, suffix)
        try:
            self._file = _open_part(self.path)
        except OSError as failure:
            raise self._local_error("cannot be made", failure) from failure
        self._offset = self._file.seek(0, os.SEEK_END)

    @property
    def offset(self) -> int:
        """The number of bytes in the part file."""
        return self._offset

    def write(self, data: bytes) -> int:
        """Append all of `data`. Raises `LocalError` if it cannot be written."""
        view = memoryview(data)
        try:
            while view:
                written = self._file.write(view) or 0
                self._offset += written
                view = view[written:]
        except OSError as failure:
            raise self._local_error("cannot be written", failure) from failure
        return len(data)

    def restart(self) -> None:
        """Truncate the part file to 0 bytes."""
        try:
            self._file.seek(0)
            self._file.truncate()
        except OSError as failure:
            raise self._local_error("cannot be written", failure) from failure
        self._offset = 0

    def sync(self) -> None:
        """Write the bytes through to the disk."""
        try:
            os.fsync(self._file.fileno())
        except OSError as failure:
            raise self._local_error("cannot be written", failure) from failure

    def truncation(self) -> str | None:
        """Why what is there is not a whole file, by the word of its format; None where nothing
        tells."""
        try:
            return truncation(self._file, self._offset)
        finally:
            self._file.seek(self._offset)  # where the next bytes go

    def close(self) -> None:
        """Close the part file and keep it, so that the download can be continued."""
        self._file.close()

    def discard(self) -> None:
        """Close the part file and remove it."""
        self.close()
        with suppress(OSError):
            self.path.unlink(missing_ok=True)

    def finish(
        self,
        remote: RemoteFile,
        before_naming: Callable[[Output, str], object] | None = None,
        *,
        mark: Callable[[Path, str], Marked] | None = None,
    ) -> Output:
        """Give the complete file its final name, with the extension of its type.

        `remote` is used for its URL and, if the bytes do not show the type, its declared type.
        `mark`, given the file and its MIME type, makes a marked copy, which then gets the name
        instead. `before_naming` is called right before each attempt to take a name, with the
        future output and the file's id, by which `was_named` recognises the file.

        Raises `Unreachable` for bytes that cannot be media, and truncates the part file, so that
        the next attempt fetches the file again; `LocalError` when the file cannot be named, and
        keeps the part file.
        """
        kind = self._kind(remote)
        facts = measure(self._file, self._offset, kind)
        self.sync()
        self.close()
        mime_type = kind.mime_type if kind else "application/octet-stream"
        marked = mark(self.path, mime_type) if mark else Marked(self.path)
        info = marked.path.stat()

        def output(path: Path) -> Output:
            return Output(
                path=path,
                mime_type=mime_type,
                size=info.st_size,
                url=cut_data_uri(remote.url),
                width=facts.width,
                height=facts.height,
                duration=facts.duration,
                sha256=marked.sha256,
                served_sha256=marked.served_sha256,
                provenance=marked.provenance,
                content_credentials=marked.content_credentials,
                provenance_note=marked.note,
            )

        def free_names(names: Iterable[str]) -> Iterator[str]:
            for name in names:
                path = self.path.with_name(name)
                if overwrite or not os.path.lexists(path):
                    if before_naming is not None:
                        before_naming(output(path), _file_id(info))
                    yield name

        _, name, number = self._place(kind.extension if kind else "bin")
        stem, extension = naming.split_extension(name, kind)
        names = naming.candidates(stem, extension, number, self._job_id)
        overwrite = self._target.overwrite and _is_requested_name(name, extension)
        path = give_name(marked.path, free_names(names), self._job_id, overwrite=overwrite)
        if marked.path != self.path:
            self.discard()
        return self._with_sidecar(output(path), marked.sidecar)

    def _with_sidecar(self, output: Output, content: bytes | None) -> Output:
        """Write the sidecar beside the file. If that fails, the output only gets a note."""
        if content is None:
            return output
        temporary = self.path.with_suffix(".sidecar")
        names = naming.candidates(output.path.name, ".json", None, self._job_id)
        try:
            temporary.unlink(missing_ok=True)
            write_new(temporary, [content], mode=0o644)
            return output.replaced(sidecar=take_free_name(temporary, names))
        except OSError as failure:
            note = f"the sidecar could not be written: {reason(failure)}"
            return output.replaced(provenance="none", provenance_note=note)

    def __enter__(self) -> PartFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _place(self, extension: str) -> tuple[Path, str, int | None]:
        return self._target.place(
            job_id=self._job_id,
            index=self._index,
            count=self._count,
            seed=self._seed,
            extension=extension,
        )

    def _kind(self, remote: RemoteFile) -> FileType | None:
        """The type of the file by its bytes; if they do not show it, the type that fal declares,
        unless every file of that type is recognised by its bytes."""
        self._file.seek(0)
        head = self._file.read(sniff.HEAD)
        kind = sniff.sniff(head)
        if what := self._no_media(head, kind, remote):
            self.restart()
            raise Unreachable(
                f"the media host sent {what} instead of the {self._target.kind} file",
                hint=f"openclaw jobs wait {self._job_id}",
                job_id=self._job_id,
            )
        declared = sniff.by_mime_type(remote.content_type)
        declared = declared or sniff.by_extension(remote.file_name or "")
        return kind or (None if declared in sniff.ALWAYS_RECOGNISED else declared)

    def _no_media(self, head: bytes, kind: FileType | None, remote: RemoteFile) -> str | None:
        """What was received, in words, if it cannot be the media file; else None."""
        if self._offset == 0:
            return "an empty file"
        if kind is not None:
            return _NO_MEDIA.get(kind)
        if sniff.is_text(head):
            return "plain text"
        if remote.size not in (None, self._offset):
            return f"{self._offset} unknown bytes, not the {remote.size} of the file,"
        return None

    def _local_error(self, what: str, failure: OSError) -> LocalError:
        kept = "; what has arrived is kept in it" if getattr(self, "_offset", 0) else ""
        return LocalError(
            f"the part file {self.path} {what}: {reason(failure)}{kept}",
            hint=f"make room for it, then: openclaw jobs wait {self._job_id}",
            job_id=self._job_id,
        )


def _is_requested_name(name: str, extension: str) -> bool:
    """Whether the file has the extension that the user gave. `--overwrite` replaces only a file of
    the given name, not `a.jpg` if `a.png` was asked for."""
    ending = Path(name).suffix.lower().lstrip(".")
    return ending not in sniff.MEDIA_EXTENSIONS or f".{ending}" == extension.lower()


def part_path(
    target: OutputTarget, job_id: str, index: int, count: int, seed: int | None, suffix: str
) -> Path:
    """The path of the part file of output `index` (from 0) of `count`."""
    folder, name, _ = target.place(
        job_id=job_id, index=index, count=count, seed=seed, extension="part"
    )
    stem = name.lstrip(".")[:40] or "output"
    return folder / f".{stem}.{job_id}-{index + 1}{suffix}"


def was_named(output: Output, file_id: str, part: Path) -> bool:
    """Whether a process that then died had already given a complete part file its final name.

    If so, the part file `part` is removed: it is a second name of the file, or the file before it
    was marked.
    """
    try:
        info = output.path.lstat()
        if _file_id(info) != file_id or info.st_size != output.size:
            return False
        for leftover in (part, *map(part.with_suffix, (".marked", ".signed"))):
            leftover.unlink(missing_ok=True)
    except OSError:
        return False
    return True


def _file_id(info: os.stat_result) -> str:
    """Device and inode: they identify a file on this machine whatever its names."""
    return f"{info.st_dev}:{info.st_ino}"


def give_name(part: Path, names: Iterable[str], job_id: str, *, overwrite: bool = False) -> Path:
    """Give a complete part file the first free name of `names`; returns the path. With `overwrite`
    it gets the first name, and a file that has it is replaced."""
    try:
        final = take_name(part, next(iter(names))) if overwrite else take_free_name(part, names)
    except OSError as failure:
        raise LocalError(
            f"{part} is complete but cannot be renamed: {reason(failure)}",
            hint=f"openclaw jobs wait {job_id}",
            job_id=job_id,
        ) from failure
    if final is None:
        raise LocalError(f"every name for {part} is taken", job_id=job_id)
    return final


def _open_part(path: Path) -> BinaryIO:
    """Open a part file for reading and writing; it and its folder are created if missing.

    Raises OSError for a link or special file. A file with two hard links was given its final name
    by a process that then died: it keeps that name, and a new part file is begun.
    """
    flags = open_flags(os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0))
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, flags, 0o666)  # minus the umask: the mode of the final file
    info = os.fstat(descriptor)
    if not stat.S_ISREG(info.st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is not a regular file")
    if info.st_nlink > 1 and os.name != "nt":
        os.close(descriptor)
        os.unlink(path)
        descriptor = os.open(path, flags | os.O_EXCL, 0o666)
    return os.fdopen(descriptor, "r+b", buffering=0)
