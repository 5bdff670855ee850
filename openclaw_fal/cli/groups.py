"""Typer groups of our own: lazy nouns, a default command, and options that stand anywhere."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption
from typer.main import get_command, get_command_from_info, get_command_name, get_group

from openclaw_fal.session import Session

GLOBAL_PANEL, ARGUMENTS_PANEL = "Global options", "Arguments"
REQUEST, RUN, OUTPUT = "What to ask for", "How to run it", "Where it goes"


def _set(name: str) -> Any:
    def callback(ctx: typer.Context, param: object, value: Any) -> Any:
        session = ctx.obj
        if isinstance(session, Session) and value is not None and value is not False:
            setattr(session, name, value)
        return value

    return callback


def capability_of(ctx: typer.Context) -> str:
    """The command of a context as the JSON documents name it: `image.generate`; `cli` for the
    program itself. `infer` is another spelling of the same commands and is left out."""
    names: list[str] = []
    here: Any = ctx
    while here.parent is not None:
        names.insert(0, here.command.name)
        here = here.parent
    return ".".join(names[1:] if names[:1] == ["infer"] else names) or "cli"


def global_options() -> list[TyperOption]:
    """The options that every command takes; each one writes itself into the session."""

    def flag(names: list[str], field: str, text: str) -> TyperOption:
        return TyperOption(
            param_decls=names,
            is_flag=True,
            default=False,
            type=bool,
            expose_value=False,
            is_eager=True,
            callback=_set(field),
            show_default=False,
            help=text,
            rich_help_panel=GLOBAL_PANEL,
        )

    return [
        flag(["--json"], "json", "Print one JSON document on stdout, on failure too."),
        flag(["--quiet", "-q"], "quiet", "Print results only."),
        flag(["--verbose"], "verbose", "Say more on stderr; show a traceback for a bug."),
        flag(["--no-color"], "no_color", "No colour (NO_COLOR does the same)."),
        TyperOption(
            param_decls=["--config"],
            type=str,
            metavar="FILE",
            expose_value=False,
            is_eager=True,
            callback=_set("config"),
            show_default=False,
            help="OpenClaw's config file. Default: $OPENCLAW_CONFIG_PATH, "
            "$OPENCLAW_STATE_DIR/openclaw.json, ~/.openclaw/openclaw.json.",
            rich_help_panel=GLOBAL_PANEL,
        ),
    ]


class _Base:
    """What every command and group does: it tells the session its name as soon as it is reached,
    and its help has the options under the head of their group."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if isinstance(ctx.obj, Session):
            ctx.obj.capability = capability_of(ctx)
        return super().parse_args(ctx, args)  # type: ignore[misc, no-any-return]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        heads = (ARGUMENTS_PANEL, REQUEST, OUTPUT, RUN)
        groups: dict[str, list[tuple[str, str]]] = {head: [] for head in heads}
        for param in self.get_params(ctx):  # type: ignore[attr-defined]
            record = param.get_help_record(ctx)
            if record is not None:
                groups.setdefault(_panel_of(param), []).append(record)
        groups[GLOBAL_PANEL] = groups.pop(GLOBAL_PANEL, [])
        for head, records in groups.items():
            if records:
                with formatter.section(head):
                    formatter.write_dl(records)
        if isinstance(self, TyperGroup):
            self.format_commands(ctx, formatter)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Examples and links: line by line, not wrapped into a paragraph."""
        from openclaw_fal.ui.layout import fitted

        epilog = getattr(self, "epilog", None)
        if epilog:
            formatter.write_paragraph()
            formatter.write(fitted(epilog, formatter.width) + "\n")


def _panel_of(param: Any) -> str:
    """The head that a parameter stands under in the help."""
    if param.param_type_name == "argument":
        return ARGUMENTS_PANEL
    if "--help" in param.opts:
        return GLOBAL_PANEL
    return getattr(param, "rich_help_panel", None) or "Options"


class Command(_Base, TyperCommand):
    """A command that also takes the global options."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(global_options())


class Noun(_Base, TyperGroup):
    """A group of commands that also takes the global options, before or after the command.

    `later` are commands by name as they were registered; only those that are used get built.
    """

    default_command: str | None = None

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.params.extend(global_options())
        self.later: dict[str, Any] = {}

    def list_commands(self, ctx: Any) -> list[str]:
        return [*self.later, *(name for name in self.commands if name not in self.later)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name in self.later and cmd_name not in self.commands:
            self.commands[cmd_name] = get_command_from_info(
                self.later[cmd_name], pretty_exceptions_short=False, rich_markup_mode=None
            )
        return self.commands.get(cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if self.get_command(ctx, args[0]) is None:
            for name in self.later:  # Typer suggests one of those that are built
                self.get_command(ctx, name)
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if isinstance(ctx.obj, Session):
            ctx.obj.capability = capability_of(ctx)
        if first_word(args) is None:
            ctx.fail(f"Say what to do: {', '.join(self.list_commands(ctx))}.")
        if self.default_command and self._wants_default(ctx, args):
            args = [self.default_command, *args]
        return super().parse_args(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Each command with its whole first sentence."""
        with formatter.section("Commands"):
            formatter.write_dl(
                [
                    (name, command.get_short_help_str(200))
                    for name in self.list_commands(ctx)
                    if (command := self.get_command(ctx, name)) is not None
                ]
            )

    def _wants_default(self, ctx: Any, args: Sequence[str]) -> bool:
        first = first_word(args)
        if first in ("--help", "-h"):
            return False
        return self.get_command(ctx, str(first)) is None


class MediaNoun(Noun):
    """`openclaw image "a cat"` is `openclaw image generate "a cat"`."""

    default_command = "generate"


def build(app: typer.Typer) -> Any:
    """An app as one command. Those of a noun are built when they are used: each costs some ms."""
    cls = app.info.cls
    if not (isinstance(cls, type) and issubclass(cls, Noun)):
        return get_command(app)
    bare = copy.copy(app)
    bare.registered_commands = []
    noun = get_group(bare)
    assert isinstance(noun, Noun)
    for info in app.registered_commands:
        assert info.callback is not None
        noun.later[info.name or get_command_name(info.callback.__name__)] = info
    return noun


def first_word(args: Sequence[str]) -> str | None:
    """The first argument that is no global option: a command, a prompt, or another option."""
    flags = {"--json", "--quiet", "-q", "--verbose", "--no-color"}
    index = 0
    while index < len(args):
        word = args[index]
        if word in flags or word.startswith("--config="):
            index += 1
        elif word == "--config":
            index += 2
        else:
            return word
    return None


class Root(_Base, TyperGroup):
    """The program. Only the noun that is used gets imported."""

    nouns: ClassVar[dict[str, tuple[str, str]]] = {}
    aliases: ClassVar[dict[str, str]] = {}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.params.extend(global_options())
        self._built: dict[str, Any] = {}

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.nouns)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        cmd_name = self.aliases.get(cmd_name, cmd_name)
        if cmd_name not in self.nouns:
            return None
        if cmd_name not in self._built:
            module = import_module(self.nouns[cmd_name][0])
            command = build(module.app)
            command.name = cmd_name
            self._built[cmd_name] = command
        return self._built[cmd_name]

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Short helps from the table: `--help` imports no command."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self.nouns.items()])
