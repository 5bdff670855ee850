"""Webhooks: the results of queued jobs, posted to URLs on this machine with fal's signature."""

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
_ATTEMPTS = 3
_TIMEOUT = 5.0  # seconds
_MOST_WAITING = 1000


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook to send once `is_done`; `message` gives its JSON body then."""

    request_id: str
    url: str
    is_done: Callable[[], bool]
    message: Callable[[], dict[str, object]]


class WebhookSender:
    """Sends webhooks one after another, in a thread that ends when none is waiting.

    `secret` is the private Ed25519 key of the signatures. `stop` ends the thread.
    """

    def __init__(
        self, secret: bytes, stop: threading.Event, write_log: Callable[[Iterable[str]], None]
    ) -> None:
        self._secret, self._stop, self._write_log = secret, stop, write_log
        self._waiting: list[Webhook] = []
        self._running = False
        self._lock = threading.Lock()

    def add(self, webhook: Webhook) -> str | None:
        """Send the webhook once its job is done. Returns why it will not be sent, or None."""
        parts = urlsplit(webhook.url)
        if parts.scheme != "http" or not is_loopback(parts.hostname or ""):
            return f"no webhook to {webhook.url!r}: the sandbox posts to http://127.0.0.1 only"
        if not crypto.installed():
            return f"no webhook to {webhook.url!r}: signing needs cryptography: {crypto.INSTALL}"
        with self._lock:
            if len(self._waiting) >= _MOST_WAITING:
                return "too many webhooks are waiting: this one is dropped"
            self._waiting.append(webhook)
            if not self._running:
                self._running = True
                threading.Thread(target=self._work, name="fal-webhooks", daemon=True).start()
        return None

    def _work(self) -> None:
        while not self._stop.is_set():
            with self._lock:
                ready = [webhook for webhook in self._waiting if webhook.is_done()]
                self._waiting = [webhook for webhook in self._waiting if webhook not in ready]
                if not ready and not self._waiting:
                    self._running = False
                    return
            for webhook in ready:
                self._send(webhook)
            if not ready:
                self._stop.wait(0.02)

    def _send(self, webhook: Webhook) -> None:
        body = json.dumps(webhook.message()).encode()
        headers = signed_headers(self._secret, webhook.request_id, body)
        for number in range(_ATTEMPTS):
            try:
                status = _post(webhook.url, body, headers)
            except OSError as exc:
                self._write_log([f"webhook {webhook.url}: {exc}"])
            else:
                self._write_log([f"webhook {webhook.url} {status}"])
                if status < 300:
                    return
            self._stop.wait(0.1 * 2**number)


def signed_headers(secret: bytes, request_id: str, body: bytes) -> dict[str, str]:
    """fal's webhook headers, with an Ed25519 signature of ids, time and the body's SHA-256."""
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
    """Whether a host is this machine, decided without DNS."""
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
