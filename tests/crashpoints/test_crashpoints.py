"""A few seconds of `make test-crash-points`; and the disk in memory forgets what it may forget."""

from __future__ import annotations

import random
from pathlib import PurePath

import pytest

from tests.crashpoints.check import Recording, cuts
from tests.crashpoints.disk import SECTOR, WHOLE, Disk, Torn
from tests.crashpoints.plants import PLANTS
from tests.crashpoints.points import points
from tests.crashpoints.record import Make, Remove, Rename, Sync, Told, Write
from tests.crashpoints.scenes import SCENES, recorded
from tests.crashpoints.strace import missing

SHARE = 0.04
A, B, HERE = PurePath("a"), PurePath("b"), PurePath()


@pytest.mark.skipif(bool(missing()), reason=f"no crash points: {missing()}")
@pytest.mark.parametrize("name", ["people", "presses"])
def test_what_was_told_is_there_after_a_cut_and_all_of_it_is_whole(name, tmp_path):
    scene, recording = SCENES[name], recorded(name, tmp_path)
    drawn = list(cuts(recording, scene.read, scene.use, SHARE))
    assert len(drawn) > 20
    assert [(cut.point.at, cut.wrong) for cut in drawn if cut.wrong] == []
    for plant, (where, spoil) in PLANTS.items():
        if where == name == "people":
            spoilt = Recording(recording.base, tuple(spoil(recording.changes)))
            assert any(cut.wrong for cut in cuts(spoilt, scene.read)), plant


@pytest.mark.skipif(bool(missing()), reason=f"no crash points: {missing()}")
def test_a_database_that_is_set_aside_is_gone_before_its_log_is(tmp_path):
    """Without its log an older state of it would look whole."""
    changes = list(recorded("aside", tmp_path).changes)
    moved = [n for n, change in enumerate(changes) if isinstance(change, Rename)][:2]
    assert [changes[n].old.name for n in moved] == ["events.sqlite3", "events.sqlite3-wal"]
    assert Sync(PurePath("state")) in changes[moved[0] : moved[1]]


def left(base, *changes):
    """All that may be on the disk after them."""
    drawn = points(base, changes, random.Random(1), 1.0)
    return [point.tree for point in drawn if point.at == len(changes)]


def test_without_a_sync_all_may_be_lost_and_a_new_name_may_stand_for_nothing():
    new = (Make(B), Write(B, 0, b"new"), Rename(B, A))
    found = {tree.get(A) for tree in left({A: b"old"}, *new, Told(""))}
    assert found == {b"old", b"", bytes(3), b"new"}


def test_after_the_file_s_sync_it_is_the_old_one_or_the_new_one():
    new = (Make(B), Write(B, 0, b"new"), Sync(B), Rename(B, A))
    assert {tree.get(A) for tree in left({A: b"old"}, *new, Told(""))} == {b"old", b"new"}


def test_after_the_folder_s_sync_as_well_there_is_the_new_one_alone():
    new = (Make(B), Write(B, 0, b"new"), Sync(B), Rename(B, A), Sync(HERE), Told(""))
    assert left({A: b"old"}, *new) == [{A: b"new"}]


def test_names_are_lost_in_any_order_and_a_rename_as_a_whole():
    there = {A: b"1", B: b"2"}
    kept = left(there, Rename(A, PurePath("c")), Remove(B), Told(""))
    assert {"".join(map(str, tree)) for tree in kept} == {"ab", "a", "bc", "c"}


def test_a_file_whose_folder_is_lost_is_lost_however_often_it_was_synced():
    folder, file = PurePath("f"), PurePath("f/a")
    new = (Make(folder, "folder"), Make(file), Write(file, 0, b"x"), Sync(file), Sync(folder))
    assert {} in left({}, *new, Told(""))
    assert left({}, *new, Sync(HERE), Told("")) == [{folder: None, file: b"x"}]


def test_a_write_is_torn_by_sectors_of_the_file_not_of_the_write():
    disk = Disk({A: bytes(3 * SECTOR)})
    disk.play(Write(A, SECTOR - 1, b"x" * (SECTOR + 2)))
    (number,) = disk.pending()
    found = {
        sector: disk.drawn({number: Torn(frozenset({sector}))})[A].count(b"x")
        for sector in range(3)
    }
    assert found == {0: 1, 1: SECTOR, 2: 1}
    assert disk.drawn({number: WHOLE})[A].count(b"x") == SECTOR + 2
    assert disk.drawn({})[A] == bytes(3 * SECTOR)


def test_a_tail_that_is_lost_may_leave_its_length():
    disk = Disk({})
    disk.play(Make(A))
    disk.play(Write(A, 0, b"x" * 600))
    made, written = disk.pending()
    assert disk.drawn({made: WHOLE, written: Torn(frozenset({0}))})[A] == b"x" * 512
    grown = disk.drawn({made: WHOLE, written: Torn(frozenset({0}), grown=True)})[A]
    assert grown == b"x" * 512 + bytes(88)
