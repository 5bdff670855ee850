"""The search for the canary finds it: a search that cannot would prove nothing."""

from __future__ import annotations

import base64
import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.canary import KEY, SECRET, WATCH, Watch, traces, traces_in_folder

ESCAPED = "".join(f"\\u{ord(char):04x}" if index % 3 else char for index, char in enumerate(KEY))


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Path]:
    """A folder for files that hold the key: removed, so that the last test does not find them."""
    yield tmp_path
    shutil.rmtree(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        KEY,
        f"before {KEY}after",
        SECRET,
        f"https://example.com/?key={KEY.replace(':', '%3A')}",
        base64.b64encode(f"Key {KEY}".encode()).decode(),
        base64.b64encode(f"Basic {KEY}!".encode()).decode(),
        json.dumps({"a": KEY}),
        f'{{"a": "{ESCAPED}"}}',
        KEY[::-1],
    ],
)
def test_the_search_finds_the_key_in_every_form(text: str, scratch: Path) -> None:
    assert traces(text.encode())
    (scratch / "deep").mkdir()
    (scratch / "deep" / "file.txt").write_text("x" * 100 + text)
    (found,), count = traces_in_folder(scratch)
    assert "file.txt" in found
    assert count == 1


def test_the_search_finds_the_key_in_a_large_file_across_a_border(scratch: Path) -> None:
    (scratch / "large").write_bytes(bytes(4 * 1024 * 1024 - 10) + KEY.encode() + bytes(1000))
    assert len(traces_in_folder(scratch)[0]) == 1


def test_the_search_finds_the_key_in_a_name_and_in_a_journal(scratch: Path) -> None:
    (scratch / f"{SECRET}.txt").touch()
    with sqlite3.connect(scratch / "jobs.sqlite3") as db:
        db.execute("CREATE TABLE jobs (error TEXT)")
        db.execute("INSERT INTO jobs VALUES (?)", (f"Authorization: Key {KEY}",))
    db.close()
    assert len(traces_in_folder(scratch)[0]) == 2


def test_the_search_knows_where_the_key_may_be(scratch: Path) -> None:
    (scratch / "credentials.toml").write_text(f'[fal]\nkey = "{KEY}"\n')
    (scratch / "openclaw.json").write_text(json.dumps({"fal": {"apiKey": KEY}}))
    assert traces_in_folder(scratch) == ([], 2)
    (scratch / "openclaw.json.bak").write_text(json.dumps({"fal": {"apiKey": KEY, "note": KEY}}))
    (scratch / "credentials.toml.bak").write_text(KEY)
    assert len(traces_in_folder(scratch)[0]) == 2


def test_other_text_is_no_trace() -> None:
    for text in ("", "canary-key-id", KEY.replace("9", "8"), "****6789", '{"a": "\\u0063"}'):
        assert traces(text.encode()) == []


def test_the_watch_sees_outputs_and_the_arguments_of_children() -> None:
    watch = Watch()
    watch.seen("a run", "fine", b"fine, too")
    assert (watch.outputs, watch.found) == (2, [])
    watch.seen("another run", f"Key {KEY}")
    assert len(watch.found) == 1
    before = len(WATCH.found)
    with WATCH.children("a test"):
        subprocess.run([sys.executable, "-c", "", KEY], check=True)
    assert len(WATCH.found) == before + 1
    del WATCH.found[before:]
    subprocess.run([sys.executable, "-c", "", KEY], check=True)
    assert len(WATCH.found) == before
