"""What the owner tells the door's process that runs."""

from __future__ import annotations

import os
import socket
import sqlite3
import threading
import time
from base64 import b64decode

import pytest

from edge.contract.errors import OnelookError, StorageError
from edge.contract.reasons import Reason
from edge.door.control import ask
from tests.unit.running_door import ADA, NAME, START_S, STRANGER


def test_the_owner_asks_and_tells_a_door_that_runs(door):
    """Status, one opening, an end to it, a mode that outlives a restart, and no more lock-out."""
    door.enrol(NAME)
    door.start()
    assert ask(door.state, {"do": "status"})["faults"] == []
    said = {"who": "root", "because": "parcel"}
    assert ask(door.state, {"do": "unlock", "seconds": 9.0, **said})["opened"]
    assert door.hear()["happening"] == "manual_unlock"  # before the lock moves
    assert door.hear()["level"] == 1
    assert ask(door.state, {"do": "status"})["strike"] == "on"
    ask(door.state, {"do": "lock", **said})
    while door.hear().get("level") != 0:
        pass
    for _ in range(2):
        door.pressed(STRANGER, STRANGER)
    assert ask(door.state, {"do": "clear-lockout", **said})["failures"] == 2
    assert door.counter().failures == 0
    assert ask(door.state, {"do": "mode", "mode": "closed", **said})["mode"] == "closed"
    assert door.stop()[0] == 0
    door.start()
    found = ask(door.state, {"do": "status"})
    assert (found["mode"], found["configured_mode"]) == ("closed", "normal")
    time.sleep(0.2)
    door.push()
    assert door.hear()["event"]["reason"] == "closed"
    assert ask(door.state, {"do": "mode", "mode": None})["mode"] == "normal"
    kept = [row for row in door.rows() if row.get("because") == "parcel"]
    words = ["manual_unlock", "manual_lock", "lockout_cleared", "mode_changed"]
    assert [row["reason"] for row in kept] == words


def test_a_door_that_is_closed_while_somebody_is_looked_at_stays_shut(door):
    door.enrol(NAME)
    door.start()
    look = door.press()
    ask(door.state, {"do": "mode", "mode": "closed"})
    door.show(look, ADA, ADA)
    told, levels = door.outcome()
    assert (told["reason"], levels) == ("closed", [])
    assert door.counter().failures == 0


@pytest.mark.parametrize(
    ("request_", "exit_code"),
    [
        ({"do": "unlock", "seconds": 60}, 2),
        ({"do": "unlock", "seconds": "nan"}, 2),
        ({"do": "mode", "mode": "open"}, 2),
        ({"do": "dance"}, 76),
        ({}, 76),
        ([], 76),
    ],
)
def test_what_the_door_cannot_do_is_told_and_moves_nothing(door, request_, exit_code):
    door.start()
    with pytest.raises(OnelookError) as refusal:
        ask(door.state, request_)
    assert refusal.value.exit_code == exit_code
    assert ask(door.state, {"do": "status"})["strike"] == "off"
    assert door.rows() == door.rows()[:1]  # the bundle's


def test_whoever_connects_and_says_nothing_holds_up_nobody(door):
    door.enrol(NAME)
    door.start()
    idle = []
    for _ in range(8):
        silent = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        silent.connect(f"/proc/self/fd/{os.open(door.state, os.O_RDONLY)}/control.sock")
        idle.append(silent)
    assert door.pressed(ADA, ADA)[0]["reason"] == "granted"
    for silent in idle:
        silent.close()
    time.sleep(0.2)
    assert ask(door.state, {"do": "status"})["armed"]


def test_no_opening_by_command_without_its_record(door):
    door.start()
    with sqlite3.connect(door.state / "events.sqlite3") as hand:
        hand.execute(
            "CREATE TRIGGER full BEFORE INSERT ON event "
            "BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
        )
    hand.close()
    assert not ask(door.state, {"do": "unlock", "seconds": 5.0})["opened"]
    assert ask(door.state, {"do": "status"})["strike"] == "off"
    with pytest.raises(OnelookError, match="the disk is full") as refusal:
        ask(door.state, {"do": "mode", "mode": "shadow"})
    assert refusal.value.exit_code == StorageError.exit_code
    assert ask(door.state, {"do": "status"})["mode"] == "normal"


