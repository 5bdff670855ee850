"""Answers that are hardly HTTP: every one ends in a result or in an error of ours."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable

import pytest

from openclaw_fal.errors import OpenClawFalError
from openclaw_fal.fal.client import Client
from openclaw_fal.fal.download import download
from openclaw_fal.media import RemoteFile
from tests.fal.conftest import Memory, answering, client_of, soon
from tests.support.queueing import read_request

ANSWERS = (
    b'HTTP/1.1 200 OK\r\ncontent-length: 13\r\nx-fal-request-id: abc\r\n\r\n{"images":[]}',
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"HTTP/1.1 206 Partial\r\ncontent-range: bytes 0-4/5\r\ncontent-length: 5\r\n\r\nhello",
    b"HTTP/1.1 302 Found\r\nlocation: /x\r\ncontent-length: 0\r\n\r\n",
    b"HTTP/1.1 103 Hints\r\nlink: x\r\n\r\nHTTP/1.1 429 Busy\r\ncontent-length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 5\r\n\r\nhello",
    b"HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\nhi",
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
    b"SSH-2.0-OpenSSH_9.6\r\n",
    b"",
)


def damaged(chance: random.Random) -> bytes:
    """One of the answers with a few bytes changed, lost, added or repeated."""
    data = bytearray(chance.choice(ANSWERS))
    for _ in range(chance.randint(0, 4)):
        at = chance.randrange(len(data) + 1)
        change = chance.randrange(4)
        if change == 0:
            data[at : at + 1] = bytes([chance.randrange(256)])
        elif change == 1:
            del data[at : at + chance.randint(1, 10)]
        elif change == 2:
            data[at:at] = data[at : at + 20]
        else:
            del data[at:]
    return bytes(data)


def run(client: Client, url: str) -> object:
    return client.run("a/b", {}, deadline=soon(0.5))


def submit(client: Client, url: str) -> object:
    return client.submit("a/b", {}, deadline=soon(0.5))


def verify(client: Client, url: str) -> None:
    client.verify_key(deadline=soon(0.5))


def fetch(client: Client, url: str) -> None:
    download(client, RemoteFile(url), Memory(b"abc"), deadline=soon(0.5))


@pytest.mark.parametrize("work", [run, submit, verify, fetch])
def test_damaged_answers(work: Callable[[Client, str], object]) -> None:
    chance = random.Random(7)

    def serve(sock: socket.socket, number: int) -> None:
        read_request(sock)
        sock.sendall(damaged(chance))

    ends: set[str] = set()
    with answering(serve) as (host, port):
        url = f"http://{host}:{port}"
        with client_of(url) as client:
            for _ in range(60):
                try:
                    work(client, f"{url}/x")
                    ends.add("result")
                except OpenClawFalError as error:
                    ends.add(type(error).__name__)
    assert {"result", "Unreachable"} <= ends
