"""Where the key may go, and from where media may come, whatever the server says."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from openclaw_fal.fal.http import sockets
from openclaw_fal.fal.urls import BadUrl, Policy, is_public, parse
from openclaw_fal.files.outputs import plan_target
from openclaw_fal.journal.jobs import Journal
from openclaw_fal.journal.record import NewJob
from openclaw_fal.sandbox import Sandbox
from openclaw_fal.store import paths
from tests.support.program import KEY, Openclaw, jobs, write_config
from tests.support.queueing import Hooked
from tests.trust.checks import refused, sparse

QUEUED = ("image", "p", "--queue", "--poll-interval", "0.05", "--json")


@pytest.fixture
def stranger() -> Iterator[Sandbox]:
    """Another host."""
    with Sandbox(seed=1) as other:
        yield other


def keyless(fal: Sandbox) -> bool:
    """Whether no request to a host carried the key, in any place."""
    return not any(
        KEY in json.dumps([item.headers, item.path, item.query]) or KEY.encode() in item.body
        for item in fal.requests
    )


# The key


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("argv", [("image", "p", "--json"), QUEUED])
def test_a_paid_request_is_never_redirected(
    argv: tuple[str, ...], status: int, openclaw: Openclaw, fal: Hooked, stranger: Sandbox
) -> None:
    for phase in ("sync", "submit"):
        fal.dials.fail(phase, "redirect", to=f"{stranger.url}/fal-ai/flux/dev", status=status)
    refused(openclaw(*argv), 6)
    assert stranger.requests == []
    assert len(fal.posts()) == 1


@pytest.mark.parametrize("phase", ["status", "stream", "result"])
@pytest.mark.parametrize("status", [302, 307])
def test_questions_about_a_job_are_not_asked_elsewhere(
    phase: str, status: int, openclaw: Openclaw, fal: Hooked, stranger: Sandbox
) -> None:
    fal.dials.stream = phase == "stream"
    fal.dials.fail(phase, "redirect", to=f"{stranger.url}/anything", status=status)
    outcome = openclaw(*QUEUED, "--timeout-ms", "3000")
    assert outcome.status == (0 if phase == "stream" else 6)
    assert stranger.requests == []


def test_a_redirect_on_the_same_host_takes_the_key_along(openclaw: Openclaw, fal: Hooked) -> None:
    fal.dials.stream = False
    target = f"{fal.url}/fal-ai/flux/requests/unknown"
    fal.dials.fail("result", "redirect", to=target, status=307, count=1)
    assert openclaw(*QUEUED).status == 0  # the answer there is 404, and asked again
    assert fal.phase("result")[1].path.endswith("/unknown")
    assert all("authorization" in item.headers for item in fal.phase("result"))


def test_redirects_of_questions_end(openclaw: Openclaw, fal: Hooked) -> None:
    fal.dials.stream = False
    fal.dials.fail("result", "redirect", to="/fal-ai/flux/requests/a", status=307)
    refused(openclaw(*QUEUED), 6)
    assert len(fal.phase("result")) < 10


def test_job_urls_on_another_host_are_not_used(
    openclaw: Openclaw, fal: Hooked, stranger: Sandbox
) -> None:
    fal.dials.queue_urls = f"{stranger.url}/fal-ai"
    assert openclaw(*QUEUED).status == 0
    assert stranger.requests == []
    assert all(item["statusUrl"].startswith(fal.url) for item in jobs(openclaw))


def test_media_come_without_the_key_also_through_redirects(
    openclaw: Openclaw, fal: Hooked, stranger: Sandbox
) -> None:
    fal.dials.media_url = f"{stranger.url}/files/a.png"
    stranger.dials.fail("media", "redirect", to=f"{fal.url}/v1/models", status=302, count=1)
    openclaw("image", "p", "--json", "--timeout-ms", "4000")
    assert len(stranger.requests) >= 1
    assert keyless(stranger)
    assert "authorization" not in fal.requests[-1].headers
    assert fal.leaks == []


def test_uploads_go_out_without_the_key(openclaw: Openclaw, fal: Hooked, stranger: Sandbox) -> None:
    sparse("big.png", 5 * 1024 * 1024)
    fal.dials.upload_url = f"{stranger.url}/upload/x"
    openclaw("image", "edit", "--file", "big.png", "p", "--json", "--timeout-ms", "3000")
    assert any(item.method == "PUT" for item in stranger.requests)
    assert keyless(stranger)
    assert fal.leaks == []


BASES = [
    "http://fal.example",
    "http://10.0.0.5:8080",
    "http://127.0.0.1.evil.example",
    "http://localhost.evil.example",
    "http://127.0.0.1@evil.example",
    "http://2130706433",
    "http://[2001:db8::1]",
    "ftp://fal.example",
    "fal.example",
    "https://user:secret@fal.example",
    "https://fal.example/?x=1",
    "https://",
    "https://fal.example:99999",
    "https://fal\u202eexample",
    "file:///etc/passwd",
]


@pytest.mark.parametrize("base", BASES)
def test_base_urls_that_are_refused(base: str, openclaw: Openclaw, key: str) -> None:
    write_config(base)
    for argv in (["image", "p"], ["image", "p", "--dry-run"], ["video", "p"], ["music", "p"]):
        error = refused(openclaw(*argv, "--json"), 3)
        assert "base" in error["message"].lower()
    assert jobs(openclaw) == []


def test_plain_http_is_refused_unless_it_is_allowed(
    openclaw: Openclaw, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_config("http://fal.example")
    error = refused(openclaw("image", "p", "--json"), 3)
    assert "unencrypted" in error["message"]
    assert "OPENCLAW_FAL_ALLOW_HTTP=1" in error["hint"]
    for value in ("0", "", "off"):
        monkeypatch.setenv("OPENCLAW_FAL_ALLOW_HTTP", value)
        refused(openclaw("image", "p", "--json"), 3)
    monkeypatch.setenv("OPENCLAW_FAL_ALLOW_HTTP", "perhaps")
    assert (
        "OPENCLAW_FAL_ALLOW_HTTP=perhaps" in refused(openclaw("image", "p", "--json"), 2)["message"]
    )
    monkeypatch.setenv("OPENCLAW_FAL_ALLOW_HTTP", "true")
    shown = openclaw("image", "p", "--dry-run", "--json")
    assert shown.json["request"]["url"].startswith("http://fal.example/")


# Media


def finished_job(url: str, base_url: str = "https://fal.run") -> str:
    """A job of the journal whose result is here and names one file."""
    journal = Journal(paths.jobs_path())
    target = plan_target(None, prompt="p", kind="image", model="x", cwd=Path.cwd(), count=1)
    job_id = journal.begin(
        NewJob(
            kind="image",
            capability="image.generate",
            model="fal-ai/flux/dev",
            endpoint="fal-ai/flux/dev",
            transport="sync",
            base_url=base_url,
            prompt="p",
            target=target.as_json(),
            timeout_s=2.0,
        )
    )
    journal.completed(job_id, json.dumps({"images": [{"url": url}]}).encode(), request_id="r1")
    return job_id


@pytest.fixture
def reached(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The addresses that were connected to; names resolve as `NAMES` says, and nothing answers."""
    found: list[object] = []

    def look_up(host: str, port: int, *_: object, **__: object) -> list[object]:
        return [(0, 0, 0, "", (address, port)) for address in NAMES[host]]

    def connect(address: str, port: int, call: object) -> object:
        found.append((address, port))
        raise ConnectionRefusedError(111, "refused")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(sockets, "_connected", connect)
    return found


