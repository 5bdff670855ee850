"""Whatever is typed, and whatever a result holds: the whole program neither crashes nor hangs."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import strategies as st

from openclaw_fal.__main__ import main
from openclaw_fal.completion.table import COMMANDS
from openclaw_fal.fal.retry import Retry
from openclaw_fal.sandbox import Sandbox
from openclaw_fal.sandbox.http1 import Response
from tests.support.canary import KEY, traces
from tests.support.program import write_config
from tests.support.queueing import Hooked
from tests.trust.checks import commands, strict
from tests.trust.fuzzing import as_json, fuzz, json_values

pytestmark = pytest.mark.exhaustive

# The command line

WORDS = (
    "p", "-", "--", "--json", "--verbose", "-q", "-h", "--no-color", "=", "--=", "-x", "--prompt",
    "fal/fal-ai/flux/dev", "fal/bytedance/seedance-2.0/fast/text-to-video", "fal/x", "openai/x",
    "16:9",
    "1024x1024", "2K", "3", "-1", "0", "1e9", "nan", "inf", "true", "a=b", "a={}", "x.png", "out/",
    "{seed}.png", "{", "ref.png", "words.txt", "https://example.com/a.png",
    "agents.defaults.mediaMaxMb",
    "models.providers.fal.baseUrl", "a[0]", "{a: 1}", "high", "png", "mp3", "plaintext", "ref",
    "fal-api-key", "bash", "jobs", "\udcff", "\x1b[31m", "\0", "ü", "a" * 300, "", " ", "x\ny", "%",
)  # fmt: skip


def harmless(words: list[str]) -> bool:
    """Whether no word can lead out of the current folder."""
    return not any(word.startswith(("/", "~")) or ".." in word or "=/" in word for word in words)


def options_of(name: str) -> list[str]:
    names = [key.partition(" ")[0] for key in COMMANDS[name]["options"]]
    return [*names, "--json", "--config", "--quiet", "--help"]


@st.composite
def command_lines(draw: st.DrawFn) -> list[str]:
    """A command, some of its options with values, and words in between."""
    name = draw(st.sampled_from(sorted(COMMANDS)))
    words = name.split()
    value = st.one_of(st.sampled_from(WORDS), st.text(max_size=8))
    for _ in range(draw(st.integers(0, 5))):
        option = draw(st.sampled_from(options_of(name)))
        how = draw(st.integers(0, 3))
        words += [option] if how == 0 else [f"{option}={draw(value)}"] if how == 1 else []
        words += [option, draw(value)] if how == 2 else [draw(value)] if how == 3 else []
    if draw(st.booleans()) and len(words) > 1:
        at = draw(st.integers(0, len(words)))
        words.insert(at, draw(value))
    if draw(st.booleans()):
        words.append("--json")
    return words


@pytest.fixture
def confined(monkeypatch: pytest.MonkeyPatch, isolated: Path) -> Iterator[Sandbox]:
    """A fal on loopback, and no way to anything else: no names, no programs, no pauses."""
    look_up = socket.getaddrinfo

    def local_only(host: str, *args: object, **more: object) -> object:
        if host not in ("127.0.0.1", "localhost", "::1"):
            raise socket.gaierror(-2, "Name or service not known")
        return look_up(host, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", local_only)
    monkeypatch.setattr(
        "openclaw_fal.fal.exchange.Retry", lambda: Retry(attempts=2, pauses=(0.001,))
    )
    monkeypatch.setattr("typer.launch", lambda *_: 0)
    monkeypatch.setattr("openclaw_fal.__main__._wait_for_stop", lambda: None)
    monkeypatch.setenv("FAL_KEY", KEY)
    with Sandbox() as fal:
        write_config(fal.url)
        yield fal
        assert fal.crashes == []


def prepared(folder: Path) -> None:
    """The current folder as each command finds it."""
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    (folder / "words.txt").write_text("la la la")
    (folder / "ref.png").write_bytes(
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x08\0\0\0\x08" + bytes(20)
    )


def test_the_argument_surface(
    confined: Sandbox, isolated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, home = Path.cwd(), isolated / "openclaw-fal"
    config_text = (isolated / ".openclaw" / "openclaw.json").read_text()

    def check(argv: list[str]) -> None:
        prepared(folder)
        os.chdir(folder)
        shutil.rmtree(home, ignore_errors=True)
        (isolated / ".openclaw" / "openclaw.json").write_text(config_text)
        confined.clear()
        printed_to, told_to = io.BytesIO(), io.BytesIO()
        out, err = io.TextIOWrapper(printed_to, "utf-8"), io.TextIOWrapper(told_to, "utf-8")
        stdin = io.TextIOWrapper(io.BytesIO(b"from standard input"), "utf-8")
        with (
            monkeypatch.context() as patch,
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            patch.setattr(sys, "stdin", stdin)
            status = main(argv)
            out.flush()
            err.flush()
        printed = printed_to.getvalue().decode()
        told = told_to.getvalue().decode()
        assert status in (0, 2, 3, 4, 5, 6, 7, 8), (argv, printed, told)
        assert "Traceback" not in told
        assert commands(printed + told, "\n") == set()
        assert not traces((printed + told).encode())
        if "--json" in argv and printed.startswith("{"):
            document = strict(printed)  # `infer … providers` answers in OpenClaw's form
            assert document.get("ok", "generation" in document) is (status == 0)
        elif status != 0:
            assert told.strip(), argv

    fuzz(command_lines().filter(harmless), check, 2_000)


def test_completion_requests(confined: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    words = st.lists(
        st.one_of(st.sampled_from([*WORDS, *COMMANDS]), st.text(max_size=5)), max_size=6
    )

    def check(given: tuple[str, list[str]]) -> None:
        form, some = given
        asked = ["line", " ".join(some)] if form == "line" else [form, *some]
        assert main(["__complete", *asked]) == 0
        captured = capsys.readouterr()
        assert commands(captured.out, "\n\t") == set()
        assert captured.err == ""

    fuzz(st.tuples(st.sampled_from(["words", "line"]), words), check, 4_000)


def test_results_through_the_whole_program(
    confined: Sandbox, isolated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any JSON in the place of a result: saved, kept, or refused."""
    folder = Path.cwd()
    with Hooked() as fal:
        write_config(fal.url)

        def check(value: object) -> None:
            prepared(folder)
            shutil.rmtree(isolated / "openclaw-fal", ignore_errors=True)
            data = as_json(value)
            fal.answer = lambda request: Response(200, data) if request.method == "POST" else None
            out, err = io.StringIO(), io.StringIO()
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                status = main(["image", "p", "--json", "--timeout-ms", "1000"])
            assert status in (0, 3, 6, 7), err.getvalue()
            assert "Traceback" not in err.getvalue()
            strict(out.getvalue())

        fuzz(json_values, check, 800)
