"""The event log and the lock-out counter: on the disk before anything follows from them."""

from __future__ import annotations

import sqlite3
import subprocess
import sys

import pytest

from edge.clock import boot_id, boottime
from edge.contract.errors import StorageError, VersionError
from edge.core.lockout import Lockout, remaining
from edge.store.events import MOST_FAILURES, Counter, EventStore

ZERO = Counter(0, "", 0.0)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "state"


@pytest.fixture
def store(folder):
    with EventStore(folder) as opened:
        yield opened


def test_a_new_store_has_no_failures_and_no_events(store):
    assert store.counter() == Counter(0, boot_id(), 0.0)
    assert list(store.rows()) == []
    assert store.verify() == 0


def test_a_counted_press_is_seen_by_another_process_at_once(store, folder):
    store.count_press(12.5)
    with EventStore(folder) as other:
        assert other.counter() == Counter(1, boot_id(), 12.5)


def test_an_event_and_its_counter_are_one_transaction(store):
    store.count_press(1.0)
    assert store.record({"reason": "granted"}, counter=ZERO) == 1
    assert store.record({"reason": "no_face"}, counter=None) == 2
    assert store.counter().failures == 0
    assert list(store.rows()) == [(1, {"reason": "granted"}), (2, {"reason": "no_face"})]
    with pytest.raises(TypeError):
        store.record({"reason": object()}, counter=Counter(3, "", 0.0))
    assert store.counter().failures == 0
    assert store.verify() == 2


@pytest.mark.parametrize(
    "change",
    [
        'UPDATE event SET entry = \'{"reason":"no_face"}\' WHERE seq = 2',
        "UPDATE event SET hash = upper(hash) WHERE seq = 2",
        "DELETE FROM event WHERE seq = 2",
        "DELETE FROM event WHERE seq = 1",
        "UPDATE event SET seq = 9 WHERE seq = 3",
    ],
)
def test_a_changed_log_is_seen(store, folder, change):
    for reason in ("granted", "not_recognised", "granted"):
        store.record({"reason": reason}, counter=None)
    with sqlite3.connect(folder / "events.sqlite3") as hand:
        hand.execute(change)
    hand.close()
    with pytest.raises(StorageError, match="event"):
        store.verify()


def test_a_row_of_another_log_is_seen_in_the_same_place(store, tmp_path):
    with EventStore(tmp_path / "other") as other:
        for log, reasons in ((store, "ab"), (other, "cb")):
            for reason in reasons:
                log.record({"reason": reason}, counter=None)
        theirs = other._database.execute("SELECT entry, hash FROM event WHERE seq = 2").fetchone()
        assert other.verify() == 2
    store._database.execute("UPDATE event SET entry = ?, hash = ? WHERE seq = 2", theirs)
    with pytest.raises(StorageError, match="event 2 is not what was recorded after 1"):
        store.verify()


def test_every_commit_is_forced_to_the_disk(store):
    assert store._database.execute("PRAGMA synchronous").fetchone() == (2,)
    assert store._database.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_nobody_else_may_read_it(store, folder):
    store.count_press(1.0)
    assert {p.stat().st_mode & 0o077 for p in folder.iterdir()} == {0}


@pytest.mark.parametrize("at", [0, 100, 4096])
def test_a_damaged_log_is_kept_and_the_counter_starts_at_its_maximum(folder, at):
    with EventStore(folder) as store:
        for _ in range(100):
            store.record({"reason": "granted"}, counter=ZERO)
    path = folder / "events.sqlite3"
    data = bytearray(path.read_bytes())
    data[at : at + 600] = b"\xff" * 600
    path.write_bytes(data)
    with EventStore(folder) as store:
        assert store.counter().failures == MOST_FAILURES
        ((_, first),) = store.rows()
        assert first["reason"] == "log_gap"
    assert (folder / "events.sqlite3.damaged-1").read_bytes() == bytes(data)


def test_a_foreign_database_is_set_aside(folder):
    folder.mkdir(mode=0o700)
    with sqlite3.connect(folder / "events.sqlite3") as other:
        other.execute("CREATE TABLE t (x)")
    other.close()
    with EventStore(folder) as store:
        assert store.counter().failures == MOST_FAILURES


def test_a_newer_schema_is_refused_and_left_alone(folder):
    EventStore(folder).close()
    path = folder / "events.sqlite3"
    with sqlite3.connect(path) as newer:
        newer.execute("PRAGMA user_version = 99")
    newer.close()
    with pytest.raises(VersionError, match="newer onelook"):
        EventStore(folder)
    assert not list(folder.glob("*.damaged-*"))


def test_a_newer_schema_may_hold_other_tables(folder):
    EventStore(folder).close()
    hand = sqlite3.connect(folder / "events.sqlite3")
    hand.executescript("DROP TABLE counter; PRAGMA user_version = 99")
    hand.close()
    with pytest.raises(VersionError, match="newer onelook"):
        EventStore(folder)


