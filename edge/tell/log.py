"""The log as its reader needs it: a few rows at a time, and never a lock that a door waits for."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from edge.contract.errors import StorageError
from edge.store.chain import Row
from edge.store.database import database_refusals
from edge.store.events import FILE, Counter
from edge.store.rows import CHANGED
from edge.tell.place import Place

AT_ONCE = 500

Entry = dict[str, Any]


class Log:
    """The events of a state folder; each call reads what is there then, and writes nothing.

    Every method raises StorageError where the log cannot be read, PermissionsError where it is
    closed to us.
    """

    def __init__(self, state_dir: Path) -> None:
        self._path = state_dir / FILE
        self._ahead = self._path.with_name(f"{FILE}-wal")

    def newest(self) -> Place:
        """Behind the last row."""
        found = self._first("SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1")
        return Place(int(found[0]), str(found[1])) if found else Place()

    def holds(self, place: Place) -> bool:
        """Whether a place is of this log, and not of one that was lost."""
        if place.seq == 0:
            return True
        found = self._first("SELECT hash FROM event WHERE seq = ?", place.seq)
        if found is not None:
            return bool(found[0] == place.hash)
        # Old rows go after their time; a row that is yet to come was of another log.
        return self.newest().seq > place.seq

    def after(self, place: Place) -> list[tuple[Place, Entry]]:
        """The next rows behind a place, oldest first, not all at once."""
        return self._rows("seq > ? ORDER BY seq", place.seq)

    def before(self, seq: int) -> list[tuple[Place, Entry]]:
        """The rows before that one, newest first, not all at once."""
        return self._rows("seq < ? ORDER BY seq DESC", seq)

    def counter(self) -> Counter:
        """Failed presses in a row."""
        found = self._first("SELECT failures, boot_id, counted_at FROM counter")
        return Counter(*found) if found else Counter(0, "", 0.0)

    def mode(self) -> str | None:
        """What the owner set by command; None: as configured."""
        found = self._first("SELECT mode FROM mode")
        return str(found[0]) if found else None

    def _rows(self, which: str, seq: int) -> list[tuple[Place, Entry]]:
        asked = f"SELECT seq, entry, hash FROM event WHERE {which} LIMIT {AT_ONCE}"  # noqa: S608 - ours
        return [self._entry(Row(*row, seal="")) for row in self._ask(asked, seq)]

    def _entry(self, row: Row) -> tuple[Place, Entry]:
        try:
            return Place(row.seq, row.hash), row.document
        except ValueError as e:
            raise StorageError(
                f"{self._path}: event {row.seq} cannot be read ({e}).", remedy=CHANGED
            ) from e

    def _first(self, asked: str, *values: int) -> tuple[Any, ...] | None:
        return next(iter(self._ask(asked, *values)), None)

    def _ask(self, asked: str, *values: int) -> list[tuple[Any, ...]]:
        """One look: a reader that stayed would keep the door from tidying up behind it.

        SQLite reads beside a writer by files that the writer made. Where there are none nobody
        writes, and it has to be told so: it would make them itself, which we may not.
        """
        address = f"{self._path.absolute().as_uri()}?mode=ro"
        with database_refusals(self._path):
            while self._path.exists():
                at_rest = not self._ahead.exists()
                whole = f"{address}&immutable=1" if at_rest else address
                with closing(sqlite3.connect(whole, uri=True)) as database:
                    found = database.execute(asked, values).fetchall()
                if not (at_rest and self._ahead.exists()):  # else a writer came meanwhile
                    return found
        return []
