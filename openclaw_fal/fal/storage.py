"""Uploads reference files to fal's storage, in one request or in parts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import IO, NamedTuple

from openclaw_fal.errors import JobFailed, LocalError, OpenClawFalError, TimedOut, Unreachable
from openclaw_fal.fal.client import Client, with_query
from openclaw_fal.fal.deadline import Deadline
from openclaw_fal.fal.failures import Reply, failure, is_retryable
from openclaw_fal.fal.http.call import Fault
from openclaw_fal.fal.http.request import Request
from openclaw_fal.fal.retry import retry_after
from openclaw_fal.fal.urls import BadUrl, Policy, Url, parse
from openclaw_fal.fal.wire import JsonBody, NotJson, mapping, text_of
from openclaw_fal.fal.wire import parse as parse_json

MULTIPART_OVER = 90 * 1024 * 1024  # bytes
PART = 10 * 1024 * 1024
PARTS_AT_ONCE = 4
CHUNK = 256 * 1024

OpenFile = Callable[[], IO[bytes]]


class _Source(NamedTuple):
    """The file to send; `size` in bytes. `open_file` gives a new reader from the start."""

    open_file: OpenFile
    size: int
    name: str
    content_type: str


def upload(
    client: Client,
    *,
    open_file: OpenFile,
    size: int,
    name: str,
    content_type: str,
    deadline: Deadline,
    progress: Callable[[int], object] | None = None,
    multipart_over: int = MULTIPART_OVER,
) -> str:
    """Upload a file of `size` bytes and return the URL from which fal reads it.

    `progress` is called with the number of bytes sent. `open_file` is called for each attempt and
    each part, possibly from several threads at once. Raises LocalError when the file cannot be read
    or is shorter than `size`, else the error for fal's answer.
    """
    source = _Source(open_file, size, name, content_type)
    meter = _Meter(progress)
    in_parts = size > multipart_over
    target, file_url = _initiate(client, source, in_parts, deadline)
    meter.add(0)
    if in_parts:
        _put_parts(client, source, target, deadline, meter)
    else:
        _put(client, target, _Stretch(source, 0, size, meter), deadline)
    return file_url


def _initiate(
    client: Client, source: _Source, in_parts: bool, deadline: Deadline
) -> tuple[Url, str]:
    """Ask the storage for the upload URL and the final URL of a new file."""
    action = "initiate-multipart" if in_parts else "initiate"
    url = with_query(
        parse(f"{client.hosts.rest}/storage/upload/{action}"), "storage_type=fal-cdn-v3"
    )
    body = JsonBody({"file_name": source.name, "content_type": source.content_type})
    request = Request("POST", url, deadline, body=body)
    reply = client.ask(request, attempts=client.retry.attempts)
    if not 200 <= reply.status < 300:
        raise _not_billed(failure(reply, key=client.key, subject="the upload"))
    try:
        fields = mapping(parse_json(reply.body))
    except NotJson:
        fields = {}
    upload_url, file_url = text_of(fields.get("upload_url")), text_of(fields.get("file_url"))
    if upload_url is None or file_url is None:
        raise Unreachable("fal's storage answered without an upload URL")
    policy = Policy(parse(client.hosts.run))
    try:
        policy.check(parse(file_url))
        return policy.check(parse(upload_url)), file_url
    except BadUrl as exc:
        raise JobFailed(f"fal's storage named a URL that is not used: {exc}") from None


def _put_parts(
    client: Client, source: _Source, target: Url, deadline: Deadline, meter: _Meter
) -> None:
    """Send the parts, several at once, and have them joined."""
    count = -(-source.size // PART)
    etags: dict[int, str] = {}
    problems: list[BaseException] = []
    numbers = iter(range(1, count + 1))
    lock = threading.Lock()
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            start = (number - 1) * PART
            part = _Stretch(source, start, min(PART, source.size - start), meter)
            try:
                etags[number] = _etag(_put(client, _below(target, number), part, deadline))
            except BaseException as exc:
                problems.append(exc)
                stop.set()

    workers = min(PARTS_AT_ONCE, count)
    threads = [threading.Thread(target=work, daemon=True) for _ in range(workers)]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            while thread.is_alive():
                thread.join(0.5)  # Windows delivers no Ctrl-C to a blocked call
    finally:
        stop.set()
    if problems:
        raise problems[0]
    _complete(client, target, etags, deadline)


def _complete(client: Client, target: Url, etags: dict[int, str], deadline: Deadline) -> None:
    parts = [{"partNumber": number, "etag": etags[number]} for number in sorted(etags)]
    request = Request(
        "POST",
        _below(target, "complete"),
        deadline,
        headers={"Content-Type": "application/json"},
        body=JsonBody({"parts": parts}),
    )
    _send(client, request)


class _Stretch:
    """A range of the file as a request body, which is read anew for each attempt."""

    def __init__(self, source: _Source, start: int, length: int, meter: _Meter) -> None:
        self.source = source
        self.length = length
        self._start = start
        self._meter = meter
        self._sent = 0

    def __iter__(self) -> Iterator[bytes]:
        self._meter.add(-self._sent)
        self._sent = 0
        try:
            with self.source.open_file() as file:
                if self._start:
                    file.seek(self._start)
                while self._sent < self.length:
                    chunk = file.read(min(CHUNK, self.length - self._sent))
                    if not chunk:
                        raise LocalError(f"{self.source.name} became shorter while it was sent")
                    yield chunk
                    self._sent += len(chunk)
                    self._meter.add(len(chunk))
        except OSError as exc:
            reason = exc.strerror or exc
            raise LocalError(f"{self.source.name} cannot be read: {reason}") from exc


def _put(client: Client, url: Url, stretch: _Stretch, deadline: Deadline) -> Reply:
    headers = {"Content-Type": stretch.source.content_type}
    return _send(client, Request("PUT", url, deadline, headers=headers, body=stretch))


def _send(client: Client, request: Request) -> Reply:
    """Send a request to the storage host, without the key, repeating it after temporary errors.
    Returns a 2xx answer."""
    deadline = request.deadline
    request = request.replaced(
        headers={"User-Agent": client.user_agent, "Accept": "*/*", **request.headers},
        public_only=client.public_only(request.url),
    )
    failures = 0
    while True:
        fault = None
        wait = None
        try:
            with client.sender.open(request) as answer:
                reply = client.read(answer, 1 << 20)
            if 200 <= reply.status < 300:
                return reply
            if not is_retryable(reply):
                raise _not_billed(failure(reply, key=client.key, subject="the upload"))
            wait = retry_after(reply.headers.get("retry-after"))
        except Fault as exc:
            if exc.forbidden:
                raise JobFailed(f"the upload URL is not used: {exc.message}") from None
            fault = exc
        failures += 1
        pause = client.retry.pause(failures) if wait is None else wait
        if failures >= client.retry.attempts or pause >= deadline.remaining():
            if fault:
                raise _broken(client, fault, deadline)
            raise _not_billed(failure(reply, key=client.key, subject="the upload"))
        deadline.pause(pause, sleep=client.retry.sleep)


def _broken(client: Client, fault: Fault, deadline: Deadline) -> OpenClawFalError:
    error = client.unreachable(fault, deadline)
    kind = TimedOut if isinstance(error, TimedOut) else Unreachable
    return kind(f"the upload failed: {error.message}")


def _not_billed(error: OpenClawFalError) -> OpenClawFalError:
    """Uploads cost nothing."""
    error.may_be_billed = False
    return error


def _below(url: Url, step: int | str) -> Url:
    """`<upload URL path>/<step><query>`."""
    path, mark, query = url.target.partition("?")
    return url._replace(target=f"{path.rstrip('/')}/{step}{mark}{query}")


def _etag(reply: Reply) -> str:
    """The etag of an uploaded part, from the answer's JSON or its header."""
    try:
        etag = text_of(mapping(parse_json(reply.body)).get("etag"))
    except NotJson:
        etag = None
    etag = etag or text_of(reply.headers.get("etag"))
    if etag is None:
        raise Unreachable("fal's storage did not confirm a part of the upload")
    return etag


class _Meter:
    """Counts the bytes that several threads have sent."""

    def __init__(self, on_sent: Callable[[int], object] | None) -> None:
        self._on_sent = on_sent
        self._done = 0
        self._lock = threading.Lock()

    def add(self, count: int) -> None:
        with self._lock:
            self._done += count
            if self._on_sent:
                self._on_sent(self._done)
