"""The key of the gallery: made once, by a change alone, and never replaced."""

from __future__ import annotations

import stat

import pytest

from edge.contract.errors import PermissionsError, StorageError
from edge.store.gallery import Gallery, GalleryStore
from edge.store.keys import find_key, find_or_make_key

KEY = bytes(range(32))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    return state


@pytest.fixture
def credential(tmp_path, monkeypatch):
    folder = tmp_path / "credentials"
    folder.mkdir()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    return folder / "onelook.key"


def test_looking_for_a_key_makes_none(folder):
    assert find_key(folder) is None
    assert list(folder.iterdir()) == []


def test_a_key_is_made_once_for_the_owner_alone_and_differs_from_others(folder, tmp_path):
    key = find_or_make_key(folder)
    assert len(key) == 32
    assert find_or_make_key(folder) == find_key(folder) == key
    (file,) = folder.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    (tmp_path / "other").mkdir()
    assert find_or_make_key(tmp_path / "other") != key


def test_a_credential_of_systemd_comes_before_the_file(folder, credential):
    own = find_or_make_key(folder)
    credential.write_bytes(KEY)
    assert own != KEY
    assert find_key(folder) == find_or_make_key(folder) == KEY


def test_with_a_credential_no_key_lies_beside_the_gallery(folder, credential):
    credential.write_bytes(KEY)
    with GalleryStore(folder).change() as change:
        change.commit(Gallery())
    assert GalleryStore(folder).load() == Gallery()
    assert [p.name for p in folder.iterdir() if KEY in p.read_bytes()] == []
    assert not (folder / "gallery.key").exists()


@pytest.mark.parametrize("data", [b"", b"short", bytes(33)])
def test_what_is_no_key_is_refused_and_not_replaced(folder, data):
    (folder / "gallery.key").write_bytes(data)
    (folder / "gallery.key").chmod(0o600)
    with pytest.raises(StorageError, match="not a key of 32 bytes"):
        find_or_make_key(folder)
    assert (folder / "gallery.key").read_bytes() == data


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_a_key_that_others_may_read_is_refused(folder, mode):
    find_or_make_key(folder)
    (folder / "gallery.key").chmod(mode)
    with pytest.raises(PermissionsError, match=r"gallery\.key: open to others"):
        find_key(folder)
