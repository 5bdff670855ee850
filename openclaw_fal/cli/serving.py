"""The output of `openclaw sandbox serve`: commands that make programs use it, and that undo
this."""

from __future__ import annotations

import json
import os
import shlex
from typing import TYPE_CHECKING

from openclaw_fal.ui.result import Result

if TYPE_CHECKING:
    from openclaw_fal.cli.documents import SandboxDocument
    from openclaw_fal.sandbox import Sandbox


def addresses(sandbox: Sandbox) -> Result:
    """The result with the sandbox's URL and settings, as commands to paste into a shell."""
    environment, clients = sandbox.scratch_environment(), sandbox.client_settings()
    document: SandboxDocument = {
        "sandbox": True,
        "url": sandbox.url,
        "config": {"models.providers.fal.baseUrl": sandbox.url},
        "environment": dict(environment),
        "clients": dict(clients),
    }
    set_up, undo = _lines(environment)
    text = f"""\
A fal on this machine is at {sandbox.url}. To use it, paste this into another terminal:

{set_up}

OpenClaw and this program then use it, with a config, a key and jobs of its own. To undo that, close
the terminal, or:

{undo}

fal's Python client:
{_python(sandbox)}
fal's JavaScript client:
  fal.config({json.dumps(clients["@fal-ai/client"]["config"])})

Any key will do. Ctrl-C stops it."""
    return Result(document, out=(text,), stays=True)


def _python(sandbox: Sandbox) -> str:
    if sandbox.ca_file is None:
        from openclaw_fal.sandbox.crypto import INSTALL

        return f"  it insists on https, which needs an extra: {INSTALL}"
    names = ("FAL_KEY", "HTTPS_PROXY", "SSL_CERT_FILE")
    return _lines({name: sandbox.environment()[name] for name in names})[0]


def _lines(variables: dict[str, str]) -> tuple[str, str]:
    """The shell commands that set the variables, and those that unset them."""
    if os.name == "nt":
        set_up = [f'  $env:{name} = "{value}"' for name, value in variables.items()]
        return "\n".join(set_up), "\n".join(f"  Remove-Item Env:{name}" for name in variables)
    set_up = [f"  export {name}={shlex.quote(value)}" for name, value in variables.items()]
    return "\n".join(set_up), "  unset " + " ".join(variables)
