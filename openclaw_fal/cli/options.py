"""The options that several commands share. `option_values` converts their texts to values."""

from __future__ import annotations

from typing import Annotated

import typer

from openclaw_fal.cli.groups import MANY, OUTPUT, REQUEST, RUN, TyperType
from openclaw_fal.cli.option_values import not_nan
from openclaw_fal.frozen import Frozen

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


def request_option(*names: str, **settings: TyperType) -> TyperType:
    """An option of the request."""
    return typer.Option(*names, rich_help_panel=REQUEST, **settings)


def many_option(*names: str, **settings: TyperType) -> TyperType:
    """An option of a batch."""
    return typer.Option(*names, rich_help_panel=MANY, **settings)


class ManyOptions(Frozen):
    """The options for running a batch: for `batch run`, `batch resume` and `--prompts`."""

    window: Annotated[
        int | None,
        many_option("--window", min=1, max=1000, help="The most jobs at fal at once. Default: 8."),
    ] = None
    retry_failed: Annotated[
        bool, many_option("--retry-failed", help="Send items that failed anew.")
    ] = False
    fail_fast: Annotated[
        bool, many_option("--fail-fast", help="After a failure, send no more.")
    ] = False
    shard: Annotated[
        str | None,
        many_option(
            "--shard",
            metavar="I/N",
            help="Only part I of N: several machines share the items.",
        ),
    ] = None
    priority: Annotated[
        str | None, many_option("--priority", metavar="normal|low", help="In fal's queue.")
    ] = None
    allow_changed: Annotated[
        bool,
        many_option(
            "--allow-changed",
            help="Send items anew whose request has changed since they were sent.",
        ),
    ] = False


class PromptOptions(ManyOptions):
    """The ways to give a prompt, or many."""

    words: PromptWords = None
    prompt: PromptOption = None
    prompt_file: PromptFile = None
    prompts: PromptsFile = None


class RunOptions(Frozen):
    """The options for running a request and saving its files: for image, video and music."""

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
    """The same for images, which can be shown in the terminal."""

    preview: Preview = False