def test_the_wait_for_a_lost_counter_begins_when_the_loss_is_found(folder):
    """Not at the start of a machine that may have run for weeks."""
    EventStore(folder).close()
    (folder / "events.sqlite3").write_bytes(b"no database")
    before = boottime()
    with EventStore(folder) as store:
        counter = store.counter()
    assert counter.boot_id == boot_id()
    assert before <= counter.counted_at <= boottime()
    limits, nearly_over = Lockout(5, 30.0, 900.0), counter.counted_at + 899.0
    left = remaining(counter.failures, counter.counted_at, nearly_over, limits, same_boot=True)
    assert left == pytest.approx(1.0)


@pytest.mark.parametrize("lose", ["truncate", "rename"])
def test_a_log_that_was_there_and_is_not_is_a_loss(folder, lose):
    with EventStore(folder) as store:
        store.count_press(1.0)
    path = folder / "events.sqlite3"
    path.write_bytes(b"") if lose == "truncate" else path.rename(folder / "events.sqlite3.old")
    with EventStore(folder) as store:
        assert store.counter().failures == MOST_FAILURES
        assert [entry["reason"] for _, entry in store.rows()] == ["log_gap"]


def test_a_row_that_is_no_event_is_named(store, folder):
    store.record({"reason": "granted"}, counter=None)
    hand = sqlite3.connect(folder / "events.sqlite3")
    hand.execute("UPDATE event SET entry = '{'")
    hand.commit()
    hand.close()
    with pytest.raises(StorageError, match="event 1 cannot be read"):
        list(store.rows())


RECORD_ON_A_FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from edge.contract.errors import StorageError
from edge.store.events import Counter, EventStore
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = EventStore(Path(sys.argv[1]))
size = (Path(sys.argv[1]) / "events.sqlite3-wal").stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
try:
    store.record({"reason": "granted"}, counter=Counter(0, "", 0.0))
except StorageError as e:
    sys.exit(e.exit_code)
"""


def test_a_full_disk_is_one_clear_error_and_the_counter_is_not_lower(store, folder, repository):
    """A real refusal of the kernel: files may not grow beyond what they are."""
    store.count_press(1.0)
    command = [sys.executable, "-c", RECORD_ON_A_FULL_DISK, str(folder)]
    assert subprocess.run(command, cwd=repository, check=False).returncode == 74
    assert store.counter().failures == 1
    assert store.verify() == 0


def test_no_room_for_a_new_log_leaves_none_behind(folder, repository):
    code = """
import resource, signal, sys
from pathlib import Path
from edge.contract.errors import StorageError
from edge.store.events import EventStore
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
try:
    EventStore(Path(sys.argv[1]))
except StorageError as e:
    sys.exit(e.exit_code)
"""
    command = [sys.executable, "-c", code, str(folder)]
    assert subprocess.run(command, cwd=repository, check=False).returncode == 74
    assert list(folder.iterdir()) == []
    with EventStore(folder) as store:
        assert store.counter().failures == 0


def test_an_older_schema_is_brought_up_and_loses_nothing(folder):
    with EventStore(folder) as store:
        store.record({"n": 1}, counter=Counter(3, "boot", 4.5))
    hand = sqlite3.connect(folder / "events.sqlite3")
    hand.executescript(
        "ALTER TABLE event DROP COLUMN seal; DROP TABLE seal; DROP TABLE mode;"
        "DROP TABLE accepted;"
        "PRAGMA user_version = 1"
    )
    hand.close()
    with EventStore(folder) as store:
        assert store.counter() == Counter(3, "boot", 4.5)
        assert [entry for _, entry in store.rows()] == [{"n": 1}]
        assert store.accepted("bundle") is None
        store.accept("bundle", 2, "ab", {"n": 2})
    with EventStore(folder) as store:
        assert store.accepted("bundle") == (2, "ab")
        assert store.verify() == 2


def test_a_log_without_its_schema_number_is_set_aside(folder):
    EventStore(folder).close()
    hand = sqlite3.connect(folder / "events.sqlite3")
    hand.execute("PRAGMA user_version = 0")
    hand.close()
    with EventStore(folder) as store:
        assert store.counter().failures == MOST_FAILURES


def test_an_acceptance_and_its_event_are_one_transaction(store):
    store.accept("bundle", 2, "ab", {"n": 1})
    with pytest.raises(StorageError):
        store.accept("bundle", 0, "cd", {"n": 2})  # no serial
    assert store.accepted("bundle") == (2, "ab")
    with pytest.raises(TypeError):
        store.accept("bundle", 3, "cd", {"n": object()})
    assert store.accepted("bundle") == (2, "ab")
    assert [entry for _, entry in store.rows()] == [{"n": 1}]
