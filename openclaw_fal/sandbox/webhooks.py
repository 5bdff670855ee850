"""Webhooks: how a queued job ended, posted to an address on this machine, signed as fal signs."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from openclaw_fal.sandbox import crypto

USER_ID = "sandbox"
_TRIES = 3
_TIMEOUT = 5.0
_MOST = 1000


@dataclass(frozen=True, slots=True)
class Letter:
    """One webhook to deliver once `is_done`; `message` makes its JSON body then."""

    request_id: str
    url: str
    is_done: Callable[[], bool]
    message: Callable[[], dict[str, object]]


class Postman:
    """Delivers webhooks, one after another, from one thread that ends when none is waiting.

    `secret` is the Ed25519 key that signs, `stop` ends everything, `say` writes to the log.
    """

    def __init__(
        self, secret: bytes, stop: threading.Event, say: Callable[[Iterable[str]], None]
    ) -> None:
        self._secret, self._stop, self._say = secret, stop, say
        self._letters: list[Letter] = []
        self._busy = False
        self._lock = threading.Lock()

    def post_when_done(self, letter: Letter) -> str | None:
        """Deliver once the job is done. Returns why that will not happen, if it will not."""
        parts = urlsplit(letter.url)
        if parts.scheme != "http" or not is_loopback(parts.hostname or ""):
            return f"no webhook to {letter.url!r}: the sandbox posts to http://127.0.0.1 only"
        if not crypto.installed():
            return f"no webhook to {letter.url!r}: signing needs cryptography: {crypto.INSTALL}"
        with self._lock:
            if len(self._letters) >= _MOST:
                return "too many webhooks are waiting: this one is dropped"
            self._letters.append(letter)
            if not self._busy:
                self._busy = True
                threading.Thread(target=self._work, name="fal-webhooks", daemon=True).start()
        return None

    def _work(self) -> None:
        while not self._stop.is_set():
            with self._lock:
                ready = [letter for letter in self._letters if letter.is_done()]
                self._letters = [letter for letter in self._letters if letter not in ready]
                if not ready and not self._letters:
                    self._busy = False
                    return
            for letter in ready:
                self._deliver(letter)
            if not ready:
                self._stop.wait(0.02)

    def _deliver(self, letter: Letter) -> None:
        body = json.dumps(letter.message()).encode()
        headers = signed_headers(self._secret, letter.request_id, body)
        for number in range(_TRIES):
            try:
                status = _post(letter.url, body, headers)
            except OSError as exc:
                self._say([f"webhook {letter.url}: {exc}"])
            else:
                self._say([f"webhook {letter.url} {status}"])
                if status < 300:
                    return
            self._stop.wait(0.1 * 2**number)


def signed_headers(secret: bytes, request_id: str, body: bytes) -> dict[str, str]:
    """fal's headers: an Ed25519 signature over ids, time and the hash of the body."""
    stamp = str(int(time.time()))
    digest = hashlib.sha256(body).hexdigest()
    message = "\n".join([request_id, USER_ID, stamp, digest]).encode()
    return {
        "Content-Type": "application/json",
        "X-Fal-Webhook-Request-Id": request_id,
        "X-Fal-Webhook-User-Id": USER_ID,
        "X-Fal-Webhook-Timestamp": stamp,
        "X-Fal-Webhook-Signature": crypto.sign(secret, message).hex(),
    }


def is_loopback(host: str) -> bool:
    """Whether a host is this machine and nothing else."""
    numbers = host.split(".")
    if len(numbers) == 4 and all(part.isascii() and part.isdigit() for part in numbers):
        return numbers[0] == "127"
    return host in ("localhost", "::1")


def _post(url: str, body: bytes, headers: dict[str, str]) -> int:
    import http.client

    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_TIMEOUT)
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body, headers)
        return connection.getresponse().status
    except http.client.HTTPException as exc:
        raise OSError(str(exc)) from exc
    finally:
        connection.close()
