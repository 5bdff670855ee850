"""The options that several commands share. `option_values` converts their texts to values."""

from __future__ import annotations

from typing import Annotated

import typer

from openclaw_fal.cli.groups import MANY, OUTPUT, REQUEST, RUN, TyperType
from openclaw_fal.cli.option_values import not_nan
from openclaw_fal.frozen import Frozen

Text = str | None


def request_option(*names: str, **settings: TyperType) -> TyperType:
    """An option of the request."""
    return typer.Option(*names, rich_help_panel=REQUEST, **settings)


def output_option(*names: str, **settings: TyperType) -> TyperType:
    """An option for the files that are saved."""
    return typer.Option(*names, rich_help_panel=OUTPUT, **settings)


def run_option(*names: str, **settings: TyperType) -> TyperType:
    """An option that says how a request is run."""
    return typer.Option(*names, rich_help_panel=RUN, **settings)


def many_option(*names: str, **settings: TyperType) -> TyperType:
    """An option of a batch."""
    return typer.Option(*names, rich_help_panel=MANY, **settings)


Model = Annotated[
    Text,
    request_option(
        "--model", "-m", metavar="fal/…", help="Model ref. Default: the config's, else built in."
    ),
]
Seed = Annotated[
    int | None, request_option("--seed", help="Random seed, where the model takes one.")
]
Param = Annotated[
    list[str] | None,
    request_option(
        "--param",
        metavar="KEY=VALUE",
        help="Add a field to the request as it is (JSON, else text). Repeatable.",
    ),
]
Strict = Annotated[
    bool,
    run_option(
        "--strict",
        help="Refuse the request when the model ignores an option (OPENCLAW_FAL_STRICT=1 "
        "does the same).",
    ),
]
TimeoutMs = Annotated[
    int | None,
    run_option(
        "--timeout-ms",
        min=1,
        metavar="MS",
        help="For the whole job. Default: the config's, else 20 minutes for video, 3 otherwise.",
    ),
]


PollInterval = Annotated[
    float | None,
    run_option(
        "--poll-interval",
        min=0.05,
        max=3600,
        callback=not_nan,
        metavar="SECONDS",
        help="Pause between two looks at the queue. Default: 5.",
    ),
]
CancelOnInterrupt = Annotated[
    bool, run_option("--cancel-on-interrupt", help="Ctrl-C also cancels the job at fal.")
]
Sandbox = Annotated[
    bool,
    run_option(
        "--sandbox",
        help="Use a fal on this machine: no key, no network, no cost "
        "(OPENCLAW_FAL_SANDBOX=1 does the same).",
    ),
]
AssumeCost = Annotated[
    Text,
    run_option(
        "--assume-cost", metavar="USD", help="What to count a request as whose price is unknown."
    ),
]


Provenance = Annotated[
    Text,
    output_option(
        "--provenance",
        metavar="mark|full|sidecar|off",
        help="What files say of where they came from. Default: $OPENCLAW_FAL_PROVENANCE, "
        "else mark.",
    ),
]
Sign = Annotated[
    tuple[str, str] | None,
    output_option(
        "--sign",
        metavar="CERT KEY",
        help='Sign files with content credentials (needs pip install "openclaw-fal[c2pa]").',
    ),
]


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
        Text,
        many_option(
            "--shard", metavar="I/N", help="Only part I of N: several machines share the items."
        ),
    ] = None
    priority: Annotated[
        Text, many_option("--priority", metavar="normal|low", help="In fal's queue.")
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

    words: Annotated[
        str | None,
        typer.Argument(metavar="PROMPT", help="What to generate; - reads it from standard input."),
    ] = None
    prompt: Annotated[
        Text, request_option("--prompt", metavar="TEXT", help="The prompt, OpenClaw's way.")
    ] = None
    prompt_file: Annotated[
        Text, request_option("--prompt-file", metavar="FILE", help="A text file with the prompt.")
    ] = None
    prompts: Annotated[
        Text,
        request_option(
            "--prompts",
            metavar="FILE",
            help="A prompt a line, each a request of its own, run as a batch (openclaw help "
            "batch).",
        ),
    ] = None


class RunOptions(Frozen):
    """The options for running a request and saving its files: for image, video and music."""

    output: Annotated[
        Text,
        output_option(
            "--output",
            "-o",
            metavar="FILE|DIR|TEMPLATE",
            help="Where to save. Templates know {prompt} {model} {date} {time} {seed} {id} {n}"
            " {ext}.",
        ),
    ] = None
    overwrite: Annotated[
        bool,
        output_option(
            "--overwrite",
            help="Replace the file that --output names. Without it, the new file gets the next"
            " free number.",
        ),
    ] = False
    provenance: Provenance = None
    sign: Sign = None
    open_files: Annotated[bool, output_option("--open", help="Open the file when it is there.")] = (
        False
    )
    queue: Annotated[
        bool | None,
        run_option(
            "--queue/--no-queue",
            show_default=False,
            help="Run on fal's queue, or as one request. Default: videos queue.",
        ),
    ] = None
    detach: Annotated[
        bool, run_option("--async", help="Submit to the queue, print the job id, leave.")
    ] = False
    timeout_ms: TimeoutMs = None
    poll_interval: PollInterval = None
    cancel_on_interrupt: CancelOnInterrupt = False
    dry_run: Annotated[
        bool, run_option("--dry-run", help="Show the exact request and send nothing.")
    ] = False
    strict: Strict = False
    sandbox: Sandbox = False
    key: Annotated[
        Text,
        run_option(
            "--key",
            metavar="TEXT",
            help="A name for this request: repeated with the same key, it is not sent again.",
        ),
    ] = None
    max_spend: Annotated[
        Text,
        run_option(
            "--max-spend",
            metavar="USD",
            help="Send nothing that would cost more (OPENCLAW_FAL_MAX_SPEND does the same).",
        ),
    ] = None
    assume_cost: AssumeCost = None


class ImageRunOptions(RunOptions):
    """The same for images, which can be shown in the terminal."""

    preview: Annotated[
        bool,
        output_option(
            "--preview",
            help='Show images in the terminal (needs pip install "openclaw-fal[preview]").',
        ),
    ] = False
