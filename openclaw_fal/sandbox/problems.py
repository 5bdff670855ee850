"""The errors that fal answers instead of a result."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """An error response: HTTP status, fal's `detail` and error type."""

    status: int
    detail: object
    error_type: str = ""


NO_OUTPUT = Problem(500, "The model gave no output.")
CANCELLED = Problem(499, "Request was cancelled.", "request_cancelled")
START_TIMEOUT = Problem(
    504, "Request timed out before it started (X-Fal-Request-Timeout).", "request_timeout"
)
CONTENT_POLICY = Problem(
    422,
    [
        {
            "loc": ["body", "prompt"],
            "msg": "The content could not be processed because it contained material "
            "flagged by a content checker.",
            "type": "content_policy_violation",
            "url": "https://docs.fal.ai/errors#content_policy_violation",
            "ctx": {"extra_info": {"reason": "sandbox"}},
        }
    ],
    "content_policy_violation",
)
