"""The responses of faults, and the changes that faults make to correct responses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache

from openclaw_fal.sandbox import answers
from openclaw_fal.sandbox.faults import BODY_KINDS, WIRE_KINDS, Fault
from openclaw_fal.sandbox.http1 import CHUNK, Response

_GATEWAY_PAGE = (
    "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n"
    "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
_HEAD, _TAIL = b'{"filler": "', b'"}'
_MEBI = 1 << 20


def fault_response(fault: Fault, *, platform: bool = False) -> Response:
    """The response to a request that, because of the fault, is not accepted."""
    if fault.kind == "html":
        status = fault.status or 502
        return Response.text(_GATEWAY_PAGE.format(status), status, "text/html")
    if fault.kind == "redirect":
        return Response(fault.status or 307, b"", [("location", fault.to)])
    status = int(fault.kind)
    if fault.body:
        response = Response(status, fault.body.encode(), [("content-type", "application/json")])
        if fault.type:
            response.set_header("x-fal-error-type", fault.type)
    else:
        detail = fault.detail or f"The sandbox has a dial that makes this fail with {status}."
        response = (
            answers.platform_failure(status, fault.type or "error", detail)
            if platform
            else answers.failure(status, detail, fault.type)
        )
    if fault.retry_after:
        response.set_header("retry-after", fault.retry_after)
    return response


def spoil(fault: Fault, response: Response, *, platform: bool = False) -> Response:
    """The response to an accepted request, changed by the fault."""
    if fault.kind in WIRE_KINDS:
        response.wire, response.wire_at = fault.kind, fault.at
        return response
    if fault.kind in BODY_KINDS:
        return _other_body(fault, response)
    return fault_response(fault, platform=platform)


def _other_body(fault: Fault, response: Response) -> Response:
    body = response.body if isinstance(response.body, bytes) else b"".join(response.body)
    spoiled = Response(fault.status or response.status, b"", list(response.headers))
    if fault.kind == "garbage":
        spoiled.body = bytes(range(256)) * 2
    elif fault.kind == "truncated_json":
        spoiled.body = body[: max(1, int(len(body) * fault.at))]
    elif fault.kind == "bad_type":
        spoiled.body = json.dumps(_other_type(_loaded(body))).encode()
    elif fault.kind == "gzip_bomb":
        spoiled.body = _gzip_bomb(fault.size or 256 * _MEBI)
        spoiled.set_header("content-encoding", "gzip")
    elif fault.kind == "big_json":
        spoiled.length = fault.size or 100_000_000
        spoiled.body = _big_json(spoiled.length)
    elif fault.kind == "deep_json":
        depth = fault.size or 200_000
        spoiled.body = b"[" * depth + b"]" * depth
    elif fault.kind == "bad_charset":
        spoiled.body = body.replace(b'"', b'"\xff\xfe', 1)
    elif fault.kind == "duplicate_keys":
        spoiled.body = _doubled(_loaded(body)).encode()
    return spoiled


def _loaded(body: bytes) -> object:
    try:
        return json.loads(body)
    except ValueError:
        return {}


def _other_type(value: object) -> object:
    """The same keys, with values of wrong types."""
    if isinstance(value, dict):
        return {key: _other_type(item) for key, item in value.items()}
    if isinstance(value, str):
        return {"unexpected": [1, None]}
    if isinstance(value, list):
        return "a list was here"
    return [value]


def _doubled(value: object) -> str:
    """JSON with every key twice: first with a wrong value, then with its own."""
    if not isinstance(value, dict):
        return json.dumps(value)
    pairs: list[str] = []
    for key, item in value.items():
        name = json.dumps(key)
        pairs += [f"{name}: {json.dumps(_other_type(item))}", f"{name}: {_doubled(item)}"]
    return "{" + ", ".join(pairs) + "}"


def _big_json(size: int) -> Iterator[bytes]:
    yield _HEAD
    remaining = size - len(_HEAD) - len(_TAIL)
    while remaining > 0:
        part = min(CHUNK, remaining)
        yield b"x" * part
        remaining -= part
    yield _TAIL


@cache
def _gzip_bomb(size: int) -> bytes:
    """A gzip body that unpacks to about `size` bytes of JSON."""
    import zlib

    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = b" " * _MEBI
    parts = [packer.compress(_HEAD)]
    parts += [packer.compress(block) for _ in range(max(1, size // _MEBI))]
    return b"".join([*parts, packer.compress(_TAIL), packer.flush()])
