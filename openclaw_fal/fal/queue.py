"""Waits for a job in fal's queue: by its status stream, or by polling.

No failure here loses the job: after a broken stream it is polled, after a failed poll it is polled
again, and after the deadline it can still be picked up (`jobs wait`).
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from openclaw_fal.errors import JobFailed, OpenClawFalError, TimedOut, Unreachable
from openclaw_fal.fal.body import Unreadable, unpacked
from openclaw_fal.fal.client import Client, RunResult
from openclaw_fal.fal.deadline import Deadline
from openclaw_fal.fal.events import TooLong, events
from openclaw_fal.fal.failures import Reply, is_from_model, read_report, verdict
from openclaw_fal.fal.http.call import Fault
from openclaw_fal.fal.http.request import Request
from openclaw_fal.fal.http.sender import Answer
from openclaw_fal.fal.results import refusal, remote_files
from openclaw_fal.fal.retry import retry_after
from openclaw_fal.fal.statuses import (
    CANCELLED,
    FAILED,
    Completed,
    Queued,
    Running,
    Status,
    Stopped,
    status_of,
)
from openclaw_fal.fal.wire import NotJson, parse
from openclaw_fal.media import Handle
from openclaw_fal.progress import Progress
from openclaw_fal.text import clean

POLL_SECONDS = 5.0
CONFIRMATIONS = 3  # answers in a row that must report a failure or an unknown state
MOST_LOGS = 10_000  # log lines of a job that are shown
STREAM_OPEN = 5.0  # seconds until the stream's response head
STREAM_STALL = 20.0  # seconds without a byte; fal sends a comment every 15 s
POLL_STALL = 3.0  # seconds without an answer to a poll, at least
STREAM_DOUBT = 60.0  # seconds without an event, after which the job is polled once
LAST_POLL = 3.0  # seconds before the deadline: the last poll, even within a longer pause
WAS_CANCELLED = "cancelled"  # the error type of a cancelled job where fal names none
FAILED_JOB = "the job failed"
_REFUSED = frozenset({401, 402, 403})


def wait(
    client: Client,
    handle: Handle,
    *,
    deadline: Deadline,
    poll_interval: float = POLL_SECONDS,
    observer: Progress | None = None,
    stream: bool = True,
) -> Completed:
    """Wait until the job is COMPLETED, reporting its states to `observer`. Whether it succeeded is
    decided by `outcome`. `poll_interval` in seconds.

    Raises TimedOut at the deadline (the job goes on at fal), JobFailed for any other end, and
    AuthError, BillingError or JobFailed when fal keeps refusing to give the status.
    """
    watch = _Watch(client, handle, deadline, observer or client.observer)
    end = _end_by_stream(watch) if stream else None
    if end is None or not _is_confirmed(watch, end):
        end = _end_by_polling(watch, poll_interval)
    if isinstance(end, Stopped):
        raise _stopped_error(client, handle, end, deadline)
    return end


def outcome(
    client: Client, handle: Handle, completed: Completed, *, deadline: Deadline
) -> RunResult:
    """The result of a completed job.

    Raises the error that fal answers instead of a result (JobFailed, ContentPolicy, …). An error in
    the job's status is raised only when the result holds no files.
    """
    failures, report = 0, completed.report
    while True:
        try:
            result = client.result(handle, deadline=deadline, patient=not report.says_failed)
            break
        except JobFailed as error:
            failures += 1
            pause = client.retry.pause(failures)
            status = error.http_status or 0
            if 200 <= status < 300:
                raise _unreadable(handle, error.message) from None
            if status == 404 and report.says_failed:
                raise verdict(report, handle.request_id, otherwise=FAILED_JOB) from None
            # Right after the job's end, and during an outage at fal, this may be temporary.
            temporary = status == 404 or (status >= 500 and not report.says_failed)
            if not temporary or failures >= CONFIRMATIONS or pause >= deadline.remaining():
                raise
            deadline.pause(pause, sleep=client.retry.sleep)
        except Unreachable as error:
            error.request_id = error.request_id or handle.request_id
            raise
    if not result.readable:
        raise _unreadable(handle, "fal's answer cannot be read: it is not JSON")
    if report.says_failed and not remote_files(result.payload):
        report = report.with_more(refusal(result.payload, key=client.key))
        raise verdict(report, handle.request_id, otherwise=FAILED_JOB)
    return result


def _unreadable(handle: Handle, message: str) -> Unreachable:
    """The error for an unreadable result: fal still has the job, so it can be fetched again."""
    return Unreachable(message, request_id=handle.request_id, may_be_billed=True)


class _Watch:
    """A job that is waited for. Reports each log line once."""

    def __init__(
        self, client: Client, handle: Handle, deadline: Deadline, observer: Progress
    ) -> None:
        self.client = client
        self.handle = handle
        self.deadline = deadline
        self.observer = observer
        self._logged: set[tuple[str, str]] = set()
        if handle.queue_position is not None:
            observer.queued(handle.queue_position)

    def read(self, data: bytes | str) -> Status:
        """Parse a status from an answer or event, and report it to the observer. Raises NotJson."""
        raw = data.encode() if isinstance(data, str) else data
        status = status_of(parse(raw), key=self.client.key)
        if isinstance(status, Queued):
            self.observer.queued(status.position)
        elif isinstance(status, Running):
            self.observer.running()
        for line in status.logs:
            if line not in self._logged and len(self._logged) < MOST_LOGS:
                self._logged.add(line)
                self.observer.log(line.message)
                if len(self._logged) == MOST_LOGS:
                    self.observer.note("there are more log lines, which are not shown")
        return status

    def note(self, text: str) -> None:
        self.observer.note(clean(text, key=self.client.key, limit=300))


def _end_in(status: Status | None) -> Completed | Stopped | None:
    """`status` if it is an end of the job."""
    if isinstance(status, Completed) or (isinstance(status, Stopped) and status.known):
        return status
    return None


def _end_by_stream(watch: _Watch) -> Completed | Stopped | None:
    """Follow the status stream to the job's end; None when there is no stream, or it breaks."""
    client = watch.client
    url = client.api_url(watch.handle.status_url)
    path, _, query = url.target.partition("?")
    query = f"{query}&logs=1" if query else "logs=1"
    url = url._replace(target=f"{path}/stream?{query}")
    try:
        request = Request(
            "GET",
            url,
            watch.deadline,
            stall=STREAM_OPEN,
            headers={"Accept": "text/event-stream"},
        )
        with client.open(request) as answer:
            if not _is_stream(answer):
                return None
            # A silent stream must leave time for polls before a near deadline.
            answer.set_stall(min(STREAM_STALL, watch.deadline.remaining() / 4))
            return _first_end(watch, answer)
    except (Fault, TooLong, Unreadable) as exc:
        if not watch.deadline.expired:
            watch.note(f"the status stream ended ({exc}); polling instead")
        return None


