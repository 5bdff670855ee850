"""The key is in the environment, in the credentials file, and nowhere else."""

from __future__ import annotations

import json
import os
import time
from itertools import product
from pathlib import Path

import pytest

from openclaw_fal.sandbox import Sandbox
from openclaw_fal.sandbox.http1 import Request, Response
from tests.support.canary import KEY, SECRET, WATCH, traces, traces_in_folder
from tests.support.effort import some
from tests.support.program import Openclaw, jobs, process, write_config
from tests.support.systems import posix_shell

ESCAPED = "".join(f"\\u{ord(char):04x}" if index % 3 else char for index, char in enumerate(KEY))


# A server that says the key again, wherever it can


def echoing(kind: str) -> Response:
    """An answer that holds the key."""
    headers = [
        ("content-type", f"application/json; note={KEY}"),
        ("x-fal-request-id", KEY),
        ("x-fal-error-type", KEY),
        ("x-fal-billable-units", KEY),
        ("location", f"/{KEY}"),
        ("retry-after", KEY),
    ]
    bodies = {
        "detail": json.dumps({"detail": f"bad header Authorization: Key {KEY}"}),
        "fields": json.dumps(
            {"detail": [{"loc": ["body", KEY], "msg": KEY, "type": KEY, "input": KEY}]}
        ),
        "escaped": '{"detail": "' + ESCAPED + '"}',
        "half": json.dumps({"detail": SECRET, "error_type": SECRET}),
        "split": json.dumps({"detail": f"{KEY[:9]}\x1b[31m{KEY[9:20]}\x00{KEY[20:]}"}),
        "page": f"<html><title>{KEY}</title>{KEY}</html>",
        "text": KEY,
        "garbage": f"\x00\xff{KEY}\x01",
    }
    return Response(400, bodies[kind].encode("latin-1"), headers)


ECHOED = (200, 307, 400, 401, 403, 422, 429, 500, 503)
TRANSPORTS = (["--json"], ["--verbose", "--queue", "--poll-interval", "0.05"])
ECHOES = ("detail", "fields", "escaped", "half", "split", "page", "text", "garbage")


@pytest.mark.exhaustive
@pytest.mark.parametrize("kind", ECHOES)
def test_an_answer_that_repeats_the_key(
    kind: str, openclaw: Openclaw, isolated: Path, key: str
) -> None:
    statuses: list[int] = []

    def answer(request: Request) -> Response | None:
        response = echoing(kind)
        response.status = statuses[-1]
        return response

    with Sandbox(on_request=answer) as fal:
        write_config(fal.url)
        for status, more in some(product(ECHOED, TRANSPORTS), 5, seed=kind):
            statuses.append(status)
            outcome = openclaw("image", "p", *more, "--timeout-ms", "200")
            assert outcome.status not in (0, 1), outcome.err
            assert not traces((outcome.out + outcome.err).encode())
    assert openclaw("jobs", "list", "--json").json["jobs"]
    assert traces_in_folder(isolated)[0] == []
    assert traces_in_folder(Path.cwd())[0] == []


def results_with_the_key(request: Request) -> Response | None:
    """A result that holds the key in every text, and as the file's URL, name and type."""
    if request.path.startswith("/files/") or request.method != "POST":
        return None
    url = f"{request.base}/files/{KEY}/a.png?token={KEY}"
    value = {
        "images": [{"url": url, "content_type": KEY, "file_name": f"{KEY}.png"}],
        "prompt": KEY,
        "description": KEY,
        "request_id": KEY,
        "status_url": f"{request.base}/fal-ai/flux/requests/{KEY}/status?key={KEY}",
        "response_url": f"{request.base}/fal-ai/flux/requests/{KEY}",
    }
    return Response.of(value, x_fal_request_id=KEY)


@pytest.mark.parametrize("options", [[], ["--queue", "--poll-interval", "0.05"]])
def test_a_result_that_holds_the_key(
    options: list[str], openclaw: Openclaw, isolated: Path, key: str
) -> None:
    with Sandbox(on_request=results_with_the_key) as fal:
        write_config(fal.url)
        for more in (["--json"], ["--verbose"]):
            outcome = openclaw("image", "p", *options, *more, "--timeout-ms", "250")
            assert outcome.status not in (0, 1)
            assert not traces((outcome.out + outcome.err).encode())
        assert not any(traces(item.path.encode()) for item in fal.phase("media"))
    for job in jobs(openclaw):
        assert not traces(
            json.dumps(openclaw("jobs", "show", job["jobId"], "--json").json).encode()
        )
    assert traces_in_folder(isolated)[0] == []
    assert traces_in_folder(Path.cwd())[0] == []


