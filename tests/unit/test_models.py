"""The bundles that were brought to a door: one is current, one came before it, no more stay."""

from __future__ import annotations

import pytest

from edge.contract.errors import PermissionsError
from edge.shipped import shipped
from edge.store.models import Models
from edge.trusted import CURRENT, SHIPPED_BUNDLE


@pytest.fixture
def models(tmp_path):
    return Models(tmp_path / "models")


def files(number):
    return {"manifest.json": b"%d" % number, "embedding.tflite": b"net"}


def bring(models, number):
    with models.copied(files(number)) as copy:
        models.keep(copy, number, f"{number:064x}")


def current(models):
    return int((models.folder / CURRENT / "manifest.json").read_bytes())


def folders(models):
    return {p.name for p in models.folder.iterdir() if p.is_dir() and not p.is_symlink()}


def test_the_first_one_comes_after_the_shipped_one(models):
    bring(models, 1)
    assert current(models) == 1
    assert models.previous() == shipped(*SHIPPED_BUNDLE)
    models.go_back()
    assert not (models.folder / CURRENT).is_symlink()
    assert models.previous() is None


def test_one_can_go_back_once_and_older_ones_make_room(models):
    for number in (1, 2, 3):
        bring(models, number)
    assert current(models) == 3
    assert folders(models) == {f"{n}-{0:016x}" for n in (2, 3)}
    models.go_back()
    assert current(models) == 2
    assert models.previous() is None


def test_a_copy_that_is_not_kept_leaves_everything_as_it_was(models):
    bring(models, 1)
    before = folders(models)

    def try_another():
        with models.copied(files(2)) as copy:
            assert (copy / "manifest.json").read_bytes() == b"2"
            raise RuntimeError("it answers otherwise")

    with pytest.raises(RuntimeError):
        try_another()
    assert (folders(models), current(models)) == (before, 1)


def test_the_same_bundle_again_changes_nothing(models):
    bring(models, 1)
    bring(models, 2)
    inode = (models.folder / CURRENT).resolve().stat().st_ino
    bring(models, 2)
    assert (models.folder / CURRENT).resolve().stat().st_ino == inode
    assert models.previous().name == f"1-{0:016x}"


def test_a_damaged_bundle_is_replaced_by_a_whole_one(models):
    bring(models, 1)
    (models.folder / CURRENT / "embedding.tflite").write_bytes(b"nut")
    bring(models, 1)
    assert (models.folder / CURRENT / "embedding.tflite").read_bytes() == b"net"
    assert len(folders(models)) == 1


def test_what_is_not_ours_in_the_folder_stays(models):
    (models.folder / "photographs").mkdir(parents=True)
    bring(models, 1)
    bring(models, 2)
    bring(models, 3)
    assert "photographs" in folders(models)


def test_the_eye_which_is_another_user_may_read_and_not_write(models):
    bring(models, 1)
    models.bring_keys(b"{}")
    bundle = (models.folder / CURRENT).resolve()
    assert (models.folder.stat().st_mode | bundle.stat().st_mode) & 0o777 == 0o755
    read = [*bundle.iterdir(), models.folder / "keys.json"]
    assert {p.stat().st_mode & 0o777 for p in read} == {0o644}


def test_a_folder_that_is_closed_to_us_is_one_clear_error(models, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.mkdir", refuse)
    with pytest.raises(PermissionsError, match="cannot be written"):
        bring(models, 1)
