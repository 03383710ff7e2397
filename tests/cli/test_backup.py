"""`onelook backup` and `restore`, and what `remove` leaves."""

from __future__ import annotations

import pytest


@pytest.fixture
def enrolled(door, obama, pictures):
    """Ada and Bea enrolled, and a passphrase in a file."""
    assert door("enroll", "Ada", obama).returncode == 0
    assert door("enroll", "Bea", pictures / "stranger_harris.jpg").returncode == 0
    (door.folder / "phrase").write_text("correct horse\n")
    return door


def names(door):
    return [person["name"] for person in door.json("list")[0]["people"]]


def kept(door, *more):
    return door("backup", door.folder / "b", "--passphrase-file", door.folder / "phrase", *more)


def restored(door, *more):
    return door("restore", door.folder / "b", "--passphrase-file", door.folder / "phrase", *more)


def test_who_was_removed_comes_back_and_who_came_since_goes(enrolled, obama):
    assert kept(enrolled).returncode == 0
    assert (enrolled.folder / "b").stat().st_mode & 0o077 == 0
    enrolled("remove", "Bea", "--yes")
    enrolled("edit", "Ada", "--disable")
    told = restored(enrolled, "--dry-run")
    assert told.stdout == "Bea: may come in\nAda: as the backup has it\n"
    assert names(enrolled) == ["Ada"]
    refused = restored(enrolled)
    assert (refused.returncode, "--dry-run" in refused.stderr) == (2, True)
    assert restored(enrolled, "--yes").returncode == 0
    assert names(enrolled) == ["Ada", "Bea"]
    assert enrolled("test", obama).returncode == 0
    words = [event["reason"] for event in enrolled.json("events")[0]["events"]]
    assert words == ["enrolled", "enrolled", "removed", "edited", "restored"]
    assert restored(enrolled, "--dry-run").stdout == "nothing would change\n"


def test_a_file_that_is_there_is_kept_and_what_is_no_backup_changes_nothing(enrolled):
    assert kept(enrolled).returncode == 0
    again = kept(enrolled)
    assert (again.returncode, "--force" in again.stderr) == (73, True)
    assert kept(enrolled, "--force").returncode == 0
    before = enrolled.gallery()
    (enrolled.folder / "phrase").write_text("wrong\n")
    assert restored(enrolled, "--yes").returncode == 65
    (enrolled.folder / "b").write_bytes(b"nothing")
    assert restored(enrolled, "--yes").returncode == 65
    (enrolled.folder / "b").unlink()
    assert restored(enrolled, "--yes").returncode == 66
    assert enrolled.gallery() == before


def test_whoever_is_removed_is_gone_with_the_key_that_opened_what_the_card_may_keep(enrolled):
    before = enrolled.gallery()
    told = enrolled("remove", "Bea", "--yes").stdout
    assert "the key they were kept under is gone too" in told
    after = enrolled.gallery()
    assert before["gallery.key"] != after["gallery.key"]
    sealed = [name for name in after if name.endswith(".sealed")]
    assert len(sealed) == 1
    assert set(sealed).isdisjoint(before)
