"""Events and the lock-out counter: one SQLite database, because a grant resets the counter with it.

A row's hash covers the row before it, so that a changed, exchanged or missing row shows. Whoever
can write the file can also compute a new chain: it shows accidents and clumsy hands, not root.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from edge.clock import boot_id, wall
from edge.contract.errors import StorageError, VersionError
from edge.store.files import own_folder

FILE = "events.sqlite3"
APPLICATION_ID = 0x6F6E656C  # "onel"
SCHEMA = 1
# The counter of a store whose own was lost: the longest lock-out, whatever the configuration says.
MOST_FAILURES = 1_000_000
_FIRST = "0" * 64
_BUSY_MS = 2000

_TABLES = """
CREATE TABLE event (
    seq INTEGER PRIMARY KEY,
    entry TEXT NOT NULL,
    hash TEXT NOT NULL
) STRICT;
CREATE TABLE counter (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    failures INTEGER NOT NULL CHECK (failures >= 0),
    boot_id TEXT NOT NULL,
    counted_at REAL NOT NULL
) STRICT;
"""


@dataclass(frozen=True)
class Counter:
    """Failed presses in a row; the last at `counted_at`, CLOCK_BOOTTIME of the start `boot_id`."""

    failures: int
    boot_id: str
    counted_at: float


class EventStore:
    """The events of one state folder; use as a context manager, or close it."""

    def __init__(self, state_dir: Path) -> None:
        """Open or make the database.

        A damaged one is kept beside it; the new one says so, and its counter is at its maximum.

        Raises:
            StorageError: the disk refuses. VersionError: a newer program made it.
        """
        own_folder(state_dir)
        self.path = state_dir / FILE
        damage = _damage(self.path)
        if damage:
            _set_aside(self.path)
        try:
            self._database = _open(self.path)
            if damage:
                self._begin_anew(damage)
        except sqlite3.Error as e:
            raise _refused(self.path, e) from e

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._database.close()

    def counter(self) -> Counter:
        """The counter as it is on the disk. Raises: StorageError."""
        with self._refusing():
            row = self._database.execute("SELECT failures, boot_id, counted_at FROM counter")
            return Counter(*row.fetchone())

    def count_press(self, at: float) -> None:
        """One failure more, on the disk before this returns: pulling the plug gives no free try.

        Args:
            at: CLOCK_BOOTTIME seconds of the press.

        Raises:
            StorageError: it is not on the disk.
        """
        with self._transaction() as database:
            database.execute(
                "UPDATE counter SET failures = failures + 1, boot_id = ?, counted_at = ?",
                (boot_id(), at),
            )

    def record(self, entry: Mapping[str, object], *, counter: Counter | None) -> int:
        """Append an event and, in the same transaction, set the counter; returns the event's seq.

        Args:
            entry: what JSON can hold, without names and measurements of faces.
            counter: the counter from now on; None leaves it.

        Raises:
            StorageError: neither is on the disk.
        """
        with self._transaction() as database:
            if counter is not None:
                database.execute(
                    "UPDATE counter SET failures = ?, boot_id = ?, counted_at = ?",
                    (counter.failures, counter.boot_id, counter.counted_at),
                )
            return _append(database, entry)

    def rows(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """(seq, entry), oldest first. Raises: StorageError."""
        with self._refusing():
            for seq, entry in self._database.execute("SELECT seq, entry FROM event ORDER BY seq"):
                yield seq, json.loads(entry)

    def verify(self) -> int:
        """Follow the chain; returns the number of events.

        Raises:
            StorageError: the first row that does not belong where it stands.
        """
        last, count = _FIRST, 0
        with self._refusing():
            for seq, entry, found in self._database.execute("SELECT * FROM event ORDER BY seq"):
                count += 1
                if seq != count or found != _hash(last, seq, entry):
                    raise StorageError(
                        f"{self.path}: event {seq} is not what was recorded after {count - 1}.",
                        remedy="Somebody or something changed the log: keep a copy of the file.",
                    )
                last = found
        return count

    def _begin_anew(self, damage: str) -> None:
        when, trusted = wall()
        entry = {"kind": "system", "reason": "log_gap", "time": when, "clock_trusted": trusted}
        with self._transaction() as database:
            _append(database, entry | {"why": damage})
            database.execute(
                "UPDATE counter SET failures = ?, boot_id = ?", (MOST_FAILURES, boot_id())
            )

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._refusing():
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
                self._database.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):  # it may have rolled back by itself
                    self._database.execute("ROLLBACK")
                raise

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as e:
            raise _refused(self.path, e) from e


def _open(path: Path) -> sqlite3.Connection:
    path.touch(mode=0o600)
    database = sqlite3.connect(path, isolation_level=None, timeout=_BUSY_MS / 1000)
    try:
        _prepare(database, path)
    except BaseException:
        database.close()
        raise
    return database


def _prepare(database: sqlite3.Connection, path: Path) -> None:
    # The library's defaults differ between builds; with NORMAL a commit may vanish with the power.
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("PRAGMA trusted_schema = OFF")
    if database.execute("PRAGMA synchronous").fetchone() != (2,):
        raise StorageError(f"{path}: SQLite does not sync.", remedy="Use the system's own SQLite.")
    version = database.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA:
        raise VersionError(
            f"{path}: made by a newer onelook (schema {version}, this one knows {SCHEMA}).",
            remedy="Install the newer onelook again.",
        )
    if version == 0:
        database.execute("BEGIN IMMEDIATE")
        for statement in _TABLES.strip().split(";\n"):
            database.execute(statement)
        database.execute("INSERT INTO counter VALUES (1, 0, ?, 0.0)", (boot_id(),))
        database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        database.execute(f"PRAGMA user_version = {SCHEMA}")
        database.execute("COMMIT")


def _damage(path: Path) -> str:
    """What is wrong with the database at `path`; empty if nothing is, or none is there."""
    if not path.exists() or path.stat().st_size == 0:
        return ""
    database = sqlite3.connect(path, isolation_level=None, timeout=_BUSY_MS / 1000)
    try:
        return _look_over(database)
    except sqlite3.OperationalError as e:
        if "no such table" in str(e):
            return str(e)
        raise _refused(path, e) from e  # busy, or not readable: no reason to begin anew
    except sqlite3.DatabaseError as e:
        return str(e)
    finally:
        database.close()


def _look_over(database: sqlite3.Connection) -> str:
    found = str(database.execute("PRAGMA quick_check(1)").fetchone()[0])
    if found != "ok":
        return found
    if database.execute("PRAGMA application_id").fetchone() != (APPLICATION_ID,):
        return "not a database of onelook"
    if database.execute("SELECT count(*) FROM counter").fetchone() != (1,):
        return "its counter is gone"
    return ""


def _set_aside(path: Path) -> None:
    number = 1
    while (kept := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    for suffix in ("-wal", "-shm"):
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            beside.rename(kept.with_name(kept.name + suffix))
    path.rename(kept)


def _append(database: sqlite3.Connection, entry: Mapping[str, object]) -> int:
    last = database.execute("SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1").fetchone()
    before, hash_before = last or (0, _FIRST)
    text = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    seq = int(before) + 1
    database.execute(
        "INSERT INTO event VALUES (?, ?, ?)", (seq, text, _hash(hash_before, seq, text))
    )
    return seq


def _hash(before: str, seq: int, entry: str) -> str:
    return hashlib.sha256(f"{before}\n{seq}\n{entry}".encode()).hexdigest()


def _refused(path: Path, error: sqlite3.Error) -> StorageError:
    return StorageError(
        f"{path}: {error}.",
        remedy="Free some space, check the card; the door stays locked until then.",
    )
