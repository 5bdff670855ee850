"""Requests with the key, to API hosts only: repeated where that is safe, paid POSTs sent once."""

from __future__ import annotations

from collections.abc import Callable

from openclaw_fal import __version__
from openclaw_fal.errors import (
    AuthError,
    JobFailed,
    LocalError,
    OpenClawFalError,
    RateLimited,
    TimedOut,
    Unreachable,
    no_key,
)
from openclaw_fal.fal import body as bodies
from openclaw_fal.fal.deadline import Deadline
from openclaw_fal.fal.failures import KEY_HINT, UNCERTAIN, Reply, failure, is_retryable
from openclaw_fal.fal.hosts import Hosts, same_origin, takes_key
from openclaw_fal.fal.http.call import Call, Fault
from openclaw_fal.fal.http.request import STALL, Request
from openclaw_fal.fal.http.sender import Answer, Sender
from openclaw_fal.fal.http.sockets import addresses_of
from openclaw_fal.fal.retry import Retry, retry_after
from openclaw_fal.fal.urls import BadUrl, Policy, Url, is_public, join, parse
from openclaw_fal.progress import Progress
from openclaw_fal.text import clean, redacted_bytes, redacted_headers

USER_AGENT = f"openclaw-fal/{__version__}"
JSON_LIMIT = 64 * 1024 * 1024
RESULT_LIMIT = 256 * 1024 * 1024  # a result may hold its media as data URIs
REDIRECTS = 3


