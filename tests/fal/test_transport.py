"""TLS, certificates and proxies: one answer for API, uploads and downloads."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from io import BytesIO

import pytest

from openclaw_fal.errors import LocalError, TimedOut, Unreachable
from openclaw_fal.fal.deadline import Deadline
from openclaw_fal.fal.download import download
from openclaw_fal.fal.http import call as calls
from openclaw_fal.fal.http.call import Fault
from openclaw_fal.fal.http.proxies import proxy_for
from openclaw_fal.fal.queue import outcome, wait
from openclaw_fal.fal.results import remote_files
from openclaw_fal.fal.storage import upload
from openclaw_fal.fal.urls import parse
from openclaw_fal.sandbox import Dials, Sandbox
from tests.fal.conftest import FLUX, Memory, answering, client_of, soon, submitted
from tests.support.queueing import read_request
from tests.support.systems import signals

PROMPT = {"prompt": "p"}


def trusting(monkeypatch: pytest.MonkeyPatch, fal: Sandbox) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(fal.ca_file))


def secure(fal: Sandbox) -> str:
    return fal.url.replace("http://127.0.0.1", "https://localhost")


def test_a_certificate_that_is_not_trusted_stops_the_request() -> None:
    with Sandbox(tls=True) as fal:
        with client_of(secure(fal)) as client, pytest.raises(Unreachable) as caught:
            client.run(FLUX, PROMPT, deadline=soon())
        assert "certificate" in caught.value.message.lower()
        assert not caught.value.may_have_arrived
        assert fal.requests == []


def test_a_private_authority_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox(tls=True) as fal:
        trusting(monkeypatch, fal)
        with client_of(secure(fal)) as client:
            file = remote_files(client.run(FLUX, PROMPT, deadline=soon()).payload)[0]
            assert file.url.startswith("https://")
            sink = Memory()
            download(client, file, sink, deadline=soon())
            assert bytes(sink.data) == fal.media(file.url)
            handle = submitted(client)
            ended = wait(client, handle, deadline=soon(), poll_interval=0.01, stream=False)
            assert outcome(client, handle, ended, deadline=soon()).readable


@pytest.mark.parametrize("kind", ["cut", "lie_shorter", "lie_longer"])
def test_lies_over_tls_are_noticed_too(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    with Sandbox(tls=True) as fal:
        trusting(monkeypatch, fal)
        with client_of(secure(fal)) as client:
            fal.dials.media_bytes = 300_000
            file = remote_files(client.run(FLUX, PROMPT, deadline=soon()).payload)[0]
            fal.dials.fail("media", kind, 1)
            sink = Memory()
            download(client, file, sink, deadline=soon())
            assert bytes(sink.data) == fal.media(file.url)
            assert len(fal.phase("media")) == 2


def test_unreadable_certificates_are_a_local_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/at/all.pem")
    with (
        Sandbox() as fal,
        client_of(fal.url.replace("http:", "https:")) as client,
        pytest.raises(LocalError, match="SSL_CERT_FILE"),
    ):
        client.run(FLUX, PROMPT, deadline=soon())


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_everything_goes_through_the_proxy(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """fal's own hosts, for which the sandbox stands in as a proxy does."""
    with Sandbox(tls=True) as fal:
        trusting(monkeypatch, fal)
        monkeypatch.setenv(variable, fal.url)
        with client_of(None) as client:
            file = remote_files(client.run(FLUX, PROMPT, deadline=soon()).payload)[0]
            assert file.url.startswith("https://v3.fal.media/")
            sink = Memory()
            download(client, file, sink, deadline=soon())
            assert bytes(sink.data) == fal.media(file.url)
            handle = submitted(client)
            assert handle.status_url.startswith("https://queue.fal.run/")
            wait(client, handle, deadline=soon())
            client.verify_key(deadline=soon())
            data = b"x" * 1000
            upload(
                client,
                open_file=lambda: BytesIO(data),
                size=1000,
                name="x.png",
                content_type="image/png",
                deadline=soon(),
            )
            assert fal.uploads[0].data() == data
        assert fal.leaks == []
        assert {item.phase for item in fal.requests} >= {
            "sync", "media", "submit", "stream", "platform", "initiate", "upload"
        }  # fmt: skip


