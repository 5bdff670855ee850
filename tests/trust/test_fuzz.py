"""Whatever comes in: no crash, no hang, no traceback."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import strategies as st

from openclaw_fal.atomic import Snapshot
from openclaw_fal.config import check as config_check
from openclaw_fal.config import edit as config_edit
from openclaw_fal.config import read as config
from openclaw_fal.config import redaction
from openclaw_fal.config.rules import Set, Unset, onboarding_edits
from openclaw_fal.errors import AuthError, LocalError, OpenClawFalError, UsageError
from openclaw_fal.fal import body, data_uri, events, results, retry, urls, wire
from openclaw_fal.fal.client import Client
from openclaw_fal.fal.deadline import Deadline
from openclaw_fal.fal.failures import Reply, failure, is_transient
from openclaw_fal.fal.hosts import hosts_for
from openclaw_fal.fal.retry import Retry
from openclaw_fal.fal.statuses import status_of
from openclaw_fal.json5 import path as keypath
from openclaw_fal.json5 import read as json5
from tests.support.canary import KEY, traces
from tests.support.queueing import server
from tests.trust.checks import commands
from tests.trust.fuzzing import SPLINTERS, answers, as_json, fuzz, mutated, scalars

pytestmark = pytest.mark.exhaustive

# What fal answers

heads = st.dictionaries(
    st.sampled_from(
        ["x-fal-request-id", "x-fal-error-type", "x-fal-billable-units", "retry-after",
         "x-fal-request-timeout-type", "content-type", "content-encoding"]
    ),
    st.one_of(st.text(max_size=30), st.sampled_from([KEY, "user", "1e999", "nan", "-5", "gzip"])),
    max_size=4,
)  # fmt: skip


def test_answers_of_the_api() -> None:
    def check(given: tuple[bytes, int, dict[str, str]]) -> None:
        data, status, headers = given
        reply = Reply(status, headers, data)
        for paid in (False, True):
            error = failure(reply, key=KEY, paid=paid)
            assert isinstance(error, OpenClawFalError)
            assert error.message
            assert commands(error.message, "") == set()
            assert not traces(error.message.encode())
            assert len(error.message) < 2500
        is_transient(reply)
        retry.retry_after(headers.get("retry-after"))
        wire.billable_units(headers)
        try:
            value = wire.parse(data)
        except wire.NotJson:
            return
        files = results.remote_files(value)
        assert len(files) <= results.MOST_FILES
        for file in files:
            assert commands((file.content_type or "") + (file.file_name or ""), "") == set()
            with contextlib.suppress(urls.BadUrl):
                assert str(urls.parse(file.url)).isascii()
        facts = results.facts(value, key=KEY)
        assert all(index >= 0 for index in facts.flagged)
        try:
            state = status_of(value, key=KEY)
        except wire.NotJson:
            return
        for line in state.logs:
            assert commands(line.message, "") == set()

    fuzz(st.tuples(answers, st.integers(100, 599), heads), check, 4_000)


def test_status_streams() -> None:
    parts = st.one_of(
        st.binary(max_size=30),
        answers.map(lambda data: b"data: " + data + b"\n\n"),
        st.sampled_from(
            [b": ping\n\n", b"data:", b"\n", b"\r", b"\r\n", b"data: {}\r\r", b"\xef\xbb\xbf"]
        ),
    )

    def check(given: tuple[list[bytes], int]) -> None:
        chunks, size = given
        whole = b"".join(chunks)
        pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
        # Where the network cuts the stream makes no difference.
        assert list(events.events([whole])) == list(events.events(pieces))

    fuzz(st.tuples(st.lists(parts, max_size=12), st.integers(1, 40)), check, 2_400)


def test_urls_data_uris_and_packed_bodies() -> None:
    texts = st.one_of(
        st.text(max_size=40),
        st.builds(
            "{}://{}{}{}{}".format,
            st.sampled_from(["https", "http", "HTTPS", "ftp", ""]),
            st.sampled_from(["", "user@", "a:b@", "[", "[::1]", "%00"]),
            st.one_of(st.text(max_size=15), st.sampled_from(["127.0.0.1", "v3.fal.media", "ä.de"])),
            st.sampled_from(["", ":80", ":99999", ":-1", ":x", ":"]),
            st.one_of(st.just(""), st.text(max_size=20).map("/{}".format)),
        ),
        st.builds(
            "data:{}{},{}".format,
            st.text(max_size=10),
            st.sampled_from(["", ";base64", ";charset=x;base64", ";;"]),
            st.text(max_size=40),
        ),
    )

    def check(given: tuple[str, str, bytes]) -> None:
        one, other, data = given
        for text in (one, other):
            with contextlib.suppress(ValueError):
                b"".join(data_uri.data_uri_bytes(text))
            urls.is_public(text)
            try:
                url = urls.parse(text)
            except urls.BadUrl:
                continue
            assert urls.parse(str(url)) == url
            assert "@" not in url.netloc
            with contextlib.suppress(urls.BadUrl):
                assert urls.join(url, other).scheme in ("http", "https")
            with contextlib.suppress(urls.BadUrl):
                urls.Policy(urls.parse("https://fal.run")).check(url)
        for encoding in ("gzip", "deflate", "br", "gzip, gzip", other):
            with contextlib.suppress(body.Unreadable):
                b"".join(body.unpacked([data], encoding))

    fuzz(st.tuples(texts, texts, st.binary(max_size=60)), check, 6_000)


@pytest.fixture
def raw(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[list[bytes], Client]]:
    """A server that answers every request with the bytes in the list, and a client of it."""
    said = [b""]

    def serve(sock: socket.socket) -> None:
        sock.settimeout(5)
        with contextlib.suppress(OSError):
            sock.recv(65536)
            sock.sendall(said[0])
        sock.close()

    with server(serve) as url:
        client = Client(hosts_for(url), KEY, retry=Retry(attempts=2, pauses=(0.0,)))
        yield said, client
        client.close()


def test_answers_on_the_wire(raw: tuple[list[bytes], Client]) -> None:
    said, client = raw
    lines = st.sampled_from(
        [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 500 x\r\n", b"HTTP/1.1 100 Continue\r\n\r\n",
         b"HTTP/1.0 202\r\n", b"HTTP/2 200\r\n", b"HTTP/1.1 302 x\r\nLocation: /\r\n",
         b"HTTP/1.1 999 x\r\n"]
    )  # fmt: skip
    fields = st.sampled_from(
        [b"Content-Length: 5\r\n", b"Content-Length: -1\r\n", b"Content-Length: 5, 6\r\n",
         b"Transfer-Encoding: chunked\r\n", b"Content-Encoding: gzip\r\n", b"X: \x1b\r\n", b"\r\n",
         b"Content-Type: text/event-stream\r\n", b"x-fal-request-id: abc\r\n", b": x\r\n",
         b"A" * 200_000]
    )  # fmt: skip
    bodies = st.one_of(
        answers, st.sampled_from([b"5\r\nhello\r\n0\r\n\r\n", b"ffffffffff\r\n", b"{}"])
    )
    whole = st.builds(
        lambda line, some, data: line + b"".join(some) + b"\r\n" + data,
        lines,
        st.lists(fields, max_size=4),
        bodies,
    )

    def check(data: bytes) -> None:
        said[0] = data
        messages: list[str] = []
        for call in (client.run, client.submit):
            try:
                call("fal-ai/flux/dev", {"prompt": "p"}, deadline=Deadline(0.3))
            except OpenClawFalError as error:
                messages.append(error.message)
        assert commands("".join(messages), "") == set()

    fuzz(st.one_of(whole, mutated(whole)), check, 1_600)


# The config

CONFIGS = (
    b'{"models":{"providers":{"fal":{"baseUrl":"https://fal.run","apiKey":"k-0123456789abcdef"}}}}',
    b"// mine\n{agents: {defaults: {imageGenerationModel: {primary: 'fal/fal-ai/flux/dev', /* x */"
    b"\n  fallbacks: ['fal/a/b', \"openai/x\"], timeoutMs: 5e3,},},},}\n",
    b'{"meta":{"lastTouchedVersion":"2026.9.6"},"agents":{"defaults":{"mediaModels":'
    b'{"image":"fal/a/b","video":{"primary":"fal/c/d"}},"mediaMaxMb":20}},"plugins":{"entries":{"fal":{"enabled":true}}}}',
    b'{"auth":{"profiles":{"fal:default":{"provider":"fal","mode":"api_key"}}},"x":[1,[2,{y:null}]]}',
    b"",
    b"{}",
    b"[]",
)
KEYS = (
    "models", "providers", "fal", "baseUrl", "apiKey", "agents", "defaults", "imageGenerationModel",
    "mediaModels", "image", "video", "music", "primary", "fallbacks", "timeoutMs", "mediaMaxMb",
    "meta", "lastTouchedVersion", "auth", "profiles", "plugins", "entries", "enabled", "a", "0",
    "source", "id", "provider", "__proto__", "",
)  # fmt: skip
settings_values = st.recursive(
    st.one_of(
        scalars, st.sampled_from(["fal/a/b", "openai/x", "${FAL_KEY}", "https://x", "fal/../x"])
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)
    ),
    max_leaves=20,
)
config_bytes = st.one_of(
    mutated(st.sampled_from(CONFIGS)),
    mutated(settings_values.map(as_json)),
    st.binary(max_size=60),
    st.lists(st.sampled_from(SPLINTERS), max_size=12).map(b"".join),
)
paths = st.lists(st.one_of(st.sampled_from(KEYS), st.integers(-2, 3)), min_size=1, max_size=6)


def test_the_config_reader_and_editor() -> None:
    where = Path("openclaw.json")

    def check(given: tuple[bytes, list[str | int], object]) -> None:
        data, path, value = given
        try:
            found = config.config_from_snapshot(where, Snapshot(where, data, None))
        except LocalError:
            return
        read_all(found)
        for finding in config_check.validate(found):
            assert finding.message
        redaction.redacted(found.data)
        for edits in ([Set(tuple(path), value)], [Unset(tuple(path))], onboarding_edits(found)):
            try:
                after, _ = config_edit.edited(found, edits)
            except (LocalError, UsageError, AuthError):
                continue
            again = json5.loads(after.text) if after.text.strip("\ufeff \t\r\n") else {}
            assert json5.same(again, after.data)
            read_all(after)
            if after.text != found.text:
                redaction.diff(found.text, after.text, "x")

    fuzz(st.tuples(config_bytes, paths, settings_values), check, 6_000)


def read_all(found: config.Config) -> None:
    """Everything that is read from a config; only the errors of a wrong one are allowed."""
    for kind in ("image", "video", "music"):
        with contextlib.suppress(LocalError):
            found.default_model(kind)
    for read in (found.base_url, found.media_max_mb, found.api_key):
        with contextlib.suppress(LocalError):
            read()


def test_paths_of_settings() -> None:
    def check(text: str) -> None:
        try:
            path = keypath.parse_path(text)
        except UsageError:
            return
        assert keypath.parse_path(keypath.format_path(path)) == path

    pieces = st.sampled_from(
        ["a", ".", "[", "]", '"', "'", "0", "-1", "\\", "b.c", " ", "ü", "\ud800"]
    )
    fuzz(st.one_of(st.text(max_size=30), st.lists(pieces, max_size=10).map("".join)), check, 6_000)
