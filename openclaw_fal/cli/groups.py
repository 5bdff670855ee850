"""Our own Typer groups: subcommands that are imported when used, a default command, and global
options at any place of the command line."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption
from typer.main import get_command, get_command_from_info, get_command_name, get_group

from openclaw_fal.cli.help_format import write_definitions, write_epilog
from openclaw_fal.session import Session

GLOBAL_PANEL, ARGUMENTS_PANEL = "Global options", "Arguments"
REQUEST, RUN, OUTPUT = "What to ask for", "How to run it", "Where it goes"
MANY = "Many requests"
# Keys in `ctx.meta`.
IMPLIED = "openclaw_fal.implied_command"  # set when the default command was not typed
MODEL = "openclaw_fal.model_of_help"  # the value of --model

# Typer's base classes are private; these names say which type is meant.
Context = Any
Formatter = Any
TyperType = Any


def capability_of(ctx: Context) -> str:
    """The command's name in JSON documents: `image.generate`; `cli` for the root. The prefix
    `infer` is left out, since it names the same commands."""
    names: list[str] = []
    while ctx.parent is not None:
        names.insert(0, ctx.command.name)
        ctx = ctx.parent
    return ".".join(names[1:] if names[:1] == ["infer"] else names) or "cli"


def global_options() -> list[TyperOption]:
    """The options of every command. Their callbacks store the values in the session."""

    def flag(names: list[str], field: str, text: str) -> TyperOption:
        return TyperOption(
            param_decls=names,
            is_flag=True,
            default=False,
            type=bool,
            expose_value=False,
            is_eager=True,
            callback=_into_session(field),
            show_default=False,
            help=text,
            rich_help_panel=GLOBAL_PANEL,
        )

    return [
        flag(["--json"], "json", "Print one JSON document on stdout, on failure too."),
        flag(["--quiet", "-q"], "quiet", "Print results only."),
        flag(["--verbose", "-v"], "verbose", "Say more on stderr; show a traceback for a bug."),
        flag(["--no-color"], "no_color", "No colour (NO_COLOR does the same)."),
        TyperOption(
            param_decls=["--config"],
            type=str,
            metavar="FILE",
            expose_value=False,
            is_eager=True,
            callback=_into_session("config"),
            show_default=False,
            help="OpenClaw's config file. Default: $OPENCLAW_CONFIG_PATH, "
            "$OPENCLAW_STATE_DIR/openclaw.json, ~/.openclaw/openclaw.json.",
            rich_help_panel=GLOBAL_PANEL,
        ),
    ]


def _into_session(name: str) -> Callable[[typer.Context, object, object], object]:
    def callback(ctx: typer.Context, param: object, value: object) -> object:
        if isinstance(ctx.obj, Session) and value is not None and value is not False:
            setattr(ctx.obj, name, value)
        return value

    return callback


def version_option() -> TyperOption:
    """`--version`, for the help only: `main` answers it before Typer is loaded."""
    return TyperOption(
        param_decls=["--version", "-V"],
        is_flag=True,
        type=bool,
        expose_value=False,
        show_default=False,
        help="Print the version.",
        rich_help_panel=GLOBAL_PANEL,
    )


class _Base:
    """Base of all commands and groups: stores the command's name in the session, and formats the
    help for the terminal, with options in panels."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        if isinstance(ctx.obj, Session):
            ctx.obj.capability = capability_of(ctx)
        return super().parse_args(ctx, args)  # type: ignore[misc, no-any-return]

    def get_help(self, ctx: Context) -> str:
        from openclaw_fal.cli.help_format import help_width

        ctx.terminal_width = help_width()
        return super().get_help(ctx)  # type: ignore[misc, no-any-return]

    def format_options(self, ctx: Context, formatter: Formatter) -> None:
        heads = (ARGUMENTS_PANEL, REQUEST, OUTPUT, RUN)
        groups: dict[str, list[tuple[str, str]]] = {head: [] for head in heads}
        for param in self.get_params(ctx):  # type: ignore[attr-defined]
            record = param.get_help_record(ctx)
            if record is not None:
                groups.setdefault(_panel_of(param), []).append(record)
        groups[GLOBAL_PANEL] = groups.pop(GLOBAL_PANEL, [])
        if isinstance(self, TyperGroup):
            self.format_commands(ctx, formatter)
        for head, records in groups.items():
            write_definitions(formatter, head, records)

    def format_epilog(self, ctx: Context, formatter: Formatter) -> None:
        write_epilog(formatter, getattr(self, "epilog", None))


def _model_among(args: Sequence[str]) -> str | None:
    """The value of `--model` in arguments that are not parsed yet."""
    for index, word in enumerate(args):
        name, equals, value = word.partition("=")
        if name in ("--model", "-m"):
            return value if equals else next(iter(args[index + 1 :]), None)
    return None


def _panel_of(param: TyperType) -> str:
    """The heading under which the help lists a parameter."""
    if param.param_type_name == "argument":
        return ARGUMENTS_PANEL
    if "--help" in param.opts:
        return GLOBAL_PANEL
    return getattr(param, "rich_help_panel", None) or "Options"


def examples(*lines: str, see: str) -> str:
    """The epilog of a command's help: complete example commands, and related help."""
    return "\n".join(["Examples:", *(f"  {line}" for line in lines), f"See also: {see}"])


