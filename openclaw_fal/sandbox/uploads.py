"""fal's storage API: initiate an upload, then PUT the bytes to the URL in the answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from openclaw_fal.sandbox.addresses import addresses_of
from openclaw_fal.sandbox.answers import failure
from openclaw_fal.sandbox.dials import Dials
from openclaw_fal.sandbox.http1 import Request, Response
from openclaw_fal.sandbox.state import SandboxState
from openclaw_fal.sandbox.storage import Upload

_MAX_PARTS = 10_000


def initiate(sandbox: SandboxState, request: Request, dials: Dials) -> Response:
    """Start an upload of one file in one request."""
    return _initiate(sandbox, request, dials, multipart=False)


def initiate_multipart(sandbox: SandboxState, request: Request, dials: Dials) -> Response:
    """Start an upload of one file in parts."""
    return _initiate(sandbox, request, dials, multipart=True)


def token(sandbox: SandboxState, request: Request, dials: Dials) -> Response:
    """A token for the CDN's own upload API, which fal's Python client uses."""
    expires = datetime.now(UTC) + timedelta(hours=1)
    return Response.of(
        {
            "token": sandbox.ids.uuid(),
            "token_type": "Bearer",
            "base_url": addresses_of(request).cdn,
            "expires_at": expires.isoformat(),
        }
    )


def put(sandbox: SandboxState, request: Request, dials: Dials) -> Response:
    """Receive the whole file, or the part `/<n>` of a multipart upload."""
    parts = request.segments
    upload = sandbox.upload(parts[1]) if len(parts) > 1 else None
    if upload is None or request.query.get("signature") != signature(upload):
        return failure(403, "The upload address is not valid")
    if not upload.multipart:
        sandbox.storage.receive(upload, request)
        return Response.of({"size": upload.size})
    number = parts[-1]
    if not (number.isdigit() and 1 <= int(number) <= _MAX_PARTS):
        return failure(400, "a part number is wanted")
    etag = sandbox.storage.receive_part(upload, int(number), request)
    return Response.of({"partNumber": int(number), "etag": etag}, etag=etag)


def complete(sandbox: SandboxState, request: Request, dials: Dials) -> Response:
    """Complete a multipart upload."""
    parts = request.segments
    upload = sandbox.upload(parts[1])
    if upload is None or request.query.get("signature") != signature(upload):
        return failure(403, "The upload address is not valid")
    return join(sandbox, upload, request)


def join(sandbox: SandboxState, upload: Upload, request: Request) -> Response:
    """Join the parts that the request's body lists."""
    try:
        parts = _object(request)["parts"]
        listed = [(int(part["partNumber"]), str(part["etag"])) for part in parts]
    except (KeyError, TypeError, ValueError):
        return failure(422, "a list of parts with partNumber and etag is wanted")
    error = sandbox.storage.join(upload, listed)
    return failure(400, error) if error else Response.of({"file_url": upload.url})


def new_upload(
    sandbox: SandboxState, request: Request, name: str, content_type: str, *, multipart: bool
) -> Upload:
    """A new upload, with an id and a URL."""
    safe = quote(name.replace("/", "_").replace("\\", "_")[:200] or "upload.bin", safe="")
    upload = Upload(sandbox.ids.uuid(), name, content_type, multipart)
    upload.url = f"{addresses_of(request).media}/{upload.id}/{safe}"
    sandbox.storage.start(upload)
    return upload


def signature(upload: Upload) -> str:
    """The `signature` in the query of the upload URL."""
    return upload.id.replace("-", "")[::-1]


def _initiate(
    sandbox: SandboxState, request: Request, dials: Dials, *, multipart: bool
) -> Response:
    try:
        body = _object(request)
        name, content_type = body["file_name"], body["content_type"]
    except (KeyError, TypeError, ValueError):
        return failure(422, [_missing(name) for name in ("file_name", "content_type")])
    if not isinstance(name, str) or not isinstance(content_type, str):
        return failure(422, "file_name and content_type are text")
    upload = new_upload(sandbox, request, name, content_type, multipart=multipart)
    base = f"{addresses_of(request).cdn}/upload/{upload.id}/{upload.url.rpartition('/')[2]}"
    url = dials.upload_url or f"{base}?signature={signature(upload)}"
    return Response.of({"upload_url": url, "file_url": upload.url})


def _object(request: Request) -> dict[str, Any]:
    """The JSON object in a body. Raises TypeError or ValueError."""
    body = request.json()
    if not isinstance(body, dict):
        raise TypeError
    return body


def _missing(name: str) -> dict[str, object]:
    return {"loc": ["body", name], "msg": "Field required", "type": "missing", "input": {}}
