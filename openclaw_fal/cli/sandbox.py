"""openclaw sandbox serve"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from openclaw_fal.cli.groups import Command, Noun
from openclaw_fal.ui.result import Result

if TYPE_CHECKING:
    from openclaw_fal.cli.documents import SandboxDocument
    from openclaw_fal.sandbox import Sandbox
    from openclaw_fal.session import Session

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
) -> Result:
    """Serve a fal on loopback until Ctrl-C."""
    from openclaw_fal.sandbox import Dials, Sandbox
    from openclaw_fal.ui.progress import request_log

    session: Session = ctx.obj
    fal = Sandbox(
        Dials.parse(dials),
        host=host,
        port=port,
        seed=seed,
        log=request_log(session),
        record=False,
        tls=True,
    )
    session.resources.enter_context(fal)
    return _addresses(fal)


def _addresses(fal: Sandbox) -> Result:
    """Where it is, and the lines that point other programs at it, ready to be pasted."""
    clients = fal.client_settings()
    document: SandboxDocument = {
        "sandbox": True,
        "url": fal.url,
        "config": {"models.providers.fal.baseUrl": fal.url},
        "environment": fal.environment(),
        "clients": clients,
    }
    python = " ".join(
        f"{name}={value}"
        for name, value in fal.environment().items()
        if name in ("FAL_KEY", "HTTPS_PROXY", "SSL_CERT_FILE")
    )
    javascript = json.dumps(clients["@fal-ai/client"]["config"])
    text = f"""\
A fal on this machine is at {fal.url}

OpenClaw and this program:
  openclaw config set models.providers.fal.baseUrl {fal.url}
  export FAL_KEY=sandbox
fal's Python client:
  export {python}
fal's JavaScript client:
  fal.config({javascript})

Any key will do. Ctrl-C stops it."""
    return Result(document, out=(text,), stays=True)
