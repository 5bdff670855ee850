"""openclaw sandbox serve"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from openclaw_fal.cli.groups import Command, noun_app
from openclaw_fal.ui.result import Result

if TYPE_CHECKING:
    from openclaw_fal.session import Session

EPILOG = """\
Examples:
  openclaw image "a lighthouse" --sandbox          start one, use it, stop it
  openclaw sandbox serve --port 8765               serve other programs until Ctrl-C
  openclaw sandbox serve --dials "latency=0.2,queue-length=3,run-time=2"
See also: openclaw help sandbox"""

app = noun_app("A fal on this machine: real files, no key, no network, no cost.", EPILOG)


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
    https: Annotated[
        bool | None,
        typer.Option(
            "--https/--no-https",
            help="Speak https as well, for fal's own clients. On where the extra `sandbox` is "
            "installed.",
            show_default=False,
        ),
    ] = None,
) -> Result:
    """Serve a fal on loopback until Ctrl-C."""
    from openclaw_fal.cli.serving import addresses
    from openclaw_fal.sandbox import Dials, Sandbox, crypto
    from openclaw_fal.ui.progress import request_log

    session: Session = ctx.obj
    fal = Sandbox(
        Dials.parse(dials),
        host=host,
        port=port,
        seed=seed,
        log=request_log(session),
        record=False,
        tls=crypto.installed() if https is None else https,
    )
    session.resources.enter_context(fal)
    return addresses(fal)
