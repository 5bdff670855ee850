"""What the generated completion table is made of. Imported by type checkers only."""

from __future__ import annotations

from typing import NotRequired, TypedDict

Takes = str | list[str] | None
"""What an option or argument takes: a list of values, a word for where to look (`model:image`), or
nothing."""


class OptionEntry(TypedDict):
    """One option: its explanation, and what it takes. `key` is the specification's parameter."""

    help: str
    takes: Takes
    key: NotRequired[str]


class CommandEntry(TypedDict):
    """One command: its subcommands and their explanations, its options, and what its arguments
    take, in order. With `repeats`, the last argument may be repeated."""

    commands: dict[str, str]
    options: dict[str, OptionEntry]
    arguments: list[Takes]
    repeats: bool


class ModelEntry(TypedDict):
    """One model: the parameters that it does not take, and the values of those that it takes, by
    the names of the models listing (`aspectRatios`)."""

    title: str
    untaken: list[str]
    limits: dict[str, list[str]]


Models = dict[str, dict[str, ModelEntry]]
"""Kind → model ref → model."""
