"""openclaw infer: OpenClaw's spelling of the same commands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import typer

from openclaw_fal.cli import image, music, video
from openclaw_fal.cli.groups import Command, Noun


def _group(name: str, *commands: Callable[..., Any]) -> typer.Typer:
    group = typer.Typer(
        name=name,
        cls=Noun,
        help=f"OpenClaw's `infer {name}`.",
        rich_markup_mode=None,
        add_completion=False,
    )

    @group.callback()
    def noun() -> None:
        """One noun of `infer`."""

    noun.__doc__ = f"OpenClaw's `infer {name}`."
    for command in commands:
        group.command(cls=Command)(command)
    return group


app = typer.Typer(
    cls=Noun,
    help="OpenClaw's spelling of image, video and music, with its flags and its JSON.",
    epilog="""\
Examples:
  openclaw infer image generate --prompt "a lighthouse" --output out.png --json
  openclaw infer video generate --prompt "waves" --duration 6
See also: openclaw image, openclaw video, openclaw music""",
    rich_markup_mode=None,
    add_completion=False,
)
app.add_typer(_group("image", image.generate, image.edit), name="image")
app.add_typer(_group("video", video.generate), name="video")
app.add_typer(_group("music", music.generate), name="music")
