"""What is told of the log: whole, in order, to whoever asks by the one line that there is."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from edge.clock import boot_id, boottime
from edge.config import load_config
from edge.door.press import row_of
from edge.store.events import Counter, EventStore
from edge.tell.document import nameless
from edge.tell.log import AT_ONCE, Log
from edge.tell.place import Place, asked_for
from edge.tell.prometheus import exposition
from edge.tell.state import DoorState

PRESS = {"kind": "decision", "press": 1, "person": "p-1", "frames": 1, "looked": []}


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "state"


@pytest.fixture
def store(folder):
    with EventStore(folder) as opened:
        yield opened


@pytest.fixture
def config(tmp_path, folder):
    file = tmp_path / "onelook.toml"

    def written(more=""):
        file.write_text(f'[paths]\nstate_dir = "{folder}"\n{more}')
        return file

    return written


def happen(store, *words):
    for word in words:
        store.record(row_of("door", word, boottime()))


def told(file, line, repository):
    """All that `onelook tell` says to somebody who asks and then hangs up."""
    done = subprocess.run(
        [sys.executable, "-m", "edge", "tell", "--config", file],
        cwd=repository,
        input=line,
        capture_output=True,
        check=False,
    )
    return [json.loads(found) for found in done.stdout.splitlines()], done


@pytest.mark.parametrize("place", [None, Place(), Place(7, "0a" * 32)])
def test_a_place_can_be_asked_for(place):
    assert Place.of(asked_for(place)) == place


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"after 1\n",
        b"after -1 -\n",
        b"after 1 x\n",
        b"now",
        b'{"do":"unlock"}\n',
        b"now\nnow\n",
    ],
)
def test_nothing_else_can(line):
    with pytest.raises(ValueError, match="neither"):
        Place.of(line)


def test_what_follows_a_place_is_told_with_the_state_behind_it(store, config, repository):
    happen(store, "door_opened", "door_closed", "tamper")
    lines, done = told(config(), Place().asked(), repository)
    assert lines[0] == {"begins": [0, ""], "anew": False}
    events = [line["event"] for line in lines if "event" in line]
    assert [event["reason"] for event in events] == ["door_opened", "door_closed", "tamper"]
    assert [line["place"][0] for line in lines[1:4]] == [1, 2, 3]
    assert lines[4]["state"]["mode"] == "normal"
    assert (done.returncode, done.stderr, len(lines)) == (0, b"", 5)
    behind, _ = told(config(), Place(*lines[2]["place"]).asked(), repository)
    assert [line["event"]["seq"] for line in behind if "event" in line] == [3]
    now, _ = told(config(), b"now\n", repository)
    assert now[0] == {"begins": lines[3]["place"], "anew": False}
    assert not [line for line in now if "event" in line]


def test_who_asks_for_anything_else_is_told_nothing(store, config, repository):
    happen(store, "tamper")
    lines, done = told(config(), b'{"do": "unlock", "seconds": 5}\n', repository)
    assert (lines, done.returncode) == ([], 2)
    assert b"Traceback" not in done.stderr


def test_a_place_in_a_log_that_is_gone_is_noticed(store, folder):
    happen(store, *["rex"] * 3)
    log = Log(folder)
    old, place = log.after(Place())[0][0], log.newest()
    assert (old.seq, place.seq) == (1, 3)
    assert log.holds(place)
    assert log.holds(Place())
    assert not log.holds(Place(3, "0a" * 32))
    assert not log.holds(Place(4, place.hash))
    store.prune(row_of("system", "heartbeat", 1.0), before="", most=1)
    assert [found.seq for found, _ in log.after(Place())] == [3, 4]
    assert log.holds(old), "its row went with time"


def test_a_long_log_is_read_a_part_at_a_time_from_both_ends(store, folder):
    happen(store, *["rex"] * (AT_ONCE + 5))
    log = Log(folder)
    first = log.after(Place())
    assert [place.seq for place, _ in first] == list(range(1, AT_ONCE + 1))
    assert [place.seq for place, _ in log.after(first[-1][0])] == [*range(AT_ONCE + 1, AT_ONCE + 6)]
    assert [place.seq for place, _ in log.before(3)] == [2, 1]


def test_a_log_at_rest_is_read_without_a_file_being_made(folder):
    with EventStore(folder) as store:
        happen(store, "rex")
    before = sorted(folder.iterdir())
    assert Log(folder).newest().seq == 1
    assert sorted(folder.iterdir()) == before
    assert Log(folder / "none").after(Place()) == []


def test_a_name_goes_only_where_the_owner_lets_it():
    event = {"person": {"id": "p-1", "name": "Ada"}, "who": "ada", "because": "for Bea", "seq": 1}
    assert nameless(event) == {"person": {"id": "p-1", "name": None}, "seq": 1}
    assert nameless({"person": None}) == {"person": None}


def test_the_state_is_what_the_events_and_the_counter_leave(store, folder, config):
    chosen = load_config(config('[door]\ncontact_pin = "GPIO5"\n'))
    state = DoorState(chosen, Log(folder))
    assert state.document()["door"] == "unknown"
    happen(store, "door_opened")
    seen = {**PRESS, "reason": "not_recognised", "time": "2026-11-27T18:00:00.000Z"}
    store.record(seen, counter=Counter(5, boot_id(), boottime()))
    store.set_mode("closed", row_of("system", "mode_changed", boottime()))
    found = DoorState(chosen, Log(folder)).document()
    assert (found["door"], found["reason"], found["mode"]) == ("open", "not_recognised", "closed")
    assert (found["failures"], found["lockout"], found["people"]) == (5, True, 0)
    state.take({"kind": "door", "reason": "door_closed"})
    assert state.document()["door"] == "shut"
    assert found["model"]


def test_a_lock_out_that_is_over_is_told_as_over(store, folder, config):
    store.record(dict(PRESS, reason="ambiguous"), counter=Counter(5, boot_id(), boottime() - 31))
    found = DoorState(load_config(config()), Log(folder)).document()
    assert (found["failures"], found["lockout"]) == (5, False)


def test_prometheus_gets_what_is_known_and_nothing_else():
    state = {
        "mode": "normal",
        "door": "open",
        "reason": "granted",
        "failures": 2,
        "lockout": False,
        "time": "2026-11-27T18:00:00.500Z",
        "people": None,
        "bundle": 'a"b\\',
        "model": "m",
    }
    lines = exposition(7, state, {"temperature_c": 48.3, "undervoltage": True, "running": None})
    values = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    assert values == {
        "onelook_last_seq": "7",
        "onelook_last_press_timestamp_seconds": "1795802400.5",
        'onelook_last_press_info{reason="granted"}': "1",
        'onelook_mode_info{mode="normal"}': "1",
        "onelook_door_open": "1",
        "onelook_failures": "2",
        "onelook_lockout": "0",
        'onelook_model_info{bundle="a\\"b\\\\",model="m"}': "1",
        "onelook_temperature_celsius": "48.3",
        "onelook_undervoltage": "1",
    }
    assert len(lines) == 3 * len(values)