class Exchange:
    """Sends requests to fal's API and reads the responses."""

    def __init__(
        self,
        hosts: Hosts,
        key: str | None,
        *,
        user_agent: str = USER_AGENT,
        observer: Progress | None = None,
        sender: Sender | None = None,
        retry: Retry | None = None,
    ) -> None:
        self.hosts = hosts
        self.key = key
        self.user_agent = user_agent
        self.observer = observer or Progress()
        self.sender = sender or Sender()
        self.retry = retry or Retry()
        self._api = parse(hosts.run)
        self._private: bool | None = None

    def api_url(self, text: str) -> Url:
        """Parse a URL of a job. Raises LocalError when its host must not get the key."""
        try:
            url = parse(text)
        except BadUrl as exc:
            raise LocalError(f"this is no URL of fal's API: {exc}") from None
        if not takes_key(url, self.hosts):
            raise LocalError(
                f"the job is on {url.host}, and the API in use is {self.hosts.queue}",
                hint="set models.providers.fal.baseUrl to the one that the job was sent to",
            )
        return url

    def ask(
        self,
        request: Request,
        *,
        attempts: int | None = None,
        limit: int = JSON_LIMIT,
        again: Callable[[Reply], bool] = is_retryable,
    ) -> Reply:
        """Send a request that is safe to repeat, until an answer is final or `attempts` are used up
        (None: until the deadline).

        `again` says whether an answer is not final. Returns the last answer, with any status code.
        Raises Unreachable or TimedOut when the last attempt brought none.
        """
        deadline, failures = request.deadline, 0
        while True:
            fault, wait = None, None
            try:
                reply = self.once(request, limit=limit)
            except Fault as exc:
                fault = exc
            else:
                if not again(reply):
                    return reply
                wait = retry_after(reply.headers.get("retry-after"))
            failures += 1
            pause = max(self.retry.pause(failures), wait or 0.0)
            given_up = attempts is not None and failures >= attempts
            if given_up or pause >= deadline.remaining():
                if fault:
                    raise self.unreachable(fault, deadline)
                return reply
            self.observer.note(f"{_why(fault, None if fault else reply)}; trying again")
            deadline.pause(pause, sleep=self.retry.sleep)

    def once(self, request: Request, *, limit: int = JSON_LIMIT) -> Reply:
        """Send a request once and read the whole answer. A GET follows redirects to the same host.
        Raises Fault, and JobFailed for an answer of more than `limit` bytes."""
        for _ in range(REDIRECTS + 1):
            with self.open(request) as answer:
                reply = self.read(answer, limit)
            target = _redirected(reply, request.url) if request.method == "GET" else None
            if target is None:
                return reply
            request = request.replaced(url=target)
        return reply

    def post_once(
        self, request: Request, *, on_sending: Callable[[bool], object] | None = None
    ) -> Answer:
        """Send a paid POST; the 2xx response, which the caller reads and closes.

        It is sent again only when provably no byte of it was sent, or after a 429, which means that
        fal did not take it. Raises Unreachable(may_have_arrived=True) whenever it may have arrived.
        `on_sending` is called with True right before the first byte is sent, and with False after a
        429.
        """
        report = on_sending or (lambda _: None)
        url, deadline = request.url, request.deadline
        request = request.replaced(fresh=True, on_sending=lambda: report(True))
        undelivered = refused = 0
        while True:
            try:
                answer = self.open(request)
            except Fault as fault:
                if fault.sent:
                    raise self.uncertain(fault) from fault
                undelivered += 1
                pause = self.retry.pause(undelivered)
                if undelivered >= self.retry.attempts or pause >= deadline.remaining():
                    raise self.unreachable(fault, deadline) from fault
                self.observer.note(f"{_why(fault, None)}; trying again")
                deadline.pause(pause, sleep=self.retry.sleep)
                continue
            if 200 <= answer.status < 300:
                return answer
            with answer:
                reply = self.read(answer, bodies.ERROR_LIMIT)
            error = failure(reply, key=self.key, paid=True, subject=f"the endpoint {url.target}")
            if not isinstance(error, RateLimited):
                raise error
            refused += 1
            report(False)
            self._pause_after_429(error, reply, refused, deadline)

    def _pause_after_429(
        self, error: RateLimited, reply: Reply, refused: int, deadline: Deadline
    ) -> None:
        """Pause for as long as fal asks; raises `error` when that is past the deadline."""
        asked_pause = retry_after(reply.headers.get("retry-after"))
        pause = max(self.retry.pause(refused), asked_pause or 0.0)
        if pause >= deadline.remaining():
            if asked_pause is not None:
                error.hint = f"fal asks to wait {asked_pause:.0f} s"
            raise error
        self.observer.note(f"{error.message.rstrip('.')}; trying again in {pause:.1f} s")
        deadline.pause(pause, sleep=self.retry.sleep)

    def open(self, request: Request) -> Answer:
        """Send a request with the key. Raises Fault."""
        headers = {
            "User-Agent": self.user_agent,
            "Accept": "application/json",
            "Accept-Encoding": "identity",
        }
        if request.needs_key or self.key:
            headers["Authorization"] = f"Key {self._checked_key()}"
        if request.body is not None:
            headers["Content-Type"] = "application/json"
        answer = self.sender.open(request.with_headers(headers))
        answer.headers = redacted_headers(answer.headers, self.key)
        return answer

    def public_only(self, url: Url) -> bool:
        """Whether a media host must have a public address: not when it is the API's own host, nor
        when the API itself is in a private network."""
        if url.host == self._api.host or not Policy(self._api).public_only:
            return False
        return self.hosts.is_fal or not self._api_is_private()

    def _api_is_private(self) -> bool:
        """Whether the host of a custom base URL resolves to a private address."""
        if self._private is None:
            try:
                addresses = addresses_of(
                    self._api.host, self._api.port, Call(Deadline(STALL), STALL)
                )
            except Fault:
                return False
            self._private = not all(map(is_public, addresses))
        return self._private

    def read(self, answer: Answer, limit: int) -> Reply:
        """The response with its body (of an error, the first bytes). Raises Fault, and JobFailed
        for a body over `limit` bytes or in an unknown encoding."""
        if answer.status >= 300:
            data = bodies.read_start(answer)
        else:
            try:
                data = bodies.read(answer, limit)
            except bodies.Unreadable as exc:
                error = JobFailed(
                    f"fal's answer cannot be read: {exc}",
                    http_status=answer.status,
                    request_id=Reply(answer.status, answer.headers, b"").request_id,
                    may_be_billed=True,
                )
                error.raw = redacted_bytes(exc.raw, self.key)
                raise error from None
        return Reply(answer.status, answer.headers, redacted_bytes(data, self.key))

    def uncertain(self, fault: Fault, request_id: str | None = None) -> Unreachable:
        """The error for a paid POST that may have arrived and got no complete answer."""
        kind = TimedOut if fault.timed_out else Unreachable
        error = kind(
            f"{self._reason(fault)}; {UNCERTAIN}",
            may_have_arrived=True,
            may_be_billed=True,
            request_id=request_id,
        )
        error.raw = redacted_bytes(fault.raw, self.key)
        return error

    def unreachable(self, fault: Fault, deadline: Deadline) -> OpenClawFalError:
        """The error for a request that got no answer, and that is safe to repeat."""
        if deadline.expired:
            return TimedOut(f"time ran out before fal answered: {self._reason(fault)}")
        if fault.timed_out:
            return TimedOut(f"fal did not answer in time: {self._reason(fault)}")
        return Unreachable(f"fal cannot be reached: {self._reason(fault)}")

    def _reason(self, fault: Fault) -> str:
        return clean(fault.message, key=self.key, limit=300)

    def _checked_key(self) -> str:
        if not self.key:
            raise no_key()
        if not self.key.isascii() or not self.key.isprintable() or " " in self.key:
            raise AuthError("the fal API key holds characters that no key has", hint=KEY_HINT)
        return self.key


def _redirected(reply: Reply, url: Url) -> Url | None:
    """The target of a redirect to the same host, else None: another host must not get the key."""
    location = reply.headers.get("location")
    if reply.status not in (301, 302, 303, 307, 308) or not location:
        return None
    try:
        target = join(url, location)
    except BadUrl:
        return None
    return target if same_origin(target, url) else None


def _why(fault: Fault | None, reply: Reply | None) -> str:
    if fault is not None:
        return f"fal did not answer ({clean(fault.message, limit=200)})"
    return f"fal answered with status {reply.status}" if reply else "fal did not answer"
