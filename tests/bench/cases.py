"""What is measured: each case is one command, run once in every round."""

from __future__ import annotations

import http.client
import json
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from tests.bench.processes import MB, Cost, run
from tests.bench.stage import Home, Stage, program

Sample = dict[str, float]

LARGE = 200 * MB
SMALL = 5 * MB  # of a paced image, and bytes per second on each connection
REFERENCE_IMAGE = 9 * MB
INLINE_IMAGE = 4 * MB  # about the largest file that still travels inside a request
RUN_TIME = 1.5  # seconds that the model works on a queued job

PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452000004000000030008020000006e05b0f0")
ENCODE = """\
import sys
from openclaw_fal.media import Reference
from openclaw_fal.files import references
references.data_uri(references.load(Reference(sys.argv[1], "image")))
"""


class Case(NamedTuple):
    """`measure` runs it once; figures it does not give (no wait4, no curl) are left out."""

    name: str
    group: str
    measure: Callable[[], Sample]


def cases(stage: Stage, folder: Path) -> list[Case]:
    """All cases, in the order in which a round runs them. Servers start when they are used."""
    plain = Home(folder / "home")

    def python(code: str) -> Callable[[], Sample]:
        return lambda: _sample(run([sys.executable, "-c", code], env=plain.env, cwd=plain.path))

    return [
        Case("bare Python", "start-up", python("pass")),
        Case("import typer", "start-up", python("import typer")),
        Case("--version", "start-up", _ours(stage, "--version")),
        Case("completion", "start-up", _ours(stage, "__complete", "words", "image", "--mo")),
        Case("--help", "start-up", _ours(stage, "--help")),
        Case("image --help", "start-up", _ours(stage, "image", "--help")),
        Case(
            "config get", "start-up", _ours(stage, "config", "get", "models.providers.fal.baseUrl")
        ),
        Case("dry run", "start-up", _ours(stage, *GENERATE, "--dry-run", "--json")),
        Case("fal-client", "start-up", _reference(stage)),
        Case("image generate", "start-up", _ours(stage, *GENERATE, "--json")),
        Case("jobs list", "start-up", _ours(stage, "jobs", "list")),
        Case("fal-client, https", "https", _reference(stage, tls=True)),
        Case("image generate, https", "https", _ours(stage, *GENERATE, tls="folder")),
        Case("the same with a bundle", "https", _ours(stage, *GENERATE, tls="bundle")),
        *_downloads(stage),
        Case("queue", "queue", _queue(stage)),
        *_references(stage, plain, folder),
    ]


GENERATE = ("image", "a lighthouse", "--seed", "7", "--output", "out/")


def _sample(cost: Cost) -> Sample:
    figures = {"seconds": cost.seconds, "cpu": cost.cpu, "peak": cost.peak}
    return {name: value for name, value in figures.items() if value is not None}


def _ours(stage: Stage, *words: str, dials: str = "", tls: str = "") -> Callable[[], Sample]:
    def measure() -> Sample:
        home = stage.home(stage.server(dials, tls=bool(tls)), tls)
        shutil.rmtree(home.path / "out", ignore_errors=True)
        return _sample(run([*program(), *words], env=home.env, cwd=home.path))

    return measure


def _reference(stage: Stage, *, tls: bool = False) -> Callable[[], Sample]:
    script = str(Path(__file__).with_name("reference.py"))

    def measure() -> Sample:
        server = stage.server(tls=tls)
        home = stage.home(server, "bundle")  # what the client brings along itself
        argv = [sys.executable, script, server.url, "reference.png"]
        return _sample(run(argv, env=home.env, cwd=home.path))

    return measure


def _downloads(stage: Stage) -> list[Case]:
    large = f"media-bytes={LARGE}"
    paced = f"media-bytes={SMALL},bandwidth={SMALL}"
    cases = [
        Case("200 MB", "download", _ours(stage, *GENERATE, dials=large)),
        Case("one of 5 MB", "several", _ours(stage, *GENERATE, "--count", "1", dials=paced)),
        Case("four of 5 MB", "several", _ours(stage, *GENERATE, "--count", "4", dials=paced)),
    ]
    curl = shutil.which("curl")
    if curl:
        cases.insert(0, Case("curl, 200 MB", "download", _curl(stage, curl, large)))
    return cases


def _curl(stage: Stage, curl: str, dials: str) -> Callable[[], Sample]:
    urls: list[str] = []

    def measure() -> Sample:
        server = stage.server(dials)
        home = stage.home(server)
        if not urls:
            urls.append(_image_url(server.url))
        argv = [curl, "--silent", "--fail", "--output", "curl.png", urls[0]]
        return _sample(run(argv, env=home.env, cwd=home.path))

    return measure


def _image_url(base: str) -> str:
    """Where the sandbox serves an image that it was asked for."""
    connection = http.client.HTTPConnection(urlsplit(base).netloc)
    body = json.dumps({"prompt": "a lighthouse", "output_format": "png", "seed": 7})
    headers = {"Authorization": "Key sandbox", "Content-Type": "application/json"}
    connection.request("POST", "/fal-ai/flux/dev", body, headers)
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return str(answer["images"][0]["url"])


def _queue(stage: Stage) -> Callable[[], Sample]:
    """A queued job; also how long after its end the result was asked for, and how many requests
    asked for its status."""

    def measure() -> Sample:
        server = stage.server(f"run-time={RUN_TIME}", log=True)
        home = stage.home(server)
        server.answers.clear()
        sample = _sample(run([*program(), *GENERATE, "--queue"], env=home.env, cwd=home.path))
        answers = list(server.answers)
        submitted = next(at for at, line in answers if line.startswith("POST "))
        asked = [(at, line.split()[1]) for at, line in answers if "/requests/" in line]
        result = next(at for at, path in asked if "/status" not in path)
        statuses = sum("/status" in path for _, path in asked)
        return {**sample, "noticed": result - submitted - RUN_TIME, "requests": float(statuses)}

    return measure


def _references(stage: Stage, plain: Home, folder: Path) -> list[Case]:
    """Reference images: encoded as a data URI, sent inside the request, uploaded."""
    files = {name: folder / f"{name}.png" for name in ("tiny", "inline", "large")}
    for name, size in zip(files, (len(PNG), INLINE_IMAGE, REFERENCE_IMAGE), strict=True):
        files[name].write_bytes(PNG + bytes(size - len(PNG)))

    def encode(name: str) -> Callable[[], Sample]:
        argv = [sys.executable, "-c", ENCODE, str(files[name])]
        return lambda: _sample(run(argv, env=plain.env, cwd=plain.path))

    def edit(name: str) -> Callable[[], Sample]:
        return _ours(stage, "image", "edit", "at night", "--file", str(files[name]), "-o", "out/")

    return [
        Case("encode a tiny file", "references", encode("tiny")),
        Case("encode 9 MB", "references", encode("large")),
        Case("edit a tiny file", "references", edit("tiny")),
        Case("edit 4 MB, inline", "references", edit("inline")),
        Case("edit 9 MB, uploaded", "references", edit("large")),
    ]


def chosen(found: Sequence[Case], names: Sequence[str]) -> list[Case]:
    """The cases with these names or groups; all when none are given. Raises KeyError."""
    for name in names:
        if not any(name in (case.name, case.group) for case in found):
            raise KeyError(name)
    return [case for case in found if not names or case.name in names or case.group in names]
