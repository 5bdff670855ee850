"""openclaw infer: the same commands under OpenClaw's names, with the flags that it documents."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, cast

import typer

from openclaw_fal.cli import image, infer_about, music, video
from openclaw_fal.cli.groups import Command, noun_app
from openclaw_fal.errors import UsageError
from openclaw_fal.ui.result import Result

EPILOG = """\
Examples:
  openclaw infer image generate --prompt "a lighthouse" --output out.png --json
  openclaw infer image edit --file photo.png --prompt "make it night" --json
  openclaw infer video generate --prompt "waves" --resolution 768P --duration 6
  openclaw infer music generate --prompt "slow piano"
  openclaw infer inspect --name image.generate
See also: openclaw image, openclaw video, openclaw music, openclaw help json"""

TyperCommand = Callable[..., Any]  # Typer reads its parameters and gives their values

AGENT = typer.Option("--agent", metavar="ID", help="Accepted; fal needs no agent.", hidden=True)
BACKGROUND = typer.Option("--openai-background", help="The same as --background.", hidden=True)
MODERATION = typer.Option(
    "--openai-moderation", help="Accepted and ignored: no fal model takes it.", hidden=True
)


def _merge_background(values: dict[str, Any], background: str | None) -> None:
    """Use `--openai-background` as `--background`. Raises UsageError when they differ."""
    if background is None:
        return
    if values.get("background") not in (None, background):
        raise UsageError("--background and --openai-background contradict each other")
    values["background"] = background


def _with_ignored_moderation(result: Result, value: str) -> Result:
    """`result` with `--openai-moderation` among the ignored options."""
    key, reason = "openaiModeration", "no fal model takes it"
    ignored = {"key": key, "value": value, "reason": reason}
    document = dict(result.document)
    document["ignoredOverrides"] = [*cast(list[object], document["ignoredOverrides"]), ignored]
    notes = (*result.notes, f"ignored: {key}={value}: {reason}")
    return result.replaced(document=document, notes=notes)


def _as_openclaw(command: TyperCommand, *, openai: bool = False) -> TyperCommand:
    """`command` with the additional flags of OpenClaw's own command."""
    signature = inspect.signature(command)
    extra = {"agent": AGENT}
    if openai:
        extra |= {"openai_background": BACKGROUND, "openai_moderation": MODERATION}
    parameters = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=None,
            annotation=Annotated[str | None, option],
        )
        for name, option in extra.items()
    ]

    def run(**values: Any) -> Result:  # the types that its parameters declare
        flags = {name: values.pop(name) for name in extra}
        _merge_background(values, flags.get("openai_background"))
        result: Result = command(**values)
        moderation = flags.get("openai_moderation")
        if moderation is None:
            return result
        return _with_ignored_moderation(result, moderation)

    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [*signature.parameters.values(), *parameters]
    )
    run.__annotations__ = {
        name: parameter.annotation
        for name, parameter in run.__signature__.parameters.items()  # type: ignore[attr-defined]
    }
    return run


def _group(name: str, *commands: TyperCommand) -> typer.Typer:
    group = noun_app(f"OpenClaw's `infer {name}`.", EPILOG)

    @group.callback()
    def noun() -> None:
        """One noun of `infer`."""

    noun.__doc__ = f"OpenClaw's `infer {name}`."
    for command in commands:
        group.command(cls=Command, epilog=EPILOG)(command)
    return group


app = noun_app(
    "OpenClaw's spelling of image, video and music, with its flags and its JSON.", EPILOG
)
_with_openai = partial(_as_openclaw, openai=True)
_images = _group("image", _with_openai(image.generate), _with_openai(image.edit))
_images.command("providers", cls=Command, epilog=EPILOG)(infer_about.image_providers)
_videos = _group("video", _as_openclaw(video.generate))
_videos.command("providers", cls=Command, epilog=EPILOG)(infer_about.video_providers)
app.command("list", cls=Command, epilog=EPILOG)(infer_about.list_capabilities)
app.command("inspect", cls=Command, epilog=EPILOG)(infer_about.inspect)
app.add_typer(_images, name="image")
app.add_typer(_videos, name="video")
app.add_typer(_group("music", _as_openclaw(music.generate)), name="music")
