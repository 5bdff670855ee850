"""Finds the handler of a request, and the phase that faults name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from openclaw_fal.sandbox import cdn, control, models, platform, queue, runs, uploads
from openclaw_fal.sandbox.answers import failure
from openclaw_fal.sandbox.dials import Dials
from openclaw_fal.sandbox.http1 import Request, Response
from openclaw_fal.sandbox.state import SandboxState

Handler = Callable[[SandboxState, Request, Dials], Response]


@dataclass(frozen=True, slots=True)
class Route:
    """`phase` is its name in faults. `public`: needs no key. `token`: accepts the CDN's token, too.
    `streamed`: the handler reads the body itself."""

    phase: str
    handler: Handler
    public: bool = False
    streamed: bool = False
    token: bool = False


_NOT_FOUND = Route("other", lambda sandbox, request, dials: failure(404, "Not Found"), public=True)
_WRONG_METHOD = Route(
    "other", lambda sandbox, request, dials: failure(405, "Method Not Allowed"), public=True
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


def route_of(request: Request) -> Route:
    """The route of a request, by its role, path and method."""
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
        job_route = _job_route(request)
        if job_route:
            return job_route
    if role == "all" and path.startswith(control.PREFIX):
        return Route("control", control.answer, public=True)
    if role == "all" and path == "/":
        return Route("other", platform.hello, public=True)
    if role in ("all", "run", "queue"):
        return _model_route(request)
    return _NOT_FOUND


def _job_route(request: Request) -> Route | None:
    """The route of `/owner/app/requests/<id>[/status[/stream]|/cancel]`; None for another path."""
    if request.job_path is None:
        return None
    _, request_id, action = request.job_path
    if not request_id or action not in _QUEUE:
        return _NOT_FOUND
    method, route = _QUEUE[action]
    return route if request.method == method else _WRONG_METHOD


def _model_route(request: Request) -> Route:
    if request.method != "POST":
        return _WRONG_METHOD if len(request.segments) > 1 else _NOT_FOUND
    if request.role == "queue" or (request.role == "all" and _wants_queue(request)):
        return Route("submit", queue.submit)
    return Route("sync", runs.run)


def _wants_queue(request: Request) -> bool:
    """Whether a POST to a model on the combined base URL is a submit.

    This program's submits have the priority header. OpenClaw, which knows one base URL only,
    submits videos and runs everything else synchronously.
    """
    headers = request.headers
    if "x-fal-queue-priority" in headers or "fal_webhook" in request.query:
        return True
    return models.output_kind(request.path.strip("/")) == "video"


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
