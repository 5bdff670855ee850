"""fal's model API: synchronous runs; submit, status, result and cancel of queue jobs; key check."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Literal, NamedTuple
from urllib.parse import quote

from openclaw_fal.errors import (
    AuthError,
    BillingError,
    JobFailed,
    OpenClawFalError,
    TimedOut,
    Unreachable,
    UsageError,
)
from openclaw_fal.fal.deadline import Deadline
from openclaw_fal.fal.exchange import RESULT_LIMIT, Exchange
from openclaw_fal.fal.failures import (
    UNCERTAIN,
    Reply,
    failure,
    is_from_model,
    is_transient,
    read_report,
)
from openclaw_fal.fal.hosts import takes_key
from openclaw_fal.fal.http.call import Fault
from openclaw_fal.fal.http.request import STALL, Request
from openclaw_fal.fal.http.sender import Answer
from openclaw_fal.fal.reports import report_of
from openclaw_fal.fal.results import remote_files
from openclaw_fal.fal.statuses import PENDING, Status, status_of
from openclaw_fal.fal.urls import BadUrl, Url, parse
from openclaw_fal.fal.wire import (
    JsonBody,
    NotJson,
    billable_units,
    mapping,
    request_id_of,
    text_of,
    whole,
)
from openclaw_fal.fal.wire import parse as parse_json
from openclaw_fal.media import Handle, Priority
from openclaw_fal.text import redacted_bytes

SUBMIT_SECONDS = 60.0  # without a byte from fal, after which a submit counts as uncertain
READS = 3  # how often a result is fetched that is not JSON
UNKNOWN_JOB_SECONDS = 60.0  # for which fal may answer that it does not know a job that exists
_LARGEST_STATUS = 10_000  # bytes; a longer answer is not a status
PROBE = "fal-ai/flux/dev"  # an endpoint with a price, for checking a key
# Namespaces whose apps have three segments: `workflows/<user>/<name>`.
_DEEP = frozenset({"workflows", "comfy"})

Cancelled = Literal["requested", "already_completed", "not_found"]
OnSending = Callable[[bool], object]


class RunResult(NamedTuple):
    """A model's output. `raw` is the body as received (without the key), `payload` its JSON.
    `readable` is false, and `payload` None, when it is not JSON. `billable_units` is a decimal
    number as text, None if unknown."""

    payload: object
    raw: bytes
    request_id: str | None
    billable_units: str | None
    readable: bool = True


Submitted = Handle | RunResult
"""The answer to a submit: a queue job, or the result itself from a server without a queue."""


class Client(Exchange):
    """fal's model API with one key. Can be used from several threads; close it after use."""

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self.sender.close()

    def run(
        self,
        endpoint: str,
        body: Mapping[str, object],
        *,
        deadline: Deadline,
        on_sending: OnSending | None = None,
    ) -> RunResult:
        """Run a model in one request and return its output. `on_sending`: see `post_once`.

        Raises Unreachable(may_have_arrived=True) when the request may have arrived and no complete
        output came back: fal bills it anyway, and does not keep the output.
        """
        url = parse(f"{self.hosts.run}/{_path(endpoint)}")
        request = Request("POST", url, deadline, stall=float("inf"), body=_json(body))
        with self.post_once(request, on_sending=on_sending) as answer:
            try:
                reply = self.read(answer, RESULT_LIMIT)
            except Fault as fault:
                raise self.uncertain(fault, _reply_id(answer)) from fault
        return _result(reply)

    def submit(
        self,
        endpoint: str,
        body: Mapping[str, object],
        *,
        deadline: Deadline,
        on_sending: OnSending | None = None,
        priority: Priority = "normal",
    ) -> Submitted:
        """Put a job into the queue. `on_sending`: see `post_once`. A server behind another base URL
        may have no queue and answer with the result, which is then returned.

        Raises Unreachable(may_have_arrived=True) when there may be a job whose id is unknown.
        """
        url = parse(f"{self.hosts.queue}/{_path(endpoint)}")
        request = Request(
            "POST",
            url,
            deadline,
            stall=SUBMIT_SECONDS,
            headers={"X-Fal-Queue-Priority": priority},
            body=_json(body),
        )
        with self.post_once(request, on_sending=on_sending) as answer:
            try:
                reply = self.read(answer, RESULT_LIMIT)
            except (Fault, JobFailed) as exc:
                raw = redacted_bytes(exc.raw, self.key)
                return self._handle(endpoint, {}, _reply_id(answer), raw)
        result = _result(reply)
        fields = mapping(result.payload)
        if fields.get("request_id") is None:
            if remote_files(result.payload):
                return result
            if report_of(result.payload).says_failed:
                raise failure(reply, key=self.key, paid=True)
        return self._handle(endpoint, fields, result.request_id, result.raw)

    def queued_instead(self, endpoint: str, result: RunResult) -> Handle | None:
        """The handle of the job, when a server answered a synchronous run by queueing it; else
        None."""
        fields = mapping(result.payload)
        if request_id_of(fields.get("request_id")) is None or remote_files(result.payload):
            return None
        if "status_url" not in fields and "response_url" not in fields:
            return None
        return self._handle(endpoint, fields, None)

    def queue_handle(self, endpoint: str, request_id: str) -> Handle:
        """The handle of a queue job of which only the request id is known."""
        return self._handle(endpoint, {}, request_id)

    def _handle(
        self,
        endpoint: str,
        fields: Mapping[str, object],
        header_id: str | None,
        raw: bytes = b"",
    ) -> Handle:
        """The handle from the fields of a submit's answer; missing URLs are made from the id. `raw`
        is the answer's body, kept in the error when there is no id."""
        request_id = request_id_of(fields.get("request_id")) or header_id
        if request_id is None:
            error = Unreachable(
                f"fal took the job, but its answer holds no request id; {UNCERTAIN}",
                may_have_arrived=True,
                may_be_billed=True,
            )
            error.raw = raw
            raise error
        base = f"{self.hosts.queue}/{_app(endpoint)}/requests/{request_id}"
        return Handle(
            request_id,
            self._api_url_or(fields.get("status_url"), f"{base}/status"),
            self._api_url_or(fields.get("response_url"), base),
            self._api_url_or(fields.get("cancel_url"), f"{base}/cancel"),
            whole(fields.get("queue_position")),
        )

    def _api_url_or(self, value: object, default: str) -> str:
        """The URL in an answer if the key may be sent there, else `default`."""
        text = text_of(value)
        if text is None:
            return default
        try:
            url = parse(text)
        except BadUrl:
            return default
        if takes_key(url, self.hosts):
            return text
        self.observer.note(f"fal named a URL on another host ({url.host}), which is not used")
        return default

    def status(self, handle: Handle, *, deadline: Deadline, logs: bool = True) -> Status:
        """The state of a job, asked for once. Raises Unreachable when there is no usable answer."""
        try:
            reply = self.status_reply(handle, deadline=deadline, logs=logs)
        except Fault as fault:
            raise self.unreachable(fault, deadline) from fault
        if reply.status >= 300:
            raise self.job_failure(reply, handle)
        try:
            return status_of(parse_json(reply.body), key=self.key)
        except NotJson:
            message = "fal's status answer cannot be read"
            raise Unreachable(message, http_status=reply.status) from None

    def status_reply(
        self, handle: Handle, *, deadline: Deadline, logs: bool = True, stall: float = STALL
    ) -> Reply:
        """The answer to one status request, with any status code. Raises Fault."""
        url = with_query(self.api_url(handle.status_url), "logs=1" if logs else "")
        return self.once(Request("GET", url, deadline, stall=stall))

    def result(self, handle: Handle, *, deadline: Deadline, patient: bool = True) -> RunResult:
        """The output of a completed job. Fetching costs nothing, so it is tried until the deadline.

        With `patient`, errors that are not about this job (see `is_from_model`) are also tried
        again, those in fal's own JSON form for `UNKNOWN_JOB_SECONDS`.
        """
        request = Request("GET", self.api_url(handle.response_url), deadline)
        began = time.monotonic()

        def may_pass(reply: Reply) -> bool:
            if reply.status < 300 or is_transient(reply):
                return reply.status >= 300
            if not patient or _in_progress(reply, patient) or is_from_model(reply, self.key):
                return False
            from_fal = read_report(reply, self.key).from_fal
            return not from_fal or time.monotonic() - began < UNKNOWN_JOB_SECONDS

        for attempt in range(1, READS + 1):
            reply = self.ask(request, limit=RESULT_LIMIT, again=may_pass)
            reply = self._after_progress(reply, request, may_pass, patient)
            if _in_progress(reply, patient):
                raise Unreachable("the job is not finished", request_id=handle.request_id)
            if reply.status >= 300 and patient and not is_transient(reply) and may_pass(reply):
                raise TimedOut(
                    f"time ran out before fal gave the result (last answer: {reply.status})",
                    request_id=handle.request_id,
                    may_be_billed=True,
                )
            if reply.status >= 300:
                raise self.job_failure(reply, handle)
            result = _result(reply, handle.request_id)
            if result.readable or self.retry.pause(attempt) >= deadline.remaining():
                break
            if attempt < READS:
                deadline.pause(self.retry.pause(attempt), sleep=self.retry.sleep)
        return result

    def _after_progress(
        self, reply: Reply, request: Request, may_pass: Callable[[Reply], bool], patient: bool
    ) -> Reply:
        """Ask again while the answer is that the job is in progress and there is time: the result
        may become available after the status says COMPLETED."""
        attempt = 0
        while _in_progress(reply, patient):
            attempt += 1
            pause = self.retry.pause(attempt)
            if pause >= request.deadline.remaining():
                break
            request.deadline.pause(pause, sleep=self.retry.sleep)
            reply = self.ask(request, limit=RESULT_LIMIT, again=may_pass)
        return reply

    def cancel(self, handle: Handle, *, deadline: Deadline) -> Cancelled:
        """Ask fal to cancel a job; it may still finish, and be billed."""
        request = Request("PUT", self.api_url(handle.cancel_url), deadline)
        reply = self.ask(request, attempts=self.retry.attempts)
        if 200 <= reply.status < 300:
            return "requested"
        if reply.status == 404:
            return "not_found"
        if reply.status == 400 and b"ALREADY" in reply.body.upper():
            return "already_completed"
        raise self.job_failure(reply, handle)

    def verify_key(self, *, deadline: Deadline) -> None:
        """Check that fal accepts the key. Raises AuthError, BillingError, or Unreachable when fal's
        answer does not tell."""
        url = with_query(parse(f"{self.hosts.api}/models/pricing"), f"endpoint_id={PROBE}")
        reply = self.ask(Request("GET", url, deadline), attempts=self.retry.attempts)
        if 200 <= reply.status < 300:
            return
        error = failure(reply, key=self.key, subject="the price list")
        if isinstance(error, (AuthError, BillingError, Unreachable)):
            raise error
        message = f"the key could not be checked: {error.message}"
        raise Unreachable(message, http_status=reply.status)

    def job_failure(self, reply: Reply, handle: Handle) -> OpenClawFalError:
        """The error for an error response to a request for a job's status, result or cancel."""
        error = failure(reply, key=self.key, subject="the job")
        error.request_id = handle.request_id
        if reply.status == 404:
            error.hint = "fal keeps jobs for about an hour"
        return error