def test_logs_and_queue_states_that_hold_the_key(
    openclaw: Openclaw, fal: Sandbox, isolated: Path
) -> None:
    fal.dials.log_text = f"the key is {KEY}, its half {SECRET}"
    fal.dials.error, fal.dials.error_type = f"failed with {KEY}", KEY
    for stream in (True, False):
        fal.dials.stream = stream
        for more in (["--json"], []):
            outcome = openclaw("image", "p", "--queue", "--poll-interval", "0.05", *more)
            assert outcome.status == 6
            assert not traces((outcome.out + outcome.err).encode())
    assert traces_in_folder(isolated)[0] == []


# Our own mistakes


def test_a_crash_with_verbose_shows_a_traceback_without_the_key(
    openclaw: Openclaw, fal: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object, **__: object) -> None:
        raise ZeroDivisionError(f"with {os.environ['FAL_KEY']} and {SECRET}")

    monkeypatch.setattr("openclaw_fal.fal.client.Client.run", crash)
    outcome = openclaw("image", "p", "--verbose")
    assert outcome.status == 1
    assert "Traceback" in outcome.err
    assert "ZeroDivisionError: with [redacted] and [redacted]" in outcome.err
    quiet = openclaw("image", "p", "--json")
    assert quiet.json["error"]["code"] == "internal"
    assert "Traceback" not in quiet.err
    assert not traces((outcome.err + quiet.out + quiet.err).encode())


