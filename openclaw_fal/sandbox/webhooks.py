"""Webhooks: how a queued job ended, posted to an address on this machine, signed as fal signs."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from openclaw_fal.sandbox.addresses import addresses_of
from openclaw_fal.sandbox.http1 import Request
from openclaw_fal.sandbox.jobs import Job, result_problem
from openclaw_fal.sandbox.results import payload

if TYPE_CHECKING:
    from openclaw_fal.sandbox.world import World

USER_ID = "sandbox"
_TRIES = 3
_TIMEOUT = 5.0
_MOST = 1000


@dataclass(frozen=True, slots=True)
class _Letter:
    job: Job
    url: str
    media_url: str


class Postman:
    """Delivers webhooks, one after another, from one thread that ends when nothing is left."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._letters: list[_Letter] = []
        self._busy = False
        self._lock = threading.Lock()

    def post_when_done(self, job: Job, request: Request) -> str | None:
        """Deliver to the job's address once it is done; returns what is wrong with the address."""
        parts = urlsplit(job.webhook)
        if parts.scheme != "http" or not is_loopback(parts.hostname or ""):
            return f"no webhook to {job.webhook!r}: the sandbox posts to http://127.0.0.1 only"
        with self._lock:
            if len(self._letters) >= _MOST:
                return "too many webhooks are waiting: this one is dropped"
            self._letters.append(_Letter(job, job.webhook, addresses_of(request).media))
            if not self._busy:
                self._busy = True
                threading.Thread(target=self._work, name="fal-webhooks", daemon=True).start()
        return None

    def _work(self) -> None:
        while not self._world.stop.is_set():
            with self._lock:
                ready = [letter for letter in self._letters if self._is_done(letter.job)]
                self._letters = [letter for letter in self._letters if letter not in ready]
                if not ready and not self._letters:
                    self._busy = False
                    return
            for letter in ready:
                self._deliver(letter)
            if not ready:
                self._world.wait(0.02)

    def _is_done(self, job: Job) -> bool:
        return job.progress(self._world.job_dials(job))[0] == "COMPLETED"

    def _deliver(self, letter: _Letter) -> None:
        body = json.dumps(self._message(letter)).encode()
        headers = signed_headers(self._world.webhook_secret, letter.job.id, body)
        for number in range(_TRIES):
            try:
                status = _post(letter.url, body, headers)
            except OSError as exc:
                self._world.say([f"webhook {letter.url}: {exc}"])
            else:
                self._world.say([f"webhook {letter.url} {status}"])
                if status < 300:
                    return
            self._world.wait(0.1 * 2**number)

    def _message(self, letter: _Letter) -> dict[str, Any]:
        job = letter.job
        dials = self._world.job_dials(job)
        message: dict[str, Any] = {"request_id": job.id, "gateway_request_id": job.id}
        problem = result_problem(job, dials)
        if problem or job.made is None:
            detail = problem.detail if problem else "no output"
            error = detail if isinstance(detail, str) else "Invalid input"
            return message | {"status": "ERROR", "error": error, "payload": {"detail": detail}}
        output = payload(
            job.made,
            job.id,
            media_url=letter.media_url,
            dials=dials,
            own_dials=job.own_dials,
            library=self._world.library,
        )
        return message | {"status": "OK", "payload": output}


def signed_headers(secret: bytes, request_id: str, body: bytes) -> dict[str, str]:
    """fal's headers: an Ed25519 signature over ids, time and the hash of the body."""
    from openclaw_fal.sandbox.ed25519 import sign

    stamp = str(int(time.time()))
    digest = hashlib.sha256(body).hexdigest()
    message = "\n".join([request_id, USER_ID, stamp, digest]).encode()
    return {
        "Content-Type": "application/json",
        "X-Fal-Webhook-Request-Id": request_id,
        "X-Fal-Webhook-User-Id": USER_ID,
        "X-Fal-Webhook-Timestamp": stamp,
        "X-Fal-Webhook-Signature": sign(secret, message).hex(),
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
