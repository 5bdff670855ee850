"""Errors for wrong usage: what was wrong, what is allowed, and the correct command."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path

from openclaw_fal.cli.groups import IMPLIED, MODEL, Context, TyperType
from openclaw_fal.errors import UsageError
from openclaw_fal.files.sniff import by_extension
from openclaw_fal.text import lower_start

EXAMPLES = {
    "image": "a lighthouse at dawn",
    "video": "waves under a lighthouse",
    "music": "slow piano, rain on a roof",
}
"""An example prompt for each kind, for hints."""

_REFERENCE_OPTIONS = {
    "image": ("--file", "--image"),
    "video": ("--video",),
    "audio": ("--audio-ref",),
}
"""The options that take a reference of each medium; a command has one of them or none."""

_ASKS_FOR_HELP = {"help": "--help", "list": "models", "ls": "models"}


def plain_usage_error(error: TyperType, prog: str, arguments: Sequence[str]) -> UsageError:
    """The UsageError for Typer's error (a `typer.TyperException`) over `arguments`."""
    ctx = getattr(error, "ctx", None)
    path = ctx.command_path if ctx is not None else prog
    kind = type(error).__name__
    text = lower_start(error.format_message().rstrip("."))
    if "no such command" in text and ctx is not None:
        return _unknown_command(ctx, path, _quoted(text))
    if "unexpected extra argument" in text and ctx is not None:
        extra = text.partition("unexpected extra argument")[2].partition(" (")[2][:-1]
        return _extra_words(ctx, path, extra, arguments)
    if kind == "NoSuchOption":
        return _unknown_option(error, ctx, path)
    if kind in ("BadParameter", "MissingParameter") and getattr(error, "param", None) is not None:
        text = _about_parameter(error, kind)
    elif "requires an argument" in text:
        text = f"{_quoted(text)} needs a value"
    hint = _example(ctx, path) if kind == "MissingParameter" else f"{path} --help"
    return UsageError(text, hint=hint)


def _example(ctx: Context | None, path: str) -> str:
    """The first example in a command's help."""
    lines = (getattr(ctx and ctx.command, "epilog", None) or "").split("\n")
    examples = (line.strip() for line in lines if line.strip().startswith(f"{path} "))
    return re.split(r" {2,}", next(examples, f"{path} --help"))[0]


def refuse_mistyped_command(ctx: Context, prompt: str | None) -> None:
    """Refuse a single word that was probably meant as a command, since a prompt costs money.

    Only without the word `generate`; after it, any word is a prompt.
    """
    if prompt is None or not ctx.meta.get(IMPLIED) or re.search(r"\s", prompt):
        return
    noun = ctx.parent.command_path
    commands = ctx.parent.command.list_commands(ctx.parent)
    as_prompt = f"{noun} generate {shlex.quote(prompt)}"
    word = prompt.lower()
    meant = _ASKS_FOR_HELP.get(word) or nearest(word, commands, 0.72)
    if meant is not None:
        raise UsageError(
            f"{prompt} may be a command or a prompt, and a prompt costs money",
            hint=f"as a command: {noun} {meant}\nas a prompt: {as_prompt}",
        )
    if _is_file(prompt):
        raise UsageError(
            f"{prompt} is a file, and would be sent as the words of the prompt",
            hint=f"{_with_file(ctx.parent, prompt)}\nas a prompt: {as_prompt}",
        )


def missing_prompt(ctx: Context) -> UsageError:
    """The error for a missing prompt, with an example command."""
    edits = ctx.command.name == "edit"
    noun = ctx.parent
    implied = getattr(noun.command, "default_command", None) == ctx.command.name
    shown = noun.command_path if implied else ctx.command_path
    kind = next((kind for kind in EXAMPLES if kind in ctx.command_path.split()), "image")
    command = f"{shown} --file photo.png" if edits else shown
    example = "make it night" if edits else EXAMPLES[kind]
    hint = f'{command} "{example}"'
    if (model := ctx.meta.get(MODEL)) is not None:
        hint += f'\nfor a model that takes none: {command} --model {shlex.quote(model)} ""'
    return UsageError("there is no prompt", hint=hint)


def nearest(word: str, names: Iterable[str], likeness: float = 0.6) -> str | None:
    """The name that is most like `word`: with the same first letter and a likeness (0 to 1) of at
    least `likeness`; None if there is none."""
    import difflib

    names = [name for name in names if name[:1] == word[:1]]
    close = difflib.get_close_matches(word, names, n=1, cutoff=likeness)
    return close[0] if close else None


def _with_file(noun: Context, name: str) -> str:
    """The hint for a file name that was given as the prompt."""
    command = _with_reference(noun, name)
    if command is None:
        return f"to use its text: {noun.command_path} --prompt-file {shlex.quote(name)}"
    what = "to edit it" if " edit " in command else "as a reference"
    return f'{what}: {command} "…"'


def _with_reference(noun: Context, name: str) -> str | None:
    """A noun's command with a media file as its reference, without the prompt; None where it takes
    no such file. The medium is the one that the extension stands for."""
    kind = by_extension(name)
    for command in ("edit", "generate"):
        if kind is None or command not in noun.command.list_commands(noun):
            continue
        taken = {opt for p in noun.command.get_command(noun, command).params for opt in p.opts}
        for option in _REFERENCE_OPTIONS[kind.media]:
            if option in taken:
                shown = noun.command_path + (" edit" if command == "edit" else "")
                return f"{shown} {option} {shlex.quote(name)}"
    return None


