"""What becomes of a press, at the door's real process."""

from __future__ import annotations

import json
import signal
import sqlite3
import time

import pytest

from edge.clock import boot_id, boottime
from edge.contract.reasons import Reason
from edge.contract.wire import Enough, Seen
from edge.store.events import Counter, EventStore
from tests.unit.running_door import ADA, FACE, GATES, NAME, STRANGER


def test_a_grant_is_recorded_then_the_strike_is_pulsed_once(with_ada):
    event, levels = with_ada.pressed(ADA, ADA)
    assert (event["reason"], event["result"], levels) == ("granted", "grant", [1, 0])
    assert event["person"] == {"id": "p-ada", "name": NAME}
    assert [f["reason"] for f in event["frames"]] == [None, None]
    first = event["frames"][0]
    assert first["distance"] < first["threshold"] == pytest.approx(0.31)
    assert first["face"] == list(FACE)
    assert event["ms"]["capture"] == 2
    (row,) = with_ada.presses()
    assert (row["reason"], row["person"], row["band"]) == ("granted", "p-ada", "above")
    assert event["lockout"] == {"failures": 0, "free": 5, "left_ms": 0}


def test_neither_log_nor_journal_holds_a_name_or_a_measurement_of_a_face(with_ada):
    event, _ = with_ada.pressed(ADA, ADA)
    distance = str(event["frames"][0]["distance"])[:6]
    log = (with_ada.state / "events.sqlite3-wal").read_bytes()
    code, said = with_ada.stop()
    assert (code, "reason=granted" in said) == (0, True)
    for text in (said.encode(), log, json.dumps(with_ada.rows()).encode()):
        assert b"Lovelace" not in text
        assert distance.encode() not in text
        assert ADA not in text


def test_a_stranger_is_counted_and_the_sixth_press_is_locked_out(with_ada):
    for failures in range(1, 6):
        event, levels = with_ada.pressed(STRANGER, STRANGER)
        assert (event["reason"], levels) == ("not_recognised", [])
        assert event["lockout"]["failures"] == failures
    time.sleep(0.2)
    with_ada.push()  # nobody is looked at, so that nothing is asked
    event, levels = with_ada.outcome()
    assert (event["reason"], levels, event["frames"]) == ("lockout", [], [])
    assert 25_000 < event["lockout"]["left_ms"] <= 30_000


def test_the_failure_is_on_the_disk_before_anything_is_decided_and_a_grant_clears_it(with_ada):
    look = with_ada.press()
    with_ada.show(look, STRANGER)
    deadline = time.monotonic() + 5.0
    while with_ada.counter().failures == 0:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    with_ada.pull_the_plug()
    assert with_ada.counter().failures == 1
    assert with_ada.presses() == []
    with_ada.start()
    assert with_ada.pressed(ADA, ADA)[0]["reason"] == "granted"
    assert with_ada.counter().failures == 0


def test_what_does_not_count_gives_back_what_the_press_took(with_ada):
    assert with_ada.pressed(STRANGER, STRANGER)[0]["lockout"]["failures"] == 1
    before = with_ada.counter()
    event, _ = with_ada.pressed(Reason.TOO_DARK, Reason.TOO_DARK)
    assert (event["reason"], event["counts_as_failure"]) == ("too_dark", False)
    assert with_ada.counter() == before
    look = with_ada.press()
    with_ada.show(look, STRANGER, Reason.ENGINE_ERROR)
    assert with_ada.outcome()[0]["reason"] == "engine_error"
    assert with_ada.counter() == before


def test_frames_of_before_the_press_or_of_another_press_open_nothing(with_ada):
    look = with_ada.press()
    old = look.not_before - 1.0
    for n, (press, taken) in enumerate([(look.press, old), (look.press + 1, boottime())] * 3, 1):
        with_ada.tell(Seen(press, n, taken, None, ADA, FACE, (), (0.0, 0.0, 0.0)))
    again = Seen(look.press, 7, boottime(), None, ADA, FACE, (), (0.0, 0.0, 0.0))
    for _ in range(3):  # one exposure, three times told
        with_ada.tell(again)
    event, levels = with_ada.outcome()
    assert (event["reason"], levels) == ("inconsistent", [])
    assert event["ms"]["total"] >= 1000


def test_an_eye_cannot_say_granted(with_ada):
    look = with_ada.press()
    with_ada.show(look, Reason.GRANTED)
    event, levels = with_ada.outcome()
    assert (event["reason"], levels, event["frames"]) == ("camera_error", [], [])


def test_a_lost_eye_ends_the_press_at_once_and_its_return_is_noticed(with_ada):
    with_ada.press()
    with_ada.eye.close()
    event, levels = with_ada.outcome()
    assert (event["reason"], levels) == ("camera_error", [])
    assert event["ms"]["total"] < 900
    time.sleep(0.2)
    with_ada.push()
    assert with_ada.outcome()[0]["reason"] == "camera_error"
    with_ada.greet()
    assert with_ada.pressed(ADA, ADA)[0]["reason"] == "granted"


