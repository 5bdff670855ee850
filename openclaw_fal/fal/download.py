"""Downloads the files of a result: streamed, resumed, checked for completeness, and only from hosts
that the policy allows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Protocol

from openclaw_fal.errors import JobFailed, LocalError, OpenClawFalError, TimedOut, Unreachable
from openclaw_fal.fal import body as bodies
from openclaw_fal.fal.client import Client
from openclaw_fal.fal.data_uri import data_uri_bytes
from openclaw_fal.fal.deadline import Deadline
from openclaw_fal.fal.failures import Reply, read_report
from openclaw_fal.fal.http.call import Fault
from openclaw_fal.fal.http.request import Request
from openclaw_fal.fal.http.sender import Answer
from openclaw_fal.fal.retry import retry_after
from openclaw_fal.fal.urls import BadUrl, Policy, Url, join, parse
from openclaw_fal.media import RemoteFile
from openclaw_fal.text import clean

STALL = 30.0  # seconds without a byte
ATTEMPTS = 3  # in a row without a new byte, after which the download fails
MOST_ATTEMPTS = 12
REDIRECTS = 5
REFUSAL_SIZE = 8192  # bytes that are read of an error response
_RANGE = r"(?ai)bytes\s+(\d{1,18})-(\d{1,18})/(\d{1,18}|\*)"
_UNSATISFIED = r"(?ai)bytes\s+\*/(\d{1,18})"


OnBytes = Callable[[int, int | None], object]  # bytes received, bytes in total if known


class Sink(Protocol):
    """Where the bytes are written: a part file. `offset` is how many bytes it holds."""

    @property
    def offset(self) -> int: ...

    def write(self, data: bytes, /) -> object: ...

    def restart(self) -> object:
        """Discard everything that was written."""

    def truncation(self) -> str | None:
        """Why what was written is not a whole file, by the word of its format."""


def download(
    client: Client,
    file: RemoteFile,
    sink: Sink,
    *,
    deadline: Deadline,
    max_bytes: int | None = None,
    stall_timeout: float = STALL,
    progress: OnBytes | None = None,
) -> None:
    """Write a file of a result to `sink`, continuing at the sink's offset.

    Returns only when as many bytes as the server announced have arrived, or, where it announced
    no number, when the file has the end that its format asks for. A cut or stalled transfer
    (`stall_timeout` seconds without a byte) continues with a Range request. Raises Unreachable or
    TimedOut when it stays incomplete (the sink keeps what arrived), LocalError when the file is
    larger than `max_bytes`, and JobFailed for a URL that must not be fetched.
    """
    if file.url[:5].lower() == "data:":
        _decode(file.url, sink, max_bytes, progress)
        return
    policy = Policy(parse(client.hosts.run))
    try:
        url = policy.check(parse(file.url))
    except BadUrl as exc:
        raise _forbidden(str(exc)) from None
    transfer = _Transfer(client, policy, sink, deadline, max_bytes, stall_timeout, progress)
    transfer.run(url, file.size)


class _CutOff(Exception):
    """An attempt that ended early. `wait`: seconds of the server's Retry-After; `status`: the HTTP
    status of its error response."""

    def __init__(
        self,
        reason: str,
        *,
        timed_out: bool = False,
        wait: float | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(reason)
        self.timed_out = timed_out
        self.wait = wait
        self.status = status


class _Transfer:
    """The download of one file, over several attempts."""

    def __init__(
        self,
        client: Client,
        policy: Policy,
        sink: Sink,
        deadline: Deadline,
        max_bytes: int | None,
        stall: float,
        on_bytes: OnBytes | None,
    ) -> None:
        self._client = client
        self._policy = policy
        self._sink = sink
        self._deadline = deadline
        self._max_bytes = max_bytes
        self._stall = stall
        self._on_bytes = on_bytes
        self._total: int | None = None
        self._validator: str | None = None

    def run(self, url: Url, expected: int | None) -> None:
        """Try until the file is complete, or `ATTEMPTS` in a row have brought no new byte."""
        best, idle = self._sink.offset, 0
        for _ in range(MOST_ATTEMPTS):
            try:
                with self._opened(url) as answer:
                    self._take(answer, expected)
                return
            except _CutOff as cut:
                last = cut
            idle = 0 if self._sink.offset > best else idle + 1
            best = max(best, self._sink.offset)
            pause = self._client.retry.pause(max(idle, 1)) if last.wait is None else last.wait
            if idle >= ATTEMPTS or pause >= self._deadline.remaining():
                break
            self._client.observer.note(f"the download stopped ({str(last).rstrip('.')}); going on")
            self._deadline.pause(pause, sleep=self._client.retry.sleep)
        raise self._incomplete(last)

    def _opened(self, url: Url) -> Answer:
        """The response after at most `REDIRECTS` redirects. The key is never sent."""
        for _ in range(REDIRECTS + 1):
            try:
                answer = self._client.sender.open(
                    Request(
                        "GET",
                        url,
                        self._deadline,
                        stall=self._stall,
                        headers=self._headers(),
                        public_only=self._client.public_only(url),
                    )
                )
            except Fault as fault:
                raise self._fault(fault) from None
            location = answer.headers.get("location")
            if answer.status not in (301, 302, 303, 307, 308) or not location:
                return answer
            answer.close()
            try:
                url = self._policy.check(join(url, location))
            except BadUrl as exc:
                raise _forbidden(f"a redirect leads astray: {exc}") from None
        raise _forbidden("there are too many redirects")

    def _headers(self) -> dict[str, str]:
        headers = {
            "User-Agent": self._client.user_agent,
            "Accept": "*/*",
            "Accept-Encoding": "identity",
            "Connection": "close",
        }
        if self._sink.offset:
            headers["Range"] = f"bytes={self._sink.offset}-"
            if self._validator:
                headers["If-Range"] = self._validator
        return headers

    def _take(self, answer: Answer, expected: int | None) -> None:
        """Write the body of one response. Raises _CutOff unless the file is complete then."""
        if answer.status == 416 and self._is_whole(answer):
            return
        if answer.status == 206:
            self._continue(answer)
        elif answer.status == 200:
            self._begin(answer)
        else:
            raise self._refused(answer)
        length = _length(answer)
        try:
            got = self._write(answer, length)
        except Fault as fault:
            raise self._fault(fault) from None
        except bodies.Unreadable as exc:
            self._sink.restart()
            raise _CutOff(str(exc)) from None
        if length is not None and got != length:
            raise _CutOff(f"{got} of {length} bytes came")
        self._check_end(answer, length, expected)

    def _begin(self, answer: Answer) -> None:
        """Prepare for a body that starts at the first byte."""
        if self._sink.offset:
            self._sink.restart()
        packed = _packed(answer)
        self._total = None if packed else _length(answer)
        self._validator = None if packed else _validator(answer)
        self._check_size(self._total)

    def _continue(self, answer: Answer) -> None:
        """Prepare for a body that continues at the sink's offset. Raises _CutOff, after restarting
        the sink, when it is another part or of another version of the file."""
        match = re.fullmatch(_RANGE, answer.headers.get("content-range", "").strip())
        if match is None or _packed(answer):
            self._sink.restart()
            raise _CutOff("the server sent a part that does not say where it belongs")
        total = None if match[3] == "*" else int(match[3])
        changed = total is not None and self._total is not None and total != self._total
        validator = _validator(answer)
        if validator is not None and self._validator is not None:
            changed = changed or validator != self._validator
        if int(match[1]) != self._sink.offset or changed:
            self._sink.restart()
            raise _CutOff("the server sent another part than was asked for")
        self._total = total if total is not None else int(match[2]) + 1
        self._check_size(self._total)

    def _is_whole(self, answer: Answer) -> bool:
        """Whether a 416 response means that the sink holds the whole file. Raises _CutOff, after
        restarting the sink, when not."""
        match = re.fullmatch(_UNSATISFIED, answer.headers.get("content-range", "").strip())
        if match and self._sink.offset and int(match[1]) == self._sink.offset:
            return True
        self._sink.restart()
        raise _CutOff("the server has less than was already here")

    def _write(self, answer: Answer, length: int | None) -> int:
        """Write the decoded body; returns the number of bytes as they were sent."""
        sent = 0

        def counted() -> Iterator[bytes]:
            nonlocal sent
            for chunk in answer.chunks() if length is None else answer.bare_chunks(length):
                sent += len(chunk)
                yield chunk

        self._report()
        for data in bodies.unpacked(counted(), answer.headers.get("content-encoding")):
            self._check_size(self._sink.offset + len(data))
            self._sink.write(data)
            self._report()
        return sent

    def _check_end(self, answer: Answer, length: int | None, expected: int | None) -> None:
        """Raise _CutOff unless the end of the body is the end of the file."""
        size = self._sink.offset
        if not size:
            raise _CutOff("the file is empty")
        if self._total is not None and size < self._total:
            raise _CutOff(f"{size} of {self._total} bytes came")
        if length is None:
            chunked = "chunked" in answer.headers.get("transfer-encoding", "").lower()
            if not chunked and expected is not None and size < expected:
                self._sink.restart()
                raise _CutOff(f"{size} of {expected} bytes came")
            if self._total is None and (truncated := self._sink.truncation()):
                raise _CutOff(
                    f"{truncated}: {size} bytes came, and the server did not say how many"
                )
        elif answer.sent_too_much():
            self._sink.restart()
            raise _CutOff("the server sent more bytes than it announced")

    def _refused(self, answer: Answer) -> Exception:
        status, key = answer.status, self._client.key
        wait = retry_after(answer.headers.get("retry-after"))
        start = bodies.read_start(answer, REFUSAL_SIZE)
        report = read_report(Reply(status, answer.headers, start), key)
        reason = f"the media host answered with status {status}"
        reason += f": {report.message}" if report.message else ""
        if status in (404, 408, 425, 429) or status >= 500:
            return _CutOff(reason, wait=wait, status=status)
        return Unreachable(reason, http_status=status, may_be_billed=True)

    def _fault(self, fault: Fault) -> Exception:
        if fault.forbidden:
            return _forbidden(fault.message)
        return _CutOff(
            clean(fault.message, key=self._client.key, limit=200), timed_out=fault.timed_out
        )

    def _incomplete(self, cut: _CutOff) -> OpenClawFalError:
        late = self._deadline.expired
        kind = TimedOut if late or cut.timed_out else Unreachable
        reason = "time ran out" if late else str(cut)
        status = None if late else cut.status
        return kind(
            f"the download is not complete: {reason}", http_status=status, may_be_billed=True
        )

    def _check_size(self, size: int | None) -> None:
        _check_size(size, self._max_bytes)

    def _report(self) -> None:
        if self._on_bytes:
            self._on_bytes(self._sink.offset, self._total)


def _decode(url: str, sink: Sink, max_bytes: int | None, on_bytes: OnBytes | None) -> None:
    """Write the content of a data URI to `sink`."""
    if sink.offset:
        sink.restart()
    try:
        for data in data_uri_bytes(url):
            _check_size(sink.offset + len(data), max_bytes)
            sink.write(data)
    except ValueError as exc:
        raise JobFailed(
            f"fal's answer holds media that cannot be read: {exc}", may_be_billed=True
        ) from None
    if not sink.offset:
        raise JobFailed("fal's answer holds an empty file", may_be_billed=True)
    if on_bytes:
        on_bytes(sink.offset, sink.offset)


def _check_size(size: int | None, max_bytes: int | None) -> None:
    if size is not None and max_bytes is not None and size > max_bytes:
        raise LocalError(
            f"the file is larger than the configured limit of {max_bytes / (1 << 20):g} MB",
            hint="raise agents.defaults.mediaMaxMb, then fetch the job again",
            may_be_billed=True,
        )


def _forbidden(reason: str) -> JobFailed:
    return JobFailed(f"fal's answer names a file that is not fetched: {reason}", may_be_billed=True)


def _validator(answer: Answer) -> str | None:
    """What tells versions of a file apart, for If-Range: a strong ETag, else its date."""
    etag = answer.headers.get("etag", "")
    strong = etag if etag.startswith('"') and etag.isprintable() else None
    return strong or answer.headers.get("last-modified")


def _packed(answer: Answer) -> bool:
    return answer.headers.get("content-encoding", "").strip().lower() not in ("", "identity")


def _length(answer: Answer) -> int | None:
    if "transfer-encoding" in answer.headers:
        return None
    value = answer.headers.get("content-length", "").partition(",")[0].strip()
    return int(value) if re.fullmatch(r"[0-9]{1,18}", value) else None
