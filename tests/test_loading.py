"""Which modules a command loads: nothing that it does not use, because loading is what it costs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

import openclaw_fal
from tests.support.program import KEY, start, write_config

LISTED = """\
import sys
sys.argv[0] = "openclaw"
sys.modules["trio"] = sys.modules["anyio"] = None  # httpcore loads them where they are
path = sys.argv.pop(1)
from openclaw_fal.__main__ import main
status = main()
with open(path, "w", encoding="utf-8") as file:
    file.write("\\n".join(sys.modules))
sys.exit(status)
"""
PLAIN = '{"models": {"providers": {"fal": {"baseUrl": "https://example.com"}}}}'
PROMPT = ("image", "a lighthouse")

NEVER = {
    "asyncio",
    "concurrent.futures",
    "importlib.metadata",
    "openclaw_fal.sandbox",
    "openclaw_fal.config.edit",
    "openclaw_fal.json5.edit",
    "openclaw_fal.json5.scan",
    "PIL",
    "pkg_resources",
    "pydantic",
    "pyjson5",
    "rich",
    "secrets",
    "tomli_w",
    "tomllib",
    "unittest",
}
"""Not for a plain JSON config, one image, a key in the environment, and no terminal."""

REQUEST = {
    "email",
    "httpcore",
    "httpx",
    "openclaw_fal.fal.client",
    "openclaw_fal.fal.download",
    "openclaw_fal.fal.http.transport",
    "socket",
    "ssl",
    "urllib.request",
}
JOURNAL = {"openclaw_fal.journal.jobs", "sqlite3"}
COMMANDS = {"openclaw_fal.cli.app", "typer"}
MODELS = {"openclaw_fal.provider.plan", "openclaw_fal.provider.specs"}
CONFIG = {"json", "openclaw_fal.config.read"}
PARTS = {*REQUEST, *JOURNAL, *COMMANDS, *MODELS, *CONFIG}


def test_the_modules_named_here_exist() -> None:
    own = {name for name in NEVER | PARTS if name.startswith("openclaw_fal")}

    assert {name for name in own if find_spec(name) is None} == set()


def loaded(tmp_path: Path, *argv: str, status: int = 0) -> set[str]:
    """The modules in memory at the end of a command, run without a terminal."""
    path = tmp_path / "modules"
    done = subprocess.run(
        [sys.executable, "-c", LISTED, str(path), *argv],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stderr
    return set(path.read_text(encoding="utf-8").splitlines())


@pytest.fixture(scope="module")
def bare() -> set[str]:
    """What Python and its environment load before any program."""
    done = subprocess.run(
        [sys.executable, "-c", "import sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A sandbox in another process, which the config leads to."""
    monkeypatch.setenv("FAL_KEY", KEY)
    with start("sandbox", "serve", "--port", "0", "--json", "--quiet") as process:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, b"}\n")
        url = json.loads(b"".join(lines) + b"}")["url"]
        write_config(url)
        yield url
        process.terminate()


@pytest.mark.parametrize("argv", [("--version",), ("__complete", "words", "image", "--mo")])
def test_a_word_that_needs_no_command_line_loads_none(
    tmp_path: Path, bare: set[str], argv: tuple[str, ...]
) -> None:
    found = loaded(tmp_path, *argv) - bare

    ours = {name for name in found if name.startswith("openclaw_fal.")}
    needed = {"openclaw_fal.__main__", "openclaw_fal.streams"}
    if argv != ("--version",):
        needed |= {f"openclaw_fal.completion{name}" for name in ("", ".answers", ".table")}
    assert ours == needed
    assert not found & {"dataclasses", "inspect", "json", "pathlib", "threading", "typer", "typing"}


@pytest.mark.parametrize(
    ("argv", "parts"),
    [
        (("--help",), COMMANDS),
        (("help", "auth"), COMMANDS),
        (("image", "--help"), COMMANDS),
        (("config", "get", "models.providers.fal.baseUrl"), COMMANDS | CONFIG),
        ((*PROMPT, "--dry-run"), COMMANDS | CONFIG | MODELS),
        ((*PROMPT, "--dry-run", "--json"), COMMANDS | CONFIG | MODELS),
        (("jobs", "list"), COMMANDS | {"json", "openclaw_fal.journal.jobs"}),
    ],
    ids=lambda value: " ".join(sorted(value) if isinstance(value, set) else value),
)
def test_a_command_loads_only_its_own_parts(
    tmp_path: Path, argv: tuple[str, ...], parts: set[str]
) -> None:
    config = tmp_path / "openclaw.json"
    config.write_text(PLAIN, encoding="utf-8")

    found = loaded(tmp_path, *argv, "--config", str(config))

    assert found & NEVER == set()
    assert found & PARTS == parts


