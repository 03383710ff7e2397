"""Whose bundles a door takes: the newest list that its owner signed, wherever it came from."""

from __future__ import annotations

import os

import pytest

from edge.config import load_config
from edge.contract.errors import BundleError
from edge.contract.signing import make_key_list, owner_text, public_bytes
from edge.shipped import shipped
from edge.trusted import bundle_path, key_list, key_list_path, small_file, trust_of


@pytest.fixture
def configured(tmp_path):
    """The configuration of a door in a folder of its own, with these lines in it."""

    def written(lines=""):
        file = tmp_path / "onelook.toml"
        file.write_text(f'[paths]\nmodels_dir = "models"\n{lines}')
        return load_config(file)

    (tmp_path / "models").mkdir()
    return written


@pytest.fixture
def ships(tmp_path, monkeypatch, key):
    """Let the program ship a list of this serial with `key`, whose owner is `key`."""

    def shipping(serial):
        folder = tmp_path / "shipped"
        folder.mkdir(exist_ok=True)
        (folder / "owner.pub").write_bytes(owner_text(public_bytes(key)))
        (folder / "keys.json").write_bytes(make_key_list(serial, [public_bytes(key)], key))
        monkeypatch.setattr("edge.trusted.shipped", lambda *parts: folder / parts[-1])

    return shipping


@pytest.fixture
def bring(tmp_path, key, stranger):
    """Put a list with `stranger` where `onelook model trust` does."""

    def brought(serial, *, owner=key):
        raw = make_key_list(serial, [public_bytes(stranger)], owner)
        (tmp_path / "models" / "keys.json").write_bytes(raw)

    return brought


def test_what_is_shipped_fits_together(configured):
    config = configured()
    assert key_list(config).serial >= 1
    assert key_list_path(config) == shipped("models", "keys.json")
    assert bundle_path(config) == shipped("models", "faces")
    assert not trust_of(config).allow_unsigned


@pytest.mark.parametrize("serials", [(1, 2), (3, 2)])
def test_the_newer_list_counts_be_it_shipped_or_brought(configured, ships, bring, serials):
    ships(serials[0])
    bring(serials[1])
    assert key_list(configured()).serial == max(serials)


def test_a_brought_list_of_another_owner_is_an_error_and_not_passed_over(
    configured, ships, bring, stranger
):
    ships(1)
    bring(9, owner=stranger)
    with pytest.raises(BundleError, match=r"models/keys\.json: not a list") as refusal:
        trust_of(configured())
    assert "did not sign" in refusal.value.why


def test_an_owner_of_ones_own_has_lists_of_ones_own(configured, ships, bring, tmp_path, stranger):
    ships(5)
    (tmp_path / "mine.pub").write_bytes(owner_text(public_bytes(stranger)))
    config = configured('[trust]\nowner = "mine.pub"\n')
    with pytest.raises(BundleError, match=r"models/keys\.json: cannot be read"):
        key_list(config)
    bring(1, owner=stranger)
    assert key_list(config).keys == (public_bytes(stranger),)


def test_a_configured_list_is_the_only_one(configured, ships, bring, tmp_path, key):
    ships(5)
    bring(9)
    (tmp_path / "pinned.json").write_bytes(make_key_list(1, [public_bytes(key)], key))
    config = configured('[trust]\nkeys = "pinned.json"\n[recognition]\nallow_unsigned = true\n')
    assert trust_of(config).keys == (public_bytes(key),)
    assert trust_of(config).allow_unsigned


@pytest.mark.parametrize("kind", ["none", "large", "pipe", "folder"])
def test_a_file_of_keys_that_is_none_is_one_clear_error(tmp_path, kind):
    path = tmp_path / "owner.pub"
    if kind == "large":
        path.write_bytes(b"0" * 5000)
    if kind == "pipe":
        os.mkfifo(path)
    if kind == "folder":
        path.mkdir()
    with pytest.raises(BundleError, match=r"owner\.pub") as refusal:
        small_file(path)
    assert refusal.value.remedy


def test_the_bundle_that_was_brought_comes_before_the_shipped_one(configured, tmp_path):
    (tmp_path / "models" / "2-ab").mkdir()
    (tmp_path / "models" / "current").symlink_to("2-ab")
    assert bundle_path(configured()) == tmp_path / "models" / "2-ab"
    assert bundle_path(configured('[recognition]\nbundle = "mine"\n')) == tmp_path / "mine"
