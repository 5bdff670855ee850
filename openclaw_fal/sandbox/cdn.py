"""The media host: downloads with ranges, and the upload API of fal's Python client."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator

from openclaw_fal.sandbox import uploads
from openclaw_fal.sandbox.answers import failure
from openclaw_fal.sandbox.dials import Dials
from openclaw_fal.sandbox.http1 import Request, Response
from openclaw_fal.sandbox.media.library import Blob
from openclaw_fal.sandbox.state import SandboxState
from openclaw_fal.sandbox.storage import Upload, file_range


def serve(sandbox: SandboxState, request: Request, dials: Dials) -> Response:
    """Serve a generated or uploaded file, whole or in part."""
    sandbox.wait(dials.media_latency)
    blob = generated_file(sandbox, request.path, dials)
    if blob is not None:
        return _ranged(request, dials, blob.size, blob.content_type, blob.read)
    parts = request.segments
    upload = sandbox.upload(parts[1]) if len(parts) == 3 else None
    stored = sandbox.storage.serve(upload) if upload else None
    if upload is None or stored is None:
        return failure(404, "Not Found")
    size, path = stored
    content_type = dials.media_type or upload.content_type
    return _ranged(
        request, dials, size, content_type, lambda start, stop: file_range(path, start, stop)
    )


def exists(sandbox: SandboxState, path: str) -> bool:
    """Whether there is a file at the path."""
    if sandbox.library.get(path) is not None:
        return True
    parts = path.strip("/").split("/")
    upload = sandbox.upload(parts[1]) if len(parts) == 3 else None
    return upload is not None and sandbox.storage.serve(upload) is not None


def generated_file(sandbox: SandboxState, path: str, dials: Dials) -> Blob | None:
    """The generated file at a path; None if there is none."""
    spec = sandbox.library.get(path)
    if spec is None:
        return None
    data = sandbox.library.render(spec)
    size = dials.media_bytes or len(data)
    return Blob(size, dials.media_type or spec.content_type, data[:size])


def upload(sandbox: SandboxState, request: Request, dials: Dials) -> Response:
    """Receive a whole file in one request."""
    upload = _begin(sandbox, request, multipart=False)
    sandbox.storage.receive(upload, request)
    return Response.of({"access_url": upload.url})


def begin(sandbox: SandboxState, request: Request, dials: Dials) -> Response:
    """Begin a multipart upload."""
    upload = _begin(sandbox, request, multipart=True)
    return Response.of({"access_url": upload.url, "uploadId": upload.id})


def part(sandbox: SandboxState, request: Request, dials: Dials) -> Response:
    """Receive one part: `PUT /files/<id>/<name>/multipart/<id>/<n>`."""
    parts = request.segments
    upload = sandbox.upload(parts[1])
    if upload is None or not upload.multipart or not parts[-1].isdigit():
        return failure(404, "Not Found")
    etag = sandbox.storage.receive_part(upload, int(parts[-1]), request)
    return Response.of({"partNumber": int(parts[-1]), "etag": etag}, etag=etag)


def complete(sandbox: SandboxState, request: Request, dials: Dials) -> Response:
    """Complete a multipart upload."""
    upload = sandbox.upload(request.segments[1])
    return uploads.join(sandbox, upload, request) if upload else failure(404, "Not Found")


def _begin(sandbox: SandboxState, request: Request, *, multipart: bool) -> Upload:
    name = request.headers.get("x-fal-file-name", "upload.bin")
    kind = request.headers.get("content-type", "application/octet-stream")
    return uploads.new_upload(sandbox, request, name, kind, multipart=multipart)


def _ranged(
    request: Request,
    dials: Dials,
    size: int,
    content_type: str,
    read: Callable[[int, int], Iterator[bytes]],
) -> Response:
    etag = f'"{size:x}-{zlib.crc32(request.path.encode()):x}"'
    headers = [("content-type", content_type), ("etag", etag)]
    start, stop, status = 0, size, 200
    if dials.ranges:
        headers.append(("accept-ranges", "bytes"))
        unchanged = request.headers.get("if-range", etag) == etag
        requested = _range(request.headers.get("range", ""), size) if unchanged else None
        if requested == (0, 0):
            return Response(416, b"", [("content-range", f"bytes */{size}")])
        if requested:
            start, stop = requested
            status = 206
            headers.append(("content-range", f"bytes {start}-{stop - 1}/{size}"))
    response = Response(status, read(start, stop), headers, length=stop - start)
    response.pace = dials.bandwidth
    return response


def _range(text: str, size: int) -> tuple[int, int] | None:
    """Start and stop of a Range header; None without one, (0, 0) if it is not satisfiable."""
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", text.strip())
    if not match or match[0] == "bytes=-":
        return None
    if not match[1]:
        start, stop = max(0, size - int(match[2])), size
    else:
        start = int(match[1])
        stop = min(size, int(match[2]) + 1) if match[2] else size
    return (start, stop) if start < stop else (0, 0)
