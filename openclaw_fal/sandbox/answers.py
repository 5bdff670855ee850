"""Error responses in the formats of fal's model hosts and of its platform API."""

from __future__ import annotations

from openclaw_fal.sandbox.http1 import Request, Response
from openclaw_fal.sandbox.problems import START_TIMEOUT, Problem

BAD_KEY = "sandbox-bad-key"
LOCKED_KEY = "sandbox-locked"
LOCKED = (
    "User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing."
)


def failure(status: int, detail: object, error_type: str = "") -> Response:
    """`{"detail": …, "error_type"?}`, with the type also in the header `x-fal-error-type`."""
    body: dict[str, object] = {"detail": detail}
    if error_type and isinstance(detail, str):
        body["error_type"] = error_type
    response = Response.of(body, status)
    if error_type:
        response.set_header("x-fal-error-type", error_type)
    return response


def problem_response(problem: Problem) -> Response:
    """The error response for a job without a result."""
    response = failure(problem.status, problem.detail, problem.error_type)
    if problem is START_TIMEOUT:
        response.set_header("x-fal-request-timeout-type", "user")
    return response


def platform_failure(status: int, kind: str, message: str) -> Response:
    """`{"error": {"type", "message"}}`. The request id is added later, as a header."""
    return Response.of({"error": {"type": kind, "message": message}}, status)


def refusal(request: Request, *, platform: bool = False, token: bool = False) -> Response | None:
    """401 or 403 when the key is missing or one of the two test keys that are refused; else None.
    `token`: a Bearer token is accepted, too."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    schemes = ("key", "bearer") if token else ("key",)
    if scheme.lower() not in schemes or not key.strip() or key.strip() == BAD_KEY:
        message = (
            "Authentication is required to access this application."
            if not key.strip()
            else "Invalid or expired credentials: no user found for this key."
        )
        if platform:
            return platform_failure(401, "authorization_error", message)
        return failure(401, message)
    if key.strip() == LOCKED_KEY:
        if platform:
            return platform_failure(403, "forbidden", LOCKED)
        return failure(403, LOCKED)
    return None
