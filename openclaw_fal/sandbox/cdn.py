"""The media host: files to fetch, with ranges; and the upload API of fal's Python client."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator

from openclaw_fal.sandbox import uploads
from openclaw_fal.sandbox.answers import failure
from openclaw_fal.sandbox.dials import Dials
from openclaw_fal.sandbox.http1 import Request, Response
from openclaw_fal.sandbox.media.library import Blob
from openclaw_fal.sandbox.storage import Upload, file_range
from openclaw_fal.sandbox.world import World


def serve(world: World, request: Request, dials: Dials) -> Response:
    """A made or an uploaded file, whole or in part."""
    world.wait(dials.media_latency)
    blob = made_file(world, request.path, dials)
    if blob is not None:
        return _ranged(request, dials, blob.size, blob.content_type, blob.read)
    parts = request.segments
    upload = world.upload(parts[1]) if len(parts) == 3 else None
    kept = world.storage.serve(upload) if upload else None
    if upload is None or kept is None:
        return failure(404, "Not Found")
    size, path = kept
    content_type = dials.media_type or upload.content_type
    return _ranged(
        request, dials, size, content_type, lambda start, stop: file_range(path, start, stop)
    )


def exists(world: World, path: str) -> bool:
    """Whether there is a file to fetch at the path."""
    if world.library.get(path) is not None:
        return True
    parts = path.strip("/").split("/")
    upload = world.upload(parts[1]) if len(parts) == 3 else None
    return upload is not None and world.storage.serve(upload) is not None


def made_file(world: World, path: str, dials: Dials) -> Blob | None:
    """The file that a result's URL stands for."""
    spec = world.library.get(path)
    if spec is None:
        return None
    data = world.library.render(spec)
    size = dials.media_bytes or len(data)
    return Blob(size, dials.media_type or spec.content_type, data[:size])


def upload(world: World, request: Request, dials: Dials) -> Response:
    """One request with the whole file."""
    upload = _begin(world, request, multipart=False)
    world.storage.receive(upload, request)
    return Response.of({"access_url": upload.url})


def begin(world: World, request: Request, dials: Dials) -> Response:
    """Begin a multipart upload."""
    upload = _begin(world, request, multipart=True)
    return Response.of({"access_url": upload.url, "uploadId": upload.id})


def part(world: World, request: Request, dials: Dials) -> Response:
    """`/files/<id>/<name>/multipart/<id>/<n>`."""
    parts = request.segments
    upload = world.upload(parts[1])
    if upload is None or not upload.multipart or not parts[-1].isdigit():
        return failure(404, "Not Found")
    etag = world.storage.receive_part(upload, int(parts[-1]), request)
    return Response.of({"partNumber": int(parts[-1]), "etag": etag}, etag=etag)


def complete(world: World, request: Request, dials: Dials) -> Response:
    """Join the parts."""
    upload = world.upload(request.segments[1])
    return uploads.join(world, upload, request) if upload else failure(404, "Not Found")


def _begin(world: World, request: Request, *, multipart: bool) -> Upload:
    name = request.headers.get("x-fal-file-name", "upload.bin")
    kind = request.headers.get("content-type", "application/octet-stream")
    return uploads.new_upload(world, request, name, kind, multipart=multipart)


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
        fresh = request.headers.get("if-range", etag) == etag
        asked = _range(request.headers.get("range", ""), size) if fresh else None
        if asked == (0, 0):
            return Response(416, b"", [("content-range", f"bytes */{size}")])
        if asked:
            start, stop = asked
            status = 206
            headers.append(("content-range", f"bytes {start}-{stop - 1}/{size}"))
    response = Response(status, read(start, stop), headers, length=stop - start)
    response.pace = dials.bandwidth
    return response


def _range(text: str, size: int) -> tuple[int, int] | None:
    """Start and stop of a range; None without one, (0, 0) if it cannot be met."""
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", text.strip())
    if not match or match[0] == "bytes=-":
        return None
    if not match[1]:
        start, stop = max(0, size - int(match[2])), size
    else:
        start = int(match[1])
        stop = min(size, int(match[2]) + 1) if match[2] else size
    return (start, stop) if start < stop else (0, 0)
