"""A download on its way: a part file beside the target, then a final name that nobody has.

A file stands under its final name only when it is complete and on the disk.
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
    """The part file of output `index` (from 0) of `count`; a sink for downloads.

    The part file of an earlier process for the same job and output is continued:
    `offset` bytes are there. `close` keeps the file, `finish` gives it its final name.
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
            self._file = _opened(self.path)
        except OSError as failure:
            raise self._local_error("cannot be made", failure) from failure
        self._offset = self._file.seek(0, os.SEEK_END)

    @property
    def offset(self) -> int:
        """The number of bytes that are there."""
        return self._offset

    def write(self, data: bytes) -> int:
        """Append `data`, all of it. Raises `LocalError` when the disk does not take it."""
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
        """Drop what is there."""
        try:
            self._file.seek(0)
            self._file.truncate()
        except OSError as failure:
            raise self._local_error("cannot be written", failure) from failure
        self._offset = 0

    def sync(self) -> None:
        """Return when the bytes are on the disk."""
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
        """Close the part file and leave it for whoever picks the job up."""
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
        """Give the complete file its final name; of `remote` only hints about its type are used.

        The name follows the bytes. `mark`, given the file and its MIME type, marks a copy of it,
        which then gets the name in its place. `before_naming` is called right before each attempt
        to take a name, with the output as it will be and the file's id, by which `has_its_name`
        knows the file again. Raises `Unreachable` for bytes that cannot be media, and drops them so
        that the next attempt fetches the file anew; `LocalError` when the file cannot be put in
        place, and keeps the part file.
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

        def announced(names: Iterable[str]) -> Iterator[str]:
            for name in names:
                path = self.path.with_name(name)
                if overwrite or not os.path.lexists(path):
                    if before_naming is not None:
                        before_naming(output(path), _file_id(info))
                    yield name

        _, name, number = self._place(kind.extension if kind else "bin")
        stem, extension = naming.split_extension(name, kind)
        names = naming.candidates(stem, extension, number, self._job_id)
        overwrite = self._target.overwrite and _is_name_asked_for(name, extension)
        path = named(marked.path, announced(names), self._job_id, overwrite=overwrite)
        if marked.path != self.path:
            self.discard()
        return self._with_sidecar(output(path), marked.sidecar)

    def _with_sidecar(self, output: Output, content: bytes | None) -> Output:
        """Write the sidecar beside the file. It costs nothing but a note when that fails."""
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
        """What the bytes are; where they do not tell, what fal says of them, unless files of that
        type always begin in a way that these do not."""
        self._file.seek(0)
        head = self._file.read(sniff.HEAD)
        kind = sniff.sniff(head)
        if what := self._no_media(head, kind, remote):
            self.restart()
            raise Unreachable(
                f"the media host sent {what} in the place of the {self._target.kind} file",
                hint=f"openclaw jobs wait {self._job_id}",
                job_id=self._job_id,
            )
        declared = sniff.by_mime_type(remote.content_type)
        declared = declared or sniff.by_extension(remote.file_name or "")
        return kind or (None if declared in sniff.ALWAYS_RECOGNISED else declared)

    def _no_media(self, head: bytes, kind: FileType | None, remote: RemoteFile) -> str | None:
        """What has come in the place of the file, if that cannot be the file."""
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


def _is_name_asked_for(name: str, extension: str) -> bool:
    """Whether a name with the extension that is true to the bytes is still the one asked for: a
    file of another type under the same stem is not what `--overwrite` was given for."""
    ending = Path(name).suffix.lower().lstrip(".")
    return ending not in sniff.MEDIA_EXTENSIONS or f".{ending}" == extension.lower()


def part_path(
    target: OutputTarget, job_id: str, index: int, count: int, seed: int | None, suffix: str
) -> Path:
    """Where the part file of output `index` (from 0) of `count` is."""
    folder, name, _ = target.place(
        job_id=job_id, index=index, count=count, seed=seed, extension="part"
    )
    stem = name.lstrip(".")[:40] or "output"
    return folder / f".{stem}.{job_id}-{index + 1}{suffix}"


def has_its_name(output: Output, file_id: str, part: Path) -> bool:
    """Whether a complete part file got its name from a process that died right then.

    If so, what is left of the part file `part` is removed: the name that the file may still have
    there, or the file as it was before it was marked.
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
    """What tells a file from any other on this machine, whatever its names."""
    return f"{info.st_dev}:{info.st_ino}"


def named(part: Path, names: Iterable[str], job_id: str, *, overwrite: bool = False) -> Path:
    """Give a complete part file the first of `names` that nobody has; returns the path. With
    `overwrite`, the first name is taken whatever file has it."""
    try:
        final = take_name(part, next(iter(names))) if overwrite else take_free_name(part, names)
    except OSError as failure:
        raise LocalError(
            f"{part} is complete but cannot be given its name: {reason(failure)}",
            hint=f"openclaw jobs wait {job_id}",
            job_id=job_id,
        ) from failure
    if final is None:
        raise LocalError(f"every name for {part} is taken", job_id=job_id)
    return final


def _opened(path: Path) -> BinaryIO:
    """The part file for reading and writing, made if it is missing, folder included.

    A link or special file in its place is an error. A file with a second name was given that name
    by a process that died right then: that name keeps it, and a new part file is begun.
    """
    flags = open_flags(os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0))
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, flags, 0o666)  # the final mode: the umask has its say here
    info = os.fstat(descriptor)
    if not stat.S_ISREG(info.st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is not a regular file")
    if info.st_nlink > 1 and os.name != "nt":
        os.close(descriptor)
        os.unlink(path)
        descriptor = os.open(path, flags | os.O_EXCL, 0o666)
    return os.fdopen(descriptor, "r+b", buffering=0)