@pytest.mark.parametrize(
    ("argv", "status"),
    [((*PROMPT, "--size", "7x7"), 5), (PROMPT, 4), (("image", "generate"), 2)],
    ids=["a size that no model takes", "no key", "no prompt"],
)
def test_a_request_that_is_not_sent_loads_neither_http_nor_the_journal(
    tmp_path: Path, argv: tuple[str, ...], status: int
) -> None:
    found = loaded(tmp_path, *argv, status=status)

    assert found & (NEVER | REQUEST | JOURNAL) == set()


def test_one_image_loads_what_it_needs_and_no_more(tmp_path: Path, server: str) -> None:
    found = loaded(tmp_path, *PROMPT, "--output", "out.png", "--json")

    assert Path("out.png").stat().st_size > 0
    assert found & NEVER == set()
    assert found & PARTS == PARTS
    assert "openclaw_fal.parallel" not in found
    assert "openclaw_fal.fal.queue" not in found
    assert "openclaw_fal.fal.storage" not in found


def test_a_queued_image_loads_no_more_than_the_queue(tmp_path: Path, server: str) -> None:
    found = loaded(tmp_path, *PROMPT, "--queue", "--output", "out.png", "--json")

    assert "openclaw_fal.fal.queue" in found
    assert found & NEVER == set()


def test_several_images_load_the_threads(tmp_path: Path, server: str) -> None:
    found = loaded(tmp_path, *PROMPT, "--count", "2", "--output", "out.png", "--json")

    assert "openclaw_fal.parallel" in found
    assert found & NEVER == set()


@pytest.mark.parametrize(
    ("comment", "reader"),
    [("// mine\n", "openclaw_fal.json5.scan"), ("// mine\n" * 5000, "pyjson5")],
    ids=["short", "long"],
)
def test_a_json5_config_loads_one_reader_and_not_the_editor(
    tmp_path: Path, comment: str, reader: str
) -> None:
    config = tmp_path / "openclaw.json"
    config.write_text(comment + PLAIN, encoding="utf-8")

    found = loaded(tmp_path, "config", "get", "models", "--config", str(config))

    assert found & NEVER == {reader}


def test_the_sandbox_is_loaded_when_it_is_asked_for(tmp_path: Path) -> None:
    found = loaded(tmp_path, *PROMPT, "--sandbox", "--output", "out.png", "--json")

    assert "openclaw_fal.sandbox" in found
    assert not found & {"asyncio", "pydantic", "rich"}


def test_only_the_command_in_use_is_imported(tmp_path: Path) -> None:
    found = loaded(tmp_path, "config", "file")

    nouns = {"image", "video", "music", "jobs", "config", "infer", "onboard", "sandbox"}
    assert {noun for noun in nouns if f"openclaw_fal.cli.{noun}" in found} == {"config"}


def test_a_home_of_ones_own_needs_no_platformdirs(tmp_path: Path) -> None:
    assert "OPENCLAW_FAL_HOME" in os.environ

    assert "platformdirs" not in loaded(tmp_path, "jobs", "list")


def test_importing_any_module_opens_no_file_and_reads_no_environment() -> None:
    package = Path(openclaw_fal.__file__).parent
    modules = [
        ".".join(("openclaw_fal", *path.relative_to(package).with_suffix("").parts)).removesuffix(
            ".__init__"
        )
        for path in sorted(package.rglob("*.py"))
    ]
    program = f"""
import sys, os
import typer, typer.core, typer.main, rich.progress, rich.console, rich.table, concurrent.futures
import httpx, httpcore
touched = []
def touch(key):
    frame = sys._getframe(2)
    while frame and not frame.f_code.co_filename.startswith({str(package)!r}):
        if "site-packages" in frame.f_code.co_filename:
            return  # what a library does
        frame = frame.f_back
    touched.append(key)
class Watched(dict):
    def __getitem__(self, key): touch(key); return super().__getitem__(key)
    def get(self, key, default=None): touch(key); return super().get(key, default)
    def __contains__(self, key): touch(key); return super().__contains__(key)
def hook(event, args):
    if event == "open" and isinstance(args[0], str):
        if not args[0].endswith((".py", ".pyc")) and "__pycache__" not in args[0]:
            touch(args[0])
sys.addaudithook(hook)
os.environ = Watched(os.environ)
os.getenv = os.environ.get
for name in {modules!r}:
    __import__(name)
print([item for item in touched if not item.startswith(("TYPER_", "_TYPER"))])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
