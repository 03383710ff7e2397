"""What is done to a door's store while every call is recorded, each step told once it is done.

`python -m tests.crashpoints.stories NAME FOLDER` does one; FOLDER/state is the state folder.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from edge.store.accepted import BUNDLE, accept
from edge.store.backup import make_backup
from edge.store.database import set_aside
from edge.store.events import FILE, Counter, EventStore
from edge.store.files import write_whole
from edge.store.gallery import GalleryStore
from edge.store.models import Models
from edge.store.people import Gallery, Person, Template

_DIMENSIONS = 512
_PAGES = 1000  # of the log, after which SQLite brings them home


def somebody(number: int, templates: int = 4) -> Person:
    kept = (
        Template(bytes([number + i]) * _DIMENSIONS, "m", f"photo-{i}", "2026-11-27", "")
        for i in range(templates)
    )
    return Person(f"p-{number}", f"Ada {number}", tuple(kept))


def people(folder: Path) -> Iterator[str]:
    """Enrol, edit, take away, erase under a new key, put a backup's people in place."""
    store = GalleryStore(folder / "state")

    def commit(change: Callable[[Gallery], Gallery]) -> None:
        with store.change() as open_:
            open_.commit(change(open_.gallery))

    for number in range(3):
        commit(lambda gallery, n=number: gallery.with_person(somebody(n)))
        yield f"enrolled {number}"
    commit(lambda gallery: gallery.with_person(replace(gallery.people[0], disabled=True)))
    yield "switched off"
    before = store.load()
    commit(lambda gallery: gallery.without("p-1"))
    yield "taken away"
    for number in (2, 0):
        with store.change() as open_:
            open_.erase(open_.gallery.without(f"p-{number}"))
        yield f"erased {number}"
    commit(lambda _: before)
    yield "restored"
    with store.change() as open_:
        open_.erase(open_.gallery.with_person(somebody(3, templates=5)))
    yield "a new key"


def presses(folder: Path) -> Iterator[str]:
    """Count, refuse, grant; accept a bundle; a mode; seal and prune; close and open again."""
    for turn in range(5):
        with EventStore(folder / "state") as events:
            yield "opened"
            for press in range(3):
                yield from _press(events, turn * 10 + press, granted=press == 2)
            accept(events, BUNDLE, turn + 1, "f" * 64)
            yield "bundle accepted"
            events.set_mode("closed" if turn == 0 else None, {"kind": "system", "reason": "mode"})
            yield "mode"
            events.start_seal({"kind": "system", "time": "2026-11-27"})
            yield "sealed"
            yield from _press(events, turn * 10 + 5, granted=False)
            events.prune({"kind": "system", "time": "2026-11-28"}, before="", most=6)
            yield "pruned"
        yield "closed"


def _press(events: EventStore, press: int, *, granted: bool) -> Iterator[str]:
    events.count_press(1.0)
    yield "counted"
    word = "granted" if granted else "not_recognised"
    entry = {"kind": "press", "reason": word, "press": press, "time": "2026-11-27"}
    events.record(entry, counter=Counter(0, "", 1.0) if granted else None)
    yield word


def full_log(folder: Path) -> None:
    """A log that was cut off just before it is full: nothing of it is home yet."""
    state = folder / "state"
    events = EventStore(state)
    while (state / f"{FILE}-wal").stat().st_size < (_PAGES - 5) * 4120:
        list(_press(events, 1, granted=False))
    _cut_off(state, events.close)


def home(folder: Path) -> Iterator[str]:
    """SQLite brings a full log home, and begins it anew, between two presses."""
    with EventStore(folder / "state") as events:
        for press in range(5):
            yield from _press(events, press, granted=press == 4)


def damaged_log(folder: Path) -> None:
    """A database whose damage lies in the log beside it; without that log it would be whole."""
    state = folder / "state"
    with EventStore(state) as events:
        list(_press(events, 1, granted=True))
    hand = sqlite3.connect(state / FILE)
    hand.executescript("PRAGMA journal_mode = WAL; DELETE FROM counter")
    _cut_off(state, hand.close)


def mended(folder: Path) -> Iterator[str]:
    """A damaged database is set aside, and a new one made."""
    with EventStore(folder / "state") as events:
        yield "mended"
        yield from _press(events, 1, granted=False)


def running_log(folder: Path) -> None:
    """A whole database whose last commits are in the log beside it alone."""
    state = folder / "state"
    events = EventStore(state)
    for press in range(3):
        list(_press(events, press, granted=False))
    _cut_off(state, events.close)


def aside(folder: Path) -> Iterator[str]:
    """A database is set aside as damaged; at no time an older state of it looks whole."""
    set_aside(folder / "state" / FILE)
    yield "set aside"
    yield from mended(folder)


def older_log(folder: Path) -> None:
    """A database of the first schema."""
    with EventStore(folder / "state") as events:
        list(_press(events, 1, granted=False))
    with closing(sqlite3.connect(folder / "state" / FILE)) as hand:
        hand.executescript(
            "DROP TABLE accepted; DROP TABLE seal; DROP TABLE mode;"
            "ALTER TABLE event DROP COLUMN seal; PRAGMA user_version = 1"
        )


def brought_up(folder: Path) -> Iterator[str]:
    """It is brought to this program's schema."""
    with EventStore(folder / "state") as events:
        yield "brought up"
        yield from _press(events, 2, granted=False)


def usb_stick(folder: Path) -> None:
    """Where a backup goes."""
    (folder / "usb").mkdir()


def backups(folder: Path) -> Iterator[str]:
    """A backup, and a later one in its place."""
    for templates in (1, 3):
        gallery = Gallery((somebody(templates, templates),))
        write_whole(folder / "usb" / "door.backup", make_backup(gallery, b"correct horse"))
        yield f"backup of {templates}"


def bundles(folder: Path) -> Iterator[str]:
    """Bundles brought, one of them twice, the first had back; lists of keys."""
    models = Models(folder / "models")
    for number in (1, 2, 2, 3):
        with models.copied({"manifest.json": b"%d" % number, "net": b"%d" % number * 900}) as copy:
            models.keep(copy, number, f"{number:064x}")
        yield f"bundle {number}"
        models.bring_keys(b"keys %d" % number)
        yield f"keys {number}"
    models.go_back()
    yield "back"


def _cut_off(state: Path, close: Callable[[], None]) -> None:
    """Close a database, and leave the folder as if that had not been."""
    left = {path: path.read_bytes() for path in state.iterdir() if path.suffix != ".sqlite3-shm"}
    close()
    for path, data in left.items():
        path.write_bytes(data)


def main(name: str, folder: Path) -> None:
    for told in globals()[name](folder):
        sys.stdout.write(f"{told}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