class Command(_Base, TyperCommand):
    """A command that also takes the global options."""

    def __init__(self, *args: TyperType, **kwargs: TyperType) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(global_options())

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        ctx.meta[MODEL] = _model_among(args)  # --help is answered before --model is parsed
        return super().parse_args(ctx, args)

    def format_options(self, ctx: Context, formatter: Formatter) -> None:
        super().format_options(ctx, formatter)
        takes_model = any("--model" in param.opts for param in self.get_params(ctx))
        if (model := ctx.meta.get(MODEL)) and takes_model:
            from openclaw_fal.cli.model_facts import declared_fields, endpoint_named, field_rows

            endpoint = endpoint_named(model)
            rows = field_rows(declared_fields(endpoint))
            write_definitions(formatter, f"Fields of fal/{endpoint}", rows)


class Noun(_Base, TyperGroup):
    """A group of commands that takes the global options, before or after the command.

    `registered` are the commands by name, which are built when they are used.
    """

    default_command: str | None = None

    def __init__(self, **kwargs: TyperType) -> None:
        super().__init__(**kwargs)
        self.params.extend(global_options())
        self.registered: dict[str, TyperType] = {}

    def list_commands(self, ctx: Context) -> list[str]:
        return [*self.registered, *(name for name in self.commands if name not in self.registered)]

    def get_command(self, ctx: Context, cmd_name: str) -> TyperType:
        if cmd_name in self.registered and cmd_name not in self.commands:
            self.commands[cmd_name] = get_command_from_info(
                self.registered[cmd_name], pretty_exceptions_short=False, rich_markup_mode=None
            )
        return self.commands.get(cmd_name)

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        first = first_word(args)
        if first is None and not _json_asked(ctx, args):
            args = [*args, "--help"]
        elif first is None:  # with --json, an error document instead of help text
            if isinstance(ctx.obj, Session):
                ctx.obj.capability = capability_of(ctx)
            ctx.fail(f"say what to do: {', '.join(self.list_commands(ctx))}")
        elif self.default_command and self._wants_default(ctx, first):
            ctx.meta[IMPLIED] = True
            args = [self.default_command, *args]
        return super().parse_args(ctx, args)

    def format_commands(self, ctx: Context, formatter: Formatter) -> None:
        """List the commands, each with the first sentence of its help."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, command.get_short_help_str(200)) for name, command in commands if command]
        write_definitions(formatter, "Commands", rows)

    def _wants_default(self, ctx: Context, first: str) -> bool:
        return first not in ("--help", "-h") and self.get_command(ctx, first) is None


class MediaNoun(Noun):
    """`openclaw image "a cat"` is `openclaw image generate "a cat"`."""

    default_command = "generate"


def noun_app(help_text: str, epilog: str, cls: type[Noun] = Noun) -> typer.Typer:
    """The Typer app of a noun."""
    return typer.Typer(
        cls=cls, help=help_text, epilog=epilog, rich_markup_mode=None, add_completion=False
    )


def build(app: typer.Typer) -> TyperType:
    """An app as a command. A noun's subcommands are built when used, since each takes some ms."""
    cls = app.info.cls
    if not (isinstance(cls, type) and issubclass(cls, Noun)):
        return get_command(app)
    without_commands = copy.copy(app)
    without_commands.registered_commands = []
    noun = get_group(without_commands)
    assert isinstance(noun, Noun)
    for info in app.registered_commands:
        assert info.callback is not None
        noun.registered[info.name or get_command_name(info.callback.__name__)] = info
    return noun


_GLOBAL_FLAGS = {"--json", "--quiet", "-q", "--verbose", "-v", "--no-color"}


def first_word(args: Sequence[str]) -> str | None:
    """The first argument that is not a global option: a command, a prompt, or another option."""
    index = 0
    while index < len(args):
        word = args[index]
        if word in _GLOBAL_FLAGS or word.startswith("--config="):
            index += 1
        elif word == "--config":
            index += 2
        else:
            return word
    return None


def _json_asked(ctx: Context, args: Sequence[str]) -> bool:
    return "--json" in args or (isinstance(ctx.obj, Session) and ctx.obj.json)


class Root(_Base, TyperGroup):
    """The program. Only the noun that is used gets imported."""

    nouns: ClassVar[dict[str, tuple[str, str]]] = {}
    aliases: ClassVar[dict[str, str]] = {}

    def __init__(self, **kwargs: TyperType) -> None:
        super().__init__(**kwargs)
        self.params.extend([*global_options(), version_option()])
        self._built: dict[str, TyperType] = {}

    def list_commands(self, ctx: Context) -> list[str]:
        return list(self.nouns)

    def get_command(self, ctx: Context, cmd_name: str) -> TyperType:
        cmd_name = self.aliases.get(cmd_name, cmd_name)
        if cmd_name not in self.nouns:
            return None
        if cmd_name not in self._built:
            module = import_module(self.nouns[cmd_name][0])
            command = build(module.app)
            command.name = cmd_name
            self._built[cmd_name] = command
        return self._built[cmd_name]

    def format_commands(self, ctx: Context, formatter: Formatter) -> None:
        """List the subcommands from `nouns`, without importing them."""
        rows = [(name, text) for name, (_, text) in self.nouns.items()]
        write_definitions(formatter, "Commands", rows)
