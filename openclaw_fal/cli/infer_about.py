"""openclaw infer list | inspect | image providers | video providers, in OpenClaw's own JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from openclaw_fal.cli.groups import TyperType
from openclaw_fal.errors import OpenClawFalError, UsageError
from openclaw_fal.media import Kind
from openclaw_fal.ui.result import Result

if TYPE_CHECKING:
    from openclaw_fal.config.read import Config
    from openclaw_fal.session import Session

DESCRIPTIONS = {
    "image.generate": "Generate raster images with configured image providers.",
    "image.edit": "Generate edited images from one or more input files.",
    "image.providers": "List image generation providers.",
    "video.generate": "Generate video files with configured video providers.",
    "video.providers": "List video generation and description providers.",
    "music.generate": "Generate music files with fal.",
}
RESULTS = {
    "image.generate": "saved image files plus attempts",
    "image.edit": "saved image files plus attempts",
    "image.providers": "provider ids and defaults",
    "video.generate": "saved video files plus attempts",
    "video.providers": "provider ids and defaults",
    "music.generate": "saved audio files plus attempts",
}
# OpenClaw 2026.9.6 lists these for its fal provider. Only what is the same for all models.
_SHARED = {"supportsSize": True, "supportsAspectRatio": True, "supportsResolution": True}
CAPABILITIES: dict[str, dict[str, object]] = {
    "image": {
        "generate": {"maxCount": 4, **_SHARED},
        "edit": {"enabled": True, "maxCount": 4, **_SHARED},
    },
    "video": {
        "generate": {"maxVideos": 1, **_SHARED, "supportsAudio": True},
        "imageToVideo": {"enabled": True, "maxVideos": 1, **_SHARED, "supportsAudio": True},
    },
}
Agent = Annotated[
    str | None,
    typer.Option("--agent", metavar="ID", help="Accepted; fal needs no agent.", hidden=True),
]


def list_capabilities(ctx: typer.Context) -> Result:
    """List the capabilities that this program has."""
    rows = [
        {"id": name, "transports": ["local"], "description": text}
        for name, text in DESCRIPTIONS.items()
    ]
    return _listed(rows, {"capabilities": rows})


def inspect(
    ctx: typer.Context,
    name: Annotated[str, typer.Option("--name", metavar="CAPABILITY", help="image.generate, …")],
) -> Result:
    """Show one capability: its flags and what it gives."""
    if name not in DESCRIPTIONS:
        raise UsageError(
            f"there is no capability {name} here", hint=f"one of {', '.join(DESCRIPTIONS)}"
        )
    facts: dict[str, object] = {
        "id": name,
        "description": DESCRIPTIONS[name],
        "transports": ["local"],
        "flags": _flags(ctx, name),
        "resultShape": RESULTS[name],
    }
    return Result(facts, out=(json.dumps(facts, indent=2),), raw=facts)


def image_providers(ctx: typer.Context, agent: Agent = None) -> Result:
    """List the providers of images: fal."""
    row = _provider(ctx.obj, "image")
    return _listed([row], {"providers": [row]})


def video_providers(ctx: typer.Context, agent: Agent = None) -> Result:
    """List the providers of videos: fal."""
    row = _provider(ctx.obj, "video")
    document: dict[str, object] = {"generation": [row], "description": []}
    return Result(document, out=(json.dumps(document, indent=2),), raw=document)


def _listed(rows: Sequence[Mapping[str, object]], document: dict[str, object]) -> Result:
    """Rows in OpenClaw's form: a JSON array with --json, else an object on each line."""
    lines = tuple(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
    return Result(document, out=lines, raw=rows)


def _provider(session: Session, kind: Kind) -> dict[str, object]:
    from openclaw_fal.config.read import read_config
    from openclaw_fal.provider.specs import DEFAULT_MODELS, known_models
    from openclaw_fal.store import paths

    config = read_config(paths.config_path(session.config))
    return {
        "available": True,
        "configured": _has_key(config),
        "selected": _is_default(config, kind),
        "id": "fal",
        "label": "fal",
        "defaultModel": DEFAULT_MODELS[kind],
        "models": list(known_models(kind)),
        "capabilities": CAPABILITIES[kind],
    }


def _has_key(config: Config) -> bool:
    from openclaw_fal.config.fal_key import resolve_key

    try:
        return resolve_key(config) is not None
    except OpenClawFalError:
        return False


def _is_default(config: Config, kind: Kind) -> bool:
    try:
        default = config.default_model(kind)
    except OpenClawFalError:
        return False
    return default is not None and default.primary.startswith("fal/")


def _flags(ctx: typer.Context, name: str) -> list[str]:
    """The long options of a capability's command, without hidden ones."""
    root: TyperType = ctx.find_root().command
    command = root.get_command(ctx, "infer")
    for word in name.split("."):
        command = command.get_command(ctx, word)
    return [
        option
        for parameter in command.params
        if not getattr(parameter, "hidden", False)
        for option in parameter.opts
        if option.startswith("--")
    ]
