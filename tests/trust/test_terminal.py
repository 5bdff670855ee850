"""Nothing that a server, a file or an argument says can drive the terminal."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from openclaw_fal.sandbox import Dials, Sandbox
from openclaw_fal.sandbox.http1 import Request, Response
from tests.support.effort import some
from tests.support.program import Openclaw, write_config
from tests.support.systems import terminals
from tests.trust.checks import HOSTILE, Terminal, commands, strict

QUEUED = ("image", "p", "--queue", "--poll-interval", "0.05")


def dialled(**values: Any) -> Callable[[Sandbox], None]:
    def setup(fal: Sandbox) -> None:
        fal.dials = Dials(**values)

    return setup


def failing(phase: str, status: int, **options: Any) -> Callable[[Sandbox], None]:
    def setup(fal: Sandbox) -> None:
        fal.dials.fail(phase, status, **options)

    return setup


def hostile_page(fal: Sandbox) -> None:
    page = f"<html><head><title>{HOSTILE}</title></head></html>"
    fal.dials.fail("sync", 502, body=page, request_id=False)


def hostile_text(fal: Sandbox) -> None:
    fal.dials.fail("sync", 404, body=HOSTILE)


def hostile_fields(fal: Sandbox) -> None:
    detail = [{"loc": ["body", HOSTILE], "msg": HOSTILE, "type": HOSTILE, "input": HOSTILE}]
    fal.dials.fail("sync", 422, body=json.dumps({"detail": detail}))


def hostile_default(fal: Sandbox) -> None:
    write_config(fal.url, imageGenerationModel=f"other/{HOSTILE}")


def hostile_fallbacks(fal: Sandbox) -> None:
    fallbacks = [f"other/{HOSTILE}", f"fal/{HOSTILE}"]
    write_config(fal.url, imageGenerationModel={"primary": "fal/x/y", "fallbacks": fallbacks})


def hostile_config(fal: Sandbox) -> None:
    path = write_config(fal.url)
    path.write_text(f'{{"{HOSTILE}": '.replace("\0", ""), encoding="utf-8")


Case = tuple[Callable[[Sandbox], object], tuple[str, ...]]
CASES: dict[str, Case] = {
    "log lines": (dialled(log_text=HOSTILE), QUEUED),
    "log lines, polled": (dialled(log_text=HOSTILE, stream=False), QUEUED),
    "a reason": (dialled(error=HOSTILE, error_type="x", error_status=422), QUEUED),
    "a last state": (dialled(state=HOSTILE), (*QUEUED, "--timeout-ms", "300")),
    "a pending state": (
        dialled(pending_state=HOSTILE, run_time=0.1),
        (*QUEUED, "--timeout-ms", "300"),
    ),
    "a detail": (failing("sync", 400, detail=HOSTILE), ("image", "p")),
    "validation errors": (hostile_fields, ("image", "p")),
    "a gateway's page": (hostile_page, ("image", "p")),
    "plain text": (hostile_text, ("image", "p")),
    "a file name": (dialled(file_name=HOSTILE), ("image", "p")),
    "a content type": (
        dialled(media_type=f"image/{HOSTILE}"),
        ("image", "p", "--timeout-ms", "400"),
    ),
    "a media URL": (dialled(media_url=f"https://{HOSTILE}/"), ("image", "p")),
    "a storage answer": (
        dialled(upload_url=f"https://{HOSTILE}/"),
        ("image", "p", "-i", "big.png"),
    ),
    "a prompt": (dialled(), ("image", HOSTILE)),
    "a default model": (hostile_default, ("image", "p")),
    "fallbacks": (hostile_fallbacks, ("image", "p")),
    "a broken config": (hostile_config, ("config", "show")),
    "a config value": (hostile_default, ("config", "get", "agents")),
    "a model": (dialled(), ("image", "p", "--model", HOSTILE)),
    "a number": (dialled(), ("image", "p", "--count", HOSTILE)),
    "an option": (dialled(), ("image", "p", f"--{HOSTILE}")),
    "a command": (dialled(), (HOSTILE,)),
    "a reference": (dialled(), ("image", "p", "--image", HOSTILE.replace("\0", ""))),
    "a reference URL": (dialled(), ("image", "p", "--image", f"https://{HOSTILE}")),
    "a parameter": (dialled(), ("image", "p", "--param", f"{HOSTILE}={HOSTILE}", "--dry-run")),
    "a job id": (dialled(), ("jobs", "show", HOSTILE)),
    "an output": (dialled(), ("image", "p", "-o", HOSTILE.replace("\0", "").replace("/", "_"))),
}


def big_reference() -> None:
    """A reference file that is uploaded first."""
    from PIL import Image

    Image.frombytes("RGB", (1300, 1300), os.urandom(1300 * 1300 * 3)).save("big.png")


@pytest.mark.parametrize("name", CASES)
def test_hostile_text_is_shown_as_text(name: str, openclaw: Openclaw, fal: Sandbox) -> None:
    setup, argv = CASES[name]
    if "big.png" in argv:
        big_reference()
    setup(fal)
    plain = openclaw(*argv, "--verbose")
    assert plain.status != 1, plain.err
    assert commands(plain.out + plain.err) == set()
    assert "Traceback" not in plain.err
    document = openclaw(*argv, "--json")
    assert commands(document.out + document.err) == set()
    strict(document.out)


@terminals
@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "name",
    some(
        ["log lines", "a reason", "validation errors", "a prompt", "a broken config", "an option"],
        2,
    ),
)
def test_hostile_text_in_a_terminal(name: str, fal: Sandbox) -> None:
    setup, argv = CASES[name]
    setup(fal)
    argv = tuple(word.replace("\0", "") for word in argv)
    with Terminal(*argv) as terminal:
        seen = terminal.text()
    # The program's own display moves the cursor and colours; nothing else is in what it sends.
    assert commands(seen, "\n\r\x1b") == set()
    for forbidden in ("\x1b]", "\x1b[2J", "\x1b[66;6H", "\x1bP", "\x1b\\"):
        assert forbidden not in seen


@terminals
def test_hostile_prompts_in_the_tables_of_a_terminal(openclaw: Openclaw, fal: Sandbox) -> None:
    openclaw("image", HOSTILE)
    job_id = openclaw("jobs", "list", "--json").json["jobs"][0]["jobId"]
    for argv in (("jobs", "list"), ("jobs", "show", job_id)):
        plain = openclaw(*argv)
        assert commands(plain.out + plain.err) == set()
        with Terminal(*argv) as terminal:
            seen = terminal.text()
        assert "52;c" in seen
        assert commands(seen, "\n\r\x1b") == set()
        assert "\x1b]" not in seen
        with Terminal(*argv, "--json") as terminal:
            seen = terminal.text()
        assert commands(seen, "\n\r") == set()
        assert strict(seen)["ok"] is True


def test_headers_of_a_hostile_server(openclaw: Openclaw, key: str) -> None:
    """What is no legal header ends the request; what is one comes without its commands."""

    def answer(request: Request) -> Response:
        return Response(
            500, b"", [("x-fal-error-type", "a\x9b31mb\x85"), ("x-fal-request-id", "\x9b")]
        )

    with Sandbox(on_request=answer) as fal:
        write_config(fal.url)
        outcome = openclaw("image", "p")
    assert outcome.status in (6, 7)
    assert commands(outcome.out + outcome.err) == set()


def test_names_from_the_server_lead_nowhere(openclaw: Openclaw, fal: Sandbox) -> None:
    here = Path.cwd()
    (here / "p.png").write_text("mine")
    (here / "inner").mkdir()
    os.chdir(here / "inner")
    for name in ("../p.png", "..\\p.png", "/etc/passwd", ".bashrc", "a.sh", "con.png", "x" * 4000):
        fal.dials.file_name = name
        fal.dials.media_type = f"image/{name}"
        assert openclaw("image", "p").status == 0
    assert (here / "p.png").read_text() == "mine"
    assert sorted(path.name for path in here.iterdir()) == ["inner", "p.png"]
    saved = {path.name for path in (here / "inner").iterdir()}
    assert saved == {"p.png", *(f"p-{number}.png" for number in range(2, 8))}


@terminals
def test_a_key_among_the_arguments_is_warned_about() -> None:
    for argv in (
        ("--fal-api-key", "other-key-0123456789"),
        ("--fal-api-key=other-key-0123456789",),
    ):
        with Terminal("onboard", *argv) as terminal:
            seen = terminal.text()
        assert terminal.process.returncode == 0
        assert "history" in seen
        assert "other-key" not in seen
