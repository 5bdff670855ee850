"""Commands that are built when they are used, and what Tab offers for them."""

from __future__ import annotations

import pytest

from openclaw_fal.cli import app, groups
from openclaw_fal.completion.answers import candidates
from tests.program import Openclaw


def test_a_misspelt_command_is_answered_with_the_nearest_one(openclaw: Openclaw) -> None:
    outcome = openclaw("config", "gte")

    assert outcome.status == 2
    assert outcome.err == (
        "error: there is no command openclaw config gte\nhint: openclaw config get\n"
    )


def test_a_command_that_resembles_none_is_not_guessed(openclaw: Openclaw) -> None:
    assert openclaw("jobs", "rerun").err == (
        "error: there is no command openclaw jobs rerun\n"
        "hint: openclaw jobs --help lists its commands\n"
    )


@pytest.mark.parametrize("noun", ["image", "video", "music", "jobs", "config", "sandbox", "infer"])
def test_a_noun_alone_shows_its_help(openclaw: Openclaw, noun: str) -> None:
    outcome = openclaw(noun)

    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out == openclaw(noun, "--help").out
    assert "\nExamples:\n" in outcome.out
    refused = openclaw(noun, "--json")
    assert (refused.status, refused.json["error"]["code"]) == (2, "usage")
    for name in [
        line.split()[0] for line in outcome.out.partition("Commands:")[2].splitlines()[1:2]
    ]:
        assert name in refused.json["error"]["message"]


def test_the_help_of_a_noun_lists_every_command_in_order(openclaw: Openclaw) -> None:
    lines = openclaw("config", "--help").lines

    start = lines.index("Commands:") + 1
    names = [line.split()[0] for line in lines[start:] if line[:3].strip() and line[:2] == "  "]
    assert names[:6] == ["file", "show", "get", "set", "unset", "validate"]


def test_only_the_command_in_use_is_built() -> None:
    root = app.build()
    with root.make_context("openclaw", [], resilient_parsing=True) as ctx:
        noun = root.get_command(ctx, "config")
        assert isinstance(noun, groups.Noun)
        assert noun.commands == {}

        get = noun.get_command(ctx, "get")

        assert list(noun.commands) == ["get"]
        assert noun.get_command(ctx, "get") is get
        assert noun.get_command(ctx, "gte") is None


@pytest.mark.parametrize(
    "words", [["image"], ["image", "generate"], ["infer", "image", "generate"]]
)
def test_a_noun_completes_the_options_of_its_default_command(words: list[str]) -> None:
    assert [value for value, _ in candidates([*words, "--mo"])] == ["--model"]


@pytest.mark.parametrize(
    ("words", "capability"),
    [
        (["--frobnicate"], "cli"),
        (["nothing"], "cli"),
        (["jobs", "frobnicate"], "jobs"),
        (["jobs", "show", "--frobnicate"], "jobs.show"),
        (["image", "edit", "--frobnicate"], "image.edit"),
        (["image", "a cat", "--frobnicate"], "image.generate"),
        (["infer", "image", "edit", "--frobnicate"], "image.edit"),
        (["capability", "music", "generate", "--frobnicate"], "music.generate"),
        (["--config", "x.json", "config", "get", "--frobnicate"], "config.get"),
        (["completion", "tcsh"], "completion"),
        (["help", "nothing"], "help"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_the_capability_is_the_path_of_the_command(
    openclaw: Openclaw, words: list[str], capability: str
) -> None:
    document = openclaw(*words, "--json").json

    assert (document["ok"], document["capability"]) == (False, capability)
