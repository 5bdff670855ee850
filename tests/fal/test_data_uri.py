"""Data URIs: decoded in pieces, and never in an unforeseen way."""

from __future__ import annotations

import base64
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_fal.errors import JobFailed, OpenClawFalError
from openclaw_fal.fal.client import Client
from openclaw_fal.fal.data_uri import data_uri_bytes
from openclaw_fal.fal.download import download
from openclaw_fal.fal.results import remote_files
from openclaw_fal.media import RemoteFile
from openclaw_fal.sandbox import Dials, Sandbox
from tests.fal.conftest import (
    FLUX,
    Memory,
    soon,
)


def test_data_uris_of_a_result(fal: Sandbox, client: Client) -> None:
    fal.dials = Dials()
    body = {"prompt": "p", "sync_mode": True}
    (file,) = remote_files(client.run(FLUX, body, deadline=soon()).payload)
    sink = Memory(b"left over")
    download(client, file, sink, deadline=soon())
    assert file.url.startswith("data:")
    assert base64.b64encode(sink.data).decode() in file.url
    assert fal.phase("media") == []


@given(
    st.binary(min_size=1, max_size=500), st.sampled_from(["plain", "url-safe", "spaced", "bare"])
)
def test_base64_of_every_dialect(data: bytes, dialect: str) -> None:
    text = base64.b64encode(data).decode()
    if dialect == "url-safe":
        text = base64.urlsafe_b64encode(data).decode()
    elif dialect == "spaced":
        text = "\n ".join(text)
    elif dialect == "bare":
        text = text.rstrip("=")
    assert b"".join(data_uri_bytes(f"data:image/png;base64,{text}")) == data


def test_large_data_uris_come_in_pieces() -> None:
    data = bytes(range(256)) * 20_000
    uri = f"data:;base64,{base64.b64encode(data).decode()}"
    pieces = list(data_uri_bytes(uri))
    assert len(pieces) > 5
    assert b"".join(pieces) == data
    text = "%41%42c%" * 150_000
    assert b"".join(data_uri_bytes(f"data:text/plain,{text}")) == b"ABc%" * 150_000


@pytest.mark.parametrize(
    "uri",
    ["data:", "data:image/png;base64", "data:image/png;base64,????", "data:image/png;base64,AAA=A",
     "data:image/png;base64,A", "data:image/png;base64,", "data:image/png,"],
)  # fmt: skip
def test_broken_data_uris(client: Client, uri: str) -> None:
    with pytest.raises(JobFailed):
        download(client, RemoteFile(uri), Memory(), deadline=soon())


@given(st.text(max_size=100))
def test_data_uris_never_fail_otherwise(text: str) -> None:
    for uri in (f"data:{text}", f"data:image/png;base64,{text}"):
        with contextlib.suppress(ValueError):
            list(data_uri_bytes(uri))


def test_data_uris_keep_the_limit(client: Client) -> None:
    uri = f"data:image/png;base64,{'QUJD' * 1000}"
    with pytest.raises(OpenClawFalError, match="larger than"):
        download(client, RemoteFile(uri), Memory(), deadline=soon(), max_bytes=100)
