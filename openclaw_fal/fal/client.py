"""fal's API: synchronous runs; submit, status, result and cancel of jobs; whether a key is good."""

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

SUBMIT_SECONDS = 60.0  # of silence, after which a submit counts as uncertain
READS = 3  # of a result that is no JSON
PASSING_SECONDS = 60.0  # for which fal may not know a job that it has
_SHORT = 10_000  # bytes of an answer that may be a status
PROBE = "fal-ai/flux/dev"  # any endpoint that has a price
# Namespaces whose apps have three segments: `workflows/<user>/<name>`.
_DEEP = frozenset({"workflows", "comfy"})

Cancelled = Literal["requested", "already_completed", "not_found"]
OnWay = Callable[[bool], object]


class RunResult(NamedTuple):
    """A model's output. `raw` is the body as it came (without the key), `payload` the JSON in it,
    or None when it could not be read. `billable_units` is a decimal number, None if unknown."""

    payload: object
    raw: bytes
    request_id: str | None
    billable_units: str | None
    readable: bool = True


Submitted = Handle | RunResult
"""What a submit brings: the job, or its result where a server answers with it at once."""


class Client(Exchange):
    """fal's API with one key. Safe to use from several threads; closing it closes connections."""

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
        on_way: OnWay | None = None,
    ) -> RunResult:
        """Run a model in one request and return its output. `on_way`: see `post_once`.

        Raises Unreachable(may_have_arrived=True) when the request may have arrived and the output
        was lost: fal bills it all the same, and does not keep it.
        """
        url = parse(f"{self.hosts.run}/{_path(endpoint)}")
        request = Request("POST", url, deadline, stall=float("inf"), body=_json(body))
        with self.post_once(request, on_way=on_way) as answer:
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
        on_way: OnWay | None = None,
        priority: Priority = "normal",
    ) -> Submitted:
        """Put a job into the queue. `on_way`: see `post_once`. A server behind another base URL
        that knows no queue may answer with the result itself: it is paid for, and returned.

        Raises Unreachable(may_have_arrived=True) when there may be a job whose id is not known.
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
        with self.post_once(request, on_way=on_way) as answer:
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
        """The handle in the answer to a synchronous run, when a server queued the job instead."""
        fields = mapping(result.payload)
        if request_id_of(fields.get("request_id")) is None or remote_files(result.payload):
            return None
        if "status_url" not in fields and "response_url" not in fields:
            return None
        return self._handle(endpoint, fields, None)

    def handle_of(self, endpoint: str, request_id: str) -> Handle:
        """Where the queue can be asked for a request that is known by its id alone."""
        return self._handle(endpoint, {}, request_id)

    def _handle(
        self,
        endpoint: str,
        fields: Mapping[str, object],
        header_id: str | None,
        raw: bytes = b"",
    ) -> Handle:
        """The handle in a submit's answer, `raw`; what it lacks is made from the id."""
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
            self._own(fields.get("status_url"), f"{base}/status"),
            self._own(fields.get("response_url"), base),
            self._own(fields.get("cancel_url"), f"{base}/cancel"),
            whole(fields.get("queue_position")),
        )

    def _own(self, value: object, otherwise: str) -> str:
        """A URL from an answer, unless the key may not go there."""
        text = text_of(value)
        if text is None:
            return otherwise
        try:
            url = parse(text)
        except BadUrl:
            return otherwise
        if takes_key(url, self.hosts):
            return text
        self.observer.note(f"fal named a URL on another host ({url.host}), which is not used")
        return otherwise

    def status(self, handle: Handle, *, deadline: Deadline, logs: bool = True) -> Status:
        """Where a job stands: one request. Raises Unreachable when fal does not answer now."""
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
        """The answer to one status request, whatever it is. Raises Fault."""
        url = with_query(self.api_url(handle.status_url), "logs=1" if logs else "")
        return self.once(Request("GET", url, deadline, stall=stall))

    def result(self, handle: Handle, *, deadline: Deadline, patient: bool = True) -> RunResult:
        """The output of a completed job. Fetching costs nothing: it is tried until the deadline.

        A refusal that does not come from the model itself may pass, and is asked about again, for
        a minute where it is in fal's own form, unless `patient` is off.
        """
        request = Request("GET", self.api_url(handle.response_url), deadline)
        began = time.monotonic()

        def may_pass(reply: Reply) -> bool:
            if reply.status < 300 or is_transient(reply):
                return reply.status >= 300
            if not patient or _in_progress(reply, patient) or is_from_model(reply, self.key):
                return False
            own_form = read_report(reply, self.key).from_fal
            return not own_form or time.monotonic() - began < PASSING_SECONDS

        for attempt in range(1, READS + 1):
            reply = self.ask(request, limit=RESULT_LIMIT, again=may_pass)
            reply = self._finished(reply, request, may_pass, patient)
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

    def _finished(
        self, reply: Reply, request: Request, may_pass: Callable[[Reply], bool], patient: bool
    ) -> Reply:
        """The answer once it is no longer that the job is in progress, as long as there is time:
        the result may lag behind the status."""
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
        """Ask fal to cancel a job; it may finish all the same."""
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
        """See whether fal accepts the key. Raises AuthError, BillingError, or Unreachable when that
        cannot be told."""
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
        """The error in the place of a job's status or result."""
        error = failure(reply, key=self.key, subject="the job")
        error.request_id = handle.request_id
        if reply.status == 404:
            error.hint = "fal keeps jobs for about an hour"
        return error


def with_query(url: Url, query: str) -> Url:
    """The URL with one more query parameter."""
    if not query:
        return url
    mark = "&" if "?" in url.target else "?"
    return url._replace(target=f"{url.target}{mark}{query}")


def _in_progress(reply: Reply, patient: bool) -> bool:
    """Whether an answer in the place of a result says that there is none yet; if `patient`, also an
    empty object, or one that is a status."""
    if reply.status == 202:
        return True
    if reply.status == 400:
        return b"in progress" in reply.body[:10_000].lower()
    if not patient or not 200 <= reply.status < 300 or len(reply.body) > _SHORT:
        return False
    try:
        payload = parse_json(reply.body)
    except NotJson:
        return False
    if not isinstance(payload, dict):
        return False
    word = text_of(payload.get("status"))
    return not payload or (
        word is not None and word.upper() in PENDING and not remote_files(payload)
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
    """The endpoint id as a path. Raises UsageError for one that would lead elsewhere."""
    segments = endpoint.split("/")
    if any(segment in ("", ".", "..") for segment in segments):
        raise UsageError(f"{endpoint!r} is not an endpoint id")
    return "/".join(quote(segment, safe="-._~") for segment in segments)


def _app(endpoint: str) -> str:
    """What of an endpoint id stands in the URLs of its jobs: `owner/app`."""
    segments = _path(endpoint).split("/")
    return "/".join(segments[: 3 if segments[0] in _DEEP else 2])
