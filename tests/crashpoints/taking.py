"""A door that takes the people of another one: merge, import, undo; whose changes meet its own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from edge.store.addresses import door_key_of, find_or_make_door_key
from edge.store.differences import Party
from edge.store.events import EventStore
from edge.store.exchange import make_exchange
from edge.store.exchanged import read_exchanged, write_doors
from edge.store.gallery import GalleryStore
from edge.store.lineage import tracked
from edge.store.people import Gallery
from tests.crashpoints.reading import Found, read_store
from tests.crashpoints.typed import Step, enrolled, network, say, who

FRONT = door_key_of(bytes([3]) * 32)

NEW, FIRST, SECOND = "Ada", "Ada Bea Cem", "Ada Bea- Dan"
CHANGED, THIRD = "Bea2099-12-31- Dan", "Bea Dan"
STEPS = (
    Step("gallery merge {0}/usb/1.people --yes", FIRST, NEW),
    Step("gallery merge {0}/usb/2.people --yes", SECOND, FIRST),
    Step("gallery undo --yes", FIRST, done="those before the last import already"),
    Step("gallery import {0}/usb/2.people --replace --yes", "Bea- Dan", FIRST),
    Step("edit Bea --until 2099-12-31", CHANGED),
    Step("gallery merge {0}/usb/3.people --keep there Bea --yes", THIRD, CHANGED),
    Step("gallery undo --yes", CHANGED, done="those before the last import already"),
)
_BEFORE = Step("", NEW)
_NEWER_TAKEN = 2  # of so many steps told, the second file was taken, and the first is an older one


def prepare(folder: Path) -> None:
    """Ada is enrolled here; on the stick are three files of the front door, each newer."""
    state, stick = folder / "state", folder / "usb"
    stick.mkdir()
    manifest = network(folder)
    ada, bea, cem, dan = (
        enrolled(n, name, manifest) for n, name in enumerate(("Ada", "Bea", "Cem", "Dan"))
    )
    with GalleryStore(state).change() as change:
        change.commit(Gallery((ada,)))
    with EventStore(state):
        pass
    write_doors(state, {"front": FRONT.address})
    here, history = find_or_make_door_key(state).address, {}
    sent = (bea, cem), (replace(bea, disabled=True), dan), (bea, dan)
    for number, people in enumerate(sent, 1):
        history = tracked(history, Gallery(people), manifest.model)
        party = Party(Gallery(people), history)
        made = make_exchange(party, number, manifest.model, FRONT, [here])
        (stick / f"{number}.people").write_bytes(made)


def read(folder: Path) -> Found:
    """People, where an undo would go, and what is remembered of their versions are one part."""
    found, state = read_store(folder), folder / "state"
    remembered = read_exchanged(state, found["gallery"])
    return {**found, "gallery": (found["gallery"], remembered)}


def use(folder: Path, told: int) -> None:
    """Go back; take an older file; say the step under way again. Raises: AssertionError."""
    before = STEPS[told - 1] if told else _BEFORE
    after = STEPS[told] if told < len(STEPS) else before
    (now,) = {step for step in (before, after) if step.people == _who(folder)} or {None}
    assert now is not None, f"{_who(folder)}: neither before nor after"
    with _copied(folder) as copy:
        _go_back(copy, now)
    with _copied(folder) as copy:
        _take_older(copy, told)
    if told < len(STEPS):
        code, said = say(after.typed, folder)
        assert code == 0 or (after.done and after.done in said.splitlines()[0]), said
        assert _who(folder) == after.people, "a second time did not end it"
        _go_back(folder, after)


def _go_back(folder: Path, now: Step) -> None:
    code, said = say("gallery undo --yes", folder)
    if now.back is None:
        assert (code != 0, _who(folder)) == (True, now.people), "undone what cannot be"
    else:
        assert code == 0, said
        assert _who(folder) == now.back, "back to others than those before"


def _take_older(folder: Path, told: int) -> None:
    """Whoever came or went with a newer file stays, even if nobody was told that it was taken."""
    people = _who(folder)
    code, said = say("gallery import {0}/usb/1.people --yes", folder)
    if told >= _NEWER_TAKEN:
        assert (code, "an older one" in said) == (76, True), said
    if told or people == FIRST:
        assert _who(folder) == people, "an older file in place of a newer one"


def _who(folder: Path) -> str:
    return who(GalleryStore(folder / "state").load().people)


@contextmanager
def _copied(folder: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=folder.parent) as place:
        yield Path(shutil.copytree(folder, Path(place) / "disk"))
