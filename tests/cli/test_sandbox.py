"""`openclaw sandbox serve` as a process of its own, and what others do with it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.program import Openclaw, Process, process, start, write_config
from tests.support.systems import not_on_windows, signals


@pytest.fixture
def served() -> Iterator[tuple[Process, dict[str, object]]]:
    """A serving process and the document that it printed."""
    child = start("sandbox", "serve", "--port", "0", "--json")
    assert child.stdout is not None
    text = b""
    while True:
        text += child.stdout.readline()
        try:
            document = json.loads(text)
            break
        except ValueError:
            assert child.poll() is None, child.stderr and child.stderr.read()
    yield child, document
    if child.poll() is None:
        child.kill()
    child.communicate()


@signals
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_signal_ends_it_cleanly(
    number: signal.Signals, served: tuple[Process, dict[str, object]]
) -> None:
    child, _ = served
    child.send_signal(number)
    out, err = child.communicate(timeout=30)
    assert child.returncode == 0, err
    assert out == b""
    assert b"Traceback" not in err


def test_the_tool_works_against_it(
    served: tuple[Process, dict[str, object]], openclaw: Openclaw, key: str
) -> None:
    write_config(str(served[1]["url"]))
    for kind in ("image", "video", "music"):
        outcome = openclaw(kind, "p", "--json")
        assert outcome.status == 0, outcome.out
        assert outcome.json["outputs"]


def test_fals_python_client_works_with_the_printed_environment(
    served: tuple[Process, dict[str, object]],
) -> None:
    clients = served[1]["clients"]
    assert isinstance(clients, dict)
    environment = clients["fal-client"]["env"]
    program = (
        "import fal_client; "
        "print(fal_client.subscribe('fal-ai/flux/dev', {'prompt': 'p'})['images'][0]['width'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.strip() == "1024", done.stderr


def test_the_printed_variables_leave_the_users_own_files_alone(
    served: tuple[Process, dict[str, object]], isolated: Path
) -> None:
    environment = served[1]["environment"]
    assert isinstance(environment, dict)
    made = process("image", "a sandbox", "--json", "-o", "sandbox.png", env=environment)
    assert made.status == 0, made.err
    assert Path(made.json["outputs"][0]["path"]).name == "sandbox.png"
    listed = process("jobs", "list", "--json", env=environment).json["jobs"]
    assert [job["prompt"] for job in listed] == ["a sandbox"]
    assert list(isolated.rglob("*")) == []


def test_status_7_can_be_rehearsed(
    served: tuple[Process, dict[str, object]],
) -> None:
    environment = served[1]["environment"]
    assert isinstance(environment, dict)
    dials = f"{served[1]['url']}/_sandbox/dials"
    httpx.put(dials, content="run-time=3600")
    made = process("video", "p", "-o", "p.mp4", "--json", "--timeout-ms=5000", env=environment)
    assert made.status == 7, made.err
    httpx.put(dials, content="run-time=0")
    waited = process("jobs", "wait", made.json["error"]["jobId"], env=environment)
    assert (waited.status, Path(waited.out.strip()).name) == (0, "p.mp4"), waited.err
    ledger = httpx.get(f"{served[1]['url']}/_sandbox/ledger").json()
    assert ledger["accepted"] == 1


def test_a_public_address_is_refused(openclaw: Openclaw) -> None:
    outcome = openclaw("sandbox", "serve", "--host", "0.0.0.0", "--json")
    assert outcome.status == 2
    assert "this machine only" in outcome.json["error"]["message"]


def test_a_taken_port_is_named(
    served: tuple[Process, dict[str, object]], openclaw: Openclaw
) -> None:
    port = str(served[1]["url"]).rpartition(":")[2]
    outcome = openclaw("sandbox", "serve", "--port", port, "--json")
    assert outcome.status == 2
    assert port in outcome.json["error"]["message"]


@pytest.mark.parametrize("kind", ["image", "video", "music"])
def test_every_kind_works_in_the_embedded_sandbox(kind: str) -> None:
    outcome = process(kind, "p", "--json", env={"OPENCLAW_FAL_SANDBOX": "1"})
    assert outcome.status == 0, outcome.err
    assert outcome.json["sandbox"] is True


def test_bad_dials_are_a_usage_error(openclaw: Openclaw) -> None:
    outcome = openclaw("sandbox", "serve", "--dials", "nonsense=1", "--json")
    assert outcome.status == 2
    assert "nonsense" in outcome.json["error"]["message"]


HIDDEN = """
import sys
sys.modules["cryptography"] = None
from openclaw_fal.__main__ import main
raise SystemExit(main(sys.argv[1:]))
"""


def without_cryptography(*argv: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HIDDEN, *argv],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_plain_use_needs_no_cryptography() -> None:
    child = without_cryptography("image", "p", "--sandbox", "--json")
    out, err = child.communicate(timeout=60)
    assert child.returncode == 0, err
    assert json.loads(out)["sandbox"] is True


def test_without_cryptography_it_serves_http_and_names_the_extra() -> None:
    child = without_cryptography("sandbox", "serve", "--port", "0")
    assert child.stdout is not None
    seen = ""
    while "Ctrl-C" not in seen:
        line = child.stdout.readline()
        assert line, child.communicate()
        seen += line
    child.terminate()
    child.communicate(timeout=30)
    assert "pip install 'openclaw-fal[sandbox]'" in seen
    assert "SSL_CERT_FILE" not in seen


def test_https_without_cryptography_names_the_extra() -> None:
    child = without_cryptography("sandbox", "serve", "--port", "0", "--https", "--json")
    out, _ = child.communicate(timeout=60)
    assert child.returncode == 2
    assert json.loads(out)["error"]["hint"] == "pip install 'openclaw-fal[sandbox]'"


@not_on_windows("Windows knows no such folders")
@pytest.mark.parametrize("journal", [True, False], ids=["a journal in it", "an empty one"])
def test_a_home_that_cannot_be_written_keeps_nobody_from_the_sandbox(
    journal: bool, openclaw: Openclaw, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Path(os.environ["OPENCLAW_FAL_HOME"])
    if journal:
        assert openclaw("image", "p", "--sandbox").status == 0
    before = sorted(home.rglob("*")) if journal else []
    if os.geteuid() == 0:  # root may write to any folder that is not of a read-only disk
        monkeypatch.setattr(os, "access", lambda place, mode: home not in (place, *place.parents))
        if not journal:
            monkeypatch.setenv("OPENCLAW_FAL_HOME", str(home / "missing"))
            monkeypatch.setattr(os, "access", lambda *_: False)
    else:
        home.mkdir(exist_ok=True)
        home.chmod(0o500)
    outcome = openclaw("image", "p", "--sandbox", "--json")
    assert outcome.status == 0, outcome.err
    assert Path(outcome.json["outputs"][0]["path"]).is_file()
    assert "the job is forgotten at the end" in outcome.err
    home.chmod(0o700) if home.exists() else None
    assert sorted(home.rglob("*")) == before
