"""Stores uploaded files on disk, for fal's storage API and for the CDN's upload API."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from openclaw_fal.sandbox.http1 import CHUNK, Request


@dataclass
class Upload:
    """A started or complete upload. `size` and `sha256` are of the complete file; `parts` are the
    path, size and etag of each part by its number."""

    id: str
    file_name: str
    content_type: str
    multipart: bool = False
    url: str = ""
    size: int = 0
    sha256: str = ""
    complete: bool = False
    path: Path | None = None
    parts: dict[int, tuple[Path, int, str]] = field(default_factory=dict)

    def data(self) -> bytes:
        """The bytes of a complete upload that is still stored, else nothing."""
        return self.path.read_bytes() if self.path else b""


class Storage:
    """Uploads in a folder. The oldest are removed beyond a count and a size in bytes (`held`)."""

    def __init__(self, folder: Path, *, count: int = 500, held: int = 1 << 30) -> None:
        self._folder = folder
        self._uploads: OrderedDict[str, Upload] = OrderedDict()
        self._limits = (count, held)
        self._lock = threading.Lock()
        self._serial = 0

    def all(self) -> list[Upload]:
        with self._lock:
            return list(self._uploads.values())

    def get(self, upload_id: str) -> Upload | None:
        with self._lock:
            return self._uploads.get(upload_id)

    def start(self, upload: Upload) -> None:
        with self._lock:
            self._uploads[upload.id] = upload

    def receive(self, upload: Upload, request: Request) -> None:
        """Receive a whole file in one request."""
        path, size, digest = self._save(_body(request))
        with self._lock:
            self._drop(upload)
            upload.path, upload.size, upload.sha256, upload.complete = path, size, digest, True
            self._evict()

    def receive_part(self, upload: Upload, number: int, request: Request) -> str:
        """Receive one part. Returns its etag."""
        path, size, digest = self._save(_body(request))
        with self._lock:
            old = upload.parts.get(number)
            upload.parts[number] = (path, size, f'"{digest[:32]}"')
        if old:
            old[0].unlink(missing_ok=True)
        return f'"{digest[:32]}"'

    def join(self, upload: Upload, wanted: list[tuple[int, str]]) -> str | None:
        """Complete a multipart upload from (part number, etag) pairs. Returns an error, or None."""
        with self._lock:
            known = dict(upload.parts)
        if not wanted:
            return "no parts"
        for number, etag in wanted:
            if number not in known or known[number][2].strip('"') != etag.strip('"'):
                return f"part {number} was not uploaded, or has another etag"
        if {number for number, _ in wanted} != set(known):
            return "a part is missing from the list"
        parts = [known[number] for number in sorted(known)]
        chunks = (chunk for path, size, _ in parts for chunk in file_range(path, 0, size))
        path, size, digest = self._save(chunks)
        for part, _, _ in parts:
            part.unlink(missing_ok=True)
        with self._lock:
            upload.parts.clear()
            upload.path, upload.size, upload.sha256, upload.complete = path, size, digest, True
            self._evict()
        return None

    def serve(self, upload: Upload) -> tuple[int, Path] | None:
        """Size and path of a complete file that is still stored."""
        with self._lock:
            return (upload.size, upload.path) if upload.complete and upload.path else None

    @property
    def held(self) -> int:
        """Bytes on disk."""
        with self._lock:
            return self._held()

    def _held(self) -> int:
        return sum(
            upload.size + sum(part[1] for part in upload.parts.values())
            for upload in self._uploads.values()
        )

    def _save(self, chunks: Iterable[bytes]) -> tuple[Path, int, str]:
        """Write a new file. Returns its path, its size and its SHA-256."""
        path = self._new_path()
        digest, size = hashlib.sha256(), 0
        try:
            with path.open("wb") as out:
                for chunk in chunks:
                    out.write(chunk)
                    digest.update(chunk)
                    size += len(chunk)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return path, size, digest.hexdigest()

    def _new_path(self) -> Path:
        with self._lock:
            self._serial += 1
            return self._folder / f"upload-{self._serial}"

    def _evict(self) -> None:
        count, held = self._limits
        while len(self._uploads) > 1 and (len(self._uploads) > count or self._held() > held):
            _, upload = self._uploads.popitem(last=False)
            self._drop(upload)
            for path, _, _ in upload.parts.values():
                path.unlink(missing_ok=True)

    def _drop(self, upload: Upload) -> None:
        if upload.path:
            upload.path.unlink(missing_ok=True)
            upload.path = None


def _body(request: Request) -> Iterator[bytes]:
    assert request.reader is not None
    return request.reader.chunks()


def file_range(path: Path, start: int, stop: int) -> Iterator[bytes]:
    """The bytes of a file from start to stop, in chunks."""
    with path.open("rb") as source:
        source.seek(start)
        remaining = stop - start
        while remaining > 0 and (chunk := source.read(min(CHUNK, remaining))):
            remaining -= len(chunk)
            yield chunk