def test_plain_requests_name_the_whole_url_to_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox() as fal:
        place = fal.url.removeprefix("http://")
        monkeypatch.setenv("http_proxy", f"http://us%40er:pass@{place}")
        with client_of("http://fal.example") as client:
            client.run(FLUX, PROMPT, deadline=soon())
        (sent,) = fal.posts()
        assert sent.headers["host"] == "fal.example"
        assert sent.headers["proxy-authorization"] == "Basic dXNAZXI6cGFzcw=="


@pytest.mark.parametrize("answer", [b"HTTP/1.1 407 No\r\n\r\n", b"", b"garbage\r\n\r\n"])
def test_a_proxy_that_refuses_is_no_uncertain_request(
    monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    heads: list[bytes] = []

    def refuse(sock: object, number: int) -> None:
        heads.append(read_request(sock))  # type: ignore[arg-type]
        sock.sendall(answer)  # type: ignore[attr-defined]

    with answering(refuse) as (host, port):
        monkeypatch.setenv("https_proxy", f"http://u:p@{host}:{port}")
        with client_of(None) as client, pytest.raises(Unreachable) as caught:
            client.run(FLUX, PROMPT, deadline=soon())
        assert not caught.value.may_have_arrived
        assert len(heads) == client.retry.attempts
    assert heads[0].startswith(b"CONNECT fal.run:443 HTTP/1.1\r\n")
    assert b"canary" not in b"".join(heads)


def test_which_proxy_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    fal, home = parse("https://fal.run"), parse("http://127.0.0.1:5")
    assert proxy_for(fal) is None
    monkeypatch.setenv("https_proxy", "proxy.example:3128")
    found = proxy_for(fal)
    assert found is not None
    assert (found.host, found.port, found.auth) == ("proxy.example", 3128, None)
    assert proxy_for(home) is None
    assert proxy_for(parse("https://localhost")) is None
    monkeypatch.setenv("no_proxy", "fal.run")
    assert proxy_for(fal) is None
    assert proxy_for(parse("https://rest.fal.ai")) is not None
    for setting in ("socks4://x:1", "ftp://x:1", "http://", "http://x:notaport"):
        monkeypatch.setenv("https_proxy", setting)
        with pytest.raises(LocalError):
            proxy_for(parse("https://rest.fal.ai"))


def test_a_lookup_keeps_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    never = threading.Event()

    def hang(*args: object, **more: object) -> list[object]:
        never.wait(5)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    with client_of("https://slow.example") as client, pytest.raises(TimedOut) as caught:
        client.run(FLUX, PROMPT, deadline=soon(0.2))
    never.set()
    assert not caught.value.may_have_arrived


def test_waiting_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "TURN", 0.01)
    with Sandbox() as fal, client_of(fal.url) as client:
        fal.dials.run_time = 0.2
        assert client.run(FLUX, PROMPT, deadline=soon()).readable
        fal.dials.run_time = 60
        with pytest.raises(TimedOut):
            client.run(FLUX, PROMPT, deadline=soon(0.2))


def test_a_deadline_counts_down() -> None:
    now = [100.0]
    deadline = Deadline(10, clock=lambda: now[0])
    inner = deadline.sub(3)
    assert (deadline.remaining(), inner.remaining()) == (10, 3)
    now[0] += 4
    assert inner.expired
    assert deadline.sub(100).remaining() == deadline.remaining() == 6
    slept: list[float] = []
    deadline.pause(60, sleep=slept.append)
    assert sum(slept) == 6
    slept.clear()
    deadline.pause(0.7, sleep=slept.append)
    assert sum(slept) == pytest.approx(0.7)
    deadline.pause(-1, sleep=slept.append)
    deadline.stop()
    deadline.pause(60, sleep=slept.append)
    assert deadline.expired
    assert sum(slept) == pytest.approx(0.7)
    assert Deadline(None).remaining() == float("inf")
    assert Deadline(-5).expired


def test_a_passed_deadline_sends_nothing(fal: Sandbox) -> None:
    with client_of(fal.url) as client:
        with pytest.raises(TimedOut) as caught:
            client.run(FLUX, PROMPT, deadline=soon(0))
        assert not caught.value.may_have_arrived
    assert fal.requests == []