def _is_confirmed(watch: _Watch, end: Completed | Stopped) -> bool:
    """Whether further polls confirm that the job failed: fal sometimes reports FAILED for a job
    that goes on. Other ends need no confirmation."""
    polls = CONFIRMATIONS - 1 if isinstance(end, Stopped) and end.state in FAILED else 0
    for number in range(1, polls + 1):
        watch.deadline.pause(watch.client.retry.pause(number), sleep=watch.client.retry.sleep)
        status = None if watch.deadline.expired else _poll_once(watch)
        if status is not None and status != end and not isinstance(_end_in(status), Stopped):
            return False
    return True


def _is_stream(answer: Answer) -> bool:
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    return answer.status == 200 and kind == "text/event-stream"


def _first_end(watch: _Watch, answer: Answer) -> Completed | Stopped | None:
    last_event_at = time.monotonic()
    chunks = unpacked(answer.chunks(), answer.headers.get("content-encoding"))
    for event in events(chunks):
        if event is None:
            if time.monotonic() - last_event_at < STREAM_DOUBT:
                continue
            status = _poll_once(watch)
        else:
            status = _status_or_none(watch, event)
        last_event_at = time.monotonic()
        if end := _end_in(status):
            return end
    return None


def _poll_once(watch: _Watch) -> Status | None:
    """The status from a single poll; None when there is no usable answer."""
    try:
        reply = watch.client.status_reply(watch.handle, deadline=watch.deadline, stall=STREAM_OPEN)
    except Fault:
        return None
    return _status_or_none(watch, reply.body) if reply.status < 300 else None


def _status_or_none(watch: _Watch, data: bytes | str) -> Status | None:
    try:
        return watch.read(data)
    except NotJson:
        return None


