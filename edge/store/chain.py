"""The event log as a chain: each row covers the one before it, and is sealed by a key that goes.

The hash shows a row that was changed, moved or taken out to whoever did not compute the chain anew.
The seal shows it even then: after each row its key is replaced by one that follows from it and from
which it does not follow, so that whoever breaks in today cannot seal what happened yesterday. The
owner keeps the first key, away from the door, and can compute all others.

What no chain shows is a tail that was cut off: for that somebody must know of a later row.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

FIRST = "0" * 64
KEY_BYTES = 32
SEALED, PRUNED = "log_sealed", "log_pruned"


@dataclass(frozen=True)
class Row:
    """seal: "" where none was made. entry: JSON."""

    seq: int
    entry: str
    hash: str
    seal: str

    @property
    def document(self) -> dict[str, Any]:
        """The entry. Raises: ValueError: it is no JSON object."""
        found = json.loads(self.entry)
        if not isinstance(found, dict):
            raise ValueError(f"event {self.seq} is no object")  # noqa: TRY004 - damaged data
        return found


@dataclass(frozen=True)
class Followed:
    """What was found whole, from row `first` to `last`; of `sealed` rows the seals as well."""

    rows: int
    first: int
    last: int
    sealed: int


class BrokenError(ValueError):
    """Where the chain does not hold, in words."""


def hash_of(before: str, seq: int, entry: str) -> str:
    """Of a row, 64 hex digits; `before` is the hash of the row before it, or FIRST."""
    return hashlib.sha256(f"{before}\n{seq}\n{entry}".encode()).hexdigest()


def seal_of(key: bytes, hash_: str) -> str:
    """Of a row, under the key of its turn."""
    return hmac.digest(key, b"onelook log row " + hash_.encode(), "sha256").hex()


def next_key(key: bytes) -> bytes:
    """The key of the next row."""
    return hmac.digest(key, b"onelook log next", "sha256")


def key_id(key: bytes) -> str:
    """What names a first key without giving it away."""
    return hashlib.sha256(b"onelook log key " + key).hexdigest()[:16]


def pruned(cut: Row, seals: Mapping[str, int]) -> dict[str, object]:
    """What the log keeps of the rows up to `cut`. seals: id of a first key -> seq of its row."""
    return {"through": cut.seq, "hash": cut.hash, "seals": dict(seals)}


def seals_of(rows: Sequence[Row]) -> dict[str, int]:
    """Id of each first key -> seq of the row that says so, pruned ones too.

    Raises:
        ValueError: a row is no event.
    """
    found: dict[str, int] = {}
    for row in rows:
        if SEALED in row.entry or PRUNED in row.entry:
            document = row.document
            if document.get("reason") == PRUNED:
                found |= document["seals"]
            elif document.get("reason") == SEALED:
                found[document["key"]] = row.seq
    return found


def follow(rows: Sequence[Row], key: bytes | None = None) -> Followed:
    """Follow the chain from its first row to its last.

    Args:
        rows: all there are, in order.
        key: the first key of a seal, or None: then no seal is checked.

    Raises:
        BrokenError: a row is not what was recorded in its place, or the key is of another log.
    """
    try:
        before, seals = _beginning(rows), _Seals(rows, key)
    except (ValueError, KeyError, TypeError) as e:
        if isinstance(e, BrokenError):
            raise
        raise BrokenError(f"an event cannot be read ({e})") from e
    at = rows[0].seq - 1 if rows else 0
    for row in rows:
        if row.seq != at + 1 or row.hash != hash_of(before, row.seq, row.entry):
            raise BrokenError(f"event {row.seq} is not what was recorded after {at}")
        seals.check(row)
        before, at = row.hash, row.seq
    return Followed(len(rows), rows[0].seq if rows else 0, at, seals.checked)


class _Seals:
    """Checks the rows that a first key sealed, one after the other; without a key none."""

    def __init__(self, rows: Sequence[Row], key: bytes | None) -> None:
        """Raises: BrokenError: the key is of another log. ValueError, KeyError: no event."""
        self.checked = 0
        self._key, self._turns = key or b"", range(0)
        if key is None:
            return
        begins = seals_of(rows)
        begin = begins.get(key_id(key))
        if begin is None:
            raise BrokenError("no event says that the log is sealed with that key")
        # The row that begins the next seal is the last one of this.
        end = min((b for b in begins.values() if b > begin), default=rows[-1].seq)
        self._turns = range(begin + 1, end + 1)
        for _ in range(begin + 1, rows[0].seq):  # pruned by now
            self._key = next_key(self._key)

    def check(self, row: Row) -> None:
        if row.seq not in self._turns:
            return
        if not hmac.compare_digest(row.seal, seal_of(self._key, row.hash)):
            raise BrokenError(f"event {row.seq} was not sealed when it was recorded")
        self._key, self.checked = next_key(self._key), self.checked + 1


def _beginning(rows: Sequence[Row]) -> str:
    """The hash of the row before the first one."""
    if not rows or rows[0].seq == 1:
        return FIRST
    for row in reversed(rows):
        if PRUNED in row.entry:
            document = row.document
            if document.get("reason") == PRUNED and document["through"] == rows[0].seq - 1:
                return str(document["hash"])
    raise BrokenError(f"event {rows[0].seq} is not what was recorded after 0")
