"""Ed25519 signatures (RFC 8032) in plain Python.

For throw-away keys only: it is not constant in time. It spares the sandbox a compiled dependency.
"""

from __future__ import annotations

import hashlib

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_Point = tuple[int, int, int, int]
_BASE_Y = 4 * pow(5, -1, _P) % _P


def public_key(secret: bytes) -> bytes:
    """The 32 bytes of the public key that belong to 32 secret ones."""
    return _packed(_times(_scalar(_digest(secret)), _base()))


def sign(secret: bytes, message: bytes) -> bytes:
    """The 64 bytes of the signature."""
    digest = _digest(secret)
    scalar = _scalar(digest)
    nonce = int.from_bytes(_digest(digest[32:] + message), "little") % _L
    start = _packed(_times(nonce, _base()))
    public = _packed(_times(scalar, _base()))
    challenge = int.from_bytes(_digest(start + public + message), "little") % _L
    return start + ((nonce + challenge * scalar) % _L).to_bytes(32, "little")


def _digest(data: bytes) -> bytes:
    return hashlib.sha512(data).digest()


def _scalar(digest: bytes) -> int:
    value = int.from_bytes(digest[:32], "little")
    return (value & ((1 << 254) - 8)) | (1 << 254)


def _base() -> _Point:
    squared = (_BASE_Y * _BASE_Y - 1) * pow(_D * _BASE_Y * _BASE_Y + 1, -1, _P) % _P
    x = pow(squared, (_P + 3) // 8, _P)
    if (x * x - squared) % _P:
        x = x * pow(2, (_P - 1) // 4, _P) % _P
    x = _P - x if x & 1 else x
    return x, _BASE_Y, 1, x * _BASE_Y % _P


def _add(one: _Point, two: _Point) -> _Point:
    a = (one[1] - one[0]) * (two[1] - two[0]) % _P
    b = (one[1] + one[0]) * (two[1] + two[0]) % _P
    c = 2 * one[3] * two[3] * _D % _P
    d = 2 * one[2] * two[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _times(factor: int, point: _Point) -> _Point:
    found: _Point = (0, 1, 1, 0)
    while factor:
        if factor & 1:
            found = _add(found, point)
        point = _add(point, point)
        factor >>= 1
    return found


def _packed(point: _Point) -> bytes:
    inverse = pow(point[2], -1, _P)
    x, y = point[0] * inverse % _P, point[1] * inverse % _P
    return (y | (x & 1) << 255).to_bytes(32, "little")
