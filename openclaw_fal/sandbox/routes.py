"""From a request to the phase that it belongs to and the handler that answers it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from openclaw_fal.sandbox import cdn, control, models, platform, queue, runs, uploads
from openclaw_fal.sandbox.answers import failure
from openclaw_fal.sandbox.dials import Dials
from openclaw_fal.sandbox.http1 import Request, Response
from openclaw_fal.sandbox.world import World

Handler = Callable[[World, Request, Dials], Response]


@dataclass(frozen=True, slots=True)
class Route:
    """`phase` is the word that dials know. `public` wants no key, `token` takes the CDN's token
    too, `streamed` reads the body itself."""

    phase: str
    handler: Handler
    public: bool = False
    streamed: bool = False
    token: bool = False


_NOT_FOUND = Route("other", lambda world, request, dials: failure(404, "Not Found"), public=True)
_WRONG_METHOD = Route(
    "other", lambda world, request, dials: failure(405, "Method Not Allowed"), public=True
)
_STORAGE = {
    "/storage/upload/initiate": Route("initiate", uploads.initiate),
    "/storage/upload/initiate-multipart": Route("initiate", uploads.initiate_multipart),
    "/storage/auth/token": Route("initiate", uploads.token),
}
_JWKS = Route("other", platform.jwks, public=True)
_QUEUE = {
    "status": ("GET", Route("status", queue.status)),
    "status/stream": ("GET", Route("stream", queue.stream)),
    "cancel": ("PUT", Route("cancel", queue.cancel)),
    "": ("GET", Route("result", queue.result)),
}


def route(request: Request) -> Route:
    """The route of a request on its role's host."""
    role, path = request.role, request.path
    if role in ("all", "rest"):
        if path in _STORAGE:
            return _STORAGE[path] if request.method == "POST" else _WRONG_METHOD
        if path == "/.well-known/jwks.json":
            return _JWKS
    if role in ("all", "media") and path.startswith(("/files/", "/upload/")):
        return _media_route(request)
    if role in ("all", "api") and path.startswith("/v1/"):
        return Route("platform", platform.answer, public=path == "/v1/models")
    if role in ("all", "queue"):
        matched = _request_route(request)
        if matched:
            return matched
    if role == "all" and path.startswith(control.PREFIX):
        return Route("control", control.answer, public=True)
    if role == "all" and path == "/":
        return Route("other", platform.hello, public=True)
    if role in ("all", "run", "queue"):
        return _model_route(request)
    return _NOT_FOUND


def _request_route(request: Request) -> Route | None:
    """`/owner/app/requests/<id>[/status[/stream]|/cancel]`."""
    parts = request.segments
    if "requests" not in parts[2:4]:
        return None
    at = parts.index("requests", 2)
    method, matched = _QUEUE.get("/".join(parts[at + 2 :]), ("", _NOT_FOUND))
    if len(parts) < at + 2:
        return _NOT_FOUND
    return matched if request.method == method or matched is _NOT_FOUND else _WRONG_METHOD


def _model_route(request: Request) -> Route:
    if request.method != "POST":
        return _WRONG_METHOD if len(request.segments) > 1 else _NOT_FOUND
    if request.role == "queue" or (request.role == "all" and _wants_queue(request)):
        return Route("submit", queue.submit)
    return Route("sync", runs.run)


def _wants_queue(request: Request) -> bool:
    """Whether a model POST on the combined address is a submit.

    Our tool says so with the priority header. OpenClaw, and anybody else with one base URL, submits
    videos and runs everything else synchronously.
    """
    headers = request.headers
    if "x-fal-queue-priority" in headers or "fal_webhook" in request.query:
        return True
    return models.makes(request.path.strip("/")) == "video"


def _media_route(request: Request) -> Route:
    parts = request.segments
    if request.method in ("GET", "HEAD"):
        return Route("media", cdn.serve, public=True)
    if parts[0] == "upload":
        if request.method == "PUT":
            return Route("upload", uploads.put, public=True, streamed=True)
        done = request.method == "POST" and parts[-1] == "complete"
        return Route("initiate", uploads.complete, public=True) if done else _WRONG_METHOD
    if request.method == "POST" and parts[1:] == ["upload"]:
        return Route("upload", cdn.upload, streamed=True, token=True)
    if request.method == "POST" and parts[1:] == ["upload", "multipart"]:
        return Route("initiate", cdn.begin, token=True)
    if "multipart" in parts:
        if request.method == "PUT":
            return Route("upload", cdn.part, streamed=True, token=True)
        if request.method == "POST" and parts[-1] == "complete":
            return Route("initiate", cdn.complete, token=True)
    return _WRONG_METHOD