def with_query(url: Url, query: str) -> Url:
    """The URL with `query` (`name=value`) added to its query string."""
    if not query:
        return url
    mark = "&" if "?" in url.target else "?"
    return url._replace(target=f"{url.target}{mark}{query}")


def _in_progress(reply: Reply, patient: bool) -> bool:
    """Whether the answer to a request for a result says that there is none yet. With `patient`,
    an empty object or a status document counts too."""
    if reply.status == 202:
        return True
    if reply.status == 400:
        return b"in progress" in reply.body[:_LARGEST_STATUS].lower()
    if not patient or not 200 <= reply.status < 300 or len(reply.body) > _LARGEST_STATUS:
        return False
    try:
        payload = parse_json(reply.body)
    except NotJson:
        return False
    if not isinstance(payload, dict):
        return False
    state = text_of(payload.get("status"))
    return not payload or (
        state is not None and state.upper() in PENDING and not remote_files(payload)
    )


def _result(reply: Reply, request_id: str | None = None) -> RunResult:
    request_id = request_id or reply.request_id
    units = billable_units(reply.headers)
    try:
        return RunResult(parse_json(reply.body), reply.body, request_id, units)
    except NotJson:
        return RunResult(None, reply.body, request_id, units, readable=False)


def _reply_id(answer: Answer) -> str | None:
    return request_id_of(answer.headers.get("x-fal-request-id"))


def _json(body: Mapping[str, object]) -> JsonBody:
    try:
        return JsonBody(body)
    except (ValueError, TypeError) as exc:
        raise UsageError(f"the request cannot be written as JSON: {exc}") from None


def _path(endpoint: str) -> str:
    """The endpoint id as a URL path. Raises UsageError for empty, `.` and `..` segments."""
    segments = endpoint.split("/")
    if any(segment in ("", ".", "..") for segment in segments):
        raise UsageError(f"{endpoint!r} is not an endpoint id")
    return "/".join(quote(segment, safe="-._~") for segment in segments)


def _app(endpoint: str) -> str:
    """The part of an endpoint id that is in the URLs of its queue jobs: `owner/app`."""
    segments = _path(endpoint).split("/")
    return "/".join(segments[: 3 if segments[0] in _DEEP else 2])
