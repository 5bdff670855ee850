"""Turns error responses of fal and of gateways into errors with messages for the user."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from openclaw_fal.errors import (
    AuthError,
    BillingError,
    ContentPolicy,
    JobFailed,
    OpenClawFalError,
    RateLimited,
    TimedOut,
    Unreachable,
)
from openclaw_fal.fal.reports import CONTENT_POLICY, Report, report_of
from openclaw_fal.fal.wire import NotJson, billable_units, parse, request_id_of
from openclaw_fal.text import clean

KEY_HINT = "openclaw onboard stores another key"
BILLING_HINT = "see https://fal.ai/dashboard/billing"
UNCERTAIN = (
    "the request may have reached fal; it was not sent again, since that could be billed twice"
)

MESSAGES = {
    CONTENT_POLICY: "fal's content policy refused the request",
    "no_media_generated": "the model made no media for this input",
    "image_too_small": "a reference image is too small for this model",
    "image_too_large": "a reference image is too large for this model",
    "image_load_error": "a reference image could not be read by the model",
    "file_download_error": "fal could not download a reference file",
    "file_too_large": "a reference file is too large for this model",
    "generation_timeout": "the model took too long",
    "downstream_service_error": "a service behind the model failed",
    "downstream_service_unavailable": "a service behind the model is down",
    "request_timeout": "fal did not start the job in the time asked for",
    "startup_timeout": "fal could not start the model in time",
    "internal_server_error": "the model failed inside",
}
RUNNER = "the machine that runs the model failed"
# Failures of the model or its machines, which say nothing about the request.
_MODEL_DOWN = frozenset(
    {
        "generation_timeout", "startup_timeout", "request_timeout", "internal_server_error",
        "downstream_service_error", "downstream_service_unavailable",
    }
)  # fmt: skip
_LOCKED = r"(?i)locked|exhausted|balance|billing|payment|top up|credit"
# The title of an HTML page, or a storage service's XML: `<Error><Message>Request has expired…`.
_TITLE = r"(?is)<(title|message)\b[^>]*>(.{1,200}?)</\1>"


class Reply(NamedTuple):
    """A response that was read to its end. `headers` have lower-case names; the key is redacted
    from `body`."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def request_id(self) -> str | None:
        return request_id_of(self.headers.get("x-fal-request-id"))


def failure(
    reply: Reply, *, key: str | None, paid: bool = False, subject: str = "the request"
) -> OpenClawFalError:
    """The error for a response; a status below 400 counts as unexpected.

    `paid` marks the response to a POST that runs a model: fal may have accepted the request despite
    a 5xx, so the error then has may_have_arrived. `subject` names in messages what was asked for.
    """
    report = read_report(reply, key)
    error = _failure(reply, report, paid, subject)
    error.http_status = reply.status
    error.error_type = report.type
    error.request_id = reply.request_id
    error.may_be_billed = _may_be_billed(reply, error)
    return error


def _failure(reply: Reply, report: Report, paid: bool, subject: str) -> OpenClawFalError:
    status, message = reply.status, report.message
    if refused := _refusal(report):
        return refused
    if status == 401:
        return AuthError(_sentence("fal does not accept the API key", message), hint=KEY_HINT)
    if status == 402 or (status == 403 and re.search(_LOCKED, message)):
        return BillingError(
            _sentence("the fal account is locked or out of balance", message), hint=BILLING_HINT
        )
    if status == 403:
        return AuthError(
            _sentence(f"fal refused the API key for {subject}", message), hint=KEY_HINT
        )
    if status == 429:
        return RateLimited(_sentence("fal is too busy (429) and did not take the request", message))
    if status >= 500 or status == 408:
        return _server_failure(reply, report, paid)
    return JobFailed(_client_failure(reply, report, subject))


def _client_failure(reply: Reply, report: Report, subject: str) -> str:
    status, message = reply.status, report.message
    if ours := _message_for_types(report):
        return _sentence(ours, message)
    if status == 404:
        return _sentence(f"fal does not know {subject}", message)
    if status == 413:
        return _sentence("the request is too large for fal", message)
    if status in (400, 422):
        return _sentence("fal refused the request", message or "no reason given")
    if 300 <= status < 400:
        return f"fal answered {subject} with a redirect ({status}), which is not followed"
    return _sentence(f"fal answered {subject} with status {status}", message)


def _server_failure(reply: Reply, report: Report, paid: bool) -> OpenClawFalError:
    """The error for 5xx and 408: the model's own failure, or a gateway's."""
    ours = _message_for_types(report) or f"fal answered with status {reply.status}"
    if _waited_too_long(reply, report):
        ours = MESSAGES.get(report.types[0], ours) if report.types else MESSAGES["request_timeout"]
        return TimedOut(_sentence(ours, report.message))
    message = _sentence(ours, report.message)
    if _is_from_fal(reply, report):
        return JobFailed(message)
    if paid:
        return Unreachable(f"{message}; {UNCERTAIN}", may_have_arrived=True)
    return Unreachable(message)


