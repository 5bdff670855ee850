"""Local reference files: their type and size, and their bytes as data URIs.

Only regular files are read: reading a pipe or a device could block for ever.
"""

from __future__ import annotations

import io
import os
import re
import stat
import sys
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from openclaw_fal.atomic import open_flags
from openclaw_fal.errors import LocalError
from openclaw_fal.files import naming, sniff
from openclaw_fal.files.measure import measure
from openclaw_fal.files.sniff import FileType
from openclaw_fal.frozen import Frozen
from openclaw_fal.media import Reference
from openclaw_fal.text import reason

INLINE_FILE_LIMIT = 4 * 1024 * 1024
"""The largest file that is sent as a data URI, in bytes; fal advises them for small files only."""

INLINE_TOTAL_LIMIT = 6 * 1024 * 1024
"""The most bytes that are sent as data URIs in one request: 8 MiB in base64, below the 10 MB above
which fal refuses a body."""

STDIN_LIMIT = 200 * 1024 * 1024
"""The most bytes that are read from standard input."""

_CHUNK = 3 * 256 * 1024  # a multiple of 3: base64 without padding in between

_SPECIAL = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
)


class LocalFile(Frozen):
    """A reference file whose type is known. `data` is set for standard input, else `path`.

    `name` is safe to send and has the extension of the file's type. `key` is equal for two
    references to the same file.
    """

    name: str
    size: int
    mime_type: str
    path: Path | None = None
    data: bytes | None = None
    key: tuple[object, ...] = ()

    def __repr__(self) -> str:
        return f"LocalFile({self.name}, {self.size} bytes)"

    def open(self) -> BinaryIO:
        """Open the file for reading. Raises `LocalError` if its size has changed."""
        if self.data is not None:
            return io.BytesIO(self.data)
        assert self.path is not None
        file, info = _open_regular(str(self.path), self.path)
        if info.st_size != self.size:
            file.close()
            raise LocalError(f"{self.path} changed while it was being used")
        return file


def load(reference: Reference, *, stdin: BinaryIO | None = None) -> LocalFile:
    """Find the type and size of a local reference file; `-` is read from `stdin` (default: that of
    the process).

    Raises `LocalError` for a file that is missing, empty, unreadable, not regular, or of a type
    that its option does not take (a PDF given as an image).
    """
    source = reference.source
    if source == "-":
        return _from_stdin(reference, stdin or getattr(sys.stdin, "buffer", None))
    if not source or "\0" in source:
        raise LocalError(f"the path of the reference {reference.media} is empty or holds a NUL")
    source = _local_path(source)
    if "://" in source or source[:5].lower() == "data:":
        raise LocalError(
            f"{_shown(source)} is neither a file nor an http(s) URL",
            hint="give the path of a file, an http(s) URL, or - for standard input",
        )
    path = Path(os.path.abspath(os.path.expanduser(source)))
    file, info = _open_regular(source, path)
    with file:
        if info.st_size == 0:
            raise LocalError(f"{source} is empty")
        try:
            kind, mime_type = _type_of(reference, file, info.st_size, source)
        except OSError as failure:
            raise LocalError(f"{source} cannot be read: {reason(failure)}") from failure
    extension = kind.extension if kind else "bin"
    return LocalFile(
        name=f"{naming.slug(path.stem, reference.media)}.{extension}",
        size=info.st_size,
        mime_type=mime_type,
        path=path,
        key=(info.st_dev, info.st_ino) if info.st_ino else (str(path),),
    )


def check_url(source: str) -> str:
    """The URL, unchanged. Raises `LocalError` if it is not a valid http(s) URL."""
    try:
        parts = urlsplit(source)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    broken = any(char.isspace() or not char.isprintable() or char == "\\" for char in source)
    if not host or broken or parts.scheme.lower() not in ("http", "https"):
        raise LocalError(f"{_shown(source)} is not a valid http(s) URL")
    return source


def data_uri(local: LocalFile) -> str:
    """The file as `data:<mime>;base64,…`. Needs about 2.7 times the file's size in memory."""
    encoded = bytearray(f"data:{local.mime_type};base64,", "ascii")
    remaining = local.size
    try:
        with local.open() as file:
            while remaining > 0:
                chunk = file.read(min(_CHUNK, remaining))
                if not chunk:
                    raise LocalError(f"{local.path} became shorter while it was being read")
                remaining -= len(chunk)
                encoded += b64encode(chunk)
    except OSError as failure:
        raise LocalError(f"{local.path} cannot be read: {reason(failure)}") from failure
    return encoded.decode("ascii")


def digest(local: LocalFile) -> str:
    """The SHA-256 of the file, in hexadecimal."""
    from hashlib import sha256

    digest = sha256()
    try:
        with local.open() as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except OSError as failure:
        raise LocalError(f"{local.path} cannot be read: {reason(failure)}") from failure
    return digest.hexdigest()


