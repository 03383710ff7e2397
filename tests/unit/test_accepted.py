"""R4.4: a door remembers what it accepted, and takes nothing older."""

from __future__ import annotations

import pytest

from edge.contract.errors import BundleError
from edge.store.accepted import BUNDLE, KEY_LIST, accept, require_no_older
from edge.store.events import EventStore


@pytest.fixture
def store(tmp_path):
    with EventStore(tmp_path / "state") as store:
        yield store


def test_r4_4_the_first_is_new_and_then_known(store):
    assert require_no_older(store, BUNDLE, 7, "aa")
    accept(store, BUNDLE, 7, "aa")
    assert not require_no_older(store, BUNDLE, 7, "aa")
    assert require_no_older(store, BUNDLE, 8, "bb")
    assert require_no_older(store, KEY_LIST, 1, "cc")


def test_r4_4_a_lower_serial_is_refused(store):
    accept(store, BUNDLE, 7, "aa")
    with pytest.raises(BundleError, match="serial 6, and one with 7 was accepted") as refusal:
        require_no_older(store, BUNDLE, 6, "aa")
    assert "rollback" in refusal.value.remedy


def test_r4_4_two_bundles_of_one_serial_are_one_too_many(store):
    accept(store, BUNDLE, 7, "aa")
    with pytest.raises(BundleError, match="is another one"):
        require_no_older(store, BUNDLE, 7, "bb")


def test_r4_4_it_stands_in_the_log_and_outlives_the_process(store, tmp_path):
    accept(store, BUNDLE, 7, "aa")
    store.close()
    with EventStore(tmp_path / "state") as again:
        ((_, entry),) = again.rows()
        assert (entry["reason"], entry["serial"], entry["sha256"]) == ("bundle_accepted", 7, "aa")
        assert again.verify() == 1
        with pytest.raises(BundleError):
            require_no_older(again, BUNDLE, 6, "aa")