NAMES = {
    "v3.fal.media": ["93.184.216.34"],
    "private.example": ["10.0.0.5"],
    "loopback.example": ["127.0.0.1"],
    "metadata.example": ["169.254.169.254"],
    "mixed.example": ["93.184.216.34", "192.168.1.1"],
    "six.example": ["fd00::1"],
    "mapped.example": ["::ffff:10.0.0.1"],
    "nat64.example": ["64:ff9b::a00:1"],
    "shared.example": ["100.64.0.1"],
    "0x7f.1": ["127.0.0.1"],
    "127.1": ["127.0.0.1"],
    "localhost.example": ["::1"],
}
FORBIDDEN = [
    *(f"https://{name}/a.png" for name in NAMES if name != "v3.fal.media"),
    "https://127.0.0.1/a.png",
    "https://10.0.0.1/a.png",
    "https://[::1]/a.png",
    "https://[::ffff:127.0.0.1]/a.png",
    "https://169.254.169.254/latest/meta-data/",
    "https://localhost/a.png",
    "https://foo.localhost/a.png",
    "https://printer.local/a.png",
    "https://intranet/a.png",
    "https://2130706433/a.png",
    "https://0/a.png",
    "http://v3.fal.media/a.png",
    "http://127.0.0.1/a.png",
    "https://user@v3.fal.media/a.png",
    "https://v3.fal.media\\@127.0.0.1/a.png",
    "https://v3.fal.media:0/a.png",
]