def must_upload(sizes: Sequence[int]) -> set[int]:
    """The indices of the files to upload to fal's storage, as they are too large for the request.

    `sizes` are in bytes. Files over `INLINE_FILE_LIMIT` are uploaded, and the largest of the others
    until the remaining ones fit into `INLINE_TOTAL_LIMIT`.
    """
    inline = sorted(range(len(sizes)), key=sizes.__getitem__)
    total = sum(sizes)
    upload: set[int] = set()
    while inline and (sizes[inline[-1]] > INLINE_FILE_LIMIT or total > INLINE_TOTAL_LIMIT):
        largest = inline.pop()
        total -= sizes[largest]
        upload.add(largest)
    return upload


def _from_stdin(reference: Reference, stdin: BinaryIO | None) -> LocalFile:
    try:
        data = stdin.read(STDIN_LIMIT + 1) if stdin else b""
    except (OSError, ValueError) as failure:
        raise LocalError(f"standard input cannot be read: {failure}") from failure
    if not data:
        raise LocalError(f"standard input is empty; a reference {reference.media} was expected")
    if len(data) > STDIN_LIMIT:
        raise LocalError(
            f"standard input holds more than {STDIN_LIMIT // 2**20} MiB",
            hint="give the file itself",
        )
    kind, mime_type = _type_of(reference, io.BytesIO(data), len(data), "standard input")
    extension = kind.extension if kind else "bin"
    return LocalFile(f"stdin.{extension}", len(data), mime_type, data=data, key=("-",))


def _open_regular(source: str, path: Path) -> tuple[BinaryIO, os.stat_result]:
    """Open a regular file for reading. Its type is checked before it is opened, as opening a pipe
    would block, and again afterwards, as it may have been replaced."""
    try:
        _refuse_special(source, os.stat(path).st_mode)
        descriptor = os.open(path, open_flags(os.O_RDONLY))
        file = os.fdopen(descriptor, "rb")
        info = os.fstat(descriptor)
    except FileNotFoundError as failure:
        where = "is a link that leads nowhere" if os.path.islink(path) else "does not exist"
        raise LocalError(
            f"the reference file {_shown(source)} {where}",
            hint=f"the current folder is {os.getcwd()}; last is the newest file made here",
        ) from failure
    except (OSError, ValueError) as failure:
        why = reason(failure) if isinstance(failure, OSError) else str(failure)
        raise LocalError(f"the reference file {_shown(source)} cannot be read: {why}") from failure
    try:
        _refuse_special(source, info.st_mode)
    except LocalError:
        file.close()
        raise
    return file, info


def _refuse_special(source: str, mode: int) -> None:
    if stat.S_ISREG(mode):
        return
    what = next((words for test, words in _SPECIAL if test(mode)), "no regular file")
    hint = "a pipe can be given as -" if stat.S_ISFIFO(mode) else None
    raise LocalError(f"the reference file {source} is {what}, not a file", hint=hint)


def _type_of(
    reference: Reference, file: BinaryIO, size: int, source: str
) -> tuple[FileType | None, str]:
    """The type of a file by its bytes; if they do not show it, by the extension of its name.

    Raises `LocalError` for a type that the option does not take.
    """
    head = file.read(sniff.HEAD)
    kind = sniff.sniff(head)
    if kind in (sniff.MP4, sniff.MOV) and reference.media == "audio":
        picture = measure(file, size, kind).width
        kind = kind if picture else sniff.M4A
    if kind is None:
        kind = None if sniff.is_text(head) else sniff.by_extension(source)
    if kind and kind.media == reference.media:
        return kind, kind.mime_type
    what = kind.mime_type if kind else "text" if sniff.is_text(head) else "of an unknown type"
    article = "an" if reference.media in ("image", "audio") else "a"
    raise LocalError(f"{_shown(source)} is not {article} {reference.media} file: it is {what}")


def _local_path(source: str) -> str:
    """The path that a reference stands for. Accepts `file:` URLs, as file managers copy them, and
    the quotes, spaces and backslashes that terminals put into the path of a file dragged there."""
    if not os.path.lexists(source):
        bare = source.strip()
        if len(bare) > 1 and bare[0] == bare[-1] and bare[0] in "'\"":
            bare = bare[1:-1]
        if os.name != "nt" and not os.path.lexists(bare):
            bare = re.sub(r"\\(.)", r"\1", bare)
        if bare != source and (os.path.lexists(bare) or bare[:5].lower() == "file:"):
            source = bare
    if source[:5].lower() != "file:":
        return source
    from urllib.parse import unquote

    parts = urlsplit(source)
    if parts.netloc.lower() not in ("", "localhost"):
        raise LocalError(
            f"{_shown(source)} is on another machine", hint="give the path of a file on this one"
        )
    path = unquote(parts.path)
    drive = os.name == "nt" and len(path) > 2 and path[2] == ":"  # /C:/pictures/a.png
    return path[1:] if drive else path


def _shown(source: str) -> str:
    return source if len(source) <= 200 else source[:199] + "…"