def _unknown_command(ctx: Context, path: str, typed: str) -> UsageError:
    from openclaw_fal.cli.other_openclaw import MEANT, MODELS_COMMANDS, real_openclaw

    if ctx.command.name == "models" and typed in MODELS_COMMANDS:
        prog = ctx.find_root().command_path
        hint = f"{prog} {MEANT.get(typed, 'models default image|video|music REF')}"
        return UsageError(f"OpenClaw's `models {typed}` {MODELS_COMMANDS[typed]}", hint=hint)
    meant = nearest(typed, ctx.command.list_commands(ctx))
    message = f"there is no command {path} {typed}"
    if meant is not None:
        return UsageError(message, hint=f"{path} {meant}")
    of_openclaw = ctx.parent is None or "infer" in (ctx.command.name, ctx.parent.command.name)
    real = real_openclaw() if of_openclaw else None
    if real is not None:
        about = "this program does fal's images, video and music"
        return UsageError(message, hint=f"{about}; OpenClaw itself is {real}")
    return UsageError(message, hint=f"{path} --help lists its commands")


def _extra_words(ctx: Context, path: str, extra: str, arguments: Sequence[str]) -> UsageError:
    """The error for too many arguments; of a prompt or a path, the quotes are probably missing.
    `extra` are the words that were too many, with spaces between them."""
    corrected = _with_quoted_path(arguments)
    if corrected is not None:
        prog = ctx.find_root().command_path
        return UsageError(
            "a path with spaces needs quotes around it", hint=f"{prog} {shlex.join(corrected)}"
        )
    if "words" not in ctx.params:
        return UsageError(f"{path} takes no further argument: {extra}", hint=f"{path} --help")
    first = str(ctx.params["words"] or "")  # the prompt argument
    noun = ctx.parent
    shown = noun.command_path if ctx.meta.get(IMPLIED) else path
    meant = nearest(first.lower(), noun.command.list_commands(noun), 0.72)
    if ctx.meta.get(IMPLIED) and meant is not None:
        return UsageError(
            f"there is no command {noun.command_path} {first}",
            hint=f"{noun.command_path} {meant} {extra}",
        )
    words = [first, *_separate(extra, arguments)]
    for name in words:
        command = _with_reference(noun, name)
        if command is not None:
            prompt = " ".join(word for word in words if word != name)
            option = command.removesuffix(shlex.quote(name)).split()[-1]
            return UsageError(f"{name} is given with {option}", hint=f'{command} "{prompt}"')
    return UsageError(
        "a prompt of several words needs quotes around it", hint=f'{shown} "{first} {extra}"'
    )


def _separate(text: str, arguments: Sequence[str]) -> list[str]:
    """The arguments that Typer's message shows as one text, with spaces between them."""
    words: list[str] = []
    for word in reversed(arguments):
        if text == word or text.endswith(f" {word}"):
            words.insert(0, word)
            text = text[: -len(word)].rstrip(" ")
    return words


def _with_quoted_path(arguments: Sequence[str]) -> list[str] | None:
    """The arguments with the path of a file put together again that the shell has cut at its
    spaces; None if there is none."""
    for start in range(len(arguments)):
        for end in range(start + 2, min(start + 12, len(arguments)) + 1):
            path = " ".join(arguments[start:end])
            if _is_file(path):
                return [*arguments[:start], path, *arguments[end:]]
    return None


def _unknown_option(error: TyperType, ctx: Context, path: str) -> UsageError:
    name = error.option_name
    options = sorted(error.possibilities or ())
    starts = (one for one in options if one.startswith(name))
    close = next(starts, None) or nearest(name, options, 0.8)
    message = f"{path} has no option {name}"
    others = [] if close else _media_nouns_with(name, ctx)
    if others:
        message += f"; {' and '.join(others)} {'have' if others[1:] else 'has'} it"
    return UsageError(message, hint=f"{path} {close or '--help'}")


def _media_nouns_with(option: str, ctx: Context) -> list[str]:
    """The commands that make another kind of media and take an option."""
    root = ctx.find_root()
    nouns = [root.command.get_command(root, name) for name in EXAMPLES]
    if ctx.parent is None or ctx.parent.command not in nouns:
        return []
    return [
        f"{root.command_path} {noun.name}"
        for noun in nouns
        if any(option in param.opts for param in noun.get_command(ctx, "generate").params)
    ]


def _about_parameter(error: TyperType, kind: str) -> str:
    param = error.param
    if param.param_type_name == "argument":
        name = param.make_metavar(error.ctx).strip("[]")
    else:
        name = max(param.opts, key=len)
    if kind == "MissingParameter":
        return f"{name} is missing"
    text = error.message.rstrip(".")
    value = re.match(r"'(.*)' is not a valid (\w+)", text, re.DOTALL)
    if value is not None:
        what = "a whole number" if value[2].startswith("int") else "a number"
        return f"{name} {value[1]}: must be {what}"
    limits = re.match(r"(\S+) is not in the range (.*)", text)
    if limits is not None:
        return f"{name} {limits[1].removesuffix('.0')}: must be {_range_in_words(limits[2])}"
    return f"{name}: {text}"


def _range_in_words(text: str) -> str:
    """`0<=x<=9` → `0 to 9`, `x>=1` → `at least 1`."""
    both = re.fullmatch(r"(\S+)<=x<=(\S+)", text)
    if both:
        return f"{both[1]} to {both[2]}"
    return text.replace("x>=", "at least ").replace("x<=", "at most ")


def _quoted(text: str) -> str:
    return text.split("'")[1] if text.count("'") >= 2 else text


def _is_file(name: str) -> bool:
    try:
        return Path(name).is_file()
    except (OSError, ValueError):
        return False
