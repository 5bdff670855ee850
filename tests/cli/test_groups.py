"""Commands that are built when they are used, and what Tab offers for them."""

from __future__ import annotations

import pytest

from openclaw_fal.cli import app, groups
from openclaw_fal.completion.answers import candidates
from tests.support.program import Openclaw


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
    assert names[:5] == ["file", "show", "get", "set", "unset"]
    assert "validate" in names


def test_only_the_command_in_use_is_built() -> None:
    app.build.cache_clear()
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


def test_config_show_lists_every_variable_that_changes_what_happens(
    openclaw: Openclaw, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = set(openclaw("config", "show", "--json").json["environment"])
    assert "OPENCLAW_FAL_SANDBOX" not in before
    monkeypatch.setenv("OPENCLAW_FAL_SANDBOX", "1")
    monkeypatch.setenv("https_proxy", "http://me:secret-word@proxy.example:8080")
    outcome = openclaw("config", "show")

    assert "OPENCLAW_FAL_SANDBOX=1  (1: generate with the sandbox, at no cost)" in outcome.out
    assert "https_proxy=http://***@proxy.example:8080  (the way to fal)" in outcome.out
    shown = openclaw("config", "show", "--json").json["environment"]
    assert set(shown) == before | {"OPENCLAW_FAL_SANDBOX", "https_proxy"}


def test_the_variables_that_the_sources_read_are_all_known() -> None:
    import re
    from pathlib import Path

    import openclaw_fal
    from openclaw_fal.cli.variables import VARIABLES

    sources = Path(openclaw_fal.__file__).parent.rglob("*.py")
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    read = set(re.findall(r"\"(OPENCLAW_[A-Z_]+[A-Z])\"", text))
    assert read - set(VARIABLES) == {"OPENCLAW_FAL_COMPLETE_LINE"}
