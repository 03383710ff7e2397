"""The SQLite file under the events: made whole or not at all, and looked over at every start."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.contract.errors import StorageError, VersionError
from edge.store.files import FREE, hand_over, refusals, sync_folder

APPLICATION_ID = 0x6F6E656C  # "onel"
SCHEMA = 3
_BUSY_S = 2.0

_TABLES = """
CREATE TABLE event (
    seq INTEGER PRIMARY KEY,
    entry TEXT NOT NULL,
    hash TEXT NOT NULL,
    seal TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE TABLE seal (one INTEGER PRIMARY KEY CHECK (one = 1), key BLOB NOT NULL) STRICT;
CREATE TABLE mode (one INTEGER PRIMARY KEY CHECK (one = 1), mode TEXT NOT NULL) STRICT;
CREATE TABLE counter (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    failures INTEGER NOT NULL CHECK (failures >= 0),
    boot_id TEXT NOT NULL,
    counted_at REAL NOT NULL
) STRICT;
"""
_ACCEPTED = """
CREATE TABLE accepted (
    kind TEXT PRIMARY KEY,
    serial INTEGER NOT NULL CHECK (serial > 0),
    digest TEXT NOT NULL
) STRICT
"""
_SEAL = """
ALTER TABLE event ADD COLUMN seal TEXT NOT NULL DEFAULT '';
CREATE TABLE seal (one INTEGER PRIMARY KEY CHECK (one = 1), key BLOB NOT NULL) STRICT;
CREATE TABLE mode (one INTEGER PRIMARY KEY CHECK (one = 1), mode TEXT NOT NULL) STRICT
"""
# From the schema of that number to the next one; each leaves every row where it is.
_MIGRATIONS = {1: _ACCEPTED, 2: _SEAL}


def connect(path: Path) -> sqlite3.Connection:
    """Open a database that is there and whole. Raises: StorageError: it does not sync."""
    database = _connection(path)
    try:
        # The library's defaults differ between builds; with NORMAL a commit may vanish with the
        # power.
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("PRAGMA trusted_schema = OFF")
        database.execute("PRAGMA secure_delete = ON")  # of keys that are used up
        if database.execute("PRAGMA synchronous").fetchone() != (2,):
            raise StorageError(
                f"{path}: SQLite does not sync.", remedy="Use the system's own SQLite."
            )
        _migrate(database)
    except BaseException:
        database.close()
        raise
    return database


def make(path: Path, fill: Callable[[sqlite3.Connection], None]) -> None:
    """A new database with empty tables, which `fill` gives their first rows.

    It is made under another name: what lies at `path` was once whole, so if it ever is not, then
    something was lost.
    """
    new = path.with_name(f".{path.name}.new")
    for left in (new, new.with_name(f"{new.name}-journal")):
        left.unlink(missing_ok=True)
    handle = os.open(new, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        hand_over(handle, path.parent)
    finally:
        os.close(handle)
    try:
        with contextlib.closing(_connection(new)) as database:
            database.execute("PRAGMA synchronous = FULL")
            with transaction(database):
                _carry_out(database, _TABLES + _ACCEPTED)
                database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                database.execute(f"PRAGMA user_version = {SCHEMA}")
                fill(database)
        new.rename(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def find_damage(path: Path) -> str:
    """What is wrong with the database at `path`; empty if nothing is, or there never was one.

    Raises:
        VersionError: a newer program made it.
    """
    if not path.exists():
        # Set aside, and then the power went before the new one was there.
        return "it is gone, and files that lay beside it are not" if _remains(path) else ""
    if path.stat().st_size == 0:
        return "it is empty"
    with contextlib.closing(_connection(path)) as database:
        try:
            return _look_over(database, path)
        except sqlite3.OperationalError as e:
            if "no such table" in str(e):
                return str(e)
            raise  # busy, or not readable: no reason to begin anew
        except sqlite3.DatabaseError as e:
            return str(e)


def set_aside(path: Path) -> None:
    """Keep a damaged database under another name.

    The file itself goes first: without it, the next start still finds what lay beside it. The other
    way round it would take an older state, from before its write-ahead log, for the whole one.
    """
    number = 1
    while (kept := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    for suffix in ("", "-wal", "-shm"):
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            beside.rename(kept.with_name(kept.name + suffix))
            sync_folder(path.parent)  # names reach the disk in an order of their own


@contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """All of it on the disk when this ends, or nothing."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):  # it may have rolled back by itself
            database.execute("ROLLBACK")
        raise


def forget_replaced(database: sqlite3.Connection, table: str) -> None:
    """Leave no older value of a table's rows in the write-ahead log; nothing, if it has no rows.

    The log keeps what each commit wrote, until much later. While somebody else reads it cannot be
    emptied, and with a full disk neither: then the next call does it. What was committed stays so
    whatever fails here.
    """
    with contextlib.suppress(sqlite3.Error):
        found = database.execute(f"SELECT 1 FROM {table}").fetchone()  # noqa: S608 - our own name
        if found is None:
            return
        database.execute("PRAGMA busy_timeout = 0")
        try:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            database.execute(f"PRAGMA busy_timeout = {int(_BUSY_S * 1000)}")


@contextmanager
def database_refusals(path: Path) -> Iterator[None]:
    """SQLite's and the system's refusals as ours. Raises: StorageError, PermissionsError."""
    try:
        with refusals(path, "cannot be used"):
            yield
    except sqlite3.Error as e:
        raise StorageError(f"{path}: {e}.", remedy=FREE) from e


def _migrate(database: sqlite3.Connection) -> None:
    """Bring an older database to this program's schema, one version after the other, or not."""
    while (version := _version(database)) < SCHEMA:
        with transaction(database):
            if _version(database) == version:  # else another process was faster
                _carry_out(database, _MIGRATIONS[version])
                database.execute(f"PRAGMA user_version = {version + 1}")


def _carry_out(database: sqlite3.Connection, statements: str) -> None:
    """One by one: `executescript` would end the transaction."""
    for statement in statements.strip().split(";\n"):
        database.execute(statement)


def _version(database: sqlite3.Connection) -> int:
    return int(database.execute("PRAGMA user_version").fetchone()[0])


def _connection(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, timeout=_BUSY_S)


def _remains(path: Path) -> bool:
    return any(path.parent.glob(f"{path.name}*"))


def _look_over(database: sqlite3.Connection, path: Path) -> str:
    if database.execute("PRAGMA application_id").fetchone() != (APPLICATION_ID,):
        return "not a database of onelook"
    version = _version(database)
    if version > SCHEMA:  # before anything that this program expects inside
        raise VersionError(
            f"{path}: made by a newer onelook (schema {version}, this one knows {SCHEMA}).",
            remedy="Install the newer onelook again.",
        )
    if version < 1:
        return "its schema number is gone"
    found = str(database.execute("PRAGMA quick_check(1)").fetchone()[0])
    if found != "ok":
        return found
    if database.execute("SELECT count(*) FROM counter").fetchone() != (1,):
        return "its counter is gone"
    return ""
