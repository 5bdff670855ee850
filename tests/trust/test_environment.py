"""Streams that are closed, terminals that go away, homes that are missing, clocks that jump, and
journals of other versions."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from itertools import product
from pathlib import Path

import pytest

from openclaw_fal.journal import file as journal_file
from openclaw_fal.sandbox import Dials, Sandbox
from openclaw_fal.store import paths
from tests.support.effort import some
from tests.support.program import Openclaw, jobs, process, write_config
from tests.support.queueing import Hooked, endless, kept_files
from tests.support.systems import linux, posix_shell, special_files, terminals
from tests.trust.checks import Terminal, refused, shell, strict

QUEUED = ("image", "p", "--queue", "--poll-interval", "0.05")


# Standard streams


STREAMS = {
    '"$@" >&-': 0,
    '"$@" 2>&-': 0,
    '"$@" <&-': 0,
    '"$@" <&- >&- 2>&-': 0,
    '"$@" | true': 0,
    '"$@" 2>&1 | true': 0,
    '{ "$@"; echo $? >status; } | true': 0,
    '{ "$@" 2>&1; echo $? >status; } | true': 0,
    '{ "$@"; } 2>&1 >/dev/null | true': 0,
}
FULL = {'"$@" >/dev/full': 3, '"$@" 2>/dev/full': 0, '"$@" >/dev/full 2>/dev/full': 3}


@posix_shell
@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("script", "more"),
    [
        *some(product(STREAMS, ((), ("--json",))), 6),
        *(pytest.param('"$@" >/dev/full', more, marks=linux) for more in ((), ("--json",))),
        *(pytest.param(*case, marks=linux) for case in some(product(FULL, ((), ("--json",))), 1)),
    ],
)
def test_streams_that_do_not_work(
    script: str, more: tuple[str, ...], openclaw: Openclaw, fal: Hooked
) -> None:
    """The job is done and saved, whoever listens; a full disk under stdout is no success."""
    outcome = shell(script, *QUEUED, *more)
    assert outcome.status == {**STREAMS, **FULL}[script], outcome.err
    assert "Traceback" not in outcome.err
    assert "Exception ignored" not in outcome.err
    if Path("status").exists():
        assert Path("status").read_text().strip() == "0"
        Path("status").unlink()
    assert kept_files() == ["p.png"]
    assert [job["state"] for job in jobs(openclaw)] == ["done"]


@posix_shell
def test_stderr_that_closes_in_the_middle_of_a_job(openclaw: Openclaw, fal: Hooked) -> None:
    fal.dials = Dials(run_time=0.5, log_lines=50)
    outcome = shell('{ "$@" 2>&1; echo $? >status; } | head -n 1', *QUEUED)
    assert outcome.lines
    assert Path("status").read_text().strip() == "0"
    assert [job["state"] for job in jobs(openclaw)] == ["done"]
    assert len(fal.posts()) == 1


@posix_shell
@pytest.mark.exhaustive
@pytest.mark.parametrize("more", [(), ("--json",)])
def test_a_failure_stays_a_failure_when_nobody_reads_it(more: tuple[str, ...], fal: Hooked) -> None:
    scripts = ('"$@" >&-', '{ "$@"; echo $? >status; } | true', '"$@" 2>&-', '"$@" >/dev/full')
    for script in some(scripts, 2, seed="".join(more)):
        outcome = shell(script, "image", "", *more)
        found = Path("status").read_text() if "status" in script else outcome.status
        assert int(found) == 5
        assert "Traceback" not in outcome.err


@posix_shell
@pytest.mark.parametrize(
    "argv", [["--help"], ["--version"], ["image", "--help"], ["image", "models"]]
)
def test_help_that_is_cut_short(argv: list[str]) -> None:
    outcome = shell('{ "$@"; echo $? >status; } | true', *argv)
    assert Path("status").read_text().strip() == "0"
    assert outcome.err == ""


# Terminals and signals


@terminals
def test_a_terminal_that_is_closed(openclaw: Openclaw, fal: Hooked) -> None:
    fal.dials = endless()
    with Terminal(*QUEUED) as terminal:
        fal.wait_for("stream")
        terminal.close()
        assert terminal.process.wait(30) == 130
    (job,) = jobs(openclaw)
    assert job["state"] in ("queued", "running")
    fal.dials = Dials()
    assert openclaw("jobs", "wait", job["jobId"]).status == 0
    assert len(fal.posts()) == 1
    assert kept_files() == ["p.png"]


@terminals
@pytest.mark.parametrize("name", ["SIGHUP", "SIGTERM", "SIGINT"])
def test_a_signal_while_a_terminal_shows_the_display(
    name: str, openclaw: Openclaw, fal: Hooked
) -> None:
    fal.dials = endless()
    with Terminal(*QUEUED) as terminal:
        fal.wait_for("stream")
        os.kill(terminal.process.pid, signal.Signals[name])
        seen = terminal.text()
        assert terminal.process.returncode == 130
    assert "openclaw jobs wait" in " ".join(seen.split())
    assert "\x1b[?25h" in seen or "\x1b[?25l" not in seen  # the cursor is shown again
    assert "Traceback" not in seen


# Homes


@pytest.mark.parametrize("home", ["relative", "~", "-"])
def test_a_home_that_is_none(
    home: str, openclaw: Openclaw, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, home)
    monkeypatch.delenv("OPENCLAW_FAL_HOME")
    for argv in (["image", "p"], ["jobs", "list"], ["config", "show"], ["onboard"]):
        error = refused(openclaw(*argv, "--json"), {3, 4})
        assert "HOME" in error["message"] + error.get("hint", "")
    assert list(Path.cwd().iterdir()) == []


def test_without_a_home_the_other_variables_do(
    openclaw: Openclaw, fal: Hooked, isolated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = isolated / ".openclaw" / "openclaw.json"
    env = {"OPENCLAW_CONFIG_PATH": str(config), "OPENCLAW_FAL_HOME": str(isolated / "elsewhere")}
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("HOME")
    outcome = process("image", "p", "--json")
    assert outcome.status == 0, outcome.err
    assert (isolated / "elsewhere" / "jobs.sqlite3").exists()


@special_files
@pytest.mark.parametrize("what", ["file", "pipe", "link to itself", "device"])
def test_a_home_of_ours_that_is_no_folder(
    what: str, openclaw: Openclaw, fal: Hooked, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Path.cwd() / "it"
    if what == "file":
        place.touch()
    elif what == "pipe":
        os.mkfifo(place)
    elif what == "link to itself":
        place.symlink_to(place)
    else:
        place.symlink_to("/dev/null")
    monkeypatch.setenv("OPENCLAW_FAL_HOME", str(place))
    for argv in (["image", "p"], ["onboard"]):
        refused(openclaw(*argv, "--json"), 3)
    assert openclaw("jobs", "list", "--json").status in (0, 3)  # there are none
    assert fal.posts() == []


@special_files
@pytest.mark.parametrize("name", ["jobs.sqlite3", "credentials.toml", "openclaw.json"])
@pytest.mark.parametrize("what", ["folder", "pipe", "device", "garbage", "link to itself"])
def test_a_file_of_ours_that_is_something_else(
    name: str, what: str, openclaw: Openclaw, fal: Hooked, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = {
        "jobs.sqlite3": paths.jobs_path(),
        "credentials.toml": paths.credentials_path(),
        "openclaw.json": paths.config_path(),
    }[name]
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    if name == "credentials.toml":
        monkeypatch.delenv("FAL_KEY")
    if what == "folder":
        place.mkdir()
    elif what == "pipe":
        os.mkfifo(place)
    elif what == "device":
        place.symlink_to("/dev/zero")
    elif what == "link to itself":
        place.symlink_to(place)
    else:
        place.write_bytes(bytes(range(256)))
    refused(openclaw("image", "p", "--json"), 3)
    assert fal.posts() == []
    for argv in (["jobs", "list"], ["config", "show"], ["onboard"], ["config", "validate"]):
        outcome = openclaw(*argv, "--json")
        assert outcome.status in (0, 3, 4), outcome.out
        strict(outcome.out)


# Clocks


@pytest.fixture
def jumping(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A wall clock that shows the next of these times, and the last one for ever."""
    times: list[float] = []
    real = time.time

    def now() -> float:
        if not times:
            return real()
        return times.pop(0) if len(times) > 1 else times[0]

    monkeypatch.setattr(time, "time", now)
    return times


