"""Events and the lock-out counter: one SQLite database, because a grant resets the counter with it.

The rows are a chain, see `chain.py`. Rows cut off at its end do not show in it: for them the
journal has each event's seq.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from edge.clock import boot_id, boottime, wall
from edge.contract.errors import StorageError
from edge.store import chain
from edge.store.database import (
    connect,
    database_refusals,
    find_damage,
    forget_replaced,
    make,
    set_aside,
    transaction,
)
from edge.store.files import own_folder
from edge.store.rows import CHANGED, append, chained, entries, to_go

FILE = "events.sqlite3"
# The counter of a store whose own was lost: the longest lock-out, whatever the configuration says.
MOST_FAILURES = 1_000_000


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

    def record(self, entry: Mapping[str, object], *, counter: Counter | None = None) -> int:
        """Append an event and, in the same transaction, set the counter; returns the event's seq.

        Args:
            entry: what JSON can hold, without names and measurements of faces.
            counter: the counter from now on; None leaves it.

        Raises:
            StorageError: neither is on the disk.
        """
        with self._appending() as database:
            if counter is not None:
                database.execute(
                    "UPDATE counter SET failures = ?, boot_id = ?, counted_at = ?",
                    (counter.failures, counter.boot_id, counter.counted_at),
                )
            return append(database, entry)

    def accepted(self, kind: str) -> tuple[int, str] | None:
        """(serial, digest) of the last accepted of a kind, see `accepted.py`; None: none yet.

        Raises:
            StorageError: the disk refuses.
        """
        with database_refusals(self.path):
            return _accepted(self._database, kind)

    def accept(self, kind: str, serial: int, digest: str, entry: Mapping[str, object]) -> None:
        """Set what `accepted` gives and append the event that says so, in one transaction.

        Raises:
            StorageError: neither is on the disk.
        """
        with self._appending() as database:
            database.execute(
                "INSERT OR REPLACE INTO accepted VALUES (?, ?, ?)", (kind, serial, digest)
            )
            append(database, entry)

    def mode(self) -> str | None:
        """What the owner set by command; None: as configured. Raises: StorageError."""
        with database_refusals(self.path):
            found = self._database.execute("SELECT mode FROM mode").fetchone()
        return str(found[0]) if found else None

    def set_mode(self, mode: str | None, entry: Mapping[str, object]) -> int:
        """Set it and append the event that says so, in one transaction; returns the event's seq.

        Raises:
            StorageError: neither is on the disk.
        """
        with self._appending() as database:
            database.execute("DELETE FROM mode")
            if mode is not None:
                database.execute("INSERT INTO mode VALUES (1, ?)", (mode,))
            return append(database, entry)

    def rows(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """(seq, entry), oldest first. Raises: StorageError."""
        with database_refusals(self.path):
            yield from entries(self._database, self.path)

    def verify(self) -> int:
        """Follow the chain; returns the number of events.

        Raises:
            StorageError: the first row that does not belong where it stands.
        """
        with database_refusals(self.path):
            rows = list(chained(self._database))
        try:
            return chain.follow(rows).rows
        except chain.BrokenError as e:
            raise StorageError(f"{self.path}: {e}.", remedy=CHANGED) from e

    def start_seal(self, entry: Mapping[str, object]) -> bytes:
        """Seal every event from the next one on; returns the first key, which is kept nowhere.

        The event that says so is the last one under the key before, if there was one.

        Raises:
            StorageError: it is not on the disk.
        """
        key = secrets.token_bytes(chain.KEY_BYTES)
        with self._appending() as database:
            append(database, {**entry, "reason": chain.SEALED, "key": chain.key_id(key)})
            database.execute("INSERT OR REPLACE INTO seal VALUES (1, ?)", (key,))
        return key

    def prune(self, entry: Mapping[str, object], *, before: str, most: int) -> int:
        """Drop the oldest events, and append one that keeps the chain together; returns how many.

        Args:
            entry: of that event; its reason is set here.
            before: ISO 8601; events of an earlier time go. "": none for its time.
            most: of all others so many stay at most.

        Raises:
            StorageError: nothing is dropped.
        """
        with self._appending() as database:
            try:
                gone = to_go(database, before, most)
                kept = chain.pruned(gone[-1], chain.seals_of(gone)) if gone else {}
            except (ValueError, KeyError, TypeError) as e:
                raise StorageError(
                    f"{self.path}: an old event cannot be read ({e}).", remedy=CHANGED
                ) from e
            if not gone:
                return 0
            append(database, {**entry, "reason": chain.PRUNED, **kept})
            database.execute("DELETE FROM event WHERE seq <= ?", (gone[-1].seq,))
        return len(gone)

    @contextmanager
    def _appending(self) -> Iterator[sqlite3.Connection]:
        with database_refusals(self.path):
            with transaction(self._database):
                yield self._database
            forget_replaced(self._database, "seal")

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with database_refusals(self.path), transaction(self._database):
            yield self._database


def read_events(state_dir: Path, after: int = 0) -> list[tuple[int, dict[str, Any]]]:
    """(seq, entry) of the rows after that one, whatever else uses the log; none if there is none.

    Raises:
        StorageError: it cannot be read. PermissionsError: it is closed to us.
    """
    with _looked_into(state_dir) as database:
        return [] if database is None else list(entries(database, state_dir / FILE, after))


def newest_events(state_dir: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """As `read_events`, the newest first; no more are read than are asked for."""
    with _looked_into(state_dir) as database:
        if database is not None:
            yield from entries(database, state_dir / FILE, newest_first=True)


def read_chain(state_dir: Path) -> list[chain.Row]:
    """The rows as they lie there. Raises: as `read_events`."""
    with _looked_into(state_dir) as database:
        return [] if database is None else list(chained(database))


def read_accepted(state_dir: Path, kind: str) -> tuple[int, str] | None:
    """As `EventStore.accepted`, whatever else uses the log. Raises: as `read_events`."""
    with _looked_into(state_dir) as database:
        return None if database is None else _accepted(database, kind)


@contextmanager
def _looked_into(state_dir: Path) -> Iterator[sqlite3.Connection | None]:
    path = state_dir / FILE
    with database_refusals(path):
        if not path.exists():
            yield None
            return
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            yield database


def _accepted(database: sqlite3.Connection, kind: str) -> tuple[int, str] | None:
    asked = "SELECT serial, digest FROM accepted WHERE kind = ?"
    found = database.execute(asked, (kind,)).fetchone()
    return (int(found[0]), str(found[1])) if found else None


def _begin(database: sqlite3.Connection, damage: str) -> None:
    """The first rows: no failures; or, in place of a lost database, as many as there can be."""
    # Counted now: the longest wait begins when the loss is found, not when the machine started.
    counter = (MOST_FAILURES, boot_id(), boottime()) if damage else (0, boot_id(), 0.0)
    database.execute("INSERT INTO counter VALUES (1, ?, ?, ?)", counter)
    if damage:
        when, trusted = wall()
        clock = "trusted" if trusted else "unknown"
        entry = {"kind": "system", "reason": "log_gap", "time": when, "clock": clock, "why": damage}
        append(database, entry)
