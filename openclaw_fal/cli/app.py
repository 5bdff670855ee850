"""The root command and its subcommands, each of which is imported when it is used."""

from __future__ import annotations

from functools import cache
from typing import ClassVar

import typer
from typer.main import get_command

from openclaw_fal.cli.groups import Root, TyperType
from openclaw_fal.session import Session

EPILOG = """\
Start here:
  openclaw image "a lighthouse at dawn" --sandbox   try it: no key, no network, no cost
  openclaw onboard                                  store your fal key, set the default model
  openclaw image "a lighthouse at dawn"             generate for real
  openclaw help                                     auth, config, models, jobs, exit, …"""


class OpenClaw(Root):
    """The root command."""

    nouns: ClassVar[dict[str, tuple[str, str]]] = {
        "onboard": ("openclaw_fal.cli.onboard", "Store a fal key and set the default model."),
        "auth": ("openclaw_fal.cli.auth", "Show where the key comes from; remove it."),
        "image": ("openclaw_fal.cli.image", "Generate and edit images."),
        "video": ("openclaw_fal.cli.video", "Generate videos on fal's queue."),
        "music": ("openclaw_fal.cli.music", "Generate music."),
        "models": ("openclaw_fal.cli.models", "Find models, and choose the default ones."),
        "batch": ("openclaw_fal.cli.batch", "Run thousands of requests, each exactly once."),
        "jobs": ("openclaw_fal.cli.jobs", "List, wait for and cancel jobs."),
        "spend": ("openclaw_fal.cli.spend", "Show what was spent."),
        "budget": ("openclaw_fal.cli.budget", "Limit what may be spent."),
        "replay": ("openclaw_fal.cli.replay", "Make a file again, from its mark or its job."),
        "gallery": ("openclaw_fal.cli.gallery", "Make a page that shows what was made."),
        "provenance": ("openclaw_fal.cli.provenance", "Show where a file came from."),
        "config": ("openclaw_fal.cli.config", "Show and edit OpenClaw's config file."),
        "sandbox": ("openclaw_fal.cli.sandbox", "A fal on this machine that costs nothing."),
        "help": (
            "openclaw_fal.cli.help",
            "Explain a topic: auth, config, models, jobs, …",
        ),
        "completion": (
            "openclaw_fal.cli.completion",
            "Set up completion with Tab, or print its script.",
        ),
        "infer": ("openclaw_fal.cli.infer", "OpenClaw's spelling of image, video and music."),
    }
    aliases: ClassVar[dict[str, str]] = {"capability": "infer"}  # OpenClaw's other name for it


@cache
def build() -> TyperType:
    """The whole command line as one Typer command."""
    app = typer.Typer(
        name="openclaw",
        cls=OpenClaw,
        help="fal.ai images, video and music from the shell, with OpenClaw's config.",
        epilog=EPILOG,
        add_completion=False,
        rich_markup_mode=None,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["--help", "-h"]},
    )

    @app.callback()
    def root() -> None:
        """fal.ai images, video and music from the shell, with OpenClaw's config."""

    return get_command(app)


def run(arguments: list[str], session: Session) -> TyperType:
    """Run one command. Returns its Result; raises its errors."""
    return build().main(arguments, prog_name=session.prog, standalone_mode=False, obj=session)
