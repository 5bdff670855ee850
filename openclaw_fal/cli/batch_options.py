"""The options of `openclaw batch`, and their conversion to values."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from openclaw_fal.cli.option_values import seconds
from openclaw_fal.cli.options import (
    AssumeCost,
    ManyOptions,
    Provenance,
    Sandbox,
    Sign,
    Strict,
    Text,
    TimeoutMs,
    output_option,
    request_option,
    run_option,
)
from openclaw_fal.environment import says_yes
from openclaw_fal.errors import UsageError
from openclaw_fal.media import Priority

if TYPE_CHECKING:
    from openclaw_fal.batches.commands import BatchOptions
    from openclaw_fal.session import Session

Manifest = Annotated[
    str, typer.Argument(metavar="MANIFEST", help="A JSONL or CSV file; - is standard input.")
]
Batch = Annotated[
    str, typer.Argument(metavar="MANIFEST|ID", help="The manifest that was run, or a batch id.")
]
Default = Annotated[
    list[str] | None,
    request_option(
        "--default",
        metavar="KEY=VALUE",
        help="An option for all rows that do not have it: aspectRatio=16:9. Repeatable.",
    ),
]


class RunOptions(ManyOptions):
    """How a batch is run: the same for `run` and `resume`."""

    max_spend: Annotated[
        Text,
        run_option(
            "--max-spend",
            metavar="USD",
            help="The most that the whole batch may cost (OPENCLAW_FAL_MAX_SPEND).",
        ),
    ] = None
    assume_cost: AssumeCost = None
    timeout_ms: TimeoutMs = None
    provenance: Provenance = None
    sign: Sign = None
    strict: Strict = False
    sandbox: Sandbox = False


Out = Annotated[
    Text,
    output_option(
        "--out",
        "-o",
        metavar="DIR|TEMPLATE",
        help="Where to save: a folder, or a template that knows {item} besides those of --output.",
    ),
]


def defaults(given: Sequence[str] | None) -> dict[str, object]:
    """The values of `--default KEY=VALUE` by key, converted to the option's type. Raises
    UsageError."""
    from openclaw_fal.options import from_text

    values: dict[str, object] = {}
    for text in given or ():
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise UsageError(
                f"--default {text}: not KEY=VALUE", hint="for example --default aspectRatio=16:9"
            )
        try:
            values[key.strip()] = from_text(key.strip(), value)
        except ValueError as error:
            raise UsageError(f"--default {text}: {key.strip()} {error}") from error
    return values


def batch_options(
    options: RunOptions, out: str | None, session: Session, default: dict[str, object]
) -> BatchOptions:
    """The runner's options from the command's. Raises UsageError."""
    from openclaw_fal.batches.commands import BatchOptions

    priority = next((word for word in get_args(Priority) if word == options.priority), None)
    if priority != options.priority:
        raise UsageError(f"--priority {options.priority}: takes normal or low")
    sign = options.sign
    return BatchOptions(
        out=out,
        defaults=default,
        window=options.window,
        retry_failed=options.retry_failed,
        fail_fast=options.fail_fast,
        allow_changed=options.allow_changed,
        shard=shard(options.shard),
        priority=priority,
        timeout_s=seconds(options.timeout_ms),
        max_spend=max_spend(options.max_spend),
        assume_cost=options.assume_cost,
        provenance=options.provenance,
        sign=sign and (os.path.abspath(sign[0]), os.path.abspath(sign[1])),
        strict=options.strict or says_yes("OPENCLAW_FAL_STRICT"),
        sandbox=session.sandbox,
    )


def max_spend(option: str | None) -> str | None:
    """`--max-spend`, else OPENCLAW_FAL_MAX_SPEND."""
    from openclaw_fal.job.quoting import MAX_SPEND

    return option or os.environ.get(MAX_SPEND, "").strip() or None


def shard(text: str | None) -> tuple[int, int] | None:
    """I and N of `--shard I/N`. Raises UsageError."""
    if text is None:
        return None
    match = re.fullmatch(r"([0-9]{1,4})/([0-9]{1,4})", text.strip())
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise UsageError(f"--shard {text}: takes I/N, for example 1/3 for the first of three")
    return int(match[1]), int(match[2])