@pytest.mark.parametrize("url", FORBIDDEN)
def test_media_that_are_not_fetched_while_the_api_is_fal(
    url: str, openclaw: Openclaw, reached: list[object]
) -> None:
    job_id = finished_job(url)
    error = refused(openclaw("jobs", "wait", job_id, "--json"), 6)
    assert "not fetched" in error["message"]
    assert reached == []
    assert [path.name for path in Path.cwd().iterdir()] == ["p.json"]  # fal's answer
    assert jobs(openclaw)[0]["state"] == "completed"


def test_media_of_the_open_internet_are_fetched(openclaw: Openclaw, reached: list[object]) -> None:
    refused(openclaw("jobs", "wait", finished_job("https://v3.fal.media/a.png"), "--json"), 7)
    assert set(map(str, reached)) == {"('93.184.216.34', 443)"}


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://x.example/a", "gopher://x", "javascript:1"]
)
def test_other_schemes_are_no_files(url: str, openclaw: Openclaw, reached: list[object]) -> None:
    error = refused(openclaw("jobs", "wait", finished_job(url), "--json"), 6)
    assert error["message"]
    assert reached == []


@pytest.mark.parametrize(
    "target",
    [
        "file:///etc/passwd",
        "http://169.254.169.254/latest/",
        "http://10.0.0.1/a.png",
        "http://v3.fal.media/a.png",
        "https://user@v3.fal.media/",
        "//10.0.0.1/a.png",
        "http://[::ffff:10.0.0.1]/",
        "gopher://127.0.0.1/",
        "https://\x1b[31m/",
    ],
)
def test_redirects_of_media_are_checked_again(target: str, openclaw: Openclaw, fal: Hooked) -> None:
    fal.dials.fail("media", "redirect", to=target.replace("\x1b", "%1b"), status=302)
    error = refused(openclaw("image", "p", "--json"), 6)
    assert "redirect" in error["message"]
    assert jobs(openclaw)[0]["state"] == "completed"


def test_redirects_of_media_end(openclaw: Openclaw, fal: Hooked) -> None:
    fal.dials.fail("media", "redirect", to="/files/again.png", status=302)
    error = refused(openclaw("image", "p", "--json"), 6)
    assert "too many redirects" in error["message"]
    assert len(fal.phase("media")) <= 6
    fal.dials.heal()
    assert openclaw("jobs", "wait", error["jobId"]).status == 0


@pytest.mark.parametrize(
    ("api", "url", "allowed"),
    [
        ("https://fal.run", "https://v3.fal.media/a", True),
        ("https://fal.run", "http://v3.fal.media/a", False),
        ("https://fal.run", "http://127.0.0.1/a", False),
        ("https://fal.run", "https://10.1.2.3/a", False),
        ("http://127.0.0.1:8765", "http://127.0.0.1:9000/a", True),
        ("http://127.0.0.1:8765", "http://localhost:9000/a", True),
        ("http://127.0.0.1:8765", "http://10.0.0.1/a", False),
        ("http://127.0.0.1:8765", "http://fal.media/a", False),
        ("http://127.0.0.1:8765", "https://fal.media/a", True),
        ("https://fal.corp.internal", "https://cdn.corp.internal/a", True),
        ("https://fal.corp.internal", "http://cdn.corp.internal/a", False),
        ("https://fal.corp.internal", "http://127.0.0.1/a", False),
    ],
)
def test_the_policy_for_media(api: str, url: str, allowed: bool) -> None:
    policy = Policy(parse(api))
    if allowed:
        assert policy.check(parse(url)) == parse(url)
    else:
        with pytest.raises(BadUrl):
            policy.check(parse(url))


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.1.1", "100.64.0.1",
        "0.0.0.0", "224.0.0.1", "255.255.255.255", "240.0.0.1", "192.0.2.1", "198.18.0.1",
        "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1", "2001:db8::1", "2001::1",
        "::ffff:127.0.0.1", "::127.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1", "64:ff9b:1::a00:1",
        "fec0::1", "x", "",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "1.1.1.1", "2606:4700::1111"])
def test_addresses_that_are_public(address: str) -> None:
    assert is_public(address)
