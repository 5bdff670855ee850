"""The command `models` of image, video and music: tables of the facts that planning uses."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from typing import TYPE_CHECKING, Any

from openclaw_fal.media import Json, Kind
from openclaw_fal.session import Session
from openclaw_fal.text import counted, split_words
from openclaw_fal.ui.result import Facts, Result, Table

if TYPE_CHECKING:
    from openclaw_fal.cli.documents import ModelDocument, ModelsDocument


def show(session: Session, kind: Kind, ref: str | None) -> Result:
    """All models of a kind with the configured default marked; or the model `ref` in full."""
    from openclaw_fal.job import wiring
    from openclaw_fal.job.settings import choose_model
    from openclaw_fal.job.user_catalogue import ENDPOINTS
    from openclaw_fal.provider import descriptions, refs

    configured = configured_ref(session, kind)
    if ref is not None:
        row = _marked(
            descriptions.describe(kind, refs.parse_ref(ref, ENDPOINTS), ENDPOINTS), configured
        )
        document: ModelDocument = {"model": row}
        notes = ["--json also tells where each fact is from"]
        if not row["known"]:
            notes.append("fal's schema of this endpoint is not known here")
        if row["closest"]:
            notes.append(f"did you mean {row['closest']}?")
        return Result(document, out=(Facts(_facts(row)),), notes=tuple(notes))
    rows = [_marked(row, configured) for row in descriptions.listing(kind, ENDPOINTS)]
    if configured not in {row["model"] for row in rows}:
        endpoint = choose_model(kind, None, wiring.read_config(session.config)).endpoint
        rows.insert(0, _marked(descriptions.describe(kind, endpoint, ENDPOINTS), configured))
    listed: ModelsDocument = {"default": configured, "models": list(rows)}
    cells = [(("* " if row["configured"] else "  ") + row["model"], _summary(row)) for row in rows]
    note = f"* the default; openclaw {kind} models fal/… shows one in full"
    return Result(listed, out=(Table(("  model", "takes"), cells),), notes=(note,))


def configured_ref(session: Session, kind: Kind) -> str:
    """The ref of the model that a command without --model uses; the built-in default when the
    config cannot be read or names another provider's model."""
    from openclaw_fal.errors import LocalError
    from openclaw_fal.job import wiring
    from openclaw_fal.job.settings import choose_model
    from openclaw_fal.provider.specs import DEFAULT_MODELS

    try:
        endpoint = choose_model(kind, None, wiring.read_config(session.config)).endpoint
    except LocalError:
        endpoint = DEFAULT_MODELS[kind]
    return f"fal/{endpoint}"


def _marked(row: Json, configured: str) -> Json:
    return {**row, "configured": row["model"] == configured}


def _summary(row: Json) -> str:
    """One model's limits on one line."""
    parts = [
        _references(row),
        _seconds(row.get("durations")),
        _counted(row.get("aspectRatios"), "ratio"),
        " ".join(row.get("resolutions") or ()),
        " ".join(row.get("outputFormats") or row.get("formats") or ()),
        "sound on/off" if row.get("audio") else "",
        "lyrics" if row.get("lyrics") == "sent" else "",
        "instrumental" if row.get("instrumental") == "sent" else "",
        f"{row['maxCount']} at once" if row.get("maxCount", 1) > 1 else "",
    ]
    return "; ".join(part for part in parts if part) or "the prompt only"


def _references(row: Json) -> str:
    kinds = (
        ("maxReferenceImages", "image"),
        ("maxReferenceVideos", "video"),
        ("maxReferenceAudios", "sound"),
    )
    parts = [_counted(range(row.get(key) or 0), word) for key, word in kinds]
    needed = " (needed)" if row.get("requiredReferences") else ""
    text = ", ".join(part for part in parts if part)
    return text + needed if text else ""


def _counted(values: Sized | None, word: str) -> str:
    count = len(values or ())
    return counted(count, word) if count else ""


def _seconds(durations: Json | None) -> str:
    if not durations or not durations.get("sent") or durations.get("max") is None:
        return ""
    if durations.get("values"):
        return f"{', '.join(str(value) for value in durations['values'])} s"
    return f"{durations['min']}-{durations['max']} s"


_JSON_ONLY = ("known", "closest", "sources")


def _facts(row: Json) -> list[tuple[str, str]]:
    """The facts about one model that are not empty, as rows."""
    return [
        (split_words(key), text)
        for key, value in row.items()
        if key not in _JSON_ONLY and (text := _fact(key, value))
    ]


def _fact(key: str, value: Any) -> str:  # a value in JSON
    if key.startswith("maxReference") and not value:
        return ""
    if key == "durations":
        return _seconds(value)
    if key == "withReferences":
        return "\n".join(f"{name}: {text}" for name, text in _facts(value))
    return _text(value)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return "; ".join(f"{key} {_text(item)}" for key, item in value.items() if _text(item))
    if isinstance(value, (list, tuple)):
        return " ".join(str(item) for item in value)
    return "" if value is None else str(value)
