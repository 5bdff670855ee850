"""A small HTTP/1.1 server implementation on sockets.

`http.server` is not used: its import is slow, and it gives no control over the bytes on the wire,
which the faults (cut, stall, wrong Content-Length) need.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO
from urllib.parse import parse_qsl, unquote, urlsplit

HEAD_LIMIT = 64 * 1024
CHUNK = 64 * 1024

REASONS = {
    100: "Continue", 200: "OK", 202: "Accepted", 204: "No Content", 206: "Partial Content",
    301: "Moved Permanently", 302: "Found", 303: "See Other", 307: "Temporary Redirect",
    308: "Permanent Redirect", 400: "Bad Request", 401: "Unauthorized", 402: "Payment Required",
    403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 408: "Request Timeout",
    409: "Conflict", 410: "Gone", 413: "Payload Too Large", 416: "Range Not Satisfiable",
    422: "Unprocessable Entity", 429: "Too Many Requests", 431: "Request Header Fields Too Large",
    499: "Client Closed Request", 500: "Internal Server Error", 501: "Not Implemented",
    502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
}  # fmt: skip


class BadRequest(Exception):
    """Bytes that are not an HTTP request; `status` is the response to send."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class ClientGone(Exception):
    """The client closed the connection during a request or response."""


@dataclass(slots=True)
class Request:
    """One request. `path` is decoded, without the role's prefix; `headers` have lower-case names.

    `role` is which of fal's hosts is addressed; `all` stands for the combined base URL. `base` is
    the scheme and host in the URLs that the client uses.
    """

    method: str
    target: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""
    role: str = "all"
    host: str = ""
    base: str = ""
    reader: BodyReader | None = None
    too_large: bool = False

    def json(self) -> object:
        """The body as JSON; raises ValueError if it is not."""
        return json.loads(self.body)

    @property
    def segments(self) -> list[str]:
        return [part for part in self.path.split("/") if part]

    @property
    def job_path(self) -> tuple[str, str, str] | None:
        """App, request id and action of `/owner/app/requests/<id>[/<action>]`; None for another
        path. The id may be missing ("")."""
        parts = self.segments
        if "requests" not in parts[2:4]:
            return None
        at = parts.index("requests", 2)
        return "/".join(parts[:at]), "".join(parts[at + 1 : at + 2]), "/".join(parts[at + 2 :])


@dataclass(slots=True)
class Response:
    """One response. `body` is bytes, or chunks of `length` bytes in total (None: sent chunked).

    `wire` is a fault of the connection while the body is sent (see `faults.WIRE_KINDS`), `wire_at`
    the share of the body that is sent before it.
    """

    status: int = 200
    body: bytes | Iterator[bytes] = b""
    headers: list[tuple[str, str]] = field(default_factory=list)
    length: int | None = None
    wire: str = ""
    wire_at: float = 0.5
    pace: int = 0  # bytes per second; 0: no limit
    notes: list[str] = field(default_factory=list)  # for the log

    @classmethod
    def of(cls, value: object, status: int = 200, **headers: str) -> Response:
        """A JSON response. Header names are given with underscores instead of hyphens."""
        return cls(
            status,
            json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(),
            [("content-type", "application/json"), *_named(headers)],
        )

    @classmethod
    def text(cls, text: str, status: int = 200, kind: str = "text/plain") -> Response:
        return cls(status, text.encode(), [("content-type", f"{kind}; charset=utf-8")])

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name), None)

    def set_header(self, name: str, value: str) -> None:
        """Set a header, replacing one of the same name."""
        self.headers = [(key, old) for key, old in self.headers if key.lower() != name]
        self.headers.append((name, value))


def _named(headers: dict[str, str]) -> list[tuple[str, str]]:
    return [(name.replace("_", "-"), value) for name, value in headers.items()]


class BodyReader:
    """The body of one request, read once, in chunks."""

    def __init__(self, source: IO[bytes], headers: dict[str, str]) -> None:
        self._source = source
        self._chunked = "chunked" in headers.get("transfer-encoding", "").lower()
        length = headers.get("content-length", "0").strip()
        if not re.fullmatch(r"[0-9]{1,15}", length):
            raise BadRequest("bad Content-Length")
        self._unread = 0 if self._chunked else int(length)
        self.done = not self._chunked and not self._unread
        self.received = 0

    def chunks(self) -> Iterator[bytes]:
        """The unread part of the body. Raises ClientGone if the client closes the connection."""
        for chunk in self._chunked_body() if self._chunked else self._plain_body():
            self.received += len(chunk)
            yield chunk
        self.done = True

    def _plain_body(self) -> Iterator[bytes]:
        while self._unread:
            data = self._source.read(min(CHUNK, self._unread))
            if not data:
                raise ClientGone
            self._unread -= len(data)
            yield data

    def _chunked_body(self) -> Iterator[bytes]:
        while not self.done:
            line = self._source.readline(HEAD_LIMIT)
            try:
                size = int(line.split(b";")[0].strip(), 16)
            except ValueError as exc:
                raise BadRequest("bad chunk size") from exc
            if size == 0:
                while self._source.readline(HEAD_LIMIT).strip():
                    pass
                return
            while size:
                data = self._source.read(min(CHUNK, size))
                if not data:
                    raise ClientGone
                size -= len(data)
                yield data
            self._source.readline(HEAD_LIMIT)


def read_head(source: IO[bytes]) -> tuple[str, str, str, dict[str, str]] | None:
    """Method, target, HTTP version and headers of the next request; None after the last one."""
    line = source.readline(HEAD_LIMIT)
    while line in (b"\r\n", b"\n"):
        line = source.readline(HEAD_LIMIT)
    if not line:
        return None
    parts = line.decode("latin-1").split()
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise BadRequest("not an HTTP/1.1 request")
    headers: dict[str, str] = {}
    size = len(line)
    while True:
        line = source.readline(HEAD_LIMIT)
        size += len(line)
        if not line:
            raise ClientGone
        if size > HEAD_LIMIT:
            raise BadRequest("the request's head is too large", 431)
        if line in (b"\r\n", b"\n"):
            return parts[0].upper(), parts[1], parts[2], headers
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon:
            raise BadRequest("a header without a colon")
        headers[name.strip().lower()] = value.strip()


def split_target(target: str) -> tuple[str, dict[str, str]]:
    """The decoded path and the query of a request target, which may be an absolute URL.

    The values of a repeated name are joined with commas, which fal accepts, too.
    """
    try:
        parts = urlsplit(target)
    except ValueError as exc:
        raise BadRequest(str(exc)) from exc
    query: dict[str, str] = {}
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        query[name] = f"{query[name]},{value}" if name in query else value
    return unquote(parts.path) or "/", query


def head_of(response: Response, *, close: bool, length: int | None) -> bytes:
    """The status line and headers. `length` None: a chunked body."""
    reason = REASONS.get(response.status, "Unknown")
    lines = [f"HTTP/1.1 {response.status} {reason}"]
    lines += [f"{name}: {_one_line(value)}" for name, value in response.headers]
    lines.append("transfer-encoding: chunked" if length is None else f"content-length: {length}")
    if close:
        lines.append("connection: close")
    return "\r\n".join([*lines, "", ""]).encode("utf-8")


def _one_line(value: str) -> str:
    return value.replace("\r", " ").replace("\n", " ")
