"""C2PA content credentials, with c2pa-python (extra `c2pa`), which is imported when used.

Works offline: no remote manifest, revocation list or time stamp is fetched.
"""

from __future__ import annotations

import io
import json
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from openclaw_fal.errors import LocalError, UsageError
from openclaw_fal.frozen import Frozen
from openclaw_fal.provenance.record import MADE_BY_AI

if TYPE_CHECKING:
    from types import ModuleType

    from openclaw_fal.provenance.mark import Sign

_OFFLINE = {
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
    "builder": {"thumbnail": {"enabled": False}},
}
# A PNG of one pixel, to try a certificate and key on.
_SAMPLE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c49444154789c63f8ffff3f0005fe02fe0def46b80000000049454e44ae426082"
)


class Verdict(Frozen):
    """The result of a check. `valid`: the file is unchanged since it was signed; `trusted`: the
    signer is on a list of trusted signers. `codes` are C2PA's codes for what is wrong."""

    valid: bool
    trusted: bool
    signer: str | None
    codes: tuple[str, ...]


def verify(path: Path, mime_type: str) -> Verdict:
    """Checks the credentials in a file. Raises LocalError when they cannot be read, UsageError
    without the extra."""
    c2pa = _library()
    try:
        with (
            open(path, "rb") as file,
            c2pa.Reader(mime_type, file, context=_context(c2pa)) as reader,
        ):
            report = json.loads(reader.json())
    except (c2pa.C2paError, OSError, ValueError) as error:
        raise LocalError(f"the content credentials of {path} cannot be read: {error}") from error
    manifest = report.get("manifests", {}).get(report.get("active_manifest"), {})
    state = report.get("validation_state")
    return Verdict(
        valid=state in ("Valid", "Trusted"),
        trusted=state == "Trusted",
        signer=manifest.get("signature_info", {}).get("issuer"),
        codes=tuple(str(item.get("code")) for item in report.get("validation_status", ())),
    )


def signer(certificate: Path, key: Path, tool: str) -> Sign:
    """A function that signs files with a certificate chain and its private key (PEM). A sample is
    signed first, so that nothing is paid for with a certificate or key that does not work.

    Raises UsageError without the extra, LocalError for unusable files.
    """
    c2pa = _library()
    hint = "--sign takes a chain of certificates and a private key, both as PEM"
    try:
        chain, private = certificate.read_bytes(), key.read_bytes()
        algorithm = _algorithm(private)
    except OSError as error:
        raise LocalError(f"--sign: {error.filename}: {error.strerror}", hint=hint) from error
    except (ValueError, TypeError, LookupError) as error:
        raise LocalError(f"--sign: {key} holds no private key that can sign", hint=hint) from error
    info = c2pa.C2paSignerInfo(
        alg=getattr(c2pa.C2paSigningAlg, algorithm),
        sign_cert=chain,
        private_key=private,
        ta_url=None,
    )

    def sign_stream(source: BinaryIO, target: BinaryIO, mime_type: str, source_type: str) -> None:
        action = {"action": "c2pa.created", "digitalSourceType": source_type}
        name, _, version = tool.partition(" ")
        manifest = {
            "claim_generator_info": [{"name": name, "version": version}],
            "assertions": [{"label": "c2pa.actions", "data": {"actions": [action]}}],
        }
        builder = c2pa.Builder(manifest, context=_context(c2pa))
        builder.sign(c2pa.Signer.from_info(info), mime_type, source, target)

    def sign(source: Path, target: Path, mime_type: str, source_type: str) -> None:
        with open(source, "rb") as original, open(target, "x+b") as signed:
            sign_stream(original, signed, mime_type, source_type)

    try:
        sign_stream(io.BytesIO(_SAMPLE), io.BytesIO(), "image/png", MADE_BY_AI)
    except c2pa.C2paError as error:
        raise LocalError(
            f"--sign: {certificate} and {key} cannot sign: {error}", hint=hint
        ) from error
    return sign


def _library() -> ModuleType:
    try:
        return import_module("c2pa")
    except ImportError as error:
        raise UsageError(
            "content credentials are checked and made by c2pa-python, which is not installed",
            hint='pip install "openclaw-fal[c2pa]"',
        ) from error


def _context(c2pa: ModuleType) -> object:
    return c2pa.Context(settings=c2pa.Settings.from_dict(_OFFLINE))


def _algorithm(key: bytes) -> str:
    """C2PA's name of a private key's algorithm. Raises ValueError, TypeError or LookupError for an
    unusable key."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    private = serialization.load_pem_private_key(key, password=None)
    if isinstance(private, ec.EllipticCurvePrivateKey):
        return {256: "ES256", 384: "ES384", 521: "ES512"}[private.curve.key_size]
    return "ED25519" if isinstance(private, ed25519.Ed25519PrivateKey) else "PS256"
