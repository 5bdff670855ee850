"""openclaw help TOPIC"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from openclaw_fal.cli.groups import Command, Root
from openclaw_fal.cli.topics import ABOUT, ALIASES, TOPICS
from openclaw_fal.errors import UsageError
from openclaw_fal.ui.result import Facts, Prose, Result

if TYPE_CHECKING:
    from openclaw_fal.cli.documents import HelpDocument

EPILOG = """\
Examples:
  openclaw help
  openclaw help jobs
  openclaw help sandbox
See also: openclaw --help, openclaw image --help"""

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command("help", cls=Command, epilog=EPILOG)
def show_help(
    ctx: typer.Context,
    topic: Annotated[
        list[str] | None, typer.Argument(metavar="[TOPIC]", help=", ".join(TOPICS))
    ] = None,
) -> Result:
    """Explain a topic: auth, config, models, output, jobs, exit, json, sandbox."""
    name = " ".join(topic or ()).lower()
    if not name:
        return _list_of_topics()
    name = ALIASES.get(name.replace(" ", "-"), name)
    if name not in TOPICS:
        command = " ".join(topic or ())
        root = ctx.find_root().command
        known = isinstance(root, Root) and command.split(" ")[0] in root.list_commands(ctx)
        raise UsageError(
            f"there is no topic {name}; there are {', '.join(TOPICS)}",
            hint=f"openclaw {command} --help explains the command"
            if known
            else "openclaw --help lists the commands",
        )
    text = TOPICS[name] + (_dials() if name == "sandbox" else "")
    document: HelpDocument = {"topic": name, "text": text}
    return Result(document, out=(Prose(text),))


def _list_of_topics() -> Result:
    rows = [(f"openclaw help {name}", about) for name, about in ABOUT.items()]
    rows.append(("openclaw COMMAND --help", "a command, its options and examples"))
    document: HelpDocument = {"topics": list(TOPICS)}
    return Result(document, out=(Facts(rows),))


def _dials() -> str:
    from openclaw_fal.sandbox.dials import explain

    return explain() + "\nSee also: openclaw help jobs"