@pytest.mark.parametrize(("mode", "reason"), [("closed", "closed"), ("shadow", "granted")])
def test_in_other_modes_the_lock_stays_shut_and_the_record_says_the_mode(door, mode, reason):
    door.settings += f'\nmode = "{mode}"'
    door.enrol(NAME)
    door.start()
    time.sleep(0.2)
    door.push()
    if mode == "shadow":
        door.show(door.asked(), ADA, ADA)
    told = door.hear()  # of a grant outside shadow the lock's line would tell first
    assert (told["event"]["reason"], told["event"]["mode"]) == (reason, mode)
    assert [row["mode"] for row in door.presses()] == [mode]
    assert door.stop()[0] == 0


class Owner(threading.Thread):
    """`onelook`, which waits for an answer while the test plays the eye."""

    def __init__(self, door, **request):
        super().__init__(daemon=True)
        self._door, self._request = door, request
        self.start()

    def run(self):
        self.answer = ask(self._door.state, self._request, wait_s=START_S)

    def told(self):
        self.join(START_S)
        return self.answer


def test_the_owner_looks_through_the_eye_and_nobody_is_compared_or_counted(with_ada):
    owner = Owner(with_ada, do="look", seconds=5, frames=2, who="me")
    look = with_ada.asked()
    assert (look.press, look.frames) == (0, 2)
    with_ada.show(look, Reason.TOO_DARK, ADA)
    dark, seen = owner.told()["frames"]
    assert (dark["reason"], dark["embedding"]) == ("too_dark", None)
    assert b64decode(seen["embedding"]) == ADA
    assert owner.answer["interrupted"] is False
    assert with_ada.counter().failures == 0
    assert [row["who"] for row in with_ada.rows() if row["reason"] == "sitting"] == ["me"]
    assert with_ada.pressed(ADA, ADA)[0]["reason"] == "granted"  # and the door goes on


def test_a_press_goes_before_a_sitting(with_ada):
    owner = Owner(with_ada, do="look", seconds=10, frames=3)
    with_ada.show(with_ada.asked(), ADA)
    event, _ = with_ada.pressed(STRANGER, STRANGER)
    assert event["reason"] == "not_recognised"
    assert (len(owner.told()["frames"]), owner.answer["interrupted"]) == (1, True)


def test_a_sitting_ends_at_its_time_and_with_its_eye(with_ada):
    assert Owner(with_ada, do="look", seconds=0.2, frames=3).told()["frames"] == []
    owner = Owner(with_ada, do="look", seconds=10, frames=3)
    with_ada.asked()
    with_ada.asked()
    with_ada.eye.close()
    assert owner.told() == {"frames": [], "interrupted": True}


def test_one_sits_at_a_time_and_only_before_an_eye(with_ada):
    owner = Owner(with_ada, do="look", seconds=10, frames=1)
    look = with_ada.asked()
    with pytest.raises(OnelookError, match="somebody else looks"):
        ask(with_ada.state, {"do": "look", "seconds": 1, "frames": 1})
    with_ada.show(look, ADA)
    assert len(owner.told()["frames"]) == 1
    with_ada.eye.close()
    time.sleep(0.1)
    with pytest.raises(OnelookError, match="camera_error"):
        ask(with_ada.state, {"do": "look", "seconds": 1, "frames": 1})


def test_a_changed_configuration_counts_after_reload_and_a_wrong_one_changes_nothing(with_ada):
    with_ada.settings = 'pulse = "300ms"\nmode = "closed"'
    with_ada.configure()
    assert ask(with_ada.state, {"do": "reload"})["changed"] == ["door.pulse", "door.mode"]
    with_ada.greet()
    assert with_ada.hear() == {"ready": True}
    with_ada.push()
    assert with_ada.outcome()[0]["reason"] == "closed"
    with_ada.settings = 'pulse = "1h"'
    with_ada.configure()
    with pytest.raises(OnelookError, match="pulse"):
        ask(with_ada.state, {"do": "reload"})
    assert ask(with_ada.state, {"do": "status"})["mode"] == "closed"
    assert [row["changed"] for row in with_ada.rows() if row["reason"] == "reloaded"] == [
        ["door.pulse", "door.mode"]
    ]


def test_a_reload_waits_until_nobody_is_at_the_door(with_ada):
    look = with_ada.press()
    with_ada.settings = 'mode = "closed"'
    with_ada.configure()
    ask(with_ada.state, {"do": "reload"})
    with_ada.show(look, ADA, ADA)
    event, levels = with_ada.outcome()
    assert (event["reason"], levels) == ("granted", [1, 0])
    with_ada.greet()
    assert with_ada.hear() == {"ready": True}
    with_ada.push()
    assert with_ada.outcome()[0]["press"] == "b-2"  # not the first one again
