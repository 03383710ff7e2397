"""Faults planted in the writers, one at a time: a check that lets one live is too weak.

Some are taken out of, or moved in, what a sound writer was recorded to do; some spoil the writer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatch

from tests.crashpoints.record import Change, Make, Remove, Rename, Sync, Write

Changes = Sequence[Change]


def _without_sync(pattern: str, after: str = "*") -> Callable[[Changes], Iterator[Change]]:
    """No sync of such a file; of a folder, only after such a name in it was made or changed."""

    def spoilt(changes: Changes) -> Iterator[Change]:
        last = ""
        for change in changes:
            match change:
                case Make(path) | Remove(path):
                    last = str(path)
                case Rename(_, new):
                    last = str(new)
            gone = isinstance(change, Sync) and fnmatch(str(change.path), pattern)
            if not (gone and fnmatch(last, after)):
                yield change

    return spoilt


def _renamed_first(pattern: str) -> Callable[[Changes], Iterator[Change]]:
    """The new name first, then the bytes to the disk."""

    def spoilt(changes: Changes) -> Iterator[Change]:
        late: Sync | None = None
        for change in changes:
            if isinstance(change, Sync) and fnmatch(str(change.path), pattern):
                late = change
                continue
            yield change
            if late is not None and isinstance(change, Rename) and change.old == late.path:
                yield Sync(change.new)
                late = None

    return spoilt


def _unlinked_first(changes: Changes) -> Iterator[Change]:
    """SQLite's log goes before what it holds is written home."""
    held: list[Change] = []
    for change in changes:
        if isinstance(change, Write | Sync) and change.path.name == "events.sqlite3":
            held.append(change)
            continue
        yield change
        if isinstance(change, Remove) and change.path.name == "events.sqlite3-wal":
            yield from held
            held.clear()


# Name -> the scene, and what becomes of its changes.
PLANTS = {
    "gallery not synced": ("people", _without_sync("state/.gallery-*.new")),
    "gallery renamed before its sync": ("people", _renamed_first("state/.gallery-*.new")),
    "gallery's name not synced": ("people", _without_sync("state", "state/gallery-*.sealed")),
    "key not synced": ("people", _without_sync("state/.gallery.key*.new")),
    "next key's name not synced": ("people", _without_sync("state", "state/gallery.key.next")),
    "key's new name not synced": ("people", _without_sync("state", "state/gallery.key")),
    "state folder's name not synced": ("people", _without_sync(".")),
    "commits not synced": ("presses", _without_sync("state/events.sqlite3-wal")),
    "the log's name not synced": ("presses", _without_sync("state", "state/events.sqlite3-wal")),
    "home not synced": ("presses", _without_sync("state/events.sqlite3")),
    "unlinked before home": ("presses", _unlinked_first),
    "new database not synced": ("presses", _without_sync("state/.events.sqlite3.new")),
    "set aside in one go": ("aside", _without_sync("state", "*.damaged-1")),
    "backup not synced": ("backups", _without_sync("usb/.door.backup.new")),
    "backup's name not synced": ("backups", _without_sync("usb")),
    "bundle not synced": ("bundles", _without_sync("models/.new-*/.*.new")),
    "bundle's names not synced": ("bundles", _without_sync("models/.new-*")),
    "current link not synced": ("bundles", _without_sync("models", "models/current")),
    "trusted doors' names not synced": ("sending", _without_sync("state", "state/doors.json")),
    "file for other doors not synced": ("sending", _without_sync("usb/.house.people.new")),
    "what was exchanged not synced": ("taking", _without_sync("state/.exchanged.json.new")),
    "the name of it not synced": ("taking", _without_sync("state", "state/exchanged.json")),
}

# Name -> the scene, and code that spoils the product before it is played.
SPOILT = {
    "SQLite syncs at checkpoints alone": (
        "presses",
        """
from edge.store import events
sound = events.connect
def connect(path):
    database = sound(path)
    database.execute("PRAGMA synchronous = NORMAL")
    return database
events.connect = connect
""",
    ),
    "nothing is ever synced": ("people", "import os; os.fsync = lambda _: None"),
    "written in place": (
        "people",
        """
from edge.store import gallery
def write_whole(path, data):
    with open(path, "wb") as file:
        file.write(data)
    gallery.sync_folder(path.parent)
gallery.write_whole = write_whole
""",
    ),
    "a grant and its counter apart": (
        "presses",
        """
from edge.store import events
sound = events.EventStore.record
def record(self, entry, *, counter=None):
    seq = sound(self, entry)
    with self._transaction() as database:
        if counter is not None:
            database.execute("UPDATE counter SET failures = ?", (counter.failures,))
    return seq
events.EventStore.record = record
""",
    ),
    "the old key kept beside the new one": (
        "people",
        """
from edge.store import gallery
sound = gallery.take_next_key
def take_next_key(folder):
    (folder / "gallery.key.old").write_bytes((folder / "gallery.key").read_bytes())
    sound(folder)
gallery.take_next_key = take_next_key
""",
    ),
    "a file for other doors before its serial": (
        "sending",
        """
from edge.store import exchanged, files
from edge.store.events import EventStore
accept, write, late = exchanged.accept_out, files.write_whole, []
def write_whole(path, data, **more):
    write(path, data, **more)
    if path.name == "house.people":
        with EventStore(path.parents[1] / "state") as events:
            accept(events, *late.pop())
files.write_whole = write_whole
exchanged.accept_out = lambda _, *told: late.append(told)
""",
    ),
    "the last import forgotten before the next": (
        "taking",
        """
from dataclasses import replace
from edge.store import exchanged
def commit_exchanged(change, state_dir, gallery, now, then):
    exchanged.write_exchanged(state_dir, replace(now, undo=then.undo))
    change.commit(gallery)
    exchanged.write_exchanged(state_dir, then)
exchanged.commit_exchanged = commit_exchanged
""",
    ),
}
