"""Lines that fit."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from openclaw_fal.cli import topics
from openclaw_fal.ui.layout import (
    HARD_SPACE,
    commands_whole,
    cut,
    fact_lines,
    fitted,
    hanging,
    table_lines,
    width_of,
    wrapped,
)

TEXTS = st.text(st.sampled_from("ab c界é\u0301-/"), max_size=80)


def test_width_counts_cells() -> None:
    assert width_of("abc") == 3
    assert width_of("界") == 2
    assert width_of("e\u0301") == 1


@given(TEXTS, st.integers(0, 30))
def test_what_is_cut_fits(text: str, width: int) -> None:
    assert width_of(cut(text, width)) <= width
    if width_of(text) <= width:
        assert cut(text, width) == text


@given(TEXTS, st.integers(8, 30))
def test_wrapping_loses_nothing_and_breaks_only_at_spaces(text: str, width: int) -> None:
    lines = wrapped(text, width)
    assert " ".join(lines).split() == text.split()
    assert all(width_of(line) <= width or " " not in line.strip() for line in lines)


def test_only_the_lines_after_the_first_are_indented() -> None:
    assert hanging("error: one two three four", 7, 17).split("\n") == [
        "error: one two",
        "       three four",
    ]
    assert hanging("  - one two three", 4, 12).split("\n") == ["  - one two", "    three"]


def test_a_value_without_room_beside_its_name_goes_below_it() -> None:
    rows = [("request", "e3e70682-c209-4cac-a29f"), ("job", "7k2m9x"), ("", "a b c d e f")]
    assert fact_lines(rows, 26) == [
        ("request", ""),
        ("    ", "e3e70682-c209-4cac-a29f"),
        ("job      ", "7k2m9x"),
        ("         ", "a b c d e f"),
    ]
    assert [len(name) for name, _ in fact_lines(rows, None)] == [9, 9, 9]


def test_lines_of_one_value_stand_in_one_column() -> None:
    rows = [("siblings", "fal/fal-ai/flux"), ("", "fal/fal-ai/flux/dev/redux"), ("job", "7k2m9x")]
    assert fact_lines(rows, 30) == [
        ("siblings", ""),
        ("    ", "fal/fal-ai/flux"),
        ("    ", "fal/fal-ai/flux/dev/redux"),
        ("job       ", "7k2m9x"),
    ]


def test_a_command_in_a_sentence_is_never_broken() -> None:
    text = "refuse it: openclaw config migrate --layout current; then openclaw jobs list shows it"
    for width in range(47, 80):
        lines = hanging(commands_whole(text), 6, width).split("\n")
        for command in ("openclaw config migrate --layout current", "openclaw jobs list"):
            assert any(command in line for line in lines)
    field = "--param image_size='{\"width\": 512}'"
    assert field in wrapped(commands_whole(f"all the same: {field}"), 20)
    hint = commands_whole('animate it: openclaw video "it moves" --image lighthouse.png')
    assert wrapped(hint, 36) == [
        "animate it:",
        'openclaw video "it moves" \\',
        "    --image lighthouse.png",
    ]


def test_words_that_belong_together_stay_together() -> None:
    assert wrapped(f"out.png (5.0{HARD_SPACE}s)", 12) == ["out.png", "(5.0 s)"]


ROWS = [("7k2m9x", "done", "a lighthouse at dawn in the rain"), ("8", "not_sent", "x")]


def test_a_table_in_a_pipe_has_a_line_for_each_row() -> None:
    head, body = table_lines(("id", "state", "prompt"), ROWS, None)
    assert head == ["ID      STATE     PROMPT"]
    assert body == [
        "7k2m9x  done      a lighthouse at dawn in the rain",
        "8       not_sent  x",
    ]


def test_the_last_column_wraps_into_what_is_left() -> None:
    _, body = table_lines(("id", "state", "prompt"), ROWS, 44)
    assert body[:2] == [
        "7k2m9x  done      a lighthouse at dawn in",
        "                  the rain",
    ]


def test_without_room_the_last_column_goes_below() -> None:
    head, body = table_lines(("id", "state", "prompt"), ROWS, 30)
    assert head == ["ID      STATE"]
    assert body == [
        "7k2m9x  done",
        "    prompt: a lighthouse at",
        "      dawn in the rain",
        "8       not_sent",
        "    prompt: x",
    ]


@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS), max_size=4), st.integers(20, 60))
def test_no_cell_of_a_table_is_lost(rows: list[tuple[str, str, str]], width: int) -> None:
    assume(all("-" not in row for row in rows))  # below the others, a lone dash is left out
    _, body = table_lines(("x", "y", "z"), rows, width)
    shown = "".join("".join(line.split()) for line in body).replace("y:", "").replace("z:", "")
    assert shown == "".join("".join("".join(row).split()) for row in rows)


def test_a_cell_that_says_nothing_is_not_shown_below() -> None:
    _, body = table_lines(("kind", "from", "fallbacks"), [("image", "built in", "-")], 12)
    assert body == ["image", "    from:", "      built in"]


def test_facts_wrap_under_their_values() -> None:
    rows = [("model", "fal/fal-ai/flux/dev"), ("", "one two three four five six"), ("job", "a\nb")]
    assert fact_lines(rows, 31) == [
        ("model  ", "fal/fal-ai/flux/dev"),
        ("       ", "one two three four five"),
        ("       ", "six"),
        ("job    ", "a"),
        ("       ", "b"),
    ]


HELP = """\
TOPIC: what it is about

