"""Waiting for a job in fal's queue: the status stream where there is one, polls where not.

Nothing that goes wrong on the way loses the job: a stream that breaks becomes polls, a poll that
fails is followed by the next, and at the deadline the job can still be picked up.
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
PERSISTENT = 3  # polls in a row that must say the same before it is believed
MOST_LOGS = 10_000  # lines of a job that are shown, and remembered
STREAM_OPEN = 5.0  # seconds for the stream's head
STREAM_STALL = 20.0  # seconds without even a comment, of which fal sends one every 15 s
STREAM_DOUBT = 60.0  # seconds of comments alone, after which a poll asks whether that is true
LAST_LOOK = 3.0  # seconds before the deadline, at which a job is looked at however long the pauses
WAS_CANCELLED = "cancelled"  # the error type of a cancelled job where fal gives none
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
    """Wait until the job has ended, telling the observer what is seen. Judge it by `outcome`.

    Raises TimedOut at the deadline (the job goes on), JobFailed for an end that is not COMPLETED,
    and AuthError, BillingError or JobFailed when fal keeps refusing to tell about the job.
    """
    watch = _Watch(client, handle, deadline, observer or client.observer)
    ended = _followed(watch) if stream else None
    if ended is None or not _is_lasting(watch, ended):
        ended = _polled(watch, poll_interval)
    if isinstance(ended, Stopped):
        raise _bad_end(client, handle, ended, deadline)
    return ended


def outcome(
    client: Client, handle: Handle, completed: Completed, *, deadline: Deadline
) -> RunResult:
    """The result of a completed job, by which alone it is judged.

    Raises what the result answers (JobFailed, ContentPolicy, …). An error in the status counts when
    the result holds no files.
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
                raise _garbled(handle, error.message) from None
            if status == 404 and report.says_failed:
                raise verdict(report, handle.request_id, otherwise=FAILED_JOB) from None
            # Right after the end, and while fal has trouble of its own, this may pass.
            passing = status == 404 or (status >= 500 and not report.says_failed)
            if not passing or failures >= PERSISTENT or pause >= deadline.remaining():
                raise
            deadline.pause(pause, sleep=client.retry.sleep)
        except Unreachable as error:
            error.request_id = error.request_id or handle.request_id
            raise
    if not result.readable:
        raise _garbled(handle, "fal's answer cannot be read: it is not JSON")
    if report.says_failed and not remote_files(result.payload):
        report = report.with_more(refusal(result.payload, key=client.key))
        raise verdict(report, handle.request_id, otherwise=FAILED_JOB)
    return result


def _garbled(handle: Handle, message: str) -> Unreachable:
    """An answer in the place of a result that says nothing about the job: fal still has it."""
    return Unreachable(message, request_id=handle.request_id, may_be_billed=True)


class _Watch:
    """One job under observation: what was reported once is not reported again."""

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
        """The status in an answer or event, told to the observer. Raises NotJson."""
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


def _ends(status: Status) -> Completed | Stopped | None:
    if isinstance(status, Completed) or (isinstance(status, Stopped) and status.known):
        return status
    return None


def _followed(watch: _Watch) -> Completed | Stopped | None:
    """The end of the job as the status stream tells it; None when there is no stream (any more)."""
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
            # Short of time, a stream that says nothing must leave some for polls.
            answer.patience(min(STREAM_STALL, watch.deadline.remaining() / 4))
            return _first_end(watch, answer)
    except (Fault, TooLong, Unreadable) as exc:
        if not watch.deadline.expired:
            watch.note(f"the status stream ended ({exc}); polling instead")
        return None


def _is_lasting(watch: _Watch, ended: Completed | Stopped) -> bool:
    """Whether a job that failed still has when it is looked at again: now and then one has not."""
    looks = PERSISTENT - 1 if isinstance(ended, Stopped) and ended.state in FAILED else 0
    for look in range(1, looks + 1):
        watch.deadline.pause(watch.client.retry.pause(look), sleep=watch.client.retry.sleep)
        status = None if watch.deadline.expired else _asked(watch)
        if status is not None and status != ended and not isinstance(_ends(status), Stopped):
            return False
    return True


def _is_stream(answer: Answer) -> bool:
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    return answer.status == 200 and kind == "text/event-stream"