@pytest.mark.parametrize(
    "times",
    [[4e9, 1.0], [1.0, 4e9], [0.0], [-1e9], [4e9, 0.0, 3e9, 5.0, 1e10], [1e300], [253402300800.0]],
)
def test_a_clock_that_jumps(
    times: list[float], openclaw: Openclaw, fal: Hooked, jumping: list[float]
) -> None:
    """Order comes from numbers, and waiting from the clock that nothing moves."""
    jumping += times
    for prompt in ("one", "two", "three"):
        outcome = openclaw("image", prompt, "--queue", "--poll-interval", "0.05")
        assert outcome.status == 0, outcome.err
    assert [job["prompt"] for job in jobs(openclaw)] == ["three", "two", "one"]
    for argv in (["jobs", "list"], ["jobs", "show", jobs(openclaw)[0]["jobId"]]):
        assert openclaw(*argv).status == 0
    assert openclaw("jobs", "prune").status == 0


def test_a_clock_that_jumps_while_a_job_waits(
    openclaw: Openclaw, fal: Hooked, jumping: list[float]
) -> None:
    fal.dials = Dials(run_time=3, clock="polls", stream=False)
    jumping += [1e9, 4e9, 0.0] * 50
    assert openclaw(*QUEUED, "--timeout-ms", "20000").status == 0