A paragraph that is rather long
and goes on here.

Examples:
  openclaw image "a lighthouse at dawn" --size 1024x1536    an explanation
  openclaw image "a lighthouse" --model fal/x --dry-run

  7    fal could not be reached
See also: openclaw help exit, openclaw help json"""


def test_help_that_fits_stays_as_it_is() -> None:
    assert fitted(HELP, 80) == HELP


def test_help_fits_a_narrow_terminal() -> None:
    assert (
        fitted(HELP, 36)
        == """\
TOPIC: what it is about

A paragraph that is rather long
and goes on here.

Examples:
  openclaw image \\
      "a lighthouse at dawn" \\
      --size 1024x1536
      an explanation
  openclaw image "a lighthouse" \\
      --model fal/x --dry-run

  7    fal could not be reached
See also: openclaw help exit,
openclaw help json"""
    )


@pytest.mark.parametrize("topic", topics.TOPICS)
@pytest.mark.parametrize("width", [40, 60, 80])
def test_every_topic_fits(topic: str, width: int) -> None:
    text = fitted(topics.TOPICS[topic], width)
    for line in text.splitlines():
        # A path or URL, an option with its value, or a line of JSON or code: it has to be copied.
        alone = len(line.rstrip("\\").split()) <= 2 or line.endswith("}")
        alone = alone or (line.startswith("    ") and line in topics.TOPICS[topic].splitlines())
        assert width_of(line) <= width or alone
    assert "".join(text.replace("\\\n", "").split()) == "".join(topics.TOPICS[topic].split())


def test_a_command_that_goes_on_can_still_be_pasted() -> None:
    command = '  openclaw image "a  b c" --model fal/x --param guidance_scale=3.5 --out=x'
    for width in range(20, 60):
        assert shlex.split(fitted(command, width).replace("\\\n", " ")) == shlex.split(command)


def test_an_explanation_of_several_lines_wraps_as_one_and_json_stays_whole() -> None:
    text = '  7    fal could not be reached;\n       says why\n  {"id": "owl", "n": 1}'
    assert fitted(text, 24).split("\n") == [
        "  7    fal could not be",
        "       reached; says why",
        '  {"id": "owl", "n": 1}',
    ]
    assert (
        fitted("  1. the key that\n     was stored", 16)
        == "  1. the key\n     that was\n     stored"
    )


def test_explanations_of_one_list_all_go_below_if_one_has_to() -> None:
    text = (
        "In the environment:\n  SANDBOX_DIALS  how slow\n  NO_COLOR       no colour at all\n\nX  y"
    )
    assert fitted(text, 30) == text.replace("DIALS  how", "DIALS\n      how").replace(
        "NO_COLOR       no", "NO_COLOR\n      no"
    )


def test_code_in_help_is_never_wrapped() -> None:
    code = "    steps:\n      - run: openclaw batch run items.jsonl --out animals/"
    assert fitted(code, 30) == code
