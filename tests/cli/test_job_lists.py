"""`openclaw jobs list`, `show` and `open`: what is found, and what is shown of it."""

from __future__ import annotations

import re
import sqlite3
import time
from pathlib import Path

import pytest

from openclaw_fal.job import wiring
from tests.support.program import Openclaw, jobs
from tests.support.queueing import Hooked

DAY = 86400.0


def aged(job_id: str, days: float) -> None:
    """Let a job have been begun `days` ago."""
    with sqlite3.connect(wiring.journal().path) as db:
        db.execute("UPDATE jobs SET created = ? WHERE id = ?", (time.time() - days * DAY, job_id))
    db.close()


def test_by_date_and_by_text(openclaw: Openclaw, fal: Hooked) -> None:
    for days, prompt in ((3, "a Lighthouse"), (2, "two"), (0, "the lighthouse at 100%")):
        aged(openclaw("image", prompt, "--json").json["jobId"], days)
    filters: dict[tuple[str, ...], list[str]] = {
        ("--since", "60h"): ["the lighthouse at 100%", "two"],
        ("--until", "1d"): ["two", "a Lighthouse"],
        ("--since", "60h", "--until", "1d"): ["two"],
        ("--search", "LIGHTHOUSE"): ["the lighthouse at 100%", "a Lighthouse"],
        ("--search", "0%"): ["the lighthouse at 100%"],
        ("--search", "h%"): [],
        ("--search", "lighthouse", "--until", "1d"): ["a Lighthouse"],
    }
    for given, prompts in filters.items():
        assert [job["prompt"] for job in jobs(openclaw, *given)] == prompts, given
    limited = openclaw("jobs", "list", "--search", "lighthouse", "-n", "1", "--json").json["jobs"]
    assert [job["prompt"] for job in limited] == ["the lighthouse at 100%"]
    wrong = openclaw("jobs", "list", "--since", "yesterday")
    assert (wrong.status, wrong.out) == (2, "")


def test_prompts_are_cut_with_a_sign_and_stand_whole_where_there_is_room(
    openclaw: Openclaw, fal: Hooked, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompt = "a lighthouse " * 8
    assert openclaw("image", prompt).status == 0
    monkeypatch.setenv("COLUMNS", "80")
    narrow = openclaw("jobs", "list").lines[1]
    assert prompt.strip() not in narrow
    assert narrow.endswith("…")
    monkeypatch.setenv("COLUMNS", "220")
    assert openclaw("jobs", "list").lines[1].endswith(prompt.strip())


def test_sandbox_jobs_are_marked(openclaw: Openclaw, fal: Hooked) -> None:
    openclaw("image", "real")
    openclaw("image", "played", "--sandbox")
    played, real = openclaw("jobs", "list").lines[1:]
    assert "sandbox" in played
    assert "sandbox" not in real


def test_the_files_a_row_each(openclaw: Openclaw, fal: Hooked) -> None:
    openclaw("image", "p", "--count", "2")
    openclaw("video", "later", "--async")
    Path("p-2.png").unlink()
    head, queued, first, second = openclaw("jobs", "list", "--files").lines
    assert head.split()[-1] == "FILE"
    assert "queued" in queued
    assert first.endswith(str(Path.cwd() / "p-1.png"))
    assert second.endswith(f"{Path.cwd() / 'p-2.png'} (gone)")


def test_show_has_seed_options_cost_and_files(openclaw: Openclaw, fal: Hooked) -> None:
    openclaw("image", "a.png", "--output", "a.png")
    argv = ("image", "edit", "x", "--file", "a.png", "--seed", "7", "--count", "2", "--json")
    job_id = openclaw(*argv).json["jobId"]
    shown = openclaw("jobs", "show", job_id)
    assert shown.status == 0, shown.err
    facts = {line.split()[0]: line.split(None, 1)[1] for line in shown.lines if line[0] != " "}
    assert facts["seed"] == "7"
    assert "cost" in facts
    assert facts["files"] == str(Path.cwd() / "x-1.png")
    assert "count: 2" in shown.out
    assert f"images: {Path.cwd() / 'a.png'}" in shown.out
    options = openclaw("jobs", "show", job_id, "--json").json["job"]["options"]
    assert (options["count"], options["seed"], "prompt" in options) == (2, 7, False)


def test_open_hands_over_what_is_there(
    openclaw: Openclaw, fal: Hooked, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed: list[Path] = []

    def opened(paths: list[Path]) -> list[str]:
        handed.extend(paths)
        return []

    monkeypatch.setattr("openclaw_fal.cli.open_preview.opened", opened)
    job_id = openclaw("image", "p", "--count", "2", "--json").json["jobId"]
    outcome = openclaw("jobs", "open", job_id[:6])
    assert [str(path) for path in handed] == outcome.lines
    assert [path.name for path in handed] == ["p-1.png", "p-2.png"]
    Path("p-1.png").unlink()
    outcome = openclaw("jobs", "open", job_id)
    assert (outcome.status, len(outcome.lines)) == (0, 1)
    assert "p-1.png is gone" in outcome.err
    Path("p-2.png").unlink()
    gone = openclaw("jobs", "open", job_id, "--json")
    assert (gone.status, gone.json["error"]["hint"][:19]) == (3, "openclaw jobs wait ")
    later = openclaw("video", "later", "--async").lines[0]
    assert "it is queued" in openclaw("jobs", "open", later).err


def test_last_is_the_newest_job(openclaw: Openclaw) -> None:
    assert openclaw("jobs", "show", "last").status == 2
    for prompt in ("first", "second"):
        openclaw("image", prompt, "--sandbox")
    assert re.search(r"^prompt +second$", openclaw("jobs", "show", "last").out, re.MULTILINE)
