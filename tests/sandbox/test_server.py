"""The sandbox as a server: where it listens, how it starts and stops, what it keeps."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from openclaw_fal.errors import UsageError
from openclaw_fal.sandbox import Dials, Limits, Request, Response, Sandbox

FLUX = "/fal-ai/flux/dev"
VIDEO = "/fal-ai/minimax/video-01-live"
KEY = {"Authorization": "Key k"}


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "", "192.168.1.5", "example.com", "127.0.0.1.example.com", "8.8.8.8"]
)
def test_only_loopback(host: str) -> None:
    with pytest.raises(UsageError, match="this machine only"):
        Sandbox(host=host)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_loopback_names(host: str) -> None:
    with Sandbox(host=host) as fal:
        assert fal.url == f"http://{host}:{fal.port}"
        assert httpx.get(fal.url).json()["url"] == fal.url


def test_ipv6() -> None:
    try:
        fal = Sandbox(host="::1").start()
    except UsageError:
        pytest.skip("this machine has no IPv6 loopback")
    with fal:
        assert httpx.get(f"http://[::1]:{fal.port}/").json()["url"] == f"http://[::1]:{fal.port}"


def test_a_port_that_is_taken(fal: Sandbox) -> None:
    with pytest.raises(UsageError, match=str(fal.port)):
        Sandbox(port=fal.port).start()


def test_after_the_stop_nobody_answers() -> None:
    with Sandbox() as fal, httpx.Client() as client:
        client.get(fal.url)
    with pytest.raises(httpx.ConnectError):
        httpx.get(fal.url)
    fal.stop()


def test_stopping_does_not_wait_for_idle_or_busy_connections() -> None:
    with Sandbox(Dials(run_time=3600)) as fal, ThreadPoolExecutor(1) as pool:
        idle = socket.create_connection(("127.0.0.1", fal.port))
        body = {"prompt": "p"}
        busy = pool.submit(httpx.post, fal.url + FLUX, json=body, headers=KEY, timeout=30)
        fal.wait_for("sync")
        fal.stop()
        with pytest.raises(httpx.TransportError):
            busy.result(timeout=10)
        assert idle.recv(1) == b""
        idle.close()


IMPORTS = """
import json, sys
from openclaw_fal.sandbox import Sandbox
with Sandbox():
    print(json.dumps(sorted(sys.modules)))