def _first_end(watch: _Watch, answer: Answer) -> Completed | Stopped | None:
    heard = time.monotonic()
    chunks = unpacked(answer.chunks(), answer.headers.get("content-encoding"))
    for event in events(chunks):
        if event is None:
            if time.monotonic() - heard < STREAM_DOUBT:
                continue
            status = _asked(watch)
        else:
            status = _quietly(watch, event)
        heard = time.monotonic()
        if status is not None and (ended := _ends(status)):
            return ended
    return None


def _asked(watch: _Watch) -> Status | None:
    """One poll beside a stream that says nothing."""
    try:
        reply = watch.client.status_reply(watch.handle, deadline=watch.deadline, stall=STREAM_OPEN)
    except Fault:
        return None
    return _quietly(watch, reply.body) if reply.status < 300 else None


def _quietly(watch: _Watch, data: bytes | str) -> Status | None:
    try:
        return watch.read(data)
    except NotJson:
        return None


def _polled(watch: _Watch, interval: float) -> Completed | Stopped:
    """The end of the job as polls tell it."""
    trouble: str | None = None
    unknown = refused = troubles = 0
    last_look = False
    for reply in _polls(watch, _patience(interval)):
        problem, asked_pause = None, None
        if isinstance(reply, Fault):
            if watch.deadline.expired:
                break
            problem = f"fal does not answer ({reply.message})"
        elif reply.status < 300:
            problem, status = _read_poll(watch, reply)
            refused = 0
            if status is not None and (ended := _ends(status)) and _is_lasting(watch, ended):
                return ended
            unknown = unknown + 1 if isinstance(status, Stopped) else 0
            if isinstance(status, Stopped) and unknown >= PERSISTENT:
                return status
        else:
            problem = f"fal answers with status {reply.status}"
            asked_pause = retry_after(reply.headers.get("retry-after"))
            lasting = _is_refusal(reply) and is_from_model(reply, watch.client.key)
            refused = refused + 1 if lasting else 0
            if refused and (refused >= PERSISTENT or _is_final(reply, watch.client.key)):
                raise watch.client.job_failure(reply, watch.handle)
        if problem and problem != trouble:
            watch.note(f"{problem}; asking again")
        trouble = problem
        troubles = troubles + 1 if problem else 0
        pause = max(
            interval, asked_pause or 0.0, watch.client.retry.pause(troubles) if troubles else 0.0
        )
        remaining = watch.deadline.remaining()
        if pause >= remaining and not last_look:
            last_look = True
            pause = remaining - min(LAST_LOOK, remaining / 2)
        watch.deadline.pause(pause, sleep=watch.client.retry.sleep)
    raise _too_late(watch.handle, trouble)


def _patience(interval: float) -> float:
    """How many seconds a poll may stay silent."""
    return max(3.0, min(15.0, 2 * interval))


def _polls(watch: _Watch, patience: float) -> Iterator[Reply | Fault]:
    """Status answers until the deadline."""
    while not watch.deadline.expired:
        try:
            yield watch.client.status_reply(watch.handle, deadline=watch.deadline, stall=patience)
        except Fault as fault:
            yield fault
        except JobFailed as error:  # an answer beyond all bounds
            yield Fault(error.message, sent=True)


def _read_poll(watch: _Watch, reply: Reply) -> tuple[str | None, Status | None]:
    """What is wrong with a status answer, if anything, and the status in it."""
    try:
        status = watch.read(reply.body)
    except NotJson:
        return "fal's status answer cannot be read", None
    if isinstance(status, Stopped) and not status.known:
        return f"fal reports the state {status.state}, which is not known here", status
    return None, status


def _is_refusal(reply: Reply) -> bool:
    """Whether the answer, if it lasts, will not change by asking again."""
    return 300 <= reply.status < 500 and reply.status not in (408, 429)


def _is_final(reply: Reply, key: str | None) -> bool:
    """Whether fal itself (no gateway) says that the key or the account is refused."""
    return reply.status in _REFUSED and read_report(reply, key).from_fal


def _too_late(handle: Handle, trouble: str | None) -> TimedOut:
    last = f" (at the end, {clean(trouble, limit=300)})" if trouble else ""
    return TimedOut(
        f"time ran out before the job was done{last}",
        request_id=handle.request_id,
        may_be_billed=True,
    )


def _bad_end(
    client: Client, handle: Handle, stopped: Stopped, deadline: Deadline
) -> OpenClawFalError:
    """The error of a job that ended without COMPLETED."""
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
        words = f": {report.words}" if report.words else ""
        return JobFailed(
            f"the job was cancelled at fal{words}",
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
