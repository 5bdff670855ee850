"""One request and its answer, or as many as it takes; the key goes to API hosts only."""

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
)
from openclaw_fal.fal import body as bodies
from openclaw_fal.fal.deadline import Deadline
from openclaw_fal.fal.failures import KEY_HINT, UNCERTAIN, Reply, failure, is_trouble
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
    """Sends requests to fal's API and reads the answers."""

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
        """A URL that may be asked with the key. Raises LocalError for one on another host."""
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
        again: Callable[[Reply], bool] = is_trouble,
    ) -> Reply:
        """A request that may go again, until it has an answer that another one would not change.

        `again` says which answers are not final. `attempts` None: until the deadline. Returns the
        last answer, whatever its status. Raises Unreachable or TimedOut when there is none.
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
        """One request and its whole answer. A GET follows redirects on its own host. Raises Fault,
        and JobFailed for an answer beyond the limit."""
        for _ in range(REDIRECTS + 1):
            with self.open(request) as answer:
                reply = self.read(answer, limit)
            target = _redirected(reply, request.url) if request.method == "GET" else None
            if target is None:
                return reply
            request = request.replaced(url=target)
        return reply

    def post_once(
        self, request: Request, *, on_way: Callable[[bool], object] | None = None
    ) -> Answer:
        """A paid POST: the answer with a 2xx status, which the caller reads and closes.

        It goes again only when provably nothing of it left, or when fal answered 429 (not taken).
        Raises Unreachable(may_have_arrived=True) whenever it may have arrived. `on_way` hears True
        right before the first byte leaves, and False when fal has not taken the request.
        """
        report = on_way or (lambda _: None)
        url, deadline = request.url, request.deadline
        request = request.replaced(fresh=True, leaving=lambda: report(True))
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
            self._await_turn(error, reply, refused, deadline)

    def _await_turn(
        self, error: RateLimited, reply: Reply, refused: int, deadline: Deadline
    ) -> None:
        """The pause that fal asks for, or the error when there is no time for it."""
        asked_pause = retry_after(reply.headers.get("retry-after"))
        pause = max(self.retry.pause(refused), asked_pause or 0.0)
        if pause >= deadline.remaining():
            if asked_pause is not None:
                error.hint = f"fal asks to wait {asked_pause:.0f} s"
            raise error
        self.observer.note(f"{error.message}; trying again in {pause:.1f} s")
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
        """Whether a media host must be reached at an address of the open internet: unless the API
        itself is in a private network, or is that host."""
        if url.host == self._api.host or not Policy(self._api).public_only:
            return False
        return self.hosts.is_fal or not self._api_is_private()

    def _api_is_private(self) -> bool:
        """Whether the name of an API of one's own stands for a private address."""
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
        """The answer with its body, of which errors keep the start. Raises Fault, and JobFailed
        for a body that is too large or packed in an unknown way."""
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
        """A paid POST that may have arrived, and got no answer."""
        kind = TimedOut if fault.timed_out else Unreachable
        error = kind(
            f"{self._said(fault)}; {UNCERTAIN}",
            may_have_arrived=True,
            may_be_billed=True,
            request_id=request_id,
        )
        error.raw = redacted_bytes(fault.raw, self.key)
        return error

    def unreachable(self, fault: Fault, deadline: Deadline) -> OpenClawFalError:
        """A request that got no answer, and did no harm."""
        if deadline.expired:
            return TimedOut(f"time ran out before fal answered: {self._said(fault)}")
        if fault.timed_out:
            return TimedOut(f"fal did not answer in time: {self._said(fault)}")
        return Unreachable(f"fal cannot be reached: {self._said(fault)}")

    def _said(self, fault: Fault) -> str:
        return clean(fault.message, key=self.key, limit=300)

    def _checked_key(self) -> str:
        if not self.key:
            raise AuthError("there is no fal API key", hint=KEY_HINT)
        if not self.key.isascii() or not self.key.isprintable() or " " in self.key:
            raise AuthError("the fal API key holds characters that no key has", hint=KEY_HINT)
        return self.key


def _redirected(reply: Reply, url: Url) -> Url | None:
    """Where a redirect leads, if that is the same host: no other one may see the key."""
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
