"""Events and the lock-out counter: one SQLite database, because a grant resets the counter with it.

A row's hash covers the row before it, so that a changed, exchanged or missing row shows. Rows cut
off at the end do not: for them the journal has each event's seq. Whoever can write the file can
also compute a new chain: it shows accidents and clumsy hands, not root.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from edge.clock import boot_id, boottime, wall
from edge.contract.errors import StorageError
from edge.store.database import (
    connect,
    database_refusals,
    find_damage,
    make,
    set_aside,
    transaction,
)
from edge.store.files import own_folder

FILE = "events.sqlite3"
# The counter of a store whose own was lost: the longest lock-out, whatever the configuration says.
MOST_FAILURES = 1_000_000
_FIRST = "0" * 64
_CHANGED = "Somebody or something changed the log: keep a copy of the file."


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
            StorageError: the disk refuses. PermissionsError: open to others, or closed to us.
            VersionError: a newer program made it.
        """
        own_folder(state_dir)
        self.path = state_dir / FILE
        with database_refusals(self.path):
            damage = find_damage(self.path)
            if damage:
                set_aside(self.path)
            if not self.path.exists():
                make(self.path, lambda database: _begin(database, damage))
            self._database = connect(self.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._database.close()

    def counter(self) -> Counter:
        """The counter as it is on the disk. Raises: StorageError."""
        with database_refusals(self.path):
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

    def accepted(self, kind: str) -> tuple[int, str] | None:
        """(serial, digest) of the last accepted of a kind, see `accepted.py`; None: none yet.

        Raises:
            StorageError: the disk refuses.
        """
        with database_refusals(self.path):
            found = self._database.execute(
                "SELECT serial, digest FROM accepted WHERE kind = ?", (kind,)
            ).fetchone()
        return (int(found[0]), str(found[1])) if found else None

    def accept(self, kind: str, serial: int, digest: str, entry: Mapping[str, object]) -> None:
        """Set what `accepted` gives and append the event that says so, in one transaction.

        Raises:
            StorageError: neither is on the disk.
        """
        with self._transaction() as database:
            database.execute(
                "INSERT OR REPLACE INTO accepted VALUES (?, ?, ?)", (kind, serial, digest)
            )
            _append(database, entry)

    def rows(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """(seq, entry), oldest first. Raises: StorageError."""
        with database_refusals(self.path):
            yield from _rows(self._database, self.path)

    def verify(self) -> int:
        """Follow the chain; returns the number of events.

        Raises:
            StorageError: the first row that does not belong where it stands.
        """
        last, count = _FIRST, 0
        with database_refusals(self.path):
            for seq, entry, found in self._database.execute("SELECT * FROM event ORDER BY seq"):
                count += 1
                if found != _hash(last, seq, entry):
                    raise StorageError(
                        f"{self.path}: event {seq} is not what was recorded after {count - 1}.",
                        remedy=_CHANGED,
                    )
                last = found
        return count

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with database_refusals(self.path), transaction(self._database):
            yield self._database


def read_events(state_dir: Path) -> list[dict[str, Any]]:
    """The entries, oldest first, whatever else uses the log; none if there is no log yet.

    Raises:
        StorageError: it cannot be read. PermissionsError: it is closed to us.
    """
    path = state_dir / FILE
    with database_refusals(path):
        if not path.exists():
            return []
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            return [entry for _, entry in _rows(database, path)]


def _rows(database: sqlite3.Connection, path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for seq, entry in database.execute("SELECT seq, entry FROM event ORDER BY seq"):
        try:
            document: dict[str, Any] = json.loads(entry)
        except ValueError as e:
            raise StorageError(f"{path}: event {seq} cannot be read ({e}).", remedy=_CHANGED) from e
        yield seq, document


def _begin(database: sqlite3.Connection, damage: str) -> None:
    """The first rows: no failures; or, in place of a lost database, as many as there can be."""
    # Counted now: the longest wait begins when the loss is found, not when the machine started.
    counter = (MOST_FAILURES, boot_id(), boottime()) if damage else (0, boot_id(), 0.0)
    database.execute("INSERT INTO counter VALUES (1, ?, ?, ?)", counter)
    if damage:
        when, trusted = wall()
        clock = "trusted" if trusted else "unknown"
        entry = {"kind": "system", "reason": "log_gap", "time": when, "clock": clock, "why": damage}
        _append(database, entry)


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
