"""The journal's file: private, upgraded, and never given up in silence."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from openclaw_fal.errors import LocalError
from openclaw_fal.journal import file as journal_file
from openclaw_fal.journal.jobs import Journal
from tests.journal.journal_support import begin, python
from tests.support.folders import mode
from tests.support.systems import held_back, limits, permissions


@permissions
def test_the_journal_is_private(journal: Journal) -> None:
    before = os.umask(0)
    try:
        begin(journal)
        assert mode(journal.path) == 0o600
        assert mode(journal.path.parent) == 0o700
        for beside in journal.path.parent.iterdir():
            assert mode(beside) == 0o600, beside
        journal.path.chmod(0o644)
        begin(journal)
        assert mode(journal.path) == 0o600
    finally:
        os.umask(before)


@permissions
def test_a_folder_that_was_there_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    begin(Journal(tmp_path / "jobs.sqlite3"))
    assert mode(tmp_path) == 0o755


def test_an_older_schema_is_upgraded_and_a_newer_one_refused(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = begin(journal)
    later = (*journal_file.MIGRATIONS, ("ALTER TABLE jobs ADD COLUMN colour TEXT DEFAULT 'red'",))
    monkeypatch.setattr(journal_file, "MIGRATIONS", later)
    assert journal.get(job_id).id == job_id
    with sqlite3.connect(journal.path) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (len(later),)
        assert db.execute("SELECT colour FROM jobs").fetchone() == ("red",)
    db.close()
    before = journal.path.read_bytes()
    monkeypatch.setattr(journal_file, "MIGRATIONS", later[:-1])
    for use in (lambda: begin(journal), journal.list, lambda: journal.done(job_id)):
        with pytest.raises(LocalError, match="newer openclaw-fal") as error:
            use()
        assert error.value.hint == "upgrade openclaw-fal"
    assert journal.path.read_bytes() == before


def test_a_failed_upgrade_leaves_the_journal_as_it_was(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = begin(journal)
    broken = (*journal_file.MIGRATIONS, ("ALTER TABLE jobs ADD COLUMN colour TEXT", "NONSENSE"))
    with monkeypatch.context() as patch:
        patch.setattr(journal_file, "MIGRATIONS", broken)
        with pytest.raises(LocalError):
            journal.list()
    assert journal.get(job_id).id == job_id


def test_upgrades_at_the_same_time(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    journal.path.parent.mkdir()
    threads = [threading.Thread(target=begin, args=(journal,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(journal.list()) == 8


def damage(name: str) -> Callable[[Path], None]:
    def apply(path: Path) -> None:
        data = bytearray(path.read_bytes())
        if name == "garbage":
            data = bytearray(b"this is not a database, but it is long enough to look like one" * 99)
        elif name == "truncated":
            del data[4096 + 100 :]
        elif name == "pages":
            data[4096:] = b"\xff" * (len(data) - 4096)
        elif name == "no tables":
            path.unlink()
            with sqlite3.connect(path) as db:
                db.execute(f"PRAGMA application_id = {journal_file.APPLICATION_ID}")
                db.execute(f"PRAGMA user_version = {len(journal_file.MIGRATIONS)}")
            db.close()
            return
        path.write_bytes(data)

    return apply


@pytest.mark.parametrize("how", ["garbage", "truncated", "pages", "no tables"])
def test_a_damaged_journal_is_an_error_that_says_what_to_do(journal: Journal, how: str) -> None:
    begin(journal)
    damage(how)(journal.path)
    before = journal.path.read_bytes()
    for use in (lambda: begin(journal), journal.list):
        with pytest.raises(LocalError, match="is damaged") as error:
            use()
        assert error.value.status == 3
        assert "jobs.sqlite3.damaged" in (error.value.hint or "")
    assert journal.path.read_bytes() == before
    journal.path.rename(journal.path.with_name("jobs.sqlite3.damaged"))
    begin(journal)
    assert len(journal.list()) == 1


def test_an_unreadable_row_is_damage_and_no_crash(journal: Journal) -> None:
    begin(journal)
    with sqlite3.connect(journal.path) as db:
        db.execute("UPDATE jobs SET target = '{'")
    db.close()
    with pytest.raises(LocalError, match="is damaged"):
        journal.list()


def test_the_database_of_another_program_is_left_alone(journal: Journal) -> None:
    journal.path.parent.mkdir()
    with sqlite3.connect(journal.path) as db:
        db.execute("CREATE TABLE cookies (a)")
    db.close()
    before = journal.path.read_bytes()
    with pytest.raises(LocalError, match="not a job journal"):
        begin(journal)
    assert journal.path.read_bytes() == before


def test_a_folder_or_a_pipe_in_the_place_of_the_journal(journal: Journal) -> None:
    journal.path.mkdir(parents=True)
    with pytest.raises(LocalError, match="not a regular file"):
        begin(journal)
    with pytest.raises(LocalError, match="not a regular file"):
        journal.list()
    if hasattr(os, "mkfifo"):
        journal.path.rmdir()
        os.mkfifo(journal.path)
        with pytest.raises(LocalError, match="not a regular file"):
            begin(journal)


def test_a_file_in_the_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("x", encoding="utf-8")
    with pytest.raises(LocalError, match="journal") as error:
        begin(Journal(tmp_path / "state" / "jobs.sqlite3"))
    assert "OPENCLAW_FAL_HOME" in (error.value.hint or "")


@held_back
def test_a_read_only_home(journal: Journal) -> None:
    job_id = begin(journal)
    journal.path.chmod(0o400)
    journal.path.parent.chmod(0o500)
    try:
        assert journal.get(job_id).id == job_id
        with pytest.raises(LocalError, match="cannot be written"):
            begin(journal)
    finally:
        journal.path.parent.chmod(0o700)


def test_a_journal_that_is_held_for_too_long(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(journal)
    monkeypatch.setattr(journal_file, "BUSY_S", 0.0)
    holder = sqlite3.connect(journal.path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(LocalError, match="held by another process"):
        begin(journal)
    assert len(journal.list()) == 1, "reading goes on"
    holder.execute("ROLLBACK")
    holder.close()
    begin(journal)


LIMITED = """
import os, resource, signal, sys
from pathlib import Path
from openclaw_fal.errors import LocalError
from openclaw_fal.journal.jobs import Journal
from openclaw_fal.journal.record import NewJob
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
path = Path(sys.argv[1])
journal = Journal(path)
def begin():
    return journal.begin(NewJob(kind="image", capability="image.generate", model="m", endpoint="m",
        transport="queue", base_url="b", prompt="p" * 1500, target={}, timeout_s=600))
