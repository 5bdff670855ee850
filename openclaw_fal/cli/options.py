"""The options that several commands share, and how their texts become values."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from openclaw_fal.cli.groups import OUTPUT, REQUEST, RUN, TyperType
from openclaw_fal.errors import LocalError, UsageError
from openclaw_fal.frozen import Frozen

STDIN = "-"
PROMPT_LIMIT = 8 * 1024 * 1024
PARAM_DEPTH = 100

PromptWords = Annotated[
    str | None,
    typer.Argument(metavar="PROMPT", help="What to generate; - reads it from standard input."),
]
PromptFile = Annotated[
    str | None,
    typer.Option(
        "--prompt-file",
        metavar="FILE",
        help="A text file with the prompt.",
        rich_help_panel=REQUEST,
    ),
]
PromptsFile = Annotated[
    str | None,
    typer.Option(
        "--prompts",
        metavar="FILE",
        help="A prompt a line, each a request of its own, run as a batch (openclaw help batch).",
        rich_help_panel=REQUEST,
    ),
]
PromptOption = Annotated[
    str | None,
    typer.Option(
        "--prompt", metavar="TEXT", help="The prompt, OpenClaw's way.", rich_help_panel=REQUEST
    ),
]
Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        metavar="fal/…",
        help="Model ref. Default: the config's, else built in.",
        rich_help_panel=REQUEST,
    ),
]
Seed = Annotated[
    int | None,
    typer.Option("--seed", help="Random seed, where the model takes one.", rich_help_panel=REQUEST),
]
Param = Annotated[
    list[str] | None,
    typer.Option(
        "--param",
        metavar="KEY=VALUE",
        rich_help_panel=REQUEST,
        help="Add a field to the request as it is (JSON, else text). Repeatable.",
    ),
]
OutputPath = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE|DIR|TEMPLATE",
        rich_help_panel=OUTPUT,
        help="Where to save. Templates know {prompt} {model} {date} {time} {seed} {id} {n} {ext}.",
    ),
]
Overwrite = Annotated[
    bool,
    typer.Option(
        "--overwrite",
        help="Replace the file that --output names. Without it, the new file gets the next free "
        "number.",
        rich_help_panel=OUTPUT,
    ),
]
Strict = Annotated[
    bool,
    typer.Option(
        "--strict",
        help="Refuse the request when the model ignores an option (OPENCLAW_FAL_STRICT=1 does the "
        "same).",
        rich_help_panel=RUN,
    ),
]
DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="Show the exact request and send nothing.", rich_help_panel=RUN),
]
TimeoutMs = Annotated[
    int | None,
    typer.Option(
        "--timeout-ms",
        min=1,
        metavar="MS",
        rich_help_panel=RUN,
        help="For the whole job. Default: the config's, else 20 minutes for video, 3 otherwise.",
    ),
]
Queue = Annotated[
    bool | None,
    typer.Option(
        "--queue/--no-queue",
        help="Run on fal's queue, or as one request. Default: videos queue.",
        rich_help_panel=RUN,
        show_default=False,
    ),
]
Detach = Annotated[
    bool,
    typer.Option(
        "--async", help="Submit to the queue, print the job id, leave.", rich_help_panel=RUN
    ),
]


def not_nan(value: float | None) -> float | None:
    """Refuse `nan`, which slips through the checks of the smallest and the largest value."""
    if value is not None and value != value:
        raise typer.BadParameter("nan is not a number of seconds")
    return value


PollInterval = Annotated[
    float | None,
    typer.Option(
        "--poll-interval",
        min=0.05,
        max=3600,
        callback=not_nan,
        metavar="SECONDS",
        rich_help_panel=RUN,
        help="Pause between two looks at the queue. Default: 5.",
    ),
]
CancelOnInterrupt = Annotated[
    bool,
    typer.Option(
        "--cancel-on-interrupt", help="Ctrl-C also cancels the job at fal.", rich_help_panel=RUN
    ),
]
Sandbox = Annotated[
    bool,
    typer.Option(
        "--sandbox",
        help="Use a fal on this machine: no key, no network, no cost "
        "(OPENCLAW_FAL_SANDBOX=1 does the same).",
        rich_help_panel=RUN,
    ),
]
Key = Annotated[
    str | None,
    typer.Option(
        "--key",
        metavar="TEXT",
        rich_help_panel=RUN,
        help="A name for this request: repeated with the same key, it is not sent again.",
    ),
]
MaxSpend = Annotated[
    str | None,
    typer.Option(
        "--max-spend",
        metavar="USD",
        rich_help_panel=RUN,
        help="Send nothing that would cost more (OPENCLAW_FAL_MAX_SPEND does the same).",
    ),
]
AssumeCost = Annotated[
    str | None,
    typer.Option(
        "--assume-cost",
        metavar="USD",
        rich_help_panel=RUN,
        help="What to count a request as whose price is unknown.",
    ),
]
Open = Annotated[
    bool, typer.Option("--open", help="Open the file when it is there.", rich_help_panel=OUTPUT)
]
Preview = Annotated[
    bool,
    typer.Option(
        "--preview",
        help='Show images in the terminal (needs pip install "openclaw-fal[preview]").',
        rich_help_panel=OUTPUT,
    ),
]


Provenance = Annotated[
    str | None,
    typer.Option(
        "--provenance",
        metavar="mark|full|sidecar|off",
        rich_help_panel=OUTPUT,
        help="What files say of where they came from. Default: $OPENCLAW_FAL_PROVENANCE, else "
        "mark.",
    ),
]
Sign = Annotated[
    tuple[str, str] | None,
    typer.Option(
        "--sign",
        metavar="CERT KEY",
        rich_help_panel=OUTPUT,
        help='Sign files with content credentials (needs pip install "openclaw-fal[c2pa]").',
    ),
]


def request_option(*names: str, **rest: TyperType) -> TyperType:
    """An option that says what to ask for."""
    return typer.Option(*names, rich_help_panel=REQUEST, **rest)


class PromptOptions(Frozen):
    """The ways to give a prompt, or many."""

    words: PromptWords = None
    prompt: PromptOption = None
    prompt_file: PromptFile = None
    prompts: PromptsFile = None


class RunOptions(Frozen):
    """How a request is run and where its files go: the same for image, video and music."""

    output: OutputPath = None
    overwrite: Overwrite = False
    provenance: Provenance = None
    sign: Sign = None
    open_files: Open = False
    queue: Queue = None
    detach: Detach = False
    timeout_ms: TimeoutMs = None
    poll_interval: PollInterval = None
    cancel_on_interrupt: CancelOnInterrupt = False
    dry_run: DryRun = False
    strict: Strict = False
    sandbox: Sandbox = False
    key: Key = None
    max_spend: MaxSpend = None
    assume_cost: AssumeCost = None


class ImageRunOptions(RunOptions):
    """The same for images, which can be shown in a terminal."""

    preview: Preview = False


def seconds(milliseconds: int | None) -> float | None:
    """A `--timeout-ms` in seconds; longer ones than a year count as one."""
    return min(milliseconds, 365 * 86400 * 1000) / 1000 if milliseconds else None


def prompt_text(ctx: typer.Context, given: PromptOptions) -> str:
    """The prompt from its argument, its option, its file, or standard input.

    Raises UsageError without a prompt, and for a lone word that was probably meant as a command.
    """
    from openclaw_fal.cli.usage_errors import missing_prompt, refuse_mistyped_command

    ways = {
        "as an argument": given.words,
        "with --prompt": given.prompt,
        "with --prompt-file": given.prompt_file,
        "with --prompts": given.prompts,
    }
    used = [way for way, text in ways.items() if text is not None]
    if len(used) > 1:
        raise UsageError(f"the prompt was given twice, {' and '.join(used)}", hint="give it once")
    if given.prompts is not None:
        return ""  # each line of the file is one
    if given.prompt_file is not None:
        return utf8("the prompt", file_text(given.prompt_file, "the prompt"))
    text = given.words if given.words is not None else given.prompt
    if text is None:
        raise missing_prompt(ctx)
    refuse_mistyped_command(ctx, given.words)
    return utf8("the prompt", stdin_text("the prompt") if text == STDIN else text)


def stdin_text(what: str) -> str:
    """Standard input as text, without its last line end."""
    return decoded(sys.stdin.buffer.read(PROMPT_LIMIT + 1), what)


def stdin_bytes() -> bytes:
    """All of standard input."""
    return sys.stdin.buffer.read()


def file_text(name: str, what: str) -> str:
    """A text file of the user's, or standard input for `-`."""
    if name == STDIN:
        return stdin_text(what)
    path = Path(name)
    try:
        if not path.is_file():
            why = (
                "is a folder"
                if path.is_dir()
                else "is not a file"
                if path.exists()
                else "does not exist"
            )
            raise LocalError(f"{name} ({what}) {why}")
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
    """`text`, if it can be sent: an argument that was no UTF-8 arrives with lone surrogates."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UsageError(f"{what} is not UTF-8 text (character {error.start + 1})") from error
    return text


def extra_params(given: list[str] | None) -> tuple[tuple[str, object], ...]:
    """`--param key=value`: the value is JSON if it parses, else a string."""
    params: dict[str, object] = {}
    for text in given or ():
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

    def refused(name: str) -> object:
        raise ValueError(f"{name} is not JSON")

    try:
        value = json.loads(text, parse_constant=refused)
    except (ValueError, RecursionError):
        return text
    if _is_deep(value):
        raise UsageError(f"--param: JSON deeper than {PARAM_DEPTH} levels is not sent")
    return value


def _is_deep(value: object) -> bool:
    layer = [value]
    for _ in range(PARAM_DEPTH):
        inner: list[object] = []
        for item in layer:
            if isinstance(item, (dict, list)):
                inner += item.values() if isinstance(item, dict) else item
        layer = inner
    return bool(layer)


def duration(text: str | None) -> int | float | str | None:
    """`--duration`: whole numbers and decimals are numbers (`6s` is 6); `auto` stays as it is."""
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


def no_two_stdins(**sources: object) -> None:
    """Standard input can be read once: refuse a second `-`."""
    names = []
    for name, given in sources.items():
        values = given if isinstance(given, (list, tuple)) else [given]
        names += [name] * sum(value == STDIN for value in values)
    if len(names) > 1:
        raise UsageError(f"standard input (-) can be used once, not for {' and '.join(names)}")
