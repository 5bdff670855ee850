"""openclaw completion SHELL"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from openclaw_fal.cli.groups import Command
from openclaw_fal.completion.scripts import SCRIPTS
from openclaw_fal.errors import UsageError
from openclaw_fal.ui.result import Result

if TYPE_CHECKING:
    from openclaw_fal.cli.documents import CompletionDocument

EPILOG = """\
Examples:
  openclaw completion bash > ~/.local/share/bash-completion/completions/openclaw
  openclaw completion zsh > "${fpath[1]}/_openclaw"
  openclaw completion fish > ~/.config/fish/completions/openclaw.fish
  openclaw completion powershell >> $PROFILE
See also: openclaw help, openclaw --help"""

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(cls=Command, epilog=EPILOG)
def completion(
    ctx: typer.Context,
    shell: Annotated[str, typer.Argument(metavar="SHELL", help="bash, zsh, fish or powershell")],
) -> Result:
    """Print the completion script for a shell."""
    name = "powershell" if shell == "pwsh" else shell
    if name not in SCRIPTS:
        raise UsageError(
            f"there is no completion for {shell}; there is one for {', '.join(SCRIPTS)}"
        )
    text = SCRIPTS[name][1]
    document: CompletionDocument = {"shell": name, "script": text}
    return Result(document, out=(text.rstrip("\n"),))
