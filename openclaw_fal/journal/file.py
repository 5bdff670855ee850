"""The journal's SQLite file: creates, opens and migrates it, and translates SQLite's errors.

SQLite's rollback journal is used, not WAL, and is kept between transactions. With WAL, even reading
needs to write, so that jobs could not be listed on a full disk or in a read-only home; WAL is
unsafe on network file systems; and it is no faster for a few short transactions per job. A rollback
journal that is kept also keeps its disk space: with `_reserve_space`, and the reserve that `begin`
puts into a row, fal's answer to a submit can be written even if the disk has become full meanwhile.
"""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from openclaw_fal.atomic import make_folder
from openclaw_fal.errors import LocalError
from openclaw_fal.journal import spending
from openclaw_fal.journal.columns import Column
from openclaw_fal.journal.record import STORED
from openclaw_fal.text import reason

if TYPE_CHECKING:
    import sqlite3

APPLICATION_ID = 0x0FA1_10B5
"""Identifies a SQLite file as this journal (`PRAGMA application_id`)."""

BUSY_S = 30.0
"""How long to wait for transactions of other processes, which take milliseconds."""

RESERVED = 64 * 1024
"""Bytes of disk space that a new journal reserves for its transactions."""

_UNWRITABLE = ("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_FULL")

_NOT_WRITABLE_HINT = (
    "make the file and its folder writable, or set OPENCLAW_FAL_HOME to a folder that is"
)

_OUTPUTS = {
    "job": Column("INTEGER NOT NULL REFERENCES jobs(number) ON DELETE CASCADE", since=1),
    "position": Column("INTEGER NOT NULL", since=1),
    "facts": Column("TEXT NOT NULL", since=1),
    "file_id": Column("TEXT", since=2),  # set while the file is being named
}


