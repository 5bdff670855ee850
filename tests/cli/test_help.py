"""`openclaw help TOPIC` and `--help`."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from openclaw_fal import errors
from openclaw_fal.cli.topics import ABOUT, ALIASES, TOPICS
from openclaw_fal.journal.record import STATES
from openclaw_fal.sandbox.dials import Dials
from tests.docs.test_examples import COMMANDS
from tests.support.program import Openclaw


def test_without_a_topic_the_topics_are_listed(openclaw: Openclaw) -> None:
    outcome = openclaw("help")
    assert outcome.status == 0
    for topic, about in ABOUT.items():
        assert re.search(rf"openclaw help {topic} +{re.escape(about)}", outcome.out)
    assert list(ABOUT) == list(TOPICS)
    assert openclaw("help", "--json").json["topics"] == list(TOPICS)


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic(openclaw: Openclaw, topic: str) -> None:
    outcome = openclaw("help", topic)
    assert outcome.status == 0
    assert outcome.err == ""
    assert outcome.out.startswith(f"{topic.upper()}: ")
    assert "See also: openclaw help " in outcome.lines[-1]
    assert openclaw("help", topic, "--json").json["text"] == outcome.out.rstrip("\n")


@pytest.mark.parametrize(("alias", "topic"), [*ALIASES.items(), ("EXIT status", "exit")])
def test_other_words_for_a_topic(openclaw: Openclaw, alias: str, topic: str) -> None:
    assert openclaw("help", *alias.split()).out.startswith(f"{topic.upper()}: ")


def test_an_unknown_topic_names_the_known_ones(openclaw: Openclaw) -> None:
    outcome = openclaw("help", "image", "--json")
    assert outcome.status == 2
    assert "jobs" in outcome.json["error"]["message"]
    assert outcome.json["error"]["hint"].startswith("openclaw image --help")


def test_the_exit_statuses_are_all_explained(openclaw: Openclaw) -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    raised = {kind.status for kind in kinds if issubclass(kind, errors.OpenClawFalError)}
    listed = re.findall(r"^  (\d+) ", openclaw("help", "exit").out, re.MULTILINE)
    assert set(map(int, listed)) == raised | {0}


def test_the_codes_and_the_states_are_all_named(openclaw: Openclaw) -> None:
    words = set(re.findall(r"\w+", openclaw("help", "json").out))
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    assert {kind.code for kind in kinds if issubclass(kind, errors.OpenClawFalError)} <= words
    assert set(STATES) <= set(re.findall(r"\w+", openclaw("help", "jobs").out))


def test_every_dial_is_explained(openclaw: Openclaw) -> None:
    text = openclaw("help", "sandbox").out
    for dial in fields(Dials):
        if dial.name != "faults":
            assert re.search(rf"^  {dial.name.replace('_', '-')}=", text, re.MULTILINE), dial.name
    assert "fail=PHASE:KIND" in text


def test_the_help_of_a_command_has_its_options_in_groups(openclaw: Openclaw) -> None:
    lines = openclaw("image", "generate", "--help").lines
    heads = [line for line in lines if re.fullmatch(r"\w.*:", line)]
    assert heads == [
        "Arguments:",
        "What to ask for:",
        "Where it goes:",
        "How to run it:",
        "Many requests:",
        "Global options:",
        "Examples:",
    ]


def test_the_help_of_a_group_has_whole_sentences(openclaw: Openclaw) -> None:
    for group in ([], ["image"], ["jobs"], ["config"], ["infer", "image"]):
        assert "..." not in openclaw(*group, "--help").out.partition("Commands:")[2].partition(
            "Examples:"
        )[0].replace("ID...", "")


@pytest.mark.parametrize("columns", [40, 60, 80])
def test_every_help_page_fits_the_terminal(
    openclaw: Openclaw, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr("sys.argv", ["openclaw"])
    for path in COMMANDS:
        for line in openclaw(*path.split()[1:], "--help").lines:
            # A ref, a path or an option with its value is never broken: it has to be copied.
            assert len(line) <= columns or len(line.rstrip(" \\").split()) <= 2, (path, line)


@pytest.mark.parametrize("columns", [40, 60])
def test_every_topic_fits_a_pipe_of_this_width(
    openclaw: Openclaw, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    for topic in TOPICS:
        for line in openclaw("help", topic).lines:
            whole = len(line.rstrip(" \\").split()) <= 2 or line.lstrip().startswith("{")
            whole = whole or (line.startswith("    ") and line in TOPICS[topic].splitlines())
            assert len(line) <= columns or whole, (topic, line)


def test_no_arguments_at_all_show_the_help(openclaw: Openclaw) -> None:
    outcome = openclaw()
    assert outcome.status == 0
    assert outcome.out == openclaw("--help").out == openclaw("-h").out


def test_the_version(openclaw: Openclaw) -> None:
    from openclaw_fal import __version__

    assert openclaw("--version").out == f"openclaw-fal {__version__}\n"


def test_no_help_shows_a_type_of_the_parser(openclaw: Openclaw) -> None:
    for words in (["image", "generate"], ["jobs", "list"], ["sandbox", "serve"], ["jobs", "wait"]):
        text = openclaw(*words, "--help").out
        assert not re.search(r"<\w+( range)?>|<=x|x>=", text)
    assert "--count N" in openclaw("image", "generate", "--help").out
    assert "[default: 8765; 0 to 65535]" in openclaw("sandbox", "serve", "--help").out


def test_the_commands_of_a_noun_stand_before_its_options(openclaw: Openclaw) -> None:
    for noun in ([], ["jobs"]):
        text = openclaw(*noun, "--help").out
        assert text.index("\nCommands:") < text.index("\nGlobal options:")
