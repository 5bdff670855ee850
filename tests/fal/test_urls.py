"""Which URLs are understood, and which ones are fetched."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_fal.errors import LocalError
from openclaw_fal.fal.hosts import Hosts, hosts_for, takes_key
from openclaw_fal.fal.urls import BadUrl, Policy, Url, is_loopback, is_public, join, parse

FAL = parse("https://fal.run")
HOME = parse("http://127.0.0.1:4000")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("HTTPS://V3.FAL.Media:443/a b".replace(" ", "%20"), "https://v3.fal.media/a%20b"),
        ("http://localhost:8080/x?y=1#part", "http://localhost:8080/x?y=1"),
        ("https://[::1]:99/", "https://[::1]:99/"),
        ("https://bücher.example/ü", "https://xn--bcher-kva.example/%C3%BC"),
        ("https://example.com.", "https://example.com/"),
    ],
)
def test_a_url_has_one_normal_form(text: str, shown: str) -> None:
    assert str(parse(text)) == shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "v3.fal.media/x",
        "//v3.fal.media/x",
        "ftp://v3.fal.media/x",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://",
        "https:///path",
        "https://user:secret@v3.fal.media/x",
        "https://v3.fal.media@evil.example/x",
        "https://v3.fal.media\\@evil.example/x",
        "https://v3.fal.media/\r\nX: y",
        "https://v3.fal.media:99999/",
        "https://v3.fal.media:0/",
        "https://a..b/",
        "https://exa%6dple.com/",
        "https://[::1/",
        "https://v3.fal.media/\x00",
        "https://v3.fal.media/‮gnp.exe",
        "https://v3.fal.media/" + "a" * 20_000,
    ],
)
def test_other_urls_are_refused(text: str) -> None:
    with pytest.raises(BadUrl):
        parse(text)


@given(st.text(max_size=200))
def test_parsing_never_fails_otherwise(text: str) -> None:
    for candidate in (text, f"https://{text}", f"https://a.example/{text}"):
        try:
            url = parse(candidate)
        except BadUrl:
            continue
        assert str(url).isascii()
        assert str(url).isprintable()
        assert " " not in str(url)
        assert parse(str(url)) == url


@pytest.mark.parametrize(
    "address",
    [
        "127.255.1.2", "::1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "0.0.0.0", "::", "224.0.0.1", "255.255.255.255", "fe80::1", "fe80::1%eth0",
        "fc00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1",
        "64:ff9b::a00:1", "not an address",
    ],
)  # fmt: skip
def test_addresses_that_are_not_of_the_open_internet(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "8.8.8.8", "2606:4700:4700::1111", "64:ff9b::101:101"]
)
def test_addresses_of_the_open_internet(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    ("api", "url"),
    [
        (FAL, "https://v3.fal.media/files/a.png"),
        (FAL, "https://1.1.1.1/a.png"),
        (HOME, "http://127.0.0.1:4000/a.png"),
        (HOME, "http://localhost:9/a.png"),
        (HOME, "https://192.168.1.2/a.png"),
        (parse("http://10.0.0.5:80"), "http://10.0.0.5/a.png"),
        (parse("https://gateway.corp.example"), "https://gateway.corp.example:444/a.png"),
    ],
)
def test_media_that_is_fetched(api: Url, url: str) -> None:
    assert Policy(api).check(parse(url)) == parse(url)


@pytest.mark.parametrize(
    ("api", "url"),
    [
        (FAL, "http://v3.fal.media/a.png"),
        (FAL, "http://127.0.0.1/a.png"),
        (FAL, "https://127.0.0.1/a.png"),
        (FAL, "https://localhost/a.png"),
        (FAL, "https://a.localhost/a.png"),
        (FAL, "https://10.0.0.1/a.png"),
        (FAL, "https://169.254.169.254/latest/meta-data"),
        (FAL, "https://[::ffff:10.0.0.1]/a.png"),
        (FAL, "https://metadata.google.internal/a"),
        (FAL, "https://printer.local/a"),
        (FAL, "https://intranet/a"),
        (HOME, "http://v3.fal.media/a.png"),
        (HOME, "http://192.168.1.2/a.png"),
        (parse("https://10.0.0.5"), "http://127.0.0.1/a.png"),
    ],
)
def test_media_that_is_not_fetched(api: Url, url: str) -> None:
    with pytest.raises(BadUrl):
        Policy(api).check(parse(url))


def test_a_redirect_is_read_against_where_it_came_from() -> None:
    base = parse("https://a.example/x/y?z=1")
    assert str(join(base, "../b")) == "https://a.example/b"
    assert str(join(base, "//c.example/d")) == "https://c.example/d"
    with pytest.raises(BadUrl):
        join(base, "file:///etc/passwd")
    with pytest.raises(BadUrl):
        join(base, "http://[oops")


def test_the_default_hosts_are_fals() -> None:
    fals = Hosts(
        "https://fal.run", "https://queue.fal.run", "https://rest.fal.ai", "https://api.fal.ai/v1"
    )
    for base in (None, "https://fal.run", "https://fal.run/", "HTTPS://FAL.RUN:443"):
        assert hosts_for(base) == fals


def test_any_other_base_serves_everything() -> None:
    base = "https://gateway.example/fal"
    assert hosts_for(f"{base}/") == Hosts(base, base, base, f"{base}/v1")


@pytest.mark.parametrize(
    "base",
    [
        "http://fal.run", "http://gateway.example", "http://10.0.0.1", "http://127.0.0.1.example.com",
        "ftp://x", "fal.run", "", "https://user:pw@fal.run", "https://fal.run?x=1", "https://a b",
    ],
)  # fmt: skip
def test_base_urls_that_are_refused(base: str) -> None:
    with pytest.raises(LocalError) as caught:
        hosts_for(base)
    assert "pw" not in caught.value.message


def test_plain_http_can_be_allowed() -> None:
    assert hosts_for("http://gateway.example", allow_http=True).run == "http://gateway.example"
    with pytest.raises(LocalError):
        hosts_for("ftp://gateway.example", allow_http=True)


@pytest.mark.parametrize(
    ("base", "url", "allowed"),
    [
        (None, "https://queue.fal.run/a/b/requests/1/status", True),
        (None, "https://gateway.queue.fal.run/a/b/requests/1", True),
        (None, "http://queue.fal.run/a", False),
        (None, "https://queue.fal.run:8443/a", False),
        (None, "https://queue.fal.run.evil.example/a", False),
        (None, "https://evilfal.run/a", False),
        (None, "https://v3.fal.media/a", False),
        ("https://gateway.example", "https://gateway.example/requests/1", True),
        ("https://gateway.example", "https://queue.fal.run/requests/1", False),
        ("http://127.0.0.1:1", "http://127.0.0.1:2/requests/1", False),
    ],
)
def test_the_key_goes_to_api_hosts_only(base: str | None, url: str, allowed: bool) -> None:
    assert takes_key(parse(url), hosts_for(base)) is allowed


@pytest.mark.parametrize("host", ["127.1", "0x7f000001", "2130706433", "127.0.0.1.nip.io"])
def test_odd_spellings_are_not_taken_for_loopback(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("https://v3.fal.media/a b.png", "/a%20b.png"),
        (" https://v3.fal.media/a.png ", "/a.png"),
        ('https://v3.fal.media/"a"<b>?q={c}|d', "/%22a%22%3Cb%3E?q=%7Bc%7D%7Cd"),
        ("https://v3.fal.media/a%20b.png", "/a%20b.png"),
    ],
)
def test_what_every_client_mends_is_mended(text: str, target: str) -> None:
    assert parse(text).target == target


def test_a_location_is_mended_too() -> None:
    here = parse("https://v3.fal.media/x/y")

    assert str(join(here, "//v3b.fal.media/a b")) == "https://v3b.fal.media/a%20b"
    assert str(join(here, "../z z.png")) == "https://v3.fal.media/z%20z.png"
