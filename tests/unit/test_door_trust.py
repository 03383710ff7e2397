"""What the door's process starts with: bundle, keys, gallery, eye; and what it does not."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from edge.store.events import EventStore
from edge.store.gallery import GalleryStore
from edge.store.people import Gallery, Template
from tests.unit.running_door import ADA, NAME, START_S, STRANGER


def test_before_the_eye_has_spoken_the_door_is_not_armed_and_systemd_is_told_only_then(door):
    door.enrol(NAME)
    door.spawn().push()
    event, levels = door.outcome()
    assert (event["reason"], levels) == ("not_armed", [])
    assert "READY=1" not in door.told_systemd()
    door.greet()
    assert door.hear() == {"ready": True}
    assert "READY=1" in door.told_systemd()


def test_an_eye_with_another_network_is_an_engine_error_and_nothing_is_ready(door):
    door.enrol(NAME)
    door.spawn().greet(model="f" * 16)
    time.sleep(0.1)
    door.push()
    assert door.outcome()[0]["reason"] == "engine_error"
    assert "READY=1" not in door.told_systemd()


def test_a_door_that_cannot_open_its_store_says_so_and_ends(door):
    door.state.mkdir(mode=0o755)
    code, said = door.spawn().finish()
    assert code == 77
    assert str(door.state) in said
    assert "Traceback" not in said


def test_r4_2_a_bundle_of_nobody_is_refused_and_where_it_is_allowed_warned_of_each_time(door):
    for _ in range(2):
        code, said = door.start().stop()
        assert code == 0
        assert said.count("bundle_unsigned") == 1
    assert door.accepted() == [("keys_accepted", 4)]  # its own serial says nothing
    door.trust = "allow_unsigned = false"
    code, said = door.spawn().finish()
    assert code == 81
    assert "nobody signed" in said


def test_r4_2_a_bundle_of_a_strange_key_starts_no_door(door, key, stranger):
    door.sign(stranger)
    door.list_keys(key)
    code, said = door.spawn().finish()
    assert code == 81
    assert "does not trust" in said
    assert "Traceback" not in said


def test_r4_4_a_bundle_is_accepted_once_its_eye_has_spoken_and_not_before(door, key):
    door.sign(key, serial=5)
    door.spawn().push()
    assert door.outcome()[0]["reason"] == "not_armed"
    assert door.accepted() == []
    door.greet()
    assert door.hear() == {"ready": True}
    assert door.accepted() == [("keys_accepted", 1), ("bundle_accepted", 5)]
    assert "bundle_unsigned" not in door.stop()[1]
    door.start().stop()
    assert len(door.accepted()) == 2  # the second start has nothing to accept


def test_r4_4_an_older_bundle_and_another_one_of_the_same_serial_start_no_door(door, key):
    door.sign(key, serial=5)
    door.start().stop()
    for changes, words in (({"serial": 4}, "serial 4"), ({"serial": 5, "name": "x"}, "another")):
        door.sign(key, **changes)
        code, said = door.spawn().finish()
        assert code == 81, said
        assert words in said
        assert "Traceback" not in said
    door.sign(key, serial=5)
    assert door.start().stop()[0] == 0


def test_r4_4_an_older_list_of_keys_starts_no_door_and_another_owner_counts_anew(
    door, key, stranger
):
    door.sign(key)
    door.list_keys(key, stranger, owner=stranger, serial=2)
    door.start().stop()
    door.list_keys(key, owner=stranger, serial=1)
    code, said = door.spawn().finish()
    assert code == 81
    assert "list of keys has the serial 1" in said
    door.list_keys(key, serial=1)
    assert door.start().stop()[0] == 0


def test_an_acceptance_that_is_not_on_the_disk_leaves_the_door_shut(door, key):
    door.sign(key)
    door.enrol(NAME)
    EventStore(door.state).close()
    with sqlite3.connect(door.state / "events.sqlite3") as hand:
        hand.execute(
            "CREATE TRIGGER full BEFORE INSERT ON event WHEN NEW.entry LIKE '%s_accepted%' "
            "OR NEW.entry LIKE '%bundle_accepted%' "
            "BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
        )
    hand.close()
    door.spawn().greet()
    time.sleep(0.1)
    door.show(door.press(), ADA, ADA)
    event, levels = door.outcome()
    assert (event["reason"], levels) == ("storage_error", [])
    assert door.accepted() == []


def test_r1_10_the_threshold_is_that_of_the_gallery_as_it_is(door):
    door.enrol(NAME)
    door.start()
    frame = door.pressed(STRANGER, STRANGER)[0]["frames"][0]
    assert frame["threshold"] == pytest.approx(0.31)
    door.enrol("Bea", embedding=STRANGER)
    frame = door.pressed(ADA, ADA)[0]["frames"][0]
    assert frame["threshold"] == pytest.approx(0.28)


MANY = [f"{letter}ob" for letter in "abcdef"]


def test_r1_10_a_gallery_that_nobody_measured_lets_nobody_in_until_it_is_smaller(door):
    door.enrol(*MANY[:5])
    door.start()
    door.enrol(MANY[5])
    time.sleep(0.2)
    door.push()
    event, levels = door.outcome()
    assert (event["reason"], levels) == ("not_armed", [])
    door.remove("p-fob")
    # The network of four bytes is never that sure, but it was asked.
    assert door.pressed(ADA, ADA)[0]["reason"] == "not_recognised"


def test_r1_10_a_door_whose_gallery_nobody_measured_says_so_and_ends(door):
    door.enrol(*MANY)
    code, said = door.spawn().finish()
    assert code == 81
    assert "measured for 5 people" in said
    assert "remove people or photographs" in said


def test_templates_of_another_network_do_not_count_towards_the_gallery(door):
    door.enrol(*MANY)
    with GalleryStore(door.state).change() as change:
        other = Template(ADA, "0" * 16, "", "", "")
        people = [replace(p, templates=(other,)) for p in change.gallery.people[1:]]
        change.commit(Gallery((change.gallery.people[0], *people)))
    assert door.start().pressed(ADA, ADA)[0]["reason"] == "granted"


@pytest.mark.parametrize(("model", "code"), [(None, 0), ("f" * 64, 69)])
def test_a_check_meets_the_eye_and_ends(door, model, code):
    with subprocess.Popen(
        [sys.executable, "-m", "edge", "run", "--check", *door.configure()],
        cwd=door.repository,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as check:
        door.greet(model)
        told, failed = check.communicate(timeout=START_S)
    assert check.returncode == code
    assert ("would start" in told) is (code == 0)
    assert ("no eye with its network" in failed) is (code == 69)
    assert "Traceback" not in failed
    assert door.accepted() == []  # nothing was changed by looking


def test_r2_5_an_older_gallery_lets_nobody_in_until_the_owner_takes_it_on_purpose(with_ada):
    door = with_ada
    older = next(door.state.glob("gallery-*.sealed"))
    kept = older.read_bytes()
    door.remove("p-ada")  # as `onelook edit` would change it, without a new key
    assert door.pressed_and_refused() == "empty_gallery"
    for newer in door.state.glob("gallery-*.sealed"):
        newer.unlink()
    older.write_bytes(kept)
    assert door.pressed_and_refused() == "storage_error"
    with GalleryStore(door.state).change() as change:
        change.commit(change.gallery)
    assert door.pressed(ADA, ADA)[0]["reason"] == "granted"
    accepted = [row["serial"] for row in door.rows() if row["reason"] == "gallery_accepted"]
    assert accepted == [2, 3]
