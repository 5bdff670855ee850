"""Webhooks arrive signed, and only on this machine."""

from __future__ import annotations

import base64
import hashlib
import http.server
import json
import threading
import time
from collections.abc import Iterator
from queue import Queue
from typing import Any

import httpx
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from openclaw_fal.sandbox import Dials, Sandbox

VIDEO = "/fal-ai/minimax/video-01-live"
Letter = tuple[dict[str, str], bytes]


class Mailbox(http.server.ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.letters: Queue[Letter] = Queue()
        self.answers = [200]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook?of=mine"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Mailbox

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        answers = self.server.answers
        self.send_response(answers.pop(0) if len(answers) > 1 else answers[0])
        self.end_headers()
        self.server.letters.put(({**headers, "path": self.path}, body))

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        yield server
        server.shutdown()


def submit(client: httpx.Client, hook: str, body: dict[str, Any]) -> str:
    answer = client.post(VIDEO, params={"fal_webhook": hook}, json=body)
    assert answer.status_code == 200
    found: str = answer.json()["request_id"]
    return found


def test_a_signed_result(fal: Sandbox, http: httpx.Client, mailbox: Mailbox) -> None:
    fal.dials = Dials(run_time=0.02)
    request_id = submit(http, mailbox.url, {"prompt": "p"})
    headers, body = mailbox.letters.get(timeout=10)

    message = json.loads(body)
    assert headers["path"] == "/hook?of=mine"
    assert message["status"] == "OK"
    assert message["request_id"] == message["gateway_request_id"] == request_id
    assert fal.media(message["payload"]["video"]["url"])

    [key] = http.get("/.well-known/jwks.json").json()["keys"]
    assert (key["kty"], key["crv"]) == ("OKP", "Ed25519")
    public = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(key["x"] + "=="))
    named = [headers[f"x-fal-webhook-{name}"] for name in ("request-id", "user-id", "timestamp")]
    assert named[0] == request_id
    assert abs(int(named[2]) - time.time()) < 300
    signature = bytes.fromhex(headers["x-fal-webhook-signature"])
    public.verify(signature, "\n".join([*named, hashlib.sha256(body).hexdigest()]).encode())
    with pytest.raises(InvalidSignature):
        public.verify(signature, "\n".join([*named, "0" * 64]).encode())


def test_an_error(http: httpx.Client, mailbox: Mailbox) -> None:
    submit(http, mailbox.url, {"prompt": 5})
    message = json.loads(mailbox.letters.get(timeout=10)[1])
    assert message["status"] == "ERROR"
    assert message["payload"]["detail"][0]["loc"] == ["body", "prompt"]
    assert message["error"]


def test_a_refused_letter_comes_again(http: httpx.Client, mailbox: Mailbox) -> None:
    mailbox.answers = [500, 200]
    submit(http, mailbox.url, {"prompt": "p"})
    first, second = (mailbox.letters.get(timeout=10)[1] for _ in range(2))
    assert json.loads(first) == json.loads(second)


@pytest.mark.parametrize(
    "hook", ["https://example.com/hook", "http://10.0.0.1/hook", "ftp://127.0.0.1/", "nonsense"]
)
def test_nothing_leaves_this_machine(hook: str) -> None:
    lines: list[str] = []
    with Sandbox(log=lines.append) as fal:
        headers = {"Authorization": "Key k"}
        httpx.post(
            fal.url + VIDEO, params={"fal_webhook": hook}, json={"prompt": "p"}, headers=headers
        )
    assert any("no webhook" in line for line in lines)
