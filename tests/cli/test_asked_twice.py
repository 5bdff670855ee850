"""The same request for a second time: it is sent, and one line says where the first one went."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest

from openclaw_fal.job import wiring
from openclaw_fal.job.duplicates import ago
from tests.support.program import Openclaw
from tests.support.queueing import Hooked

MADE = "the same was made "


def first(openclaw: Openclaw, *argv: str, ago_s: float = 200) -> None:
    """Run a command, and let that be some seconds ago."""
    assert MADE not in openclaw(*argv).err
    with sqlite3.connect(wiring.journal().path) as db:
        db.execute("UPDATE jobs SET created = ?", (time.time() - ago_s,))
    db.close()


def test_the_note_names_the_file_and_the_request_is_sent(openclaw: Openclaw, fal: Hooked) -> None:
    first(openclaw, "image", "p")
    outcome = openclaw("image", "p")
    assert outcome.status == 0
    assert f"note: {MADE}3 minutes ago: {Path.cwd() / 'p.png'}" in outcome.err
    assert outcome.err.count(MADE) == 1
    assert outcome.lines == [str(Path.cwd() / "p-2.png")]
    assert len(fal.posts()) == 2
    assert MADE not in openclaw("image", "p", "--quiet").err


def test_with_the_same_seed(openclaw: Openclaw, fal: Hooked) -> None:
    first(openclaw, "image", "p", "--seed", "7")
    assert MADE in openclaw("image", "p", "--seed", "7").err
    assert MADE not in openclaw("image", "p", "--seed", "8").err
    assert MADE not in openclaw("image", "p").err


@pytest.mark.parametrize(
    "argv",
    [
        ("image", "q"),
        ("image", "p", "--count", "2"),
        ("image", "p", "--key", "k"),
        ("image", "p", "--sandbox"),
        ("image", "p", "--dry-run"),
    ],
)
def test_what_is_not_the_same(argv: tuple[str, ...], openclaw: Openclaw, fal: Hooked) -> None:
    first(openclaw, "image", "p")
    outcome = openclaw(*argv)
    assert outcome.status == 0, outcome.err
    assert MADE not in outcome.err


def test_a_sandbox_job_counts_for_the_sandbox_alone(openclaw: Openclaw, fal: Hooked) -> None:
    first(openclaw, "image", "p", "--sandbox")
    assert MADE not in openclaw("image", "p").err
    assert MADE in openclaw("image", "p", "--sandbox").err


def test_what_is_old_unfinished_or_gone(openclaw: Openclaw, fal: Hooked) -> None:
    first(openclaw, "image", "old", ago_s=86500)
    assert MADE not in openclaw("image", "old").err
    first(openclaw, "image", "gone")
    Path("gone.png").unlink()
    assert MADE not in openclaw("image", "gone").err
    first(openclaw, "video", "later", "--async")
    assert MADE not in openclaw("video", "later", "--async").err


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "just now"),
        (1, "1 second ago"),
        (59.9, "59 seconds ago"),
        (60, "1 minute ago"),
        (7300, "2 hours ago"),
    ],
)
def test_how_long_ago(seconds: float, text: str) -> None:
    assert ago(seconds) == text