_SCHEMA_2 = (
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
    # The costs of earlier jobs are unknown. The JSON of their errors ends in fal's HTTP status.
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

_ADDED_STATEMENTS = {2: _SCHEMA_2, 3: spending.SCHEMA}
"""What a schema version adds besides the columns of `jobs` and `outputs`."""


def _migration(version: int) -> tuple[str, ...]:
    """The statements that migrate a journal to the schema `version` from the version before."""
    jobs, outputs = (
        [f"{name} {column.sql}" for name, column in table.items() if column.since == version]
        for table in (STORED, _OUTPUTS)
    )
    if version == 1:
        return (
            f"CREATE TABLE jobs ({', '.join(jobs)})",
            f"CREATE TABLE outputs ({', '.join(outputs)}, PRIMARY KEY (job, position)) "
            "WITHOUT ROWID",
        )
    added = tuple(
        f"ALTER TABLE {table} ADD COLUMN {column}"
        for table, columns in (("jobs", jobs), ("outputs", outputs))
        for column in columns
    )
    return (*added, *_ADDED_STATEMENTS.get(version, ()))


NEWEST = max(column.since for table in (STORED, _OUTPUTS) for column in table.values())

MIGRATIONS: tuple[tuple[str, ...], ...] = tuple(
    _migration(version + 1) for version in range(NEWEST)
)
"""At index n, the statements from version n to n + 1; a file's version is `PRAGMA user_version`."""


@contextmanager
def translated_errors(path: Path) -> Iterator[None]:
    """A block whose SQLite errors and OSErrors become `LocalError`."""
    import sqlite3

    try:
        yield
    except sqlite3.Error as failure:
        raise _local_error(failure, path) from failure
    except OSError as failure:
        raise LocalError(f"the job journal {path} cannot be used: {reason(failure)}") from failure


@contextmanager
def open_journal(
    path: Path, *, create: bool, reading: bool = False, shared: bool = False
) -> Iterator[sqlite3.Connection]:
    """A connection to the journal, which is migrated first; SQLite's errors become `LocalError`.

    For `reading`, a journal of an older release that cannot be written is not migrated. A `shared`
    connection may be used by several threads, one at a time.

    Each transaction has its own connection: nothing is held while a job runs for minutes, threads
    need no lock, and a journal that another release has migrated meanwhile is noticed.
    """
    import sqlite3

    _check_regular(path)
    if create:
        make_private(path)
    with translated_errors(path):
        connection = sqlite3.connect(
            path, timeout=BUSY_S, isolation_level=None, check_same_thread=not shared
        )
        try:
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA journal_mode = PERSIST")
            connection.execute("PRAGMA foreign_keys = ON")
            try:
                _migrate(connection, path)
            except sqlite3.OperationalError as failure:
                version = _version(connection, path)
                if not (reading and version and _cannot_write(failure)):
                    raise
                _read_unmigrated(connection, version)
            yield connection
        finally:
            connection.close()


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """A write transaction, rolled back on any exception, and on the disk when it ends."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection | None]:
    """A connection for reading; None if there is no journal."""
    if not path.exists():
        yield None
        return
    with open_journal(path, create=False, reading=True) as connection:
        yield connection


@contextmanager
def writing(path: Path, *, create: bool = True) -> Iterator[sqlite3.Connection]:
    """A connection with a write transaction that lasts as long as the block."""
    with open_journal(path, create=create) as connection, transaction(connection):
        yield connection


def make_private(path: Path) -> None:
    """Create an empty file of mode 0600 if there is none; restrict an existing one to the user.

    Missing folders get mode 0700. An existing file is not opened: closing a second descriptor would
    drop the locks of this process's other connections (POSIX).
    """
    try:
        make_folder(path.parent)
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
            hint=_NOT_WRITABLE_HINT,
        ) from failure


def damaged(path: Path, detail: str) -> LocalError:
    """The error for a journal that cannot be read; it is not changed."""
    aside = path.with_name(path.name + ".damaged")
    move = "ren" if os.name == "nt" else "mv"
    new = aside.name if os.name == "nt" else str(aside)
    return LocalError(
        f"the job journal {path} is damaged ({detail}); it was not changed",
        hint=f"rename it with `{move} {_quoted(str(path))} {_quoted(new)}` and run the command "
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
            f"the job journal {path} cannot be read: {reason(failure)}", hint=_NOT_WRITABLE_HINT
        ) from failure
    if not stat.S_ISREG(mode):
        raise LocalError(f"the job journal {path} is not a regular file")


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Migrate an older schema; refuse a newer one, and a file of another program."""
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


def _read_unmigrated(connection: sqlite3.Connection, version: int) -> None:
    """Make a journal of an older schema readable where it cannot be migrated: temporary views and
    tables of the connection, in memory, stand for what is missing."""
    connection.execute("PRAGMA temp_store = MEMORY")
    for table, columns in (("jobs", STORED), ("outputs", _OUTPUTS)):
        later = [f"NULL AS {name}" for name, column in columns.items() if column.since > version]
        connection.execute(
            f"CREATE TEMP VIEW {table} AS SELECT {', '.join(('*', *later))} FROM main.{table}"
        )
    for statement in (statement for step in MIGRATIONS[version:] for statement in step):
        if statement.startswith("INSERT INTO spending"):
            connection.execute(statement)
        if statement.split()[:2] == ["CREATE", "TABLE"]:
            connection.execute(statement.replace("CREATE TABLE", "CREATE TEMP TABLE"))


def _reserve_space(connection: sqlite3.Connection) -> None:
    """Let the rollback journal, which holds changed pages, grow to what any later change needs."""
    connection.execute(f"CREATE TABLE reserve AS SELECT zeroblob({RESERVED}) AS space")
    connection.execute(f"UPDATE reserve SET space = randomblob({RESERVED})")
    connection.execute("DROP TABLE reserve")


def _version(connection: sqlite3.Connection, path: Path) -> int:
    version, application, tables = _identity(connection)
    if application != APPLICATION_ID and (version or application or tables):
        raise LocalError(f"{path} is not a job journal of openclaw-fal; it was not changed")
    if version > len(MIGRATIONS):
        raise LocalError(
            f"the job journal {path} was written by a newer openclaw-fal (schema {version}, this "
            f"one knows up to {len(MIGRATIONS)}); it was not changed",
            hint="upgrade openclaw-fal",
        )
    return max(version, 0)


def _identity(connection: sqlite3.Connection) -> tuple[int, int, int]:
    """The schema version, the application id and the number of tables, read in one transaction, as
    another process may be creating the journal."""
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


def _cannot_write(failure: sqlite3.Error) -> bool:
    return _error_name(failure).startswith(_UNWRITABLE)


def _error_name(failure: sqlite3.Error) -> str:
    return getattr(failure, "sqlite_errorname", None) or ""


def _local_error(failure: sqlite3.Error, path: Path) -> LocalError:
    name = _error_name(failure)
    detail = str(failure)
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")) or "no such" in detail:
        return damaged(path, detail)
    if name.startswith("SQLITE_FULL"):
        return LocalError(
            f"the disk of the job journal {path} is full", hint="free some space, then try again"
        )
    if name.startswith(_UNWRITABLE):
        return LocalError(
            f"the job journal {path} cannot be written: {detail}",
            hint=_NOT_WRITABLE_HINT,
        )
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return LocalError(f"the job journal {path} is held by another process", hint="try again")
    return LocalError(f"the job journal {path} cannot be used: {detail}")
