"""The plug pulled before each step in turn, of making, mending and changing what is stored."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys

import pytest

from edge.store.events import MOST_FAILURES, EventStore
from edge.store.gallery import GalleryStore, Person
from edge.store.models import Models
from edge.trusted import CURRENT

# One process that is killed for each step: every file that is opened, made, renamed or removed.
# What SQLite does in between is one step here; it has its own journal against that.
KILL_BEFORE_EACH_STEP = """
import os, shutil, signal, sys
from pathlib import Path
from edge.store.database import set_aside
from edge.store.events import EventStore
from edge.store.gallery import GalleryStore, Person
from edge.store.models import Models

STEPS = {"open", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink", "sqlite3.connect"}
template, runs = Path(sys.argv[1]), Path(sys.argv[2])


def kill_before(step, folder):
    seen = 0

    def hook(event, arguments):
        nonlocal seen
        if event in STEPS and folder in str(arguments[0]):
            seen += 1
            if seen == step:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def count_a_press(folder):
    with EventStore(folder) as store:
        store.count_press(1.0)


def set_the_log_aside(folder):
    set_aside(folder / "events.sqlite3")


def enrol_bea(folder):
    with GalleryStore(folder).change() as change:
        change.commit(change.gallery.with_person(Person("p-b", "Bea", ())))


def remove_ada_for_good(folder):
    with GalleryStore(folder).change() as change:
        change.erase(change.gallery.without("p-a"))


def bring_a_third_bundle(folder):
    models = Models(folder)
    with models.copied({"manifest.json": b"3", "embedding.tflite": b"3"}) as copy:
        models.keep(copy, 3, f"{3:064x}")


def go_back_to_the_first_bundle(folder):
    Models(folder).go_back()


for step in range(1, 100):
    folder = runs / f"{step:02}"
    if template.is_dir():
        shutil.copytree(template, folder, symlinks=True)
    pid = os.fork()
    if pid == 0:
        kill_before(step, str(folder))
        globals()[sys.argv[3]](folder)
        os._exit(0)
    if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0:
        break
"""

ADA = Person("p-a", "Ada", ())


@pytest.fixture
def template(tmp_path):
    return tmp_path / "template"


@pytest.fixture
def each_step(template, tmp_path, repository):
    """Run an action, killed before its first step, its second ..., not at all; the folders."""

    def run(action):
        runs = tmp_path / "runs"
        runs.mkdir()
        command = [sys.executable, "-c", KILL_BEFORE_EACH_STEP, str(template), str(runs), action]
        subprocess.run(command, cwd=repository, check=True)
        return sorted(runs.iterdir()) or pytest.fail("nothing was run")

    return run


def test_making_the_log_is_never_taken_for_losing_it(each_step, tmp_path):
    folders = each_step("count_a_press")
    assert folders[-1].name > "05"
    found = []
    for number in range(1, int(folders[-1].name) + 1):
        with EventStore(tmp_path / "runs" / f"{number:02}") as store:
            found.append(store.counter().failures)
            assert store.verify() == 0
    assert found[0] == 0
    assert found[-1] == 1
    assert found == sorted(found)


def test_mending_the_log_never_lowers_the_counter(each_step, template):
    EventStore(template).close()
    hand = sqlite3.connect(template / "events.sqlite3")
    hand.execute("DELETE FROM counter")
    hand.commit()
    hand.close()
    folders = each_step("count_a_press")
    assert folders[-1].name > "08"
    for folder in folders:
        with EventStore(folder) as store:
            assert store.counter().failures >= MOST_FAILURES, folder
            assert [entry["reason"] for _, entry in store.rows()] == ["log_gap"]
            assert store.verify() == 1
        assert list(folder.glob("events.sqlite3.damaged-1*"))


def test_setting_aside_never_leaves_an_older_state_that_looks_whole(each_step, template):
    with EventStore(template.with_name("running")) as store:
        for _ in range(3):
            store.count_press(1.0)  # in the write-ahead log alone: the file says 0
        shutil.copytree(template.with_name("running"), template)
    assert (template / "events.sqlite3-wal").stat().st_size > 0
    folders = each_step("set_the_log_aside")
    assert folders[-1].name >= "04"
    for folder in folders:
        with EventStore(folder) as store:
            assert store.counter().failures >= 3, folder


def test_an_erasure_that_is_cut_off_leaves_a_gallery_that_opens_and_can_be_done_again(
    each_step, template
):
    bea = Person("p-b", "Bea", ())
    for person in (ADA, bea):
        with GalleryStore(template).change() as change:
            change.commit(change.gallery.with_person(person))
    old_key = (template / "gallery.key").read_bytes()
    found = []
    for folder in each_step("remove_ada_for_good"):
        found.append({person.name for person in GalleryStore(folder).load().people})
        with GalleryStore(folder).change() as change:
            assert change.erase(change.gallery.without("p-a"))
        assert [p.name for p in GalleryStore(folder).load().people] == ["Bea"]
        # Whatever was cut off: in the end the old key and all that it opened are gone.
        left = [path.name for path in folder.iterdir()]
        assert sum(name.endswith(".sealed") for name in left) == 1
        assert "gallery.key.next" not in left
        assert (folder / "gallery.key").read_bytes() != old_key
    assert len(found) >= 8
    assert found[0] == {"Ada", "Bea"}
    assert found[-1] == {"Bea"}
    after = found.index({"Bea"})
    assert all(names == {"Bea"} for names in found[after:])


@pytest.mark.parametrize("before", [(), (ADA,), (ADA, Person("p-c", "Cleo", ()))])
def test_a_gallery_is_the_one_before_or_the_one_after(each_step, template, tmp_path, before):
    for person in before:
        with GalleryStore(template).change() as change:
            change.commit(change.gallery.with_person(person))
    names = {person.name for person in before}
    folders = each_step("enrol_bea")
    assert folders[-1].name > "05"
    found = []
    for number in range(1, int(folders[-1].name) + 1):
        store = GalleryStore(tmp_path / "runs" / f"{number:02}")
        found.append({person.name for person in store.load().people} - names)
        assert found[-1] <= {"Bea"}
        with store.change() as change:  # and it can be changed again
            change.commit(change.gallery.with_person(Person("p-d", "Dora", ())))
        assert {person.name for person in store.load().people} == names | {"Dora"} | found[-1]
    assert found[0] == set()
    assert found[-1] == {"Bea"}


@pytest.fixture
def two_bundles(template):
    """The first is the one before, the second is current."""
    models = Models(template)
    for number in (1, 2):
        with models.copied(bundle_files(number)) as copy:
            models.keep(copy, number, f"{number:064x}")


def bundle_files(number):
    return dict.fromkeys(("manifest.json", "embedding.tflite"), b"%d" % number)


def current_bundle(folder):
    """Which bundle a door would start with; it must be whole."""
    files = {file.name: file.read_bytes() for file in (folder / CURRENT).iterdir()}
    (number,) = set(files.values())
    assert files == bundle_files(int(number))
    return int(number)


@pytest.mark.usefixtures("two_bundles")
def test_a_door_has_the_bundle_of_before_or_the_new_one_and_always_a_whole_one(each_step):
    folders = each_step("bring_a_third_bundle")
    assert folders[-1].name > "12"
    found = [current_bundle(folder) for folder in folders]
    assert set(found) == {2, 3}
    assert found == sorted(found)
    for folder in folders:  # and the next swap comes to its end, and cleans up
        models = Models(folder)
        with models.copied(bundle_files(4)) as copy:
            models.keep(copy, 4, f"{4:064x}")
        assert current_bundle(folder) == 4
        assert models.previous().is_dir()
        assert len([p for p in folder.iterdir() if p.is_dir() and not p.is_symlink()]) == 2


@pytest.mark.usefixtures("two_bundles")
def test_going_back_ends_at_one_of_the_two(each_step):
    folders = each_step("go_back_to_the_first_bundle")
    found = [current_bundle(folder) for folder in folders]
    assert set(found) == {1, 2}
    assert found == sorted(found, reverse=True)
    for folder in folders:
        before = Models(folder).previous()
        assert before is None or (before / "manifest.json").read_bytes() == b"1"
