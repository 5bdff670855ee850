"""The types of the generated completion table. Imported by type checkers only."""

from __future__ import annotations

from typing import NotRequired, TypedDict

Takes = str | list[str] | None
"""The values of an option or argument: a list; the name of a source (`model:image`, `file:png|jpg`,
`job:unfinished`, `limit:image:sizes`, …); "text" for anything; None for a flag."""


class OptionEntry(TypedDict):
    """One option. `key` is the specification's name of the parameter."""

    help: str
    takes: Takes
    key: NotRequired[str]


class CommandEntry(TypedDict):
    """One command: its subcommands with their help, the keys of its options, and the values of its
    arguments, in order. With `repeats`, the last argument may be repeated.

    A key is the option's name, or `--size of video generate` where commands differ."""

    commands: dict[str, str]
    options: list[str]
    arguments: list[Takes]
    repeats: bool


class ModelEntry(TypedDict):
    """One model: the parameters that it does not take, and the allowed values of others under their
    names in `models show --json` (`aspectRatios`)."""

    title: str
    untaken: list[str]
    limits: dict[str, list[str]]


Models = dict[str, dict[str, ModelEntry]]
"""Kind → model ref → model."""
