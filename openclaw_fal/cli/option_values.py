"""Converts the texts of options to values: prompts, files, standard input, `--param`, numbers."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from openclaw_fal.errors import LocalError, UsageError

if TYPE_CHECKING:
    from openclaw_fal.cli.options import PromptOptions

STDIN = "-"
PROMPT_LIMIT = 8 * 1024 * 1024
PARAM_DEPTH = 100


def not_nan(value: float | None) -> float | None:
    """Refuse `nan`, for which Typer's checks of minimum and maximum never fail."""
    if value is not None and value != value:
        raise typer.BadParameter("nan is not a number of seconds")
    return value


def seconds(milliseconds: int | None) -> float | None:
    """`--timeout-ms` in seconds, at most a year."""
    return min(milliseconds, 365 * 86400 * 1000) / 1000 if milliseconds else None


def prompt_text(ctx: typer.Context, options: PromptOptions) -> str:
    """The prompt from the argument, --prompt, a file or standard input; "" with --prompts.

    Raises UsageError without a prompt, and for a single word that was probably meant as a command.
    """
    from openclaw_fal.cli.usage_errors import missing_prompt, refuse_mistyped_command

    sources = {
        "as an argument": options.words,
        "with --prompt": options.prompt,
        "with --prompt-file": options.prompt_file,
        "with --prompts": options.prompts,
    }
    used = [source for source, text in sources.items() if text is not None]
    if len(used) > 1:
        raise UsageError(f"the prompt was given twice, {' and '.join(used)}", hint="give it once")
    if options.prompts is not None:
        return ""
    refuse_many(options)
    if options.prompt_file is not None:
        return utf8("the prompt", file_text(options.prompt_file, "the prompt"))
    text = options.words if options.words is not None else options.prompt
    if text is None:
        raise missing_prompt(ctx)
    refuse_mistyped_command(ctx, options.words)
    return utf8("the prompt", stdin_text("the prompt") if text == STDIN else text)


def refuse_many(options: PromptOptions) -> None:
    """Raise UsageError for batch options in a command for a single request."""
    from openclaw_fal.cli.options import ManyOptions

    for field in ManyOptions.fields():
        if getattr(options, field) not in (None, False):
            name = field.replace("_", "-")
            raise UsageError(
                f"--{name} is for many requests", hint="give a prompt a line with --prompts FILE"
            )


def stdin_text(what: str) -> str:
    """Standard input as text, without its last line end. `what` names it in errors."""
    return decoded(sys.stdin.buffer.read(PROMPT_LIMIT + 1), what)


def stdin_bytes() -> bytes:
    """All of standard input."""
    return sys.stdin.buffer.read()


def file_text(name: str, what: str) -> str:
    """The text of a file, or of standard input for `-`. `what` names it in errors."""
    if name == STDIN:
        return stdin_text(what)
    path = Path(name)
    try:
        if not path.is_file():
            missing = "is not a file" if path.exists() else "does not exist"
            raise LocalError(f"{name} ({what}) {'is a folder' if path.is_dir() else missing}")
        with path.open("rb") as file:
            raw = file.read(PROMPT_LIMIT + 1)
    except (OSError, ValueError) as error:
        raise LocalError(f"{name} ({what}) cannot be read: {error}") from error
    return decoded(raw, what)


def decoded(raw: bytes, what: str) -> str:
    if len(raw) > PROMPT_LIMIT:
        raise UsageError(f"{what} is longer than {PROMPT_LIMIT // (1024 * 1024)} MB")
    try:
        return raw.decode("utf-8-sig").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise UsageError(f"{what} is not UTF-8 text (byte {error.start})") from error


def utf8(what: str, text: str) -> str:
    """`text` if it is valid. Raises UsageError for lone surrogates, which Python makes of arguments
    that are not UTF-8."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UsageError(f"{what} is not UTF-8 text (character {error.start + 1})") from error
    return text


def extra_params(texts: list[str] | None) -> tuple[tuple[str, object], ...]:
    """The keys and values of `--param KEY=VALUE`; a value is JSON if it parses, else text."""
    params: dict[str, object] = {}
    for text in texts or ():
        key, equals, value = utf8("--param", text).partition("=")
        key = key.strip()
        if not equals or not key:
            raise UsageError(
                f"--param {text}: not KEY=VALUE", hint="for example --param guidance_scale=3.5"
            )
        if key in params:
            raise UsageError(f"--param {key} was given twice")
        params[key] = json_or_text(value)
    return tuple(params.items())


def json_or_text(text: str) -> object:
    import json

    from openclaw_fal.options import is_deeper

    def refused(name: str) -> object:
        raise ValueError(f"{name} is not JSON")

    try:
        value = json.loads(text, parse_constant=refused)
    except (ValueError, RecursionError):
        return text
    if is_deeper(value, PARAM_DEPTH):
        raise UsageError(f"--param: JSON deeper than {PARAM_DEPTH} levels is not sent")
    return value


def duration(text: str | None) -> int | float | str | None:
    """`--duration` as a number (`6s` is 6), or `auto`."""
    from openclaw_fal.cli.value_forms import check_form

    if text is None:
        return None
    text = (check_form("--duration", text) or "").strip().lower().removesuffix("s")
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text


def no_two_stdins(options: PromptOptions, **sources: str | list[str] | None) -> None:
    """Raise UsageError when `-` (standard input) is given twice."""
    prompts = {"prompt": options.words or options.prompt, "prompt_file": options.prompt_file}
    names = []
    for name, source in {**prompts, **sources}.items():
        values = source if isinstance(source, list) else [source]
        names += [name] * values.count(STDIN)
    if len(names) > 1:
        raise UsageError(f"standard input (-) can be used once, not for {' and '.join(names)}")
