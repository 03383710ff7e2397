"""What else the door's process knows of: lamps, contacts, hours, and a day that passed."""

from __future__ import annotations

import json
import sqlite3
import time
from dataclasses import replace
from pathlib import Path

import pytest

from edge.clock import boot_id, boottime
from edge.contract.wire import Enough
from edge.store.events import Counter, EventStore
from edge.store.gallery import GalleryStore
from tests.unit.running_door import ADA, NAME, STRANGER


def test_the_lamps_say_what_becomes_of_a_press(door):
    """White while it looks, green while the lock is open; red for a no, and never green then."""
    lamps = {"green": "GPIO22", "red": "GPIO23", "white": "GPIO24"}
    door.settings += "\n[lights]\n" + "\n".join(f'{n} = "{p}"' for n, p in lamps.items())
    door.enrol(NAME)
    door.spawn()
    door.greet()
    while door.hear() != {"ready": True}:
        pass  # not ready: white flashes

    def until(line, level):
        """What was lit up to the moment when that line got that level."""
        lit = set()
        while True:
            said = door.hear()
            if said.get("level"):
                lit.add(said["line"])
            if (said.get("line"), said.get("level")) == (line, level):
                return lit

    look = door.press()
    assert "green" not in until("white", 1)
    door.show(look, ADA, ADA)
    assert until("green", 1) <= {"white", "strike", "green"}
    assert until("green", 0) <= {"white", "strike"}
    assert isinstance(door.asked(), Enough)
    look = door.press()
    door.show(look, STRANGER, STRANGER)
    assert until("red", 1) <= {"white", "red"}


def test_exit_and_contact_are_felt_told_and_kept(door):
    """Somebody leaves; then the door is opened with nobody let in: an alarm, and a row for each."""
    door.settings += '\nexit_pin = "GPIO5"\nexit_opens = true\ncontact_pin = "GPIO6"\n'
    door.settings += '[lights]\nred = "GPIO23"'
    door.enrol(NAME)
    door.start()

    def move(**moved):
        door.wires.sendall(json.dumps(moved).encode() + b"\n")

    def happened(word):
        """The strike's levels up to that word."""
        levels = []
        while True:
            said = door.hear()
            if said.get("line") == "strike":
                levels.append(said["level"])
            if said.get("happening") == word:
                return levels

    move(contact=0)  # shut
    assert happened("door_closed") == []
    move(exit=True)
    assert happened("rex") == []
    move(contact=1)
    assert happened("door_opened") == [1]
    move(contact=0)
    assert happened("door_closed")[-1:] in ([0], [])  # the lock shuts with the door
    time.sleep(0.5)
    move(contact=1)
    happened("door_forced")
    while door.hear().get("line") != "red":
        pass
    assert door.stop()[0] == 0
    words = [row["reason"] for row in door.rows() if row["kind"] == "door"]
    told = ["rex", "door_opened", "door_closed", "door_opened", "door_forced"]
    assert words == ["door_closed", *told]


def test_a_case_that_was_opened_while_nobody_watched_is_told_at_the_start(door):
    door.settings += '\ntamper_pin = "GPIO6"\ntamper_shut = "closed"\n[lights]\nred = "GPIO23"'
    door.enrol(NAME)
    door.spawn()  # with nothing at that line, as if the contact were open
    assert door.hear()["happening"] == "tamper"
    door.greet()
    while door.hear().get("line") != "red":
        pass
    door.wires.sendall(b'{"case": 0}\n')
    while door.hear() != {"line": "red", "level": 0, "at": pytest.approx(boottime(), abs=5.0)}:
        pass
    door.show(door.press(), ADA, ADA)  # whoever may come in still does
    while "event" not in (said := door.hear()):
        pass
    assert said["event"]["reason"] == "granted"
    assert [row["reason"] for row in door.rows() if row["kind"] == "door"] == ["tamper"]


def test_who_leaves_gets_out_though_the_disk_takes_no_record(door):
    door.settings += '\nexit_pin = "GPIO5"\nexit_opens = true\n'
    door.start()
    with sqlite3.connect(door.state / "events.sqlite3") as hand:
        hand.execute(
            "CREATE TRIGGER full BEFORE INSERT ON event "
            "BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
        )
    hand.close()
    door.wires.sendall(b'{"exit": true}\n')
    while door.hear().get("level") != 1:
        pass


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        ({"disabled": True}, "disabled"),
        ({"until": "2020-01-01"}, "expired"),
        ({"hours": "Mo 00:00-00:01"}, "outside_hours"),
    ],
)
def test_who_is_recognised_and_may_not_come_in_now_is_known_and_not_counted(door, rules, reason):
    door.settings += '\n[hours]\nwhen_clock_unknown = "ignore"'
    door.enrol(NAME)
    with GalleryStore(door.state).change() as change:
        (ada,) = change.gallery.people
        change.commit(change.gallery.with_person(replace(ada, **rules)))
    door.start()
    clock_set = Path("/run/systemd/timesync/synchronized").exists()
    told, levels = door.pressed(ADA, ADA)
    if rules.get("disabled") or clock_set:
        assert (told["reason"], told["person"]["id"], levels) == (reason, ada.id, [])
    else:  # the rest is in test_admission.py, with a clock that is believed
        assert told["reason"] == "granted"
    assert door.counter().failures == 0


def test_outside_the_doors_hours_nobody_is_looked_at(door):
    door.settings += '\n[hours]\ndoor = "Mo 07:00-19:00"'
    door.enrol(NAME)
    door.start()
    time.sleep(0.2)
    door.push()
    wanted = {"clock_unknown"}
    if Path("/run/systemd/timesync/synchronized").exists():
        wanted = {"closed", "granted"}
    assert door.hear()["event"]["reason"] in wanted


@pytest.mark.parametrize(("hours", "left"), [(23.0, 8), (25.0, 1)])
def test_failures_of_before_a_quiet_day_count_no_more(door, hours, left):
    door.enrol(NAME)
    with EventStore(door.state) as events:
        counter = Counter(7, boot_id(), boottime() - hours * 3600.0)
        events.record({"kind": "system", "reason": "test"}, counter=counter)
    door.start()
    door.pressed(STRANGER, STRANGER)
    assert door.counter().failures == left
    cleared = [row for row in door.rows() if row["reason"] == "lockout_cleared"]
    assert [row["failures"] for row in cleared] == ([7] if left == 1 else [])


def test_green_goes_out_with_the_lock_when_the_door_shuts_before_its_time(door):
    door.settings = 'pulse = "10s"\ncontact_pin = "GPIO6"\n[lights]\ngreen = "GPIO22"'
    door.enrol(NAME)
    door.start()
    door.show(door.press(), ADA, ADA)
    started = time.monotonic()
    for level in (1, 0):  # opened, and shut behind whoever came in
        door.wires.sendall(json.dumps({"contact": level}).encode() + b"\n")
        time.sleep(0.3)
    off = set()
    while off != {"strike", "green"}:
        said = door.hear()
        if said.get("level") == 0:
            off.add(said["line"])
    assert time.monotonic() - started < 5.0
