"""The journal's SQLite file: made private, opened, upgraded, and its failures put into words.

The rollback journal is used, not WAL, and it persists between transactions. With WAL a read needs
to write (a full disk or a read-only home would hide the jobs just when they are looked for), and it
is unsafe on network file systems; at a few short transactions a job it is no faster. A rollback
journal that persists keeps its disk space, too: with `_reserve_space`, and the reserve that `begin`
puts into a row, fal's answer to a submit can be written though the disk has filled up meanwhile.
"""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from openclaw_fal.errors import LocalError
from openclaw_fal.text import reason

if TYPE_CHECKING:
    import sqlite3

APPLICATION_ID = 0x0FA1_10B5
"""Marks a SQLite file as this journal (`PRAGMA application_id`)."""

BUSY_S = 30.0
"""Seconds to wait for other processes' transactions, which take milliseconds."""

RESERVED = 64 * 1024
"""Bytes of disk space that a new journal sets aside for its transactions."""

_ELSEWHERE = "make the file and its folder writable, or set OPENCLAW_FAL_HOME to a folder that is"

_VERSION_1 = (
    """
    CREATE TABLE jobs (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        created REAL NOT NULL,
        updated REAL NOT NULL,
        kind TEXT NOT NULL,
        capability TEXT NOT NULL,
        model TEXT NOT NULL,
        endpoint TEXT NOT NULL,
        transport TEXT NOT NULL,
        state TEXT NOT NULL,
        owner TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        request_id TEXT,
        status_url TEXT,
        response_url TEXT,
        cancel_url TEXT,
        queue_position INTEGER,
        cancel_requested INTEGER NOT NULL DEFAULT 0,
        base_url TEXT NOT NULL,
        prompt TEXT NOT NULL,
        target TEXT NOT NULL,
        count INTEGER NOT NULL,
        timeout_s REAL NOT NULL,
        sandbox INTEGER NOT NULL,
        seed TEXT,
        billable_units TEXT,
        config_path TEXT,
        error TEXT,
        body TEXT,
        result BLOB,
        result_file TEXT,
        reserve BLOB
    )
    """,
    """
    CREATE TABLE outputs (
        job INTEGER NOT NULL REFERENCES jobs(number) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        facts TEXT NOT NULL,
        PRIMARY KEY (job, position)
    ) WITHOUT ROWID
    """,
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (_VERSION_1,)
"""Statement by statement from version n to version n + 1; the file's is `PRAGMA user_version`."""


@contextmanager
def opened(path: Path, *, create: bool) -> Iterator[sqlite3.Connection]:
    """A connection to an up-to-date journal, closed at the end; SQLite's failures as `LocalError`.

    One connection for one transaction: nothing is held while a job runs for minutes, threads need
    no lock, and a journal that another release has upgraded in the meantime is noticed.
    """
    import sqlite3

    _check_regular(path)
    if create:
        make_private(path)
    try:
        connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
        try:
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA journal_mode = PERSIST")
            connection.execute("PRAGMA foreign_keys = ON")
            _bring_up_to_date(connection, path)
            yield connection
        finally:
            connection.close()
    except sqlite3.Error as failure:
        raise _in_words(failure, path) from failure
    except OSError as failure:
        raise LocalError(f"the job journal {path} cannot be used: {reason(failure)}") from failure


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """A write transaction: all or nothing, and on the disk when it ends."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def make_private(path: Path) -> None:
    """An empty file of mode 0600 when there is none; a wider mode is tightened.

    Missing folders are made with mode 0700. The file is never opened when it exists: closing a
    second descriptor would drop the locks of this process's other connections (POSIX).
    """
    try:
        for folder in reversed([path.parent, *path.parent.parents]):
            if not folder.exists():
                folder.mkdir(mode=0o700, exist_ok=True)
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            return
        mode = stat.S_IMODE(path.stat().st_mode)
        if os.name == "posix" and mode & 0o077:
            with suppress(OSError):
                path.chmod(mode & 0o700)
    except OSError as failure:
        raise LocalError(
            f"the job journal {path} cannot be made: {reason(failure)}",
            hint=_ELSEWHERE,
        ) from failure


def damaged(path: Path, detail: str) -> LocalError:
    """The error for a journal that cannot be read. It is left as it is."""
    aside = path.with_name(path.name + ".damaged")
    move = "ren" if os.name == "nt" else "mv"
    new = aside.name if os.name == "nt" else str(aside)
    return LocalError(
        f"the job journal {path} is damaged ({detail}); it was left as it is",
        hint=f"set it aside with `{move} {_quoted(str(path))} {_quoted(new)}` and run the command "
        "again: a new journal is begun, and the jobs in the old one are no longer listed",
    )


def _quoted(text: str) -> str:
    return f'"{text}"' if os.name == "nt" else shlex.quote(text)


def _check_regular(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    except OSError as failure:
        raise LocalError(
            f"the job journal {path} cannot be read: {reason(failure)}", hint=_ELSEWHERE
        ) from failure
    if not stat.S_ISREG(mode):
        raise LocalError(f"the job journal {path} is not a regular file")


def _bring_up_to_date(connection: sqlite3.Connection, path: Path) -> None:
    """Upgrade an older schema; refuse a newer one, and a file of another program."""
    if _version(connection, path) == len(MIGRATIONS):
        return
    with transaction(connection):
        version = _version(connection, path)  # another process may have been faster
        for step in MIGRATIONS[version:]:
            for statement in step:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    if version == 0:
        _reserve_space(connection)


def _reserve_space(connection: sqlite3.Connection) -> None:
    """Let the rollback journal grow to what any later change needs: it holds the pages changed."""
    connection.execute(f"CREATE TABLE reserve AS SELECT zeroblob({RESERVED}) AS space")
    connection.execute(f"UPDATE reserve SET space = randomblob({RESERVED})")
    connection.execute("DROP TABLE reserve")


def _version(connection: sqlite3.Connection, path: Path) -> int:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    application = int(connection.execute("PRAGMA application_id").fetchone()[0])
    foreign = application != APPLICATION_ID and (
        version or application or connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    )
    if foreign:
        raise LocalError(f"{path} is not a job journal of openclaw-fal; it was left as it is")
    if version > len(MIGRATIONS):
        raise LocalError(
            f"the job journal {path} was written by a newer openclaw-fal (schema {version}, this "
            f"one knows up to {len(MIGRATIONS)}); it was left as it is",
            hint="upgrade openclaw-fal",
        )
    return max(version, 0)


def _in_words(failure: sqlite3.Error, path: Path) -> LocalError:
    name = getattr(failure, "sqlite_errorname", None) or ""
    detail = str(failure)
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")) or "no such" in detail:
        return damaged(path, detail)
    if name.startswith("SQLITE_FULL"):
        return LocalError(
            f"the disk of the job journal {path} is full", hint="free some space, then try again"
        )
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return LocalError(
            f"the job journal {path} cannot be written: {detail}",
            hint=_ELSEWHERE,
        )
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return LocalError(f"the job journal {path} is held by another process", hint="try again")
    return LocalError(f"the job journal {path} cannot be used: {detail}")
