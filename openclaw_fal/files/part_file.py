"""A download on its way: a part file beside the target, then a final name that nobody has.

A file stands under its final name only when it is complete and on the disk. Two processes that want
the same name both get one: taking a name is one atomic step that fails when the name is taken.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO

from openclaw_fal.errors import LocalError, Unreachable
from openclaw_fal.files import naming, sniff
from openclaw_fal.files.measure import measure
from openclaw_fal.files.sniff import FileType
from openclaw_fal.media import Output, RemoteFile, cut_data_uri
from openclaw_fal.text import reason

if TYPE_CHECKING:
    from openclaw_fal.files.outputs import OutputTarget

_NO_MEDIA = {sniff.HTML: "a web page", sniff.JSON: "JSON", sniff.XML: "XML"}
_NO_LINKS = {
    errno.EPERM,
    errno.EACCES,
    errno.ENOSYS,
    errno.EOPNOTSUPP,
    errno.ENOTSUP,
    errno.EMLINK,
    errno.EINVAL,
    errno.EXDEV,
}


class PartFile:
    """The part file of output `index` (from 0) of `count`; a sink for downloads.

    One that an earlier process left behind for the same job and output is taken up where it ends:
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
        folder, name, _ = self._place("part")
        stem = name.lstrip(".")[:40] or "output"
        self.path = folder / f".{stem}.{job_id}-{index + 1}{suffix}"
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

    def close(self) -> None:
        """Close the part file and leave it for whoever picks the job up."""
        self._file.close()

    def discard(self) -> None:
        """Close the part file and remove it."""
        self.close()
        with suppress(OSError):
            self.path.unlink(missing_ok=True)

    def finish(self, remote: RemoteFile) -> Output:
        """Give the complete file its final name; of `remote` only hints about its type are used.

        The name follows the bytes. Raises `Unreachable` for bytes that cannot be media, and drops
        them so that the next attempt fetches the file anew; `LocalError` when the file cannot be
        put in place, and keeps the part file.
        """
        kind = self._kind(remote)
        facts = measure(self._file, self._offset, kind)
        self.sync()
        self.close()
        _, name, number = self._place(kind.extension if kind else "bin")
        stem, extension = naming.split_extension(name, kind)
        names = naming.candidates(stem, extension, number, self._job_id)
        path = claim(self.path, names, self._job_id)
        return Output(
            path=path,
            mime_type=kind.mime_type if kind else "application/octet-stream",
            size=self._offset,
            url=cut_data_uri(remote.url),
            width=facts.width,
            height=facts.height,
            duration=facts.duration,
        )

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
        found = sniff.sniff(head)
        if what := self._no_media(head, found, remote):
            self.restart()
            raise Unreachable(
                f"the media host sent {what} in the place of the {self._target.kind} file",
                hint=f"openclaw jobs wait {self._job_id}",
                job_id=self._job_id,
            )
        declared = sniff.by_mime_type(remote.content_type)
        declared = declared or sniff.by_extension(remote.file_name or "")
        return found or (None if declared in sniff.SIGNED else declared)

    def _no_media(self, head: bytes, found: FileType | None, remote: RemoteFile) -> str | None:
        """What has come in the place of the file, if that cannot be the file."""
        if self._offset == 0:
            return "an empty file"
        if found is not None:
            return _NO_MEDIA.get(found)
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


def claim(part: Path, names: Iterable[str], job_id: str) -> Path:
    """Move `part` to the first of `names`, in its folder, that nobody has; returns the path.

    Whatever stands under a name counts: a file, a folder, a link that leads nowhere.
    """
    try:
        for name in names:
            final = part.with_name(name)
            with suppress(FileExistsError):
                _move(part, final)
                _sync_folder(final.parent)
                return final
    except OSError as failure:
        raise LocalError(
            f"{part} is complete but cannot be given its name: {reason(failure)}",
            hint=f"openclaw jobs wait {job_id}",
            job_id=job_id,
        ) from failure
    raise LocalError(f"every name for {part} is taken", job_id=job_id)


def _move(part: Path, final: Path) -> None:
    """Rename, or raise FileExistsError. Both names are in one folder."""
    if os.name == "nt":
        os.rename(part, final)  # fails there when `final` exists
        return
    try:
        os.link(part, final, follow_symlinks=False)
    except OSError as failure:
        if failure.errno not in _NO_LINKS:
            raise
        # No hard links here (FAT, some network and phone storage). The name is taken with an empty
        # file first: for a moment, and after a crash at this moment, it is empty. It is never
        # partly written, and never somebody else's.
        os.close(os.open(final, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        try:
            os.replace(part, final)
        except OSError:
            os.unlink(final)
            raise
        return
    os.unlink(part)


def _opened(path: Path) -> BinaryIO:
    """The part file for reading and writing, made if it is missing, folder included.

    A link or special file in its place is an error. A file with a second name was given that name
    by a process that died right then: it is left to that name, and a new one is begun.
    """
    flags = os.O_RDWR | os.O_CREAT
    for name in ("O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"):
        flags |= getattr(os, name, 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, flags, 0o666)  # the final mode: the umask has its say here
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is not a regular file")
    if found.st_nlink > 1 and os.name != "nt":
        os.close(descriptor)
        os.unlink(path)
        descriptor = os.open(path, flags | os.O_EXCL, 0o666)
    return os.fdopen(descriptor, "r+b", buffering=0)


def _sync_folder(folder: Path) -> None:
    """Put the new name on the disk, where the system can."""
    if os.name == "nt":
        return
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
