"""A door that gives its people to others: its address, the doors it knows, its files on a stick."""

from __future__ import annotations

import hashlib
from pathlib import Path

from edge.store.addresses import FILE, door_key_of, find_or_make_door_key
from edge.store.events import EventStore
from edge.store.exchange import Exchange, open_exchange
from edge.store.exchanged import read_doors
from edge.store.gallery import GalleryStore
from edge.store.people import Gallery
from tests.crashpoints.reading import Found, read_store
from tests.crashpoints.typed import Step, enrolled, network, say

BACK, YARD = (door_key_of(bytes([n]) * 32) for n in (1, 2))
_FILE = Path("usb") / "house.people"
_OUT = "people out"  # as the log's database calls the last file that this door made

STEPS = (
    Step("gallery key"),
    Step(f"gallery trust {BACK.address.text} back", done="a door called back is known already"),
    Step("gallery export {0}/usb/house.people --to back", done="house.people: exists"),
    Step("edit Ada --disable"),
    Step("gallery export {0}/usb/house.people --to back --force"),
    Step(f"gallery trust {YARD.address.text} yard", done="a door called yard is known already"),
    Step("gallery trust --remove back", done="no door called 'back'"),
)


def prepare(folder: Path) -> None:
    """One person is enrolled, and a stick is there."""
    (folder / "usb").mkdir()
    with GalleryStore(folder / "state").change() as change:
        change.commit(Gallery((enrolled(1, "Ada", network(folder)),)))
    with EventStore(folder / "state"):
        pass


def read(folder: Path) -> Found:
    """Raises: AssertionError, OnelookError: as `read_store`, or a file's serial can come again."""
    state, sent = folder / "state", _sent(folder)
    if sent is not None:
        with EventStore(state) as events:
            last = events.accepted(_OUT)
        assert last is not None, "a file is there, and the door knows of none"
        digest = hashlib.sha256((folder / _FILE).read_bytes()).hexdigest()
        same = last == (sent.serial, digest)
        assert same or last[0] > sent.serial, "the serial of a file that is there can come again"
    return {
        **read_store(folder),
        "address": find_or_make_door_key(state).address if (state / FILE).exists() else None,
        "doors": read_doors(state),
        "file": sent,
    }


def use(folder: Path, told: int) -> None:
    """The step under way, said again, is done in the end. Raises: AssertionError."""
    if told == len(STEPS):
        return
    before, step = _sent(folder), STEPS[told]
    code, said = say(step.typed, folder)
    assert code == 0 or (step.done and step.done in said.splitlines()[0]), said
    after = read(folder)["file"]
    if code == 0 and "export" in step.typed:
        assert before is None or after.serial > before.serial, "a serial was given twice"


def _sent(folder: Path) -> Exchange | None:
    """What the back door finds on the stick."""
    file, state = folder / _FILE, folder / "state"
    if not file.exists():
        return None
    signs = find_or_make_door_key(state).address.signs
    return open_exchange(file.read_bytes(), BACK, [signs], network(folder).model)