"""


def test_it_starts_without_what_is_slow_to_load() -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS], capture_output=True, text=True, check=True
    )
    loaded = set(json.loads(done.stdout))
    slow = {"PIL", "ssl", "http.server", "http.client", "email", "asyncio", "httpx", "wave"}
    assert loaded & slow == set()
    assert "openclaw_fal.provider.schemas" not in loaded


def seen(seed: int) -> list[object]:
    with Sandbox(seed=seed) as fal, httpx.Client(base_url=fal.url, headers=KEY) as client:
        image = client.post(FLUX, json={"prompt": "p"}).json()
        job = client.post(VIDEO, json={"prompt": "p"}).json()
        path = image["images"][0]["url"].removeprefix(fal.url)
        return [path, image["seed"], job["request_id"], fal.media(image["images"][0]["url"])]


def test_the_seed_decides_everything() -> None:
    assert seen(5) == seen(5)
    assert all(one != other for one, other in zip(seen(5), seen(6), strict=True))


def test_what_is_recorded(fal: Sandbox, http: httpx.Client) -> None:
    http.get("/v1/models", params={"q": "a b"})
    http.post(FLUX, json={"prompt": "é"}, headers={"X-Mine": "yes"})
    first, second = fal.requests

    assert (first.method, first.path, first.query) == ("GET", "/v1/models", {"q": "a b"})
    assert (first.phase, first.status) == ("platform", 200)
    assert second.json == {"prompt": "é"}
    assert second.headers["x-mine"] == "yes"
    assert second.size == len(second.body)
    assert second.at >= first.at
    assert fal.posts() == fal.posts("fal-ai/") == fal.posts(FLUX) == [second]
    assert fal.posts("/other") == []
    fal.clear()
    assert fal.requests == []


def test_waiting_for_requests(fal: Sandbox) -> None:
    with pytest.raises(TimeoutError, match="0 of 1 requests of the phase sync"):
        fal.wait_for("sync", timeout=0.01)


def test_records_are_bounded() -> None:
    limits = Limits(requests=10, body=100, bodies=350)
    with Sandbox(limits=limits) as fal, httpx.Client(base_url=fal.url, headers=KEY) as client:
        for _ in range(15):
            client.post(FLUX, json={"prompt": "p" * 1000})
        kept = fal.requests
    assert len(kept) == 10
    assert all(item.size > 1000 for item in kept)
    assert sum(len(item.body) for item in kept) <= 350


def test_recording_can_be_off() -> None:
    with Sandbox(record=False) as fal:
        httpx.get(fal.url)
        assert fal.requests == []


def test_a_hook_can_answer(public: httpx.Client) -> None:
    def hook(request: Request) -> Response | None:
        if request.path == "/special":
            return Response.of({"method": request.method}, 201, x_one="two")
        return None

    with Sandbox(on_request=hook) as fal:
        answer = public.get(fal.url + "/special")
        assert (answer.status_code, answer.json()) == (201, {"method": "GET"})
        assert answer.headers["x-one"] == "two"
        assert public.get(fal.url).json()["sandbox"]


def test_a_bug_is_answered_and_remembered(public: httpx.Client) -> None:
    def hook(request: Request) -> Response | None:
        raise RuntimeError("on purpose")

    lines: list[str] = []
    with Sandbox(on_request=hook, log=lines.append) as fal:
        assert public.get(fal.url).status_code == 500
        assert "on purpose" in fal.crashes[0]
        assert any("on purpose" in line for line in lines)


def test_the_log_has_no_control_characters(public: httpx.Client) -> None:
    lines: list[str] = []
    with Sandbox(log=lines.append) as fal:
        public.get(fal.url + "/%1b[2J%0a%9b")
    assert lines
    assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/2\r\n\r\n", b"400"),
        (b"\x00\xff\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n", b"400"),
        (b"POST /a/b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nX: " + b"y" * 70_000 + b"\r\n\r\n", b"431"),
        (b"GET //[ HTTP/1.1\r\n\r\n", b"400"),
    ],
)
def test_bytes_that_are_no_request(fal: Sandbox, data: bytes, status: bytes) -> None:
    with socket.create_connection(("127.0.0.1", fal.port)) as sock:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        assert sock.recv(100).split()[1] == status


def test_a_request_that_ends_in_the_middle(fal: Sandbox, http: httpx.Client) -> None:
    for data in (b"POST " + FLUX.encode(), b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc"):
        with socket.create_connection(("127.0.0.1", fal.port)) as sock:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(1000):
                pass
    assert http.get("/").status_code == 200


def test_pipelined_and_kept_alive(fal: Sandbox) -> None:
    request = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    with socket.create_connection(("127.0.0.1", fal.port)) as sock:
        sock.sendall(request * 2 + request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        data = b""
        while chunk := sock.recv(65536):
            data += chunk
    assert data.count(b"HTTP/1.1 200 OK") == 3


def test_expect_continue(fal: Sandbox) -> None:
    body = b'{"prompt": "p"}'
    head = (
        f"POST {FLUX} HTTP/1.1\r\nHost: x\r\nAuthorization: Key k\r\nConnection: close\r\n"
        f"Expect: 100-continue\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", fal.port)) as sock:
        sock.sendall(head.encode())
        assert sock.recv(100).startswith(b"HTTP/1.1 100")
        sock.sendall(body)
        assert sock.recv(100).startswith(b"HTTP/1.1 200")


def test_many_jobs_polled_by_many_clients() -> None:
    """200 jobs at once, 20 clients that poll them, a stream for some: no error."""
    jobs, clients = 200, 20
    body = {"prompt": "p", "image_size": {"width": 64, "height": 64}}
    start = threading.Barrier(clients)

    def work(number: int) -> list[int]:
        start.wait()
        codes: list[int] = []
        headers = KEY | {"X-Fal-Queue-Priority": "normal"}
        with httpx.Client(base_url=fal.url, headers=headers, timeout=60, verify=False) as client:
            mine = [client.post(FLUX, json=body).json() for _ in range(jobs // clients)]
            if number % 5 == 0:
                codes.append(client.get(mine[0]["status_url"] + "/stream").status_code)
            pending = list(mine)
            while pending:
                answers = [(job, client.get(job["status_url"]).status_code) for job in pending]
                codes += [code for _, code in answers]
                pending = [job for job, code in answers if code == 202]
            codes += [client.get(job["response_url"]).status_code for job in mine]
        return codes

    dials = Dials(clock="polls", queue_length=2, queue_step=1, run_time=3)
    with Sandbox(dials) as fal, ThreadPoolExecutor(clients) as pool:
        codes = [code for found in pool.map(work, range(clients)) for code in found]
        assert set(codes) == {200, 202}
        assert len(fal.jobs) == jobs
        assert len(fal.posts()) == jobs
        assert fal.crashes == []


def test_a_burst_of_connections(fal: Sandbox) -> None:
    sockets = [socket.create_connection(("127.0.0.1", fal.port)) for _ in range(300)]
    for sock in sockets:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    for sock in sockets:
        assert sock.recv(20).startswith(b"HTTP/1.1 200")
        sock.close()


def test_finished_jobs_do_not_pile_up() -> None:
    """Jobs that nobody asks for again go too, and with them all that they held."""
    limits = Limits(jobs=50)
    with (
        Sandbox(limits=limits, record=False) as fal,
        httpx.Client(base_url=fal.url, headers=KEY) as client,
    ):
        image = "data:image/png;base64," + "A" * 20_000
        body = {"prompt": "p" * 500, "image_url": image}
        for _ in range(300):
            job = client.post(f"{VIDEO}/image-to-video", json=body).json()
        assert fal.memory["jobs"] <= 51
        assert sum(kept.weight for kept in fal.jobs) < 51 * 3000
        assert client.get(job["response_url"]).status_code == 200


def test_waiting_jobs_stay_until_there_are_far_too_many() -> None:
    limits = Limits(jobs=10)
    with (
        Sandbox(Dials(run_time=3600), limits=limits) as fal,
        httpx.Client(base_url=fal.url, headers=KEY) as client,
    ):
        jobs = [client.post(VIDEO, json={"prompt": "p"}).json() for _ in range(20)]
        assert all(client.get(job["status_url"]).status_code == 202 for job in jobs)
        client.post(VIDEO, json={"prompt": "p"})
        assert client.get(jobs[0]["status_url"]).status_code == 404


def test_old_jobs_go() -> None:
    limits = Limits(job_age=0.0)
    with (
        Sandbox(Dials(run_time=3600), limits=limits) as fal,
        httpx.Client(base_url=fal.url, headers=KEY) as client,
    ):
        for _ in range(5):
            client.post(VIDEO, json={"prompt": "p"})
        assert fal.memory["jobs"] <= 1


def test_long_prompts_do_not_pile_up() -> None:
    with (
        Sandbox(record=False) as fal,
        httpx.Client(base_url=fal.url, headers=KEY) as client,
    ):
        headers = {"X-Fal-Queue-Priority": "low"}
        for _ in range(400):
            client.post(FLUX, json={"prompt": "p" * 100_000}, headers=headers)
        assert sum(job.weight for job in fal.jobs) <= 33 << 20
