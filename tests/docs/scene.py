"""The scene in which documented commands are run: a fal on loopback, a key, files, and a job."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from openclaw_fal.provenance.mark import mark
from openclaw_fal.provenance.record import Record
from openclaw_fal.sandbox import Dials, Sandbox
from tests.support.models import few_models
from tests.support.program import process, write_config

README = Path(__file__).parent.parent.parent / "README.md"
JOB = re.compile(r"\b7k2m(9x)?\b")  # the id of a job, in the documentation
PROGRAM = '#!/bin/sh\nexec "{python}" -m openclaw_fal "$@"\n'

KEY = "reader-of-the-docs:0123456789abcdef"  # stands in a file of theirs: not the canary


@contextlib.contextmanager
def scene(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """The program on PATH, a key in the environment, a config whose fal is on loopback, and the
    files that the documentation names in the current folder."""
    programs = folder / "bin"
    programs.mkdir()
    for name, text in (
        ("openclaw", PROGRAM.format(python=sys.executable)),
        ("python3", f'#!/bin/sh\nexec "{sys.executable}" "$@"\n'),
    ):
        (programs / name).write_text(text, encoding="utf-8")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("FAL_KEY", KEY)
    monkeypatch.setenv("SHELL", "/bin/bash")
    for name in ("photo.png", "a.png", "b.png", "banner.png"):
        Image.new("RGB", (16, 16)).save(name)
    _marked("lighthouse.png")
    Path("key.txt").write_text(KEY, encoding="utf-8")
    Path("words.txt").write_text("la la la", encoding="utf-8")
    Path("changes.json5").write_text("{agents: {defaults: {mediaMaxMb: 100}}}", encoding="utf-8")
    Path("items.jsonl").write_text('{"id": "fox", "prompt": "a red fox"}\n', encoding="utf-8")
    Path("prompts.txt").write_text("a grey owl\n", encoding="utf-8")
    with few_models(), Sandbox(Dials(queue_length=0)) as fal:
        write_config(fal.url)
        yield fal


def _marked(name: str) -> None:
    """A picture as the program leaves it."""
    part = Path(f"{name}.part")
    Image.new("RGB", (16, 16)).save(part, "PNG")
    record = Record(kind="image", model="m", endpoint="m", created=0.0, tool="openclaw-fal 0.0")
    mark(part, "image/png", record, "full").path.rename(name)
    part.unlink()


def a_job(fal: Sandbox) -> str:
    """The id of a job that was submitted, and that waits until somebody asks for it."""
    fal.dials = Dials(clock="polls", queue_length=1, queue_step=1)
    return process("video", "waves", "--async").out.strip()


def with_job(text: str, fal: Sandbox) -> str:
    """`text` with the id of a real job in the place of the documented one."""
    return JOB.sub(a_job(fal), text) if JOB.search(text) else text
