"""The rows of the event log in its database: how one is added, and how they are read."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from edge.contract.errors import StorageError
from edge.store import chain

CHANGED = "Somebody or something changed the log: keep a copy of the file."


def append(database: sqlite3.Connection, entry: Mapping[str, object]) -> int:
    """One more, chained and sealed; returns its seq. The seal's key goes on to the next one."""
    last = database.execute("SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1").fetchone()
    before, hash_before = last or (0, chain.FIRST)
    text = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    seq = int(before) + 1
    made = chain.hash_of(hash_before, seq, text)
    found = database.execute("SELECT key FROM seal").fetchone()
    seal = chain.seal_of(found[0], made) if found else ""
    database.execute("INSERT INTO event VALUES (?, ?, ?, ?)", (seq, text, made, seal))
    if found:
        database.execute("UPDATE seal SET key = ?", (chain.next_key(found[0]),))
    return seq


def chained(database: sqlite3.Connection) -> Iterator[chain.Row]:
    """As they lie there, oldest first."""
    for row in database.execute("SELECT seq, entry, hash, seal FROM event ORDER BY seq"):
        yield chain.Row(*row)


def entries(
    database: sqlite3.Connection, path: Path, after: int = 0, *, newest_first: bool = False
) -> Iterator[tuple[int, dict[str, Any]]]:
    """(seq, entry) after that one, read as they are asked for.

    Raises:
        StorageError: one is no event.
    """
    order = "DESC" if newest_first else "ASC"
    asked = f"SELECT seq, entry FROM event WHERE seq > ? ORDER BY seq {order}"  # noqa: S608 - ours
    for seq, entry in database.execute(asked, (after,)):
        try:
            document: dict[str, Any] = json.loads(entry)
        except ValueError as e:
            raise StorageError(f"{path}: event {seq} cannot be read ({e}).", remedy=CHANGED) from e
        yield seq, document


def to_go(database: sqlite3.Connection, before: str, most: int) -> list[chain.Row]:
    """The oldest, up to the first that may stay; no more are read."""
    newest = database.execute("SELECT max(seq) FROM event").fetchone()[0] or 0
    gone = []
    for row in chained(database):
        if row.seq > newest - most and str(row.document.get("time", "")) >= before:
            break
        gone.append(row)
    return gone