def is_transient(reply: Reply) -> bool:
    """Whether the same GET may bring another answer later."""
    if reply.status in (408, 429):
        return True
    if reply.status < 500:
        return False
    report = read_report(reply, None)
    return not (_waited_too_long(reply, report) or _is_from_fal(reply, report))


def is_from_model(reply: Reply, key: str | None = None) -> bool:
    """Whether an error response is about this job: fal's own JSON that names the request or an
    error type, or refuses the key, or a redirect that names the request. Others may be temporary:
    a gateway's page, the redirect of a login portal, a 404 of a server that does not know the job
    yet."""
    report = read_report(reply, key)
    named = reply.status in (401, 402, 403) or reply.request_id is not None
    redirected = reply.request_id is not None and 300 <= reply.status < 400
    return bool(report.types) or redirected or (named and report.from_fal)


def is_retryable(reply: Reply) -> bool:
    """Like `is_transient` for requests without a job: every 408, 429 and 5xx is tried again."""
    return reply.status in (408, 429) or reply.status >= 500


def _waited_too_long(reply: Reply, report: Report) -> bool:
    """Whether the job timed out in fal's queue, before the model began."""
    kind = reply.headers.get("x-fal-request-timeout-type", "").strip().lower()
    if reply.status == 504 and kind == "user":
        return True
    return reply.status != 408 and bool({"request_timeout", "startup_timeout"} & set(report.types))


def _is_from_fal(reply: Reply, report: Report) -> bool:
    """Whether a 5xx comes from fal and is about the job, rather than from a gateway."""
    if reply.status == 408:
        return False
    if reply.status in (502, 503, 504):
        return reply.request_id is not None
    return reply.request_id is not None or report.from_fal


def _message_for_types(report: Report) -> str | None:
    for name in report.types:
        if name in MESSAGES:
            return MESSAGES[name]
        if name.startswith("runner_"):
            return f"{RUNNER} ({name})"
    return None


def _may_be_billed(reply: Reply, error: OpenClawFalError) -> bool:
    """fal bills no 5xx, refused key or unknown endpoint; a refused input it may bill."""
    units = billable_units(reply.headers)
    if units is not None:
        return float(units) > 0
    if isinstance(error, Unreachable):
        return error.may_have_arrived
    if reply.status in (400, 422):
        return reply.status == 422 or reply.request_id is not None
    return reply.status < 400


def verdict(report: Report, request_id: str | None, *, otherwise: str) -> OpenClawFalError:
    """The error of a failed job, from its status or result. `otherwise` is the message for an error
    type that `MESSAGES` lacks."""
    ours = _message_for_types(report) or otherwise
    kind: type[OpenClawFalError] = JobFailed
    if report.type in ("request_timeout", "startup_timeout"):
        kind = TimedOut
    failed = _refusal(report) or kind(_sentence(ours, report.message))
    failed.error_type, failed.request_id = report.type, request_id
    failed.may_be_billed = not _is_model_down(report.type)
    return failed


def _refusal(report: Report) -> ContentPolicy | None:
    """The error for a refusal by fal's content policy; None for any other failure."""
    if report.type != CONTENT_POLICY:
        return None
    hint = "change the prompt or the reference files; the same again would be refused again"
    return ContentPolicy(_sentence(MESSAGES[CONTENT_POLICY], report.message), hint=hint)


def _is_model_down(kind: str | None) -> bool:
    return kind in _MODEL_DOWN or (kind or "").startswith("runner_")


def curable_by_another_model(error: OpenClawFalError) -> bool:
    """Whether the same request may be sent to another model without being billed twice: this model
    is down, unknown, or never started. Never after a content-policy refusal."""
    if isinstance(error, ContentPolicy) or error.may_be_billed:
        return False
    if isinstance(error, Unreachable):
        return not error.may_have_arrived and error.error_type in _MODEL_DOWN
    if not isinstance(error, JobFailed):
        return False
    status = error.http_status or 0
    return status == 404 or status >= 500 or _is_model_down(error.error_type)


def read_report(reply: Reply, key: str | None) -> Report:
    """The error types and message in a response: from fal's JSON, or a gateway's page or text."""
    header = reply.headers.get("x-fal-error-type")
    try:
        return report_of(parse(reply.body), header=header, key=key)
    except NotJson:
        return report_of(None, header=header, key=key)._replace(
            message=_page_message(reply, key), from_fal=False
        )


def _page_message(reply: Reply, key: str | None) -> str:
    """The message in a response that is not JSON: an HTML title, or short plain text."""
    text = reply.body[:8192].decode("utf-8", "replace").strip()
    title = re.search(_TITLE, text)
    if title:
        page = "a gateway's page" if title[1].lower() == "title" else ""
        text = "" if title[2].strip() == str(reply.status) else title[2]
        page = f" ({page})" if page and text else page
        return clean(f"{text}{page}", key=key, limit=200)
    if not text or text.startswith(("<", "{", "[")):
        return ""
    return clean(text, key=key, limit=200) if text.isprintable() else ""


def _sentence(ours: str, message: str) -> str:
    """Our message, then fal's unless ours contains it."""
    return f"{ours}: {message}" if message and message.lower() not in ours.lower() else ours
