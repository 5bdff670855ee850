"""openclaw sandbox serve"""

from __future__ import annotations

from typing import Annotated

import typer

from openclaw_fal.cli.groups import Command, Noun

EPILOG = """\
Examples:
  openclaw image "a lighthouse" --sandbox          start one, use it, stop it
  openclaw sandbox serve --port 8765               serve other programs until Ctrl-C
  openclaw sandbox serve --dials "latency=0.2,queue=3,run=2"
See also: openclaw help sandbox"""

app = typer.Typer(
    cls=Noun,
    help="A fal on this machine: real files, no key, no network, no cost.",
    epilog=EPILOG,
    rich_markup_mode=None,
    add_completion=False,
)


@app.callback()
def sandbox() -> None:
    """A fal on this machine: real files, no key, no network, no cost."""


@app.command(cls=Command, epilog=EPILOG)
def serve(
    ctx: typer.Context,
    host: Annotated[str, typer.Option("--host", help="A loopback address.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")
    ] = 8765,
    dials: Annotated[
        str,
        typer.Option(
            "--dials",
            metavar="DIALS",
            envvar="OPENCLAW_FAL_SANDBOX_DIALS",
            help="Latency, faults and more: see `openclaw help sandbox`.",
        ),
    ] = "",
    seed: Annotated[int, typer.Option("--seed", help="The same seed draws the same media.")] = 0,
) -> int:
    """Serve a fal on loopback until Ctrl-C."""
    from openclaw_fal.cli.serving import serve_until_stopped

    ctx.obj.capability = "sandbox.serve"
    return serve_until_stopped(ctx.obj, host, port, dials, seed)
