"""The log as a chain: what somebody did to it shows, even if they compute it anew.

`make test-tamper` does the same with many more trials.
"""

from __future__ import annotations

import json
import os
import random
from dataclasses import replace

import pytest

from edge.store import chain
from edge.store.chain import BrokenError, Row, follow
from edge.store.events import EventStore, read_chain

TRIALS = int(os.environ.get("TAMPER_TRIALS", "400"))


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """(rows, first key): 53 rows, sealed from row 13 on, the first 15 pruned."""
    folder = tmp_path_factory.mktemp("log") / "state"
    with EventStore(folder) as store:
        for n in range(11):
            store.record({"n": n, "time": f"2026-01-{n + 1:02}"}, counter=None)
        key = store.start_seal({"kind": "system", "time": "2026-02-01"})
        for n in range(12, 52):
            store.record({"n": n, "time": f"2026-02-{n - 10:02}"}, counter=None)
        dropped = store.prune(
            {"kind": "system", "time": "2026-04-01"}, before="2026-02-05", most=99
        )
        assert dropped == 15
        assert store.verify() == 38
    return read_chain(folder), key


def test_a_whole_log_is_whole_and_every_row_since_the_seal_is_checked(log):
    rows, key = log
    assert follow(rows) == chain.Followed(38, 16, 53, 0)
    assert follow(rows, key) == chain.Followed(38, 16, 53, 38)


def test_the_key_is_kept_nowhere(log, tmp_path):
    _, key = log
    with EventStore(tmp_path / "state") as store:
        first = store.start_seal({})
        assert first != key
        store.record({"n": 1}, counter=None)
    for file in (tmp_path / "state").iterdir():
        assert first not in file.read_bytes()


def test_a_key_that_is_used_up_is_gone_while_the_log_is_open(tmp_path):
    """Else whoever breaks in today could seal what happened yesterday."""
    folder = tmp_path / "state"
    with EventStore(folder) as door, EventStore(folder) as command:
        key = command.start_seal({})
        keys = [key]
        while len(keys) < 4:
            keys.append(chain.next_key(keys[-1]))
        for n in range(3):
            door.count_press(1.0)
            door.record({"n": n}, counter=None)
            left = b"".join(file.read_bytes() for file in folder.iterdir())
            assert [kept for kept in keys if kept in left] == [keys[n + 1]]


def test_who_reads_meanwhile_keeps_a_used_key_for_one_event_more(tmp_path):
    folder = tmp_path / "state"
    with EventStore(folder) as door, EventStore(folder) as reader:
        first = door.start_seal({})
        rows = reader.rows()
        next(rows)
        door.record({"n": 1}, counter=None)
        list(rows)
        door.record({"n": 2}, counter=None)
        left = b"".join(file.read_bytes() for file in folder.iterdir())
        assert first not in left
        assert chain.next_key(first) not in left
        assert door.verify() == 3


def test_a_second_seal_begins_where_the_first_ends(tmp_path):
    with EventStore(tmp_path / "state") as store:
        old = store.start_seal({})
        store.record({"n": 1}, counter=None)
        new = store.start_seal({})
        store.record({"n": 2}, counter=None)
    rows = read_chain(tmp_path / "state")
    assert [follow(rows, key).sealed for key in (old, new)] == [2, 1]
    with pytest.raises(BrokenError, match="sealed with that key"):
        follow(rows, bytes(32))
    # Who begins a seal of their own cannot hide the end of the old one.
    forged = anew([*rows[:2], replace(rows[2], entry=rows[2].entry.replace("log_s", "x"))])
    with pytest.raises(BrokenError, match="not sealed"):
        follow(forged, old)


def test_an_empty_log_that_was_sealed_is_not_whole():
    assert follow([]).rows == 0
    with pytest.raises(BrokenError):
        follow([], bytes(32))


