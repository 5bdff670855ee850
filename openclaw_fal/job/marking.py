"""Makes the provenance record of a job's files from its row in the journal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from openclaw_fal.job.settings import RunSettings
from openclaw_fal.media import Marked

if TYPE_CHECKING:
    from openclaw_fal.journal.record import Job
    from openclaw_fal.provenance.mark import Sign
    from openclaw_fal.provenance.record import Level, Record

Marker = Callable[[Path, str], Marked]
"""Marks the part file of one output, given its path and MIME type. Never raises an Exception."""


def marker(job: Job, seed: int | None) -> Marker:
    """A function that marks and signs the files of a job as its request said. `seed` is that of
    the result."""
    from openclaw_fal.provenance.mark import mark
    from openclaw_fal.provenance.record import LEVELS

    level: Level = next((level for level in LEVELS if level == job.provenance), "mark")
    sign = partial(_sign, job.sign["certificate"], job.sign["key"]) if job.sign else None
    return partial(mark, record=_record(job, seed), level=level, sign=sign)


def check_signing(settings: RunSettings) -> None:
    """Try the certificate and the key of `--sign`. Raises LocalError or UsageError."""
    if settings.sign is not None:
        _signer(*settings.sign)


def _sign(certificate: str, key: str, source: Path, to: Path, mime_type: str, kind: str) -> None:
    """A `Sign` that reads certificate and key only now: they may be missing when a job is picked up
    later, and raises what `_signer` does."""
    _signer(certificate, key)(source, to, mime_type, kind)


def _signer(certificate: str, key: str) -> Sign:
    from openclaw_fal import __version__
    from openclaw_fal.provenance import credentials

    return credentials.signer(Path(certificate), Path(key), f"openclaw-fal {__version__}")


def _record(job: Job, seed: int | None) -> Record:
    from openclaw_fal import __version__
    from openclaw_fal.provenance.record import Record
    from openclaw_fal.provenance.request import public

    hashes = tuple(dict.fromkeys(_hashes(job.body)))
    kept = dict(job.request or {})
    prompt = kept.pop("prompt", job.prompt)
    request, body = public(kept), public(job.body)
    return Record(
        kind=job.kind,
        model=job.model,
        endpoint=job.endpoint,
        created=job.created,
        tool=f"openclaw-fal {__version__}",
        edited=bool(hashes) or _has_references(job.request),
        request_id=job.request_id,
        seed=job.seed if seed is None else seed,
        prompt=str(prompt),
        request=request if job.request and isinstance(request, Mapping) else None,
        body=body if isinstance(body, Mapping) else None,
        references=hashes,
        replay_of=job.replay_of,
        sandbox=job.sandbox,
    )


def _has_references(request: Mapping[str, object] | None) -> bool:
    return any((request or {}).get(key) for key in ("images", "videos", "audioRefs"))


def _hashes(node: object) -> list[str]:
    """The SHA-256 of the reference files in a body as the journal keeps it."""
    if isinstance(node, Mapping):
        if isinstance(node.get("sha256"), str):
            return [str(node["sha256"])]
        return [digest for value in node.values() for digest in _hashes(value)]
    if isinstance(node, (list, tuple)):
        return [digest for value in node for digest in _hashes(value)]
    return []
