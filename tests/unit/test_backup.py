"""A backup: the same people under a passphrase, and nothing without it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.errors import DataError, VersionError
from edge.store import backup
from edge.store.backup import make_backup, read_backup
from edge.store.people import Gallery, Person, Template

ADA = Person(
    "p-a", "Ada", (Template(b"\x01" * 128, "m", "s", "2026-01-01", ""),), hours="Mo 07:00-08:00"
)
GALLERY = Gallery((ADA, Person("p-b", "Bea", (), disabled=True)))


DEAR = backup._COST


@pytest.fixture(scope="module", autouse=True)
def _cheap():
    """Guessing is to be dear; these tests make many backups."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backup, "_COST", 4)
        yield


def test_each_guess_takes_128_mib():
    assert (1 << DEAR) * 8 * 128 >= 128 << 20


def test_what_was_kept_comes_back_and_nothing_of_it_can_be_read():
    made = make_backup(GALLERY, b"correct horse")
    assert read_backup(made, b"correct horse") == GALLERY
    assert b"Ada" not in made
    assert ADA.templates[0].embedding not in made
    assert make_backup(GALLERY, b"correct horse") != made


@given(at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_no_changed_bit_is_taken(at, bit):
    made = bytearray(make_backup(GALLERY, b"x"))
    if at % len(made) == 17:  # the cost: another one takes its time, up to a limit
        return
    made[at % len(made)] ^= 1 << bit
    with pytest.raises((DataError, VersionError)):
        read_backup(bytes(made), b"x")


@pytest.mark.parametrize("data", [b"", b"onelook-backup\0\0", b"PK" + bytes(200)])
def test_what_is_no_backup_is_said(data):
    with pytest.raises(DataError, match="not a backup"):
        read_backup(data, b"x")


def test_another_passphrase_a_newer_version_and_a_dearer_cost_are_refused():
    made = make_backup(GALLERY, b"x")
    with pytest.raises(DataError, match="does not open"):
        read_backup(made, b"y")
    for at, value in ((16, 2), (17, 40)):
        newer = made[:at] + bytes([value]) + made[at + 1 :]
        with pytest.raises(VersionError):
            read_backup(newer, b"x")
