"""The record of dm-log-writes: every write in its order, and the disk as a cut would have left it.

Layout (Linux, drivers/md/dm-log-writes.c): sectors of `sector_size`; the first is the super block,
then for each entry a sector that describes it, followed by what was written. An entry is recorded
when it is done, and one that waits for a flush with that flush: so the order is that of what a disk
has promised, not of what it was asked.
"""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass
from pathlib import Path

_MAGIC, _VERSION = 0x6A736677736872, 1
_SUPER, _ENTRY = struct.Struct("<QQQI"), struct.Struct("<QQQQ")
_FLUSH, _FUA, _DISCARD, _MARK = 1, 2, 4, 8
_SECTOR = 512


@dataclass(frozen=True)
class Write:
    """`at`: byte of the disk. mark: not "" for what is no write but a word of the program's."""

    at: int
    data: bytes
    flush: bool
    forced: bool
    mark: str


def read_writes(record: Path) -> list[Write]:
    """Every entry. Raises: ValueError: this is no such record."""
    with record.open("rb") as file:
        magic, version, count, size = _SUPER.unpack(file.read(_SUPER.size))
        if (magic, version) != (_MAGIC, _VERSION):
            raise ValueError(f"{record}: not a record of dm-log-writes")
        file.seek(size)
        return [_read(file, size) for _ in range(count)]


def _read(file, size):
    sector, sectors, flags, length = _ENTRY.unpack((described := file.read(size))[: _ENTRY.size])
    mark = described[_ENTRY.size :][:length].decode() if flags & _MARK else ""
    written = sectors * _SECTOR if not flags & (_DISCARD | _MARK) else 0
    data = file.read(written)
    file.seek(-written % size, 1)
    return Write(sector * _SECTOR, data, bool(flags & _FLUSH), bool(flags & _FUA), mark)


def whole(writes: list[Write], cut: int) -> list[Write]:
    """The first `cut` entries, all of them on the disk."""
    return writes[:cut]


def torn(writes: list[Write], cut: int, rng: random.Random) -> list[Write]:
    """The same, but of what no flush has forced to the disk by then any part may be missing.

    And what was to come before the next flush may be there already: the disk chooses its order.
    """
    last = max((i for i, w in enumerate(writes[:cut]) if w.flush), default=0)
    following = next((i for i, w in enumerate(writes) if i >= cut and w.flush), len(writes))
    return writes[:last] + [
        w
        for i, w in enumerate(writes[last:following], last)
        if (w.forced and i < cut) or rng.random() < 0.5
    ]


def draw(writes: list[Write], size: int, image: Path) -> None:
    """A disk of so many bytes, with these writes on it."""
    with image.open("wb") as file:
        file.truncate(size)
        for write in writes:
            file.seek(write.at)
            file.write(write.data)
