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

_VERSION_2 = (
    "ALTER TABLE jobs ADD COLUMN key TEXT",
    "ALTER TABLE jobs ADD COLUMN fingerprint TEXT",
    "CREATE INDEX jobs_key ON jobs (key) WHERE key IS NOT NULL",
    "CREATE INDEX jobs_fingerprint ON jobs (fingerprint) WHERE fingerprint IS NOT NULL",
    """
    CREATE TABLE costs (
        job_id TEXT PRIMARY KEY,
        created REAL NOT NULL,
        kind TEXT NOT NULL,
        model TEXT NOT NULL,
        endpoint TEXT NOT NULL,
        run TEXT NOT NULL,
        batch TEXT,
        sandbox INTEGER NOT NULL,
        state TEXT NOT NULL,
        options TEXT,
        source TEXT NOT NULL,
        estimated INTEGER,
        billed INTEGER,
        currency TEXT NOT NULL,
        units TEXT,
        unit TEXT,
        unit_price TEXT,
        request_id TEXT
    ) WITHOUT ROWID
    """,
    "CREATE INDEX costs_created ON costs (created)",
    "CREATE INDEX costs_run ON costs (run)",
    "CREATE INDEX costs_options ON costs (options) WHERE options IS NOT NULL",
    """
    CREATE TABLE budgets (
        per TEXT NOT NULL,
        model TEXT NOT NULL,
        micro INTEGER NOT NULL,
        currency TEXT NOT NULL,
        created REAL NOT NULL,
        PRIMARY KEY (per, model)
    ) WITHOUT ROWID
    """,
    # What earlier jobs cost was not asked. Their errors end in fal's HTTP status.
    """
    INSERT INTO costs (job_id, created, kind, model, endpoint, run, sandbox, state, source,
                       currency, units, request_id)
    SELECT id, created, kind, model, endpoint, '', sandbox,
           CASE
               WHEN state IN ('completed', 'saving', 'done') THEN 'settled'
               WHEN state IN ('sending', 'queued', 'running') THEN 'reserved'
               WHEN state = 'not_sent' OR error GLOB '*"status": 5[0-9][0-9]}' THEN 'released'
               ELSE 'held'
           END,
           'unknown', 'USD', billable_units, request_id
    FROM jobs
    """,
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (_VERSION_1, _VERSION_2)
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
    found = _version(connection, path)
    if found == len(MIGRATIONS):
        return
    if found and _is_read_only(connection):
        _read_as_it_is(connection)
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


def _is_read_only(connection: sqlite3.Connection) -> bool:
    """Whether the journal cannot be written: its file, its folder, or the file system."""
    import sqlite3

    try:
        with transaction(connection):
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    except sqlite3.OperationalError as failure:
        name = getattr(failure, "sqlite_errorname", None) or ""
        return name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM"))
    return False


def _read_as_it_is(connection: sqlite3.Connection) -> None:
    """Let a journal of the first schema be read where it cannot be upgraded: what the current one
    has besides is empty. The tables that this makes are the connection's own, in memory."""
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute(
        "CREATE TEMP VIEW jobs AS SELECT *, NULL AS key, NULL AS fingerprint FROM main.jobs"
    )
    for statement in _VERSION_2:
        if statement.split()[:2] == ["CREATE", "TABLE"]:
            connection.execute(statement.replace("CREATE TABLE", "CREATE TEMP TABLE"))


def _reserve_space(connection: sqlite3.Connection) -> None:
    """Let the rollback journal grow to what any later change needs: it holds the pages changed."""
    connection.execute(f"CREATE TABLE reserve AS SELECT zeroblob({RESERVED}) AS space")
    connection.execute(f"UPDATE reserve SET space = randomblob({RESERVED})")
    connection.execute("DROP TABLE reserve")


def _version(connection: sqlite3.Connection, path: Path) -> int:
    version, application, tables = _marks(connection)
    if application != APPLICATION_ID and (version or application or tables):
        raise LocalError(f"{path} is not a job journal of openclaw-fal; it was left as it is")
    if version > len(MIGRATIONS):
        raise LocalError(
            f"the job journal {path} was written by a newer openclaw-fal (schema {version}, this "
            f"one knows up to {len(MIGRATIONS)}); it was left as it is",
            hint="upgrade openclaw-fal",
        )
    return max(version, 0)


def _marks(connection: sqlite3.Connection) -> tuple[int, int, int]:
    """The schema's version, the application's number and the number of tables, all of one moment:
    another process may be making the journal."""
    alone = not connection.in_transaction
    if alone:
        connection.execute("BEGIN")
    try:
        queries = (
            "PRAGMA user_version",
            "PRAGMA application_id",
            "SELECT COUNT(*) FROM main.sqlite_master",
        )
        version, application, tables = (
            int(connection.execute(query).fetchone()[0]) for query in queries
        )
    finally:
        if alone and connection.in_transaction:
            connection.execute("ROLLBACK")
    return version, application, tables


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