# The journal


def change_version(version: int) -> None:
    with sqlite3.connect(paths.jobs_path()) as db:
        db.execute(f"PRAGMA user_version = {version}")
    db.close()


def test_a_journal_of_a_newer_version_is_left_alone(openclaw: Openclaw, fal: Hooked) -> None:
    assert openclaw("image", "p").status == 0
    change_version(99)
    before = paths.jobs_path().read_bytes()
    fal.clear()
    for argv in (["image", "p"], ["jobs", "list"], ["jobs", "show", "x"], ["jobs", "prune"]):
        error = refused(openclaw(*argv, "--json"), 3)
        assert "newer" in error["message"]
        assert error["hint"] == "upgrade openclaw-fal"
    assert fal.requests == []
    assert paths.jobs_path().read_bytes() == before


def test_a_journal_of_an_older_version_is_brought_up_to_date(
    openclaw: Openclaw, fal: Hooked, monkeypatch: pytest.MonkeyPatch
) -> None:
    fal.dials.fail("media", 403)
    assert openclaw("image", "p").status == 7
    fal.dials.heal()
    more = ("ALTER TABLE jobs ADD COLUMN note TEXT", "CREATE INDEX by_state ON jobs (state)")
    monkeypatch.setattr(journal_file, "MIGRATIONS", (*journal_file.MIGRATIONS, more))
    (job,) = jobs(openclaw)
    assert openclaw("jobs", "wait", job["jobId"]).status == 0
    with sqlite3.connect(paths.jobs_path()) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (len(journal_file.MIGRATIONS),)
    db.close()
    assert len(fal.posts()) == 1


def test_an_upgrade_that_fails_changes_nothing(
    openclaw: Openclaw, fal: Hooked, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert openclaw("image", "p").status == 0
    broken = ("ALTER TABLE jobs ADD COLUMN note TEXT", "ALTER TABLE nowhere ADD COLUMN x TEXT")
    with monkeypatch.context() as patch:
        patch.setattr(journal_file, "MIGRATIONS", (*journal_file.MIGRATIONS, broken))
        refused(openclaw("jobs", "list", "--json"), 3)
    assert len(jobs(openclaw)) == 1


def test_a_journal_that_is_empty_is_begun(openclaw: Openclaw, fal: Hooked) -> None:
    paths.jobs_path().parent.mkdir(parents=True, exist_ok=True)
    paths.jobs_path().touch()
    assert openclaw("image", "p").status == 0
    assert len(jobs(openclaw)) == 1


# Sandboxes of earlier runs


def test_a_job_of_a_sandbox_that_has_ended_sends_the_key_nowhere(
    openclaw: Openclaw, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever got its port since then would get the key."""
    dials = "run-time=60"
    monkeypatch.setenv("OPENCLAW_FAL_SANDBOX_DIALS", dials)
    assert openclaw(*QUEUED, "--sandbox", "--timeout-ms", "500").status == 7
    (job,) = jobs(openclaw)
    port = int(job["baseUrl"].rpartition(":")[2])
    with Sandbox(port=port) as stranger:
        for verb in ("wait", "cancel"):
            refused(openclaw("jobs", verb, job["jobId"], "--json"), 7)
        assert stranger.requests == []


def test_a_job_of_another_address_sends_the_key_nowhere(
    openclaw: Openclaw, fal: Hooked, key: str
) -> None:
    fal.dials = endless()
    assert openclaw("image", "p", "--async").status == 0
    (job,) = jobs(openclaw)
    fal.clear()
    write_config("https://fal.example")
    for verb in ("wait", "cancel"):
        refused(openclaw("jobs", verb, job["jobId"], "--json"), 3)
    assert fal.requests == []