def test_pruning_keeps_the_newest_and_says_what_went(tmp_path):
    with EventStore(tmp_path / "state") as store:
        for n in range(10):
            store.record({"n": n, "time": "2026-01-01"}, counter=None)
        assert store.prune({}, before="", most=10) == 0
        assert store.prune({}, before="", most=4) == 6
        assert store.prune({}, before="", most=4) == 1  # the row of the first time counts
        assert store.verify() == 5
        reasons = [entry.get("reason", entry.get("n")) for _, entry in store.rows()]
    assert reasons == [7, 8, 9, "log_pruned", "log_pruned"]


# What somebody does who can write everything, knows how the chain is made, and has the key of now.


def anew(rows, start=None):
    """The same entries in a chain that holds."""
    before = chain.FIRST if start is None else start
    made = []
    for row in rows:
        made.append(replace(row, hash=chain.hash_of(before, row.seq, row.entry)))
        before = made[-1].hash
    return made


def sealed_with(rows, key, first):
    """Rows from `first` on under a key that is not theirs."""
    made = []
    for row in rows:
        made.append(row if row.seq < first else replace(row, seal=chain.seal_of(key, row.hash)))
        key = key if row.seq < first else chain.next_key(key)
    return made


def edit(rows, chance, at):
    entry = json.loads(rows[at].entry) | {"reason": f"changed {chance.random()}"}
    return [*rows[:at], replace(rows[at], entry=json.dumps(entry)), *rows[at + 1 :]]


def drop(rows, _, at):
    return [*rows[:at], *(replace(row, seq=row.seq - 1) for row in rows[at + 1 :])]


def swap(rows, chance, at):
    other = chance.choice([n for n in range(len(rows)) if n != at])
    made = list(rows)
    made[at] = replace(rows[at], entry=rows[other].entry)
    made[other] = replace(rows[other], entry=rows[at].entry)
    return made


def insert(rows, chance, at):
    new = Row(rows[at].seq, json.dumps({"n": chance.random()}), "", rows[at].seal)
    return [*rows[:at], new, *(replace(row, seq=row.seq + 1) for row in rows[at:])]


def duplicate(rows, _, at):
    return [*rows[: at + 1], *(replace(row, seq=row.seq + 1) for row in rows[at:])]


def resume(rows, _, at):
    """An older copy, or a log cut off, and then written on as if nothing had been."""
    after = [Row(rows[at].seq + n, json.dumps({"m": n}), "", "") for n in range(1, 4)]
    return [*rows[: at + 1], *after]


TAMPERS = (edit, drop, swap, insert, duplicate, resume)


@pytest.mark.parametrize("tamper", TAMPERS)
def test_no_tampering_passes_the_key_however_well_it_is_done(log, tamper):
    rows, first_key = log
    now = first_key
    for _ in range(rows[-1].seq - 12):
        now = chain.next_key(now)
    start = json.loads(rows[-1].entry)["hash"]
    for trial in range(TRIALS // len(TAMPERS) + 1):
        chance = random.Random(f"{tamper.__name__} {trial}")
        at = chance.randrange(len(rows) - 1)
        made = tamper(rows, chance, at)
        # Clumsily, with a new chain, and with seals under the newest key that can be had.
        for forged in (made, anew(made, start), sealed_with(anew(made, start), now, rows[at].seq)):
            if forged == rows:
                continue
            with pytest.raises(BrokenError):
                follow(forged, first_key)


def test_a_tail_that_was_cut_off_is_whole_to_its_end_which_is_told(log):
    rows, key = log
    for cut in range(1, len(rows) - 1):
        # The row that keeps a pruned log together is the last one here, and is gone with it.
        with pytest.raises(BrokenError):
            follow(rows[:cut], key)
    entry = json.dumps({"reason": chain.SEALED, "key": chain.key_id(key)})
    made = anew([Row(1, entry, "", ""), *(Row(n, "{}", "", "") for n in range(2, 9))])
    whole = sealed_with(made, key, 2)
    assert follow(whole, key).last == 8
    assert follow(whole[:-1], key).last == 7
