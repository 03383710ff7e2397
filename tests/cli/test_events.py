"""What happened at the door, why, and whether the log is what was recorded."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from datetime import datetime

import pytest

from edge.cli.when import local, parse_when
from edge.contract.errors import UsageError
from edge.contract.gates import Gate
from edge.contract.reasons import Reason
from edge.contract.wire import Seen
from edge.core.burst import Finding
from edge.door.press import Ending, Judged, Press, entry, row_of
from edge.store.events import EventStore

DARK = Gate("face_light_255", 22.0, 40.0, 220.0)
SHARP = Gate("sharpness", 0.6, 0.37, 1.0)


def press(number, reason, *, person=None, frame=Reason.TOO_DARK):
    """What a door records of a press of one frame."""
    seen = Seen(number, 1, 5.0, frame, b"", (), (DARK, SHARP), (96.0, 240.0, 0.0))
    made = Press(number, 5.0, [Judged(seen, Finding(None, frame), None)])
    return entry(Ending(made, reason, person, 5.4, 0.5, "9c41e2", "normal"))


@pytest.fixture
def happened(door, obama):
    """Ada enrolled; then a press in the dark, a grant of hers, and a forced door."""
    assert door("enroll", "Ada", obama).returncode == 0
    (ada,) = door.json("list")[0]["people"]
    with EventStore(door.state) as events:
        events.record(press(1, Reason.TOO_DARK))
        events.record({**press(2, Reason.GRANTED), "person": ada["id"]})
        events.record(row_of("door", "door_forced", 9.0))
    return door


def test_events_are_told_in_their_order_with_the_names_of_now(happened):
    told = happened("events").stdout.splitlines()
    words = [line.split()[2] for line in told]
    assert words == ["enrolled", "too_dark", "granted", "door_forced"]
    assert [line.split()[-1] for line in told] == ["Ada", "e-2", "Ada", "e-4"]
    events = happened.json("events")[0]["events"]
    assert [event["event"] for event in events] == ["e-1", "e-2", "e-3", "e-4"]
    assert [event["result"] for event in events] == ["none", "refuse", "grant", "none"]
    assert events[1]["remedy"] == Reason.TOO_DARK.remedy
    assert events[2]["person"]["name"] == "Ada"
    assert "Ada" not in (happened.state / "events.sqlite3").read_bytes().decode("latin-1")
    assert happened("remove", "Ada", "--yes").returncode == 0
    assert happened.json("events", "--reason", "granted")[0]["events"][0]["person"]["name"] is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--reason", "granted"], ["granted"]),
        (["--reason", "granted", "--reason", "too_dark"], ["too_dark", "granted"]),
        (["--person", "Ada"], ["enrolled", "granted"]),
        (["-n", "1"], ["door_forced"]),
        (["--since", "1h", "-n", "9"], ["enrolled", "too_dark", "granted", "door_forced"]),
        (["--until", "yesterday"], []),
        (["--since", "2999-01-01"], []),
    ],
)
def test_some_of_them(happened, options, words):
    found, code = happened.json("events", *options)
    assert ([event["reason"] for event in found["events"]], code) == (words, 0)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--reason", "unkown"], "no event is called unkown"),
        (["--since", "tomorow"], '"tomorow" is no time'),
        (["-n", "0"], "above 0"),
    ],
)
def test_what_is_no_filter_is_one_clear_line(door, options, said):
    done = door("events", *options)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_nothing_yet_is_said_and_makes_no_log(door):
    assert door("events").stdout == "nothing of that kind yet\n"
    assert door("explain", "last").returncode == 66
    assert not door.state.exists()


def test_what_comes_is_followed(happened, repository):
    follow = subprocess.Popen(
        [sys.executable, "-m", "edge", "events", "-f", "--json", "--config", happened.config],
        cwd=repository,
        stdout=subprocess.PIPE,
        text=True,
    )
    with follow:
        told = [json.loads(follow.stdout.readline())["reason"] for _ in range(4)]
        time.sleep(0.5)
        with EventStore(happened.state) as events:
            events.record(press(3, Reason.NO_FACE))
        told.append(json.loads(follow.stdout.readline())["reason"])
        follow.kill()
    assert told[-2:] == ["door_forced", "no_face"]


def test_a_press_is_explained_frame_by_frame_with_what_to_do(happened):
    told = happened("explain", "e-2").stdout
    assert "e-2, " in told
    assert "camera 96, finding the face 240, network 0" in told
    assert "frame 1: too_dark; the light on the face is 22, 40 to 220 is needed" in told
    assert "sharpness" not in told  # nothing was wrong with it
    assert Reason.TOO_DARK.remedy in told
    assert happened("explain", "last").stdout.startswith("e-3, ")
    assert "granted, Ada" in happened("explain", "last").stdout
    assert "no event e-9" in happened("explain", "e-9").stderr


def test_a_log_is_verified_and_a_change_is_found(happened, tmp_path):
    assert "4 events, 1 to 4: whole" in happened("log", "verify").stdout
    sealed, code = happened.json("log", "seal")
    assert code == 0
    key = tmp_path / "log.key"
    key.write_text(sealed["key"] + "\n")
    again = happened("log", "seal")
    assert (again.returncode, "sealed already" in again.stderr) == (2, True)
    with EventStore(happened.state) as events:
        events.record(press(3, Reason.NO_FACE))
    document, code = happened.json("log", "verify", "--key", key)
    assert (document["last"], document["sealed"], code) == (6, 1, 0)
    assert happened("log", "verify", "--newest", 6).returncode == 0
    cut = happened("log", "verify", "--newest", 8)
    assert (cut.returncode, "events 7 to 8 are missing" in cut.stdout) == (1, True)
    hand = sqlite3.connect(happened.state / "events.sqlite3")
    hand.execute("UPDATE event SET entry = replace(entry, 'no_face', 'granted') WHERE seq = 6")
    hand.commit()
    hand.close()
    document, code = happened.json("log", "verify")
    assert (document["why"], code) == ("event 6 is not what was recorded after 5", 1)


@pytest.mark.parametrize("text", ["", "abc", "00" * 31])
def test_what_is_no_key_is_one_clear_line(happened, tmp_path, text):
    (tmp_path / "key").write_text(text)
    done = happened("log", "verify", "--key", tmp_path / "key")
    assert (done.returncode, "no key of the log" in done.stderr) == (65, True)
    assert happened("log", "verify", "--key", tmp_path / "none").returncode == 66


def test_times_are_understood_as_people_say_them():
    now = datetime.fromisoformat("2026-11-27T18:30:00+01:00")
    for text, wanted in {
        "today": "2026-11-26T23:00:00.000Z",
        "yesterday": "2026-11-25T23:00:00.000Z",
        "now": "2026-11-27T17:30:00.000Z",
        "2h": "2026-11-27T15:30:00.000Z",
        "30d ago": "2026-10-28T17:30:00.000Z",
        "18:00": "2026-11-27T17:00:00.000Z",
        "2026-11-01": "2026-10-31T23:00:00.000Z",
        "2026-11-01 12:00": "2026-11-01T11:00:00.000Z",
        "2026-11-01T12:00:00Z": "2026-11-01T12:00:00.000Z",
    }.items():
        assert parse_when(text, now) == wanted
    with pytest.raises(UsageError, match="no time"):
        parse_when("25:00", now)
    assert len(local("2026-11-27T17:30:00.000Z")) == len("2026-11-27 17:30:00")
