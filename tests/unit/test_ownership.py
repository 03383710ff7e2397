"""What root does to the door's people and log, the door can still read."""

from __future__ import annotations

import os

import pytest

from edge.store.events import EventStore
from edge.store.gallery import GalleryStore
from edge.store.people import Person

DOOR = 4711  # a user who need not exist


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files in somebody else's name")
def test_all_that_root_makes_in_the_doors_folder_is_the_doors(tmp_path):
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    os.chown(folder, DOOR, DOOR)
    for name in ("Ada", "Bea"):
        with GalleryStore(folder).change() as change:
            change.commit(change.gallery.with_person(Person(f"p-{name}", name, ())))
    with GalleryStore(folder).change() as change:
        change.erase(change.gallery.without("p-Ada"))
    with EventStore(folder) as store:
        store.record({"reason": "enrolled"})
        made = {path.name: path.stat() for path in folder.iterdir()}
    assert {"gallery.key", "gallery.lock", "events.sqlite3", "events.sqlite3-wal"} <= made.keys()
    assert {(stat.st_uid, stat.st_gid, stat.st_mode & 0o077) for stat in made.values()} == {
        (DOOR, DOOR, 0)
    }