def test_faults_say_whether_anything_was_sent() -> None:
    assert not Fault("x", sent=False).timed_out


def test_importing_and_making_a_client_loads_no_http() -> None:
    program = """
import sys
from openclaw_fal.fal.client import Client
from openclaw_fal.fal.hosts import hosts_for
import openclaw_fal.fal.download, openclaw_fal.fal.storage, openclaw_fal.fal.queue
Client(hosts_for(None), "key")
heavy = {"httpx", "httpcore", "h11", "ssl", "asyncio", "certifi", "email", "urllib.request"}
print(sorted(heavy & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_plain_request_to_loopback_loads_no_certificates() -> None:
    with Sandbox() as fal:
        program = f"""
import ssl, sys
sys.modules["trio"] = None  # comes with the browser of other tests; httpcore would load it
loaded = []
ssl.create_default_context = loaded.append
from openclaw_fal.fal.client import Client
from openclaw_fal.fal.deadline import Deadline
from openclaw_fal.fal.hosts import hosts_for
client = Client(hosts_for({fal.url!r}), "key")
client.run("fal-ai/flux/dev", {{"prompt": "p"}}, deadline=Deadline(20))
print(loaded, "asyncio" in sys.modules)
"""
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        )
    assert done.stdout.strip() == "[] False"


def test_a_stopped_deadline_ends_a_wait_in_another_thread(fal: Sandbox) -> None:
    fal.dials.run_time = 60
    deadline, failures = soon(60), list[BaseException]()
    with client_of(fal.url) as client:

        def work() -> None:
            try:
                client.run(FLUX, PROMPT, deadline=deadline)
            except TimedOut as exc:
                failures.append(exc)

        thread = threading.Thread(target=work)
        thread.start()
        while not fal.posts():
            thread.join(0.01)
        deadline.stop()
        thread.join(20)
    assert len(failures) == 1


def interrupted(wanted: Callable[[], bool], work: Callable[[], object]) -> None:
    """Ctrl-C in the middle of `work`, once `wanted` holds."""

    def strike() -> None:
        while not wanted():
            time.sleep(0.01)
        time.sleep(0.05)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    thread = threading.Thread(target=strike)
    thread.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            work()
    finally:
        thread.join()
        signal.signal(signal.SIGINT, before)


@signals
@pytest.mark.parametrize("phase", ["sync", "submit", "stream", "status", "media", "upload"])
def test_ctrl_c_passes_and_leaves_the_client_usable(fal: Sandbox, phase: str) -> None:
    with client_of(fal.url) as client:
        fal.dials.media_bytes = 100_000
        (file,) = remote_files(client.run(FLUX, PROMPT, deadline=soon()).payload)
        fal.dials.queue_length, fal.dials.queue_step = 5, 60
        handle = submitted(client)
        data = b"x" * 100_000
        works: dict[str, Callable[[], object]] = {
            "sync": lambda: client.run(FLUX, PROMPT, deadline=soon(60)),
            "submit": lambda: client.submit(FLUX, PROMPT, deadline=soon(60)),
            "stream": lambda: wait(client, handle, deadline=soon(60)),
            "status": lambda: wait(client, handle, deadline=soon(60), stream=False),
            "media": lambda: download(client, file, Memory(), deadline=soon(60)),
            "upload": lambda: upload(
                client,
                open_file=lambda: BytesIO(data),
                size=len(data),
                name="x.png",
                content_type="image/png",
                deadline=soon(60),
                multipart_over=1000,
            ),
        }
        had = len(fal.phase(phase))
        fal.dials.fail(phase, "stall" if phase in ("media", "stream") else "silent")
        interrupted(lambda: len(fal.phase(phase)) > had, works[phase])
        fal.dials = Dials()
        assert client.run(FLUX, PROMPT, deadline=soon()).readable


@signals
def test_ctrl_c_between_polls(fal: Sandbox) -> None:
    fal.dials.queue_length, fal.dials.queue_step = 5, 60
    with client_of(fal.url) as client:
        handle = submitted(client)
        interrupted(
            lambda: bool(fal.phase("status")),
            lambda: wait(client, handle, deadline=soon(60), poll_interval=60, stream=False),
        )