def test_a_crash_before_the_key_is_looked_up(
    openclaw: Openclaw, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise ZeroDivisionError(key)

    monkeypatch.setattr("openclaw_fal.config.read.read_config", crash)
    outcome = openclaw("image", "p", "--verbose")
    assert (outcome.status, "ZeroDivisionError: [redacted]" in outcome.err) == (1, True)


@pytest.mark.parametrize(
    "argv",
    [
        ["onboard", KEY],
        ["onboard", "--auth-choice", "fal-api-key", KEY],
        ["onboard", "--auth-choice", KEY],
        ["onboard", f"--auth-choice={KEY}"],
        ["onboard", "--fal-api-key", KEY, "--bogus"],
        ["onboard", "--fal-api-key", KEY, "--fal-api-key-stdin"],
        ["onboard", f"--fal-api-key={KEY}", "--secret-input-mode", "ref"],
        ["onboard", "--fal-api-key", f"Key {KEY}"],
        ["onboard", "--fal-api-key", f'"{KEY}"'],
        ["onboard", "--fal-api-key", f"{KEY} {KEY}"],
        ["onboard", "--secret-input-mode", KEY],
        [KEY],
        ["config", "set", "models.providers.fal.apiKey", KEY, KEY],
        ["config", "set", "models.providers.fal.apiKey", f"FAL_KEY={KEY}"],
        ["config", "set", f"models.providers.{KEY}"],
        ["config", "set", "agents.defaults.mediaMaxMb", KEY],
        ["jobs", "show", KEY],
        ["image", "--model", KEY, "p"],
        ["image", "p", KEY],
        ["image", f"--{KEY}", "p"],
        ["image", "p", "--count", KEY],
        ["image", "p", "--image", KEY],
    ],
)
def test_a_key_in_a_wrong_place_is_not_quoted(argv: list[str], openclaw: Openclaw) -> None:
    for more in ([], ["--json"], ["--verbose"]):
        outcome = openclaw(*argv, *more)
        assert outcome.status not in (0, 1), outcome.out
        assert not traces((outcome.out + outcome.err).encode())


def test_the_config_and_its_backup_are_shown_without_the_key(
    openclaw: Openclaw, isolated: Path
) -> None:
    path = write_config("http://127.0.0.1:9")
    assert openclaw("config", "set", "models.providers.fal.apiKey", KEY).status == 0
    for argv in (
        ["config", "show"],
        ["config", "get", "models"],
        ["config", "get", "models.providers.fal.apiKey"],
        ["config", "validate"],
        ["config", "set", "agents.defaults.mediaMaxMb", "5", "--dry-run"],
        ["config", "unset", "models.providers.fal.apiKey", "--dry-run"],
        ["config", "set", "models.providers.fal.apiKey", "other-key-0123456789", "--dry-run"],
        ["config", "set", "agents.defaults.mediaMaxMb", "5"],
    ):
        for more in ([], ["--json"], ["--verbose"]):
            outcome = openclaw(*argv, *more)
            assert outcome.status == 0, outcome.err
            assert not traces((outcome.out + outcome.err).encode())
    backup = path.with_name(path.name + ".bak")
    assert KEY in backup.read_text()
    assert os.name == "nt" or backup.stat().st_mode & 0o077 == 0
    assert traces_in_folder(isolated)[0] == []


@pytest.mark.parametrize(
    "text",
    [
        f'{{models: {{providers: {{fal: {{apiKey: "{KEY}" "x"}}}}}}}}',
        f'{{apiKey: "{KEY}',
        f'{{apiKey: "{KEY}\n"}}',
        f"{{apiKey: '{KEY}\\",
        f"{{apiKey: {KEY}}}",
        f"{{'apiKey':'{KEY}',,}}",
        f'{{"apiKey": "{KEY}\x01"}}',
        f'{{"apiKey": "{KEY}\\q\\x"}}',
        f'{{"apiKey" "{KEY}"}}',
        f'{{"{KEY}": }}',
        f'{{"a": ] // {KEY}\n}}',
        f'{{"token": "{KEY}", "b": ]}}',
        f"/* {KEY} ",
        f'{{"apiKey":\n\n"{KEY}"\n\n]}}',
        KEY,
        f'"{KEY}"',
        f'["{KEY}"]',
        f'{{"models": {{"providers": {{"fal": {{"apiKey": ["{KEY}"]}}}}}}}}',
        f'{{"models": {{"providers": {{"fal": {{"apiKey": "${{X}}{KEY}"}}}}}}}}',
        f'{{"models": {{"providers": {{"fal": {{"apiKey": "Key {KEY}"}}}}}}}}',
        f'{{"models": {{"providers": {{"fal": {{"apiKey": {{"source": "{KEY}", "id": "x"}}}}}}}}}}',
        f'{{"models": {{"providers": {{"fal": {{"baseUrl": "https://{KEY}@fal.run"}}}}}}}}',
        f'{{"models": {{"providers": {{"fal": {{"baseUrl": "https://fal.run/?key={KEY}"}}}}}}}}',
    ],
)
@pytest.mark.parametrize("name", ["openclaw.json", "credentials.toml"])
@pytest.mark.exhaustive
def test_a_broken_file_is_quoted_without_the_key(
    name: str, text: str, openclaw: Openclaw, isolated: Path
) -> None:
    path = write_config("http://127.0.0.1:9")
    if name == "credentials.toml":
        path = isolated / "openclaw-fal" / "credentials.toml"
        path.parent.mkdir()
        path.touch(0o600)
        text = text.replace("apiKey", "key").replace(":", "=", 1)
    path.write_text(text)
    commands = (
        ["image", "p"],
        ["config", "show"],
        ["config", "validate"],
        ["config", "get", "models"],
        ["config", "set", "agents.defaults.mediaMaxMb", "5", "--dry-run"],
        ["onboard", "--non-interactive"],
    )
    for argv, more in some(product(commands, ([], ["--json"], ["--verbose"])), 5, seed=name + text):
        outcome = openclaw(*argv, *more)
        assert outcome.status != 1, outcome.err
        assert not traces((outcome.out + outcome.err).encode()), outcome.out + outcome.err
    for left in path.parent.iterdir():
        left.unlink()


@pytest.mark.parametrize(
    "line",
    [
        f'// apiKey: "{KEY}",',
        f"// old apiKey = '{KEY}'",
        f"/* FAL_KEY={KEY} */",
        f"// 'token': {KEY},",
        f'"other": "https://x.example/?api_key={KEY}&b=1",',
        f'"other": "https://{KEY}@x.example/",',
        f'"secret": ["{KEY}", {{"a": "{KEY}"}}],',
    ],
)
def test_a_difference_is_shown_without_the_keys_around_it(line: str, openclaw: Openclaw) -> None:
    path = write_config("http://127.0.0.1:9")
    path.write_text(f'{{\n  {line}\n  "agents": {{}},\n}}\n')
    for value in ("5", "6"):
        argv = ["config", "set", "agents.defaults.mediaMaxMb", value]
        for more in (["--dry-run"], ["--dry-run", "--json"], []):
            outcome = openclaw(*argv, *more)
            assert outcome.status == 0, outcome.err
            assert not traces((outcome.out + outcome.err).encode()), outcome.out
    assert KEY in path.read_text()
    for left in path.parent.iterdir():
        left.unlink()


@posix_shell
def test_a_program_that_shows_files_does_not_get_the_key(
    openclaw: Openclaw, fal: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither as an argument nor in its environment."""
    for name in ("xdg-open", "open"):
        Path(name).write_text('#!/bin/sh\nprintf "%s\\n" "$@" >said\nenv >>said\nmv said heard\n')
        Path(name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{Path.cwd()}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("FAL_API_KEY", KEY)
    assert openclaw("image", "p", "--open").status == 0
    until = time.monotonic() + 20
    while not Path("heard").exists():
        assert time.monotonic() < until
        time.sleep(0.01)
    heard = Path("heard").read_text()
    assert heard.startswith(str(Path.cwd() / "p.png"))
    assert "PATH=" in heard
    assert not traces(heard.encode())


def test_a_process_keeps_the_key_to_itself(fal: Sandbox, isolated: Path) -> None:
    outcome = process("image", "p", "--verbose")
    assert outcome.status == 0
    assert not traces((outcome.out + outcome.err).encode())


# Everything


@pytest.mark.last
def test_no_output_and_no_file_of_any_test_holds_the_key(
    openclaw: Openclaw, fal: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert openclaw("image", "p", "--verbose").status == 0
    found, count = traces_in_folder(tmp_path_factory.getbasetemp())
    assert found == []
    assert count > 2
    assert WATCH.outputs >= 2
    assert WATCH.found == []
