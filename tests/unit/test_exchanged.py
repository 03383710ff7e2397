"""What a door remembers of others goes with its people in one step, wherever that is cut off."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge.contract.errors import StorageError
from edge.store.exchanged import (
    EXCHANGED,
    Exchanged,
    Undo,
    commit_exchanged,
    kept_history,
    read_exchanged,
    write_exchanged,
)
from edge.store.gallery import Change, GalleryStore
from edge.store.lineage import digest_of, tracked
from edge.store.people import Gallery, Person, Template

MODEL = "0123456789abcdef"
ADA = Person("p-a", "Ada", (Template(bytes(128), MODEL, "s", "2026-11-27", ""),))
FIRST, SECOND = Gallery((ADA,)), Gallery((replace(ADA, disabled=True),))


class PlugPulledError(Exception):
    """The power is gone."""


class CutOff(Change):
    """A change of the real gallery, after which nothing more is done."""

    def commit(self, gallery):
        super().commit(gallery)
        raise PlugPulledError


@pytest.fixture
def store(tmp_path):
    """Ada came with an import that can be undone."""
    store = GalleryStore(tmp_path / "state")
    with store.change() as change:
        change.commit(FIRST)
    write_exchanged(tmp_path / "state", NOW)
    return store


def remembered(before, after, history):
    return Exchanged(
        tracked(history, after, MODEL), Undo(digest_of(before), digest_of(after), history)
    )


NOW = remembered(Gallery(), FIRST, {})
THEN = remembered(FIRST, SECOND, NOW.history)


def cut_off(store, state):
    with store.change() as change:
        cut = CutOff(store, change.gallery, store.generation())
        with pytest.raises(PlugPulledError):
            commit_exchanged(cut, state, SECOND, NOW, THEN)


def test_what_comes_with_other_people_counts_from_the_moment_that_they_are_there(store, tmp_path):
    state = tmp_path / "state"
    cut_off(store, state)
    assert store.load() == SECOND
    assert read_exchanged(state, SECOND) == THEN
    assert read_exchanged(state, FIRST) == NOW  # as it lies there before they are


def test_a_disk_that_refuses_the_people_leaves_the_last_import_to_be_undone(store, tmp_path):
    state = tmp_path / "state"
    (state / ".gallery-0000000002.sealed.new").mkdir()  # in the way
    with store.change() as change, pytest.raises(StorageError):
        commit_exchanged(change, state, SECOND, NOW, THEN)
    assert store.load() == FIRST
    assert read_exchanged(state, store.load()) == NOW


def test_versions_that_left_the_door_after_a_cut_are_kept_whatever_is_changed_then(store, tmp_path):
    state = tmp_path / "state"
    cut_off(store, state)
    assert kept_history(state, SECOND, MODEL) == THEN.history
    assert read_exchanged(state, Gallery()).history == THEN.history


def test_nothing_is_left_over_where_nothing_was_cut_off(store, tmp_path):
    state = tmp_path / "state"
    with store.change() as change:
        commit_exchanged(change, state, SECOND, NOW, THEN)
    done = (state / EXCHANGED).read_bytes()
    write_exchanged(state, THEN)
    assert (state / EXCHANGED).read_bytes() == done
