"""What the product's own readers find after a cut, and whether the store can be used again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path

from edge.store.accepted import BUNDLE
from edge.store.backup import read_backup
from edge.store.events import EventStore
from edge.store.gallery import GalleryStore
from edge.store.people import Gallery
from edge.trusted import CURRENT, KEYS
from tests.crashpoints.stories import somebody

# Part -> what is found of it. A step changes each part as a whole, or not.
Found = Mapping[str, object]
Reader = Callable[[Path], Found]

_TELLS_WHEN = {"time", "why"}  # of a loss: when and how it was found


def read_store(folder: Path) -> Found:
    """Raises: OnelookError: something there cannot be read or believed."""
    state = folder / "state"
    gallery = GalleryStore(state).load()
    with EventStore(state) as events:
        events.verify()
        rows = [
            {k: v for k, v in row.items() if row.get("reason") != "log_gap" or k not in _TELLS_WHEN}
            for _, row in events.rows()
        ]
        log = (events.counter().failures, rows, events.accepted(BUNDLE), events.mode())
    return {"gallery": gallery, "log": log}


def use_store(folder: Path, _told: int = 0) -> None:
    """Enrol, count and record as if nothing had been. Raises: AssertionError, OnelookError."""
    state, found = folder / "state", read_store(folder)
    new = somebody(99)
    with GalleryStore(state).change() as change:
        change.commit(change.gallery.with_person(new))
    with EventStore(state) as events:
        before = events.counter().failures
        events.count_press(2.0)
        events.record({"kind": "press", "reason": "no_face"})
        assert events.counter().failures == before + 1
    again = read_store(folder)
    assert again["gallery"] == found["gallery"].with_person(new)
    assert again["log"][1][:-1] == found["log"][1]


def read_backups(folder: Path) -> Found:
    file = folder / "usb" / "door.backup"
    return {"backup": _people_in(file.read_bytes()) if file.exists() else None}


@lru_cache
def _people_in(data: bytes) -> Gallery:
    """A look takes a second, on purpose."""
    return read_backup(data, b"correct horse")


def read_models(folder: Path) -> Found:
    """The bundle that a door would start with, every file of it, and its list of keys."""
    current, keys = folder / "models" / CURRENT, folder / "models" / KEYS
    there = current.is_symlink()  # be it to nothing
    bundle = {file.name: file.read_bytes() for file in current.iterdir()} if there else None
    return {"bundle": bundle, "keys": keys.read_bytes() if keys.exists() else None}


def read_all(folder: Path) -> Found:
    """All that commands write."""
    return {**read_store(folder), **read_backups(folder)}