def test_silence_of_the_eye_is_a_timeout(with_ada):
    with_ada.press()
    event, levels = with_ada.outcome()
    assert (event["reason"], levels) == ("timeout", [])
    assert 1000 <= event["ms"]["total"] < 2500


def test_a_press_while_one_is_decided_or_the_door_is_open_starts_nothing(with_ada):
    look = with_ada.press()
    time.sleep(0.25)
    with_ada.push()
    with_ada.show(look, ADA, ADA)
    with_ada.push()
    assert with_ada.outcome()[1] == [1, 0]
    assert isinstance(with_ada.asked(), Enough)
    assert len(with_ada.presses()) == 1
    event, _ = with_ada.pressed(ADA, ADA)
    assert event["press"] == "b-2"


def test_who_is_enrolled_or_removed_meanwhile_is_known_at_the_next_press(door):
    door.start().push()
    assert door.outcome()[0]["reason"] == "empty_gallery"
    door.enrol(NAME)
    assert door.pressed(ADA, ADA)[0]["reason"] == "granted"
    door.enrol("Bea", embedding=STRANGER)
    door.remove("p-ada")
    assert door.pressed(ADA, ADA)[0]["reason"] == "not_recognised"


def test_two_people_with_one_face_are_ambiguous(door):
    door.enrol("Ada", "Eve")
    event, levels = door.start().pressed(ADA, ADA)
    assert (event["reason"], levels) == ("ambiguous", [])


def test_a_log_that_cannot_be_written_refuses_and_the_counter_does_not_fall(with_ada):
    """A real refusal of SQLite's: the grant's row is one that the database does not take."""
    with sqlite3.connect(with_ada.state / "events.sqlite3") as hand:
        hand.execute(
            "CREATE TRIGGER full BEFORE INSERT ON event WHEN NEW.entry LIKE '%granted%' "
            "BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
        )
    hand.close()
    event, levels = with_ada.pressed(ADA, ADA)
    assert (event["reason"], levels, event["person"]) == ("storage_error", [], None)
    assert [row["reason"] for row in with_ada.presses()] == ["storage_error"]
    assert with_ada.counter().failures == 1


def test_a_counter_that_cannot_be_raised_refuses_before_anything_is_compared(with_ada):
    with sqlite3.connect(with_ada.state / "events.sqlite3") as hand:
        hand.execute(
            "CREATE TRIGGER stuck BEFORE UPDATE ON counter "
            "BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
        )
    hand.close()
    event, levels = with_ada.pressed(ADA)
    assert (event["reason"], levels, event["frames"]) == ("storage_error", [], [])


def test_the_plug_does_not_shorten_a_lockout_of_another_start(door):
    door.enrol(NAME)
    with EventStore(door.state) as events:
        failed = Counter(1_000_000, "another start", 0.0)
        events.record({"reason": "not_recognised"}, counter=failed)
    assert boot_id() != failed.boot_id
    if boottime() > 4 * 3600.0:
        pytest.skip("this machine has run for longer than any lock-out")
    door.settings += '\n[lockout]\ncap = "4h"'
    door.start().push()
    assert door.outcome()[0]["reason"] == "lockout"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_signal_while_the_door_is_open_locks_it_and_ends_in_order(door, number):
    door.settings = 'pulse = "5s"'
    door.enrol(NAME)
    door.start()
    door.show(door.press(), ADA, ADA)
    heard = [door.hear(), door.hear()]
    assert {"line", "event"} <= {key for one in heard for key in one}
    code, said = door.stop(number)
    assert (code, "Traceback" in said) == (0, False), said
    assert door.hear()["level"] == 0
    assert "STOPPING=1" in door.told_systemd()


def test_an_active_low_lock_is_driven_the_other_way_round_and_told_the_same(door):
    door.settings = 'pulse = "200ms"\nlock_active = "low"'
    door.enrol(NAME)
    event, levels = door.start().pressed(ADA, ADA)
    assert (event["reason"], levels) == ("granted", [1, 0])


def test_the_watchdog_is_fed_by_the_turns_of_the_loop_and_by_nothing_else(door):
    door.start(WATCHDOG_USEC="200000")
    door.told_systemd()
    time.sleep(0.3)
    assert "WATCHDOG=1" in door.told_systemd()
    door.process.send_signal(signal.SIGSTOP)
    time.sleep(0.1)
    door.told_systemd()
    time.sleep(0.3)
    assert door.told_systemd() == []
    door.process.send_signal(signal.SIGCONT)


def test_a_frame_of_before_the_press_makes_none_of_before_it_welcome(door):
    """A liar's first frame, too old, must not be what the next one is measured by."""
    door.enrol(NAME)
    door.start()
    look = door.press()
    for number, (reason, embedding) in enumerate([(Reason.BLURRED, b""), (None, ADA), (None, ADA)]):
        taken = look.not_before - 1.0 + 0.1 * number
        seen = Seen(look.press, number + 1, taken, reason, embedding, FACE, GATES, (1.0, 2.0, 3.0))
        door.tell(seen)
    told, levels = door.outcome()
    assert (told["reason"], levels) == ("blurred", [])
    assert door.counter().failures == 0