job_id = begin()
size = path.stat().st_size
assert path.with_name(path.name + "-journal").stat().st_size > 64 * 1024
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
try:
    for _ in range(1000):
        begin()
except LocalError as error:
    print(error.status, error.message)
url = "https://queue.fal.run/fal-ai/flux/requests/" + "x" * 300
assert journal.submitted(job_id, "the request id", url, url, url)
assert journal.get(job_id).request_id == "the request id"
"""


@limits
def test_a_full_disk_is_an_error_before_the_request_and_keeps_the_request_id(
    journal: Journal,
) -> None:
    process = python(LIMITED, journal.path)
    answer, _ = process.communicate()
    assert process.returncode == 0
    assert answer.startswith("3 the ")


# The schema


def former_journal(path: Path) -> None:
    """A journal as release 0.1.0 wrote it: schema 1, with a job in each of a few states."""
    script = Path(__file__).parents[1] / "data" / "journal-schema-1.sql"
    with sqlite3.connect(path) as db:
        db.executescript(script.read_text(encoding="utf-8"))
    db.close()


def schema(path: Path) -> dict[str, tuple[object, ...]]:
    with sqlite3.connect(path) as db:
        columns = {row[1]: row[2:] for row in db.execute("PRAGMA table_info(jobs)")}
        columns |= {
            f"outputs.{row[1]}": row[2:] for row in db.execute("PRAGMA table_info(outputs)")
        }
    db.close()
    return columns


def test_a_journal_of_the_former_schema_is_migrated(tmp_path: Path) -> None:
    journal, new = Journal(tmp_path / "old.sqlite3"), Journal(tmp_path / "new.sqlite3")
    former_journal(journal.path)
    before = {job.id: job for job in journal.list()}
    assert [job.state for job in before.values()] == ["uncertain", "failed", "queued", "done"]
    begin(new)
    migrated = schema(journal.path)
    migrated.pop("config_path")  # nothing wrote it
    assert migrated == schema(new.path), "a migrated table is like a new one"
    done = journal.list(state="done")[0]
    assert (done.seed, done.billable_units, done.request_id) == (2**70, "1.5", "req-4")
    assert done.outputs[0].width == 8
    assert done.body == {"prompt": "p"}
    failed = journal.list(state="failed")[0]
    assert failed.error is not None
    assert failed.error.http_status == 422
    queued = journal.list(state="queued")[0]
    assert queued.as_json()["queuePosition"] == 3
    journal.completed(queued.id, b"{}")
    with journal.claim(queued.id):
        journal.done(queued.id)
    assert begin(journal)


def test_the_former_schema_is_read_where_it_cannot_be_migrated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path / "old.sqlite3")
    former_journal(journal.path)
    connect: Callable[..., sqlite3.Connection] = sqlite3.connect

    def on_a_read_only_disk(path: Path, **options: Any) -> sqlite3.Connection:
        return connect(f"file:{path}?mode=ro", uri=True, **options)

    monkeypatch.setattr(sqlite3, "connect", on_a_read_only_disk)
    assert len(journal.list()) == 4
    assert journal.list(state="done")[0].outputs[0].width == 8
    with pytest.raises(LocalError, match="cannot be written"):
        begin(journal)


def test_each_transaction_is_on_the_disk_when_it_ends(journal: Journal) -> None:
    begin(journal)
    with journal_file.open_journal(journal.path, create=False) as db:
        assert db.execute("PRAGMA synchronous").fetchone()[0] == 2, "FULL"
