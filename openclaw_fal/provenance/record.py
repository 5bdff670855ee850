"""The provenance of an output, and which part of it goes into the file.

The level `mark` says that a model made the file, which one, and when. `full` adds what is needed to
make it again. Neither holds a name, a path, a key or an account; reference files are recorded by
their SHA-256.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal

from openclaw_fal.frozen import Frozen
from openclaw_fal.media import Kind

Level = Literal["mark", "full", "sidecar", "off"]
LEVELS: tuple[Level, ...] = ("mark", "full", "sidecar", "off")

VERSION = 1
"""The version of the document. Readers ignore documents of any other version."""

_VOCABULARY = "http://cv.iptc.org/newscodes/digitalsourcetype/"
MADE_BY_AI = _VOCABULARY + "trainedAlgorithmicMedia"
EDITED_BY_AI = _VOCABULARY + "compositeWithTrainedAlgorithmicMedia"


class Record(Frozen, kw_only=True):
    """The provenance of one output. `created` is in seconds since 1970; `edited`: reference files
    were used.

    `request` are the given options under the specification's names; `body` is the body that was
    sent. Both have the SHA-256 in place of each reference file.
    """

    kind: Kind
    model: str
    endpoint: str
    created: float
    tool: str
    edited: bool = False
    request_id: str | None = None
    seed: int | None = None
    prompt: str | None = None
    request: Mapping[str, object] | None = None
    body: Mapping[str, object] | None = None
    references: tuple[str, ...] = ()
    replay_of: str | None = None
    sandbox: bool = False


def document(record: Record, level: Level, served_sha256: str) -> dict[str, object]:
    """The part of the record that the level asks for, as JSON. `served_sha256` is the SHA-256 of
    the file as fal sent it; `provenance verify` compares with it."""
    entries: dict[str, object] = {
        "version": VERSION,
        "digitalSourceType": digital_source_type(record),
        "aiSystem": f"{record.model} (fal.ai)",
        "creatorTool": record.tool,
        "date": date_text(record.created),
        "requestId": record.request_id,
        "servedSha256": served_sha256,
        "sandbox": record.sandbox or None,
    }
    if level in ("full", "sidecar"):
        entries |= {
            "kind": record.kind,
            "model": record.model,
            "endpoint": record.endpoint,
            "prompt": record.prompt,
            "seed": record.seed,
            "request": record.request,
            "body": record.body,
            "references": list(record.references) or None,
            "replayOf": record.replay_of,
        }
    return {key: value for key, value in entries.items() if value is not None}


def digital_source_type(record: Record) -> str:
    """The term of IPTC's vocabulary for how the file was made."""
    return EDITED_BY_AI if record.edited else MADE_BY_AI


def date_text(seconds: float) -> str:
    """Seconds since 1970 as an ISO 8601 date in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
