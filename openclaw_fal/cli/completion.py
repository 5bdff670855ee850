"""openclaw completion SHELL | install [SHELL]"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from openclaw_fal.cli.groups import Command
from openclaw_fal.completion.scripts import SCRIPTS, script
from openclaw_fal.errors import UsageError
from openclaw_fal.ui.result import Result

if TYPE_CHECKING:
    from openclaw_fal.cli.documents import CompletionDocument

EPILOG = """\
Examples:
  openclaw completion install          for the shell in use
  openclaw completion install fish
  openclaw completion bash             prints the script
See also: openclaw help, openclaw --help"""

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(cls=Command, epilog=EPILOG)
def completion(
    shell_or_install: Annotated[
        str,
        typer.Argument(
            metavar="SHELL|install", help="bash, zsh, fish or powershell; or install, to set it up."
        ),
    ],
    shell: Annotated[
        str | None,
        typer.Argument(metavar="[SHELL]", help="For install. Default: the shell in use."),
    ] = None,
) -> Result:
    """Set up completion with Tab, or print the script for it."""
    if shell_or_install == "install":
        return _installed(shell)
    if shell is not None:
        raise UsageError(
            f"completion {shell_or_install} takes no further argument: {shell}",
            hint=f"openclaw completion install {shell}",
        )
    name = _known(shell_or_install)
    text = script(name)
    document: CompletionDocument = {"shell": name, "script": text}
    return Result(document, out=(text.rstrip("\n"),))


def _installed(shell: str | None) -> Result:
    import os
    from pathlib import Path

    from openclaw_fal.completion import install

    name = _known(shell) if shell is not None else install.shell_in_use(os.environ)
    paths = install.install(name, os.environ, Path.home())
    document: CompletionDocument = {"shell": name, "paths": [str(path) for path in paths]}
    return Result(
        document,
        out=tuple(str(path) for path in paths),
        notes=(install.still_to_do(name, paths[0]),),
    )


def _known(shell: str) -> str:
    name = "powershell" if shell == "pwsh" else shell
    if name not in SCRIPTS:
        raise UsageError(
            f"there is no completion for {shell}; there is one for {', '.join(SCRIPTS)}",
            hint="openclaw completion install",
        )
    return name
