"""A throw-away certificate authority and a certificate for fal's names (RFC 5280, RFC 8410).

fal's own clients insist on https and on fal's names. With these they can be given the sandbox
without a change: see `Sandbox.environment`.
"""

from __future__ import annotations

import base64
import hashlib
import os
from datetime import UTC, datetime, timedelta

from openclaw_fal.sandbox.ed25519 import public_key, sign

_DAYS = 90
_ED25519 = "1.3.101.112"


def make(names: tuple[str, ...], addresses: tuple[bytes, ...]) -> tuple[bytes, bytes]:
    """PEM of the authority's certificate; PEM of the server's key and certificate chain."""
    ca_secret, secret = os.urandom(32), os.urandom(32)
    ca_key, key = public_key(ca_secret), public_key(secret)
    ca_name, name = "openclaw-fal sandbox authority", "openclaw-fal sandbox"
    ca_id = hashlib.sha256(ca_key).digest()[:20]
    ca = _certificate(ca_name, ca_name, ca_key, ca_secret, _ca_extensions(ca_id))
    extensions = _server_extensions(hashlib.sha256(key).digest()[:20], ca_id, names, addresses)
    leaf = _certificate(name, ca_name, key, ca_secret, extensions)
    private = _sequence(_integer(0), _algorithm(), _tagged(0x04, _tagged(0x04, secret)))
    authority = _pem("CERTIFICATE", ca)
    return authority, _pem("PRIVATE KEY", private) + _pem("CERTIFICATE", leaf) + authority


def _certificate(
    subject: str, issuer: str, key: bytes, signer: bytes, extensions: list[bytes]
) -> bytes:
    now = datetime.now(UTC)
    signed = _sequence(
        _tagged(0xA0, _integer(2)),
        _integer(int.from_bytes(os.urandom(16), "big") >> 1),
        _algorithm(),
        _name(issuer),
        _sequence(_time(now - timedelta(days=1)), _time(now + timedelta(days=_DAYS))),
        _name(subject),
        _sequence(_algorithm(), _bit_string(key)),
        _tagged(0xA3, _sequence(*extensions)),
    )
    return _sequence(signed, _algorithm(), _bit_string(sign(signer, signed)))


def _ca_extensions(key_id: bytes) -> list[bytes]:
    return [
        _extension("2.5.29.19", _sequence(_tagged(0x01, b"\xff")), critical=True),
        _extension("2.5.29.15", _tagged(0x03, b"\x02\x04"), critical=True),
        _extension("2.5.29.14", _tagged(0x04, key_id)),
    ]


def _server_extensions(
    key_id: bytes, ca_id: bytes, names: tuple[str, ...], addresses: tuple[bytes, ...]
) -> list[bytes]:
    alternatives = [_tagged(0x82, name.encode()) for name in names]
    alternatives += [_tagged(0x87, address) for address in addresses]
    return [
        _extension("2.5.29.19", _sequence(), critical=True),
        _extension("2.5.29.15", _tagged(0x03, b"\x07\x80"), critical=True),
        _extension("2.5.29.37", _sequence(_object_id("1.3.6.1.5.5.7.3.1"))),
        _extension("2.5.29.17", _sequence(*alternatives)),
        _extension("2.5.29.14", _tagged(0x04, key_id)),
        _extension("2.5.29.35", _sequence(_tagged(0x80, ca_id))),
    ]


def _extension(oid: str, value: bytes, *, critical: bool = False) -> bytes:
    flag = _tagged(0x01, b"\xff") if critical else b""
    return _sequence(_object_id(oid), flag, _tagged(0x04, value))


def _name(common: str) -> bytes:
    pair = _sequence(_object_id("2.5.4.3"), _tagged(0x0C, common.encode()))
    return _sequence(_tagged(0x31, pair))


def _algorithm() -> bytes:
    return _sequence(_object_id(_ED25519))


def _time(at: datetime) -> bytes:
    """UTCTime up to 2049, GeneralizedTime after (RFC 5280 4.1.2.5)."""
    if at.year < 2050:
        return _tagged(0x17, at.strftime("%y%m%d%H%M%SZ").encode())
    return _tagged(0x18, at.strftime("%Y%m%d%H%M%SZ").encode())


def _integer(value: int) -> bytes:
    return _tagged(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _bit_string(data: bytes) -> bytes:
    return _tagged(0x03, b"\x00" + data)


def _object_id(text: str) -> bytes:
    parts = [int(part) for part in text.split(".")]
    out = bytearray([40 * parts[0] + parts[1]])
    for part in parts[2:]:
        digits = [part & 0x7F]
        while part := part >> 7:
            digits.append(part & 0x7F | 0x80)
        out += bytes(reversed(digits))
    return _tagged(0x06, bytes(out))


def _sequence(*parts: bytes) -> bytes:
    return _tagged(0x30, b"".join(parts))


def _tagged(tag: int, data: bytes) -> bytes:
    size = len(data)
    if size < 128:
        return bytes([tag, size]) + data
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + data


def _pem(kind: str, data: bytes) -> bytes:
    text = base64.b64encode(data).decode()
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {kind}-----", *lines, f"-----END {kind}-----", ""]).encode()
