"""Once a day: what is old goes from the log, and the log says that it is there."""

from __future__ import annotations

import sqlite3

import pytest

from edge.clock import boottime
from edge.config import LogConfig
from edge.door import upkeep
from edge.door.upkeep import Upkeep
from edge.store.events import EventStore

DAY_S = 24 * 3600.0


@pytest.fixture
def store(tmp_path):
    with EventStore(tmp_path / "state") as opened:
        for time in ("2020-01-01T00:00:00.000Z", "2999-01-01T00:00:00.000Z"):
            opened.record({"kind": "door", "reason": "rex", "time": time})
        yield opened


@pytest.fixture(params=[True, False], ids=["clock set", "clock not set"])
def trusted(request, monkeypatch):
    monkeypatch.setattr(upkeep, "wall", lambda _: ("2026-01-01T00:00:00.000Z", request.param))
    return request.param


def reasons(store):
    return [entry["reason"] for _, entry in store.rows()]


def test_what_is_old_goes_once_a_day_and_only_by_a_date_that_is_believed(store, trusted, capsys):
    kept, now = Upkeep(store, LogConfig(30 * DAY_S, 1000)), boottime()
    kept.tend(now)
    assert reasons(store) == ["rex", "rex"]  # a door that just started has other things to do
    kept.tend(now + 700.0)
    after = ["rex", "log_pruned", "heartbeat"] if trusted else ["rex", "rex", "heartbeat"]
    assert reasons(store) == after
    kept.tend(now + 800.0)
    assert reasons(store) == after
    kept.tend(now + 800.0 + DAY_S)
    assert reasons(store) == [*after, "heartbeat"]
    assert store.verify() == len(after) + 1
    # The journal knows the newest event, so that a log that is cut off shows.
    assert f"heartbeat seq={[seq for seq, _ in store.rows()][-1]}" in capsys.readouterr().err


def test_a_full_disk_is_told_and_nothing_is_dropped(store, tmp_path, capsys):
    hand = sqlite3.connect(tmp_path / "state/events.sqlite3")
    hand.execute(
        "CREATE TRIGGER full BEFORE INSERT ON event BEGIN SELECT RAISE(ABORT, 'no room'); END"
    )
    hand.close()
    Upkeep(store, LogConfig(30 * DAY_S, 1)).tend(boottime() + 700.0)
    assert reasons(store) == ["rex", "rex"]
    assert "no room" in capsys.readouterr().err


def test_an_old_event_that_somebody_spoilt_is_kept_and_told(store, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(upkeep, "wall", lambda _: ("2026-01-01T00:00:00.000Z", True))
    hand = sqlite3.connect(tmp_path / "state/events.sqlite3")
    hand.execute("UPDATE event SET entry = 'spoilt' WHERE seq = 1")
    hand.commit()
    hand.close()
    Upkeep(store, LogConfig(30 * DAY_S, 1000)).tend(boottime() + 700.0)
    assert "an old event cannot be read" in capsys.readouterr().err
    assert store._database.execute("SELECT count(*) FROM event").fetchone() == (2,)
