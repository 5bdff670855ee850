"""Every example in every command's help and in every help topic runs."""

from __future__ import annotations

import io
import os
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from openclaw_fal.cli import app
from openclaw_fal.cli.topics import TOPICS
from openclaw_fal.sandbox import Sandbox
from tests.docs.scene import with_job
from tests.support.program import Openclaw, start

if os.name == "nt":
    pytest.skip("the documented commands are a POSIX shell's", allow_module_level=True)


def commands() -> Iterator[tuple[str, Any]]:
    """Every command and group: its words, and the command."""
    root = app.build()
    with root.make_context("openclaw", [], resilient_parsing=True) as ctx:
        yield from below(root, ctx, "openclaw")


def below(command: Any, ctx: Any, path: str) -> Iterator[tuple[str, Any]]:
    yield path, command
    for name in command.list_commands(ctx) if hasattr(command, "list_commands") else ():
        yield from below(command.get_command(ctx, name), ctx, f"{path} {name}")


COMMANDS = dict(commands())


def examples(text: str) -> list[str]:
    """The commands in a help text, without their explanations."""
    lines = re.findall(r"^  (?:FAL_KEY=… )?(openclaw .*)$", text, re.MULTILINE)
    return [line.rstrip() if '"' in rest(line) else re.split(r" {2,}", line)[0] for line in lines]


def rest(line: str) -> str:
    """What follows the first gap of a line: a gap within quotes is none."""
    head, _, tail = line.partition("  ")
    return '"' if head.count('"') % 2 else tail.replace('"', "")


EXAMPLES = sorted(
    {
        line
        for text in (*TOPICS.values(), *(str(command.epilog) for command in COMMANDS.values()))
        for line in examples(text)
    }
)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) > 60


@pytest.mark.parametrize("line", [line for line in EXAMPLES if "sandbox serve" not in line])
def test_an_example_runs(
    line: str, openclaw: Openclaw, fal: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = shlex.split(with_job(line, fal))[1:]
    for sign in ("<", ">", ">>"):
        if sign in words:
            at = words.index(sign)
            if sign == "<":
                file = io.TextIOWrapper(io.BytesIO(Path(words[at + 1]).read_bytes()))
                monkeypatch.setattr(sys, "stdin", file)
            del words[at : at + 2]
    if words[0] == "batch" and words[1] not in ("plan", "run"):
        openclaw("batch", "run", "items.jsonl")
    if "last" in words:
        openclaw("image", "a lighthouse")
    if words[:2] == ["jobs", "open"]:
        openclaw("jobs", "wait", words[2])
    if words[0] == "replay":
        into = ("--output", "lighthouse.png", "--overwrite")
        assert openclaw("image", "a lighthouse", "--provenance", "full", *into).status == 0
    if words[:2] == ["config", "get"]:
        openclaw("config", "set", words[2], "fal/fal-ai/flux/dev")
    outcome = openclaw(*words)
    assert outcome.status == 0, outcome.err


@pytest.mark.parametrize("line", [line for line in EXAMPLES if "sandbox serve" in line])
def test_a_sandbox_that_is_served_can_be_used_and_stopped(line: str) -> None:
    import signal

    words = [*shlex.split(line)[1:], "--port", "0"]
    with start(*words) as serving:
        assert serving.stdout is not None
        assert serving.stderr is not None
        assert re.search(rb"http://127\.0\.0\.1:\d+", serving.stdout.readline())
        serving.send_signal(signal.SIGINT)
        assert serving.wait(30) == 0, serving.stderr.read()


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_has_examples_and_links(path: str, openclaw: Openclaw) -> None:
    outcome = openclaw(*path.split()[1:], "--help")
    assert outcome.status == 0
    assert examples(outcome.out.replace("\\\n", ""))
    epilog = str(COMMANDS[path].epilog)
    assert "See also: " in epilog or path == "openclaw"
    for words in re.findall(r"openclaw[a-z ]*", epilog.partition("See also: ")[2]):
        topic = words.split()[2:3]
        assert (
            topic[0] in TOPICS if words.startswith("openclaw help ") else words.strip() in COMMANDS
        )
    assert all(len(line) <= 80 for line in outcome.out.splitlines())