def _end_by_polling(watch: _Watch, interval: float) -> Completed | Stopped:
    """Poll until the job's end, a lasting refusal, or the deadline."""
    last_problem: str | None = None
    unknown = refused = problems = 0  # in a row
    last_poll = False
    for reply in _polls(watch, stall=_poll_stall(interval)):
        problem, asked_pause = None, None
        if isinstance(reply, Fault):
            if watch.deadline.expired:
                break
            problem = f"fal does not answer ({reply.message})"
        elif reply.status < 300:
            problem, status = _read_poll(watch, reply)
            refused = 0
            if (end := _end_in(status)) and _is_confirmed(watch, end):
                return end
            unknown = unknown + 1 if isinstance(status, Stopped) else 0
            if isinstance(status, Stopped) and unknown >= CONFIRMATIONS:
                return status
        else:
            problem = f"fal answers with status {reply.status}"
            asked_pause = retry_after(reply.headers.get("retry-after"))
            lasting = _is_refusal(reply) and is_from_model(reply, watch.client.key)
            refused = refused + 1 if lasting else 0
            if refused and (refused >= CONFIRMATIONS or _is_final(reply, watch.client.key)):
                raise watch.client.job_failure(reply, watch.handle)
        if problem and problem != last_problem:
            watch.note(f"{problem}; asking again")
        last_problem = problem
        problems = problems + 1 if problem else 0
        pause = max(
            interval, asked_pause or 0.0, watch.client.retry.pause(problems) if problems else 0.0
        )
        remaining = watch.deadline.remaining()
        if pause >= remaining and not last_poll:
            last_poll = True
            pause = remaining - min(LAST_POLL, remaining / 2)
        watch.deadline.pause(pause, sleep=watch.client.retry.sleep)
    raise _timed_out(watch.handle, last_problem)


def _poll_stall(interval: float) -> float:
    """For how many seconds fal may stay silent in a poll."""
    return max(POLL_STALL, min(15.0, 2 * interval))


def _polls(watch: _Watch, *, stall: float) -> Iterator[Reply | Fault]:
    """The answers to status requests, until the deadline."""
    while not watch.deadline.expired:
        try:
            yield watch.client.status_reply(watch.handle, deadline=watch.deadline, stall=stall)
        except Fault as fault:
            yield fault
        except JobFailed as error:  # a body that is too large or in an unknown encoding
            yield Fault(error.message, sent=True)


def _read_poll(watch: _Watch, reply: Reply) -> tuple[str | None, Status | None]:
    """The problem with a status answer (None: there is none), and the status in it, if any."""
    try:
        status = watch.read(reply.body)
    except NotJson:
        return "fal's status answer cannot be read", None
    if isinstance(status, Stopped) and not status.known:
        return f"fal reports the state {status.state}, which is not known here", status
    return None, status


def _is_refusal(reply: Reply) -> bool:
    """Whether the status code is an error that asking again rarely changes."""
    return 300 <= reply.status < 500 and reply.status not in (408, 429)


def _is_final(reply: Reply, key: str | None) -> bool:
    """Whether fal itself, not a gateway, refuses the key or the account."""
    return reply.status in _REFUSED and read_report(reply, key).from_fal


def _timed_out(handle: Handle, problem: str | None) -> TimedOut:
    last = f" (at the end, {clean(problem, limit=300)})" if problem else ""
    return TimedOut(
        f"time ran out before the job was done{last}",
        request_id=handle.request_id,
        may_be_billed=True,
    )


def _stopped_error(
    client: Client, handle: Handle, stopped: Stopped, deadline: Deadline
) -> OpenClawFalError:
    """The error for a job that failed, was cancelled, or is in an unknown state."""
    if not stopped.known:
        return JobFailed(
            f"fal reports the state {stopped.state}, which this version does not know;"
            " the job may go on at fal",
            request_id=handle.request_id,
            error_type="unknown_state",
            may_be_billed=True,
        )
    report = stopped.report
    if stopped.state in CANCELLED:
        reason = f": {report.message}" if report.message else ""
        return JobFailed(
            f"the job was cancelled at fal{reason}",
            request_id=handle.request_id,
            error_type=report.type or WAS_CANCELLED,
            may_be_billed=True,
        )
    if not report.says_failed:
        try:
            result = client.result(handle, deadline=deadline.sub(STREAM_OPEN))
            report = refusal(result.payload, key=client.key)
        except JobFailed as error:
            if error.http_status != 404:
                return error
        except OpenClawFalError:
            pass
    return verdict(report, handle.request_id, otherwise="fal reports that the job failed")
