"""Galleries and backups that were exchanged or spoilt: each is refused in words, none is taken.

`make test-tamper` does the same with many more trials. Who has the key, or the passphrase, can make
what they like; these are the files of somebody who has not.
"""

from __future__ import annotations

import os
import random
import shutil
import struct
import subprocess
import sys
from dataclasses import replace

import pytest

from edge.contract.errors import DataError, StorageError, VersionError
from edge.store import backup
from edge.store.backup import make_backup, read_backup
from edge.store.gallery import GalleryStore
from edge.store.people import Gallery, Person, Template
from edge.store.sealed import MAGIC, SealError, unseal

TRIALS = int(os.environ.get("TAMPER_TRIALS", "400"))
_GENERATION_AT = len(MAGIC) + 1
_COST_AT = 17


def somebody(name, model="m1"):
    return Person(f"p-{name}", name, (Template(name.encode() * 99, model, "s", "2026-11-27", ""),))


def grown(folder, *names):
    """A store in which one person after the other was enrolled."""
    for name in names:
        with GalleryStore(folder).change() as change:
            change.commit(change.gallery.with_person(somebody(name)))
    return folder


def file_of(folder, generation):
    return folder / f"gallery-{generation:010d}.sealed"


@pytest.fixture(scope="module")
def doors(tmp_path_factory):
    """Two doors of three generations each, the last two of which lie there."""
    folder = tmp_path_factory.mktemp("doors")
    return grown(folder / "mine", *"ABC"), grown(folder / "theirs", *"XYZ")


@pytest.fixture
def door(doors, tmp_path):
    """One of them, to be spoilt."""
    return shutil.copytree(doors[0], tmp_path / "mine")


def assert_refused(folder, *, by=StorageError):
    """Reading and changing are refused in words, and nothing of the folder is touched."""
    before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    with pytest.raises(by) as refusal:
        GalleryStore(folder).load()
    assert refusal.value.what
    assert refusal.value.remedy
    with pytest.raises(by), GalleryStore(folder).change():
        pytest.fail("opened")
    assert {path: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before


def test_another_doors_gallery_is_refused_also_with_its_older_ones(door, doors):
    for generation in (2, 3):
        shutil.copy(file_of(doors[1], generation), file_of(door, generation))
    assert_refused(door)


def test_another_doors_key_is_refused(door, doors):
    shutil.copy(doors[1] / "gallery.key", door / "gallery.key")
    assert_refused(door)


def test_another_doors_key_as_one_that_is_to_come_opens_nothing_of_theirs_but_its_own(door, doors):
    """A key beside the first counts for what is sealed with it: so it must not come in unseen."""
    shutil.copy(doors[1] / "gallery.key", door / "gallery.key.next")
    assert GalleryStore(door).load() == GalleryStore(doors[0]).load()


@pytest.mark.parametrize(("old", "new"), [(2, 3), (2, 4), (3, 4), (3, 9)])
def test_an_older_gallery_under_a_newer_name_is_refused(door, old, new):
    shutil.copy(file_of(door, old), file_of(door, new))
    assert_refused(door)


@pytest.mark.parametrize("generation", [0, 1, 2, 4, 2**63])
def test_another_generation_in_the_file_is_refused(door, generation):
    file = file_of(door, 3)
    data = bytearray(file.read_bytes())
    data[_GENERATION_AT : _GENERATION_AT + 8] = struct.pack(">Q", generation)
    file.write_bytes(data)
    assert_refused(door)


@pytest.mark.parametrize("data", [b"", MAGIC, b"PK" + bytes(2000), bytes(200)])
def test_what_is_no_gallery_is_refused(door, data):
    file_of(door, 3).write_bytes(data)
    assert_refused(door)


def test_another_model_in_the_file_is_a_broken_seal(door):
    """The model stands with each template, under the seal."""
    key = (door / "gallery.key").read_bytes()
    data = file_of(door, 3).read_bytes()
    people = unseal(data, 3, key).people
    other = Gallery(tuple(replace(p, templates=somebody(p.name, "m2").templates) for p in people))
    with GalleryStore(door).change() as change:
        change.commit(other)
    with pytest.raises(SealError):  # the seal of one around the other
        unseal(data[:-16] + file_of(door, 4).read_bytes()[-16:], 3, key)


# Ways to spoil a file: (file, another one of the same kind, chance) -> another file.


def flip(data, _, chance):
    return changed(data, chance, lambda byte: byte ^ (1 << chance.randrange(8)))


def overwrite(data, _, chance):
    return changed(data, chance, lambda byte: byte ^ chance.randrange(1, 256))


def changed(data, chance, change):
    made = bytearray(data)
    for at in chance.sample(range(len(data)), chance.choice([1, 1, 1, 2, 20])):
        made[at] = change(made[at])
    return bytes(made)


def cut(data, _, chance):
    return data[: chance.randrange(len(data))]


def behead(data, _, chance):
    return data[chance.randrange(1, len(data)) :]


def extend(data, other, chance):
    return data + chance.choice([b"\0", chance.randbytes(16), other])


def take_out(data, _, chance):
    start = chance.randrange(len(data) - 1)
    return data[:start] + data[chance.randrange(start + 1, len(data)) :]


def turn(data, _, chance):
    """Two blocks of sixteen bytes in each other's place, as if records were exchanged."""
    blocks = [data[at : at + 16] for at in range(0, len(data), 16)]
    one, two = chance.sample(range(len(blocks)), 2)
    blocks[one], blocks[two] = blocks[two], blocks[one]
    return b"".join(blocks)


def graft(data, other, chance):
    """The beginning of one file, the rest of another."""
    at = chance.randrange(1, min(len(data), len(other)))
    return data[:at] + other[at:]


def zero(data, _, chance):
    start = chance.randrange(len(data))
    return data[:start] + bytes(min(512, len(data) - start)) + data[start + 512 :]


WAYS = (flip, overwrite, cut, behead, extend, take_out, turn, graft, zero)


def spoilt(way, data, others):
    """So many files that are none of those there are."""
    whole = {data, *others}
    for trial in range(TRIALS // len(WAYS) + 1):
        chance = random.Random(f"{way.__name__} {trial}")
        made = way(data, chance.choice(others), chance)
        if made not in whole:
            yield made


@pytest.mark.parametrize("way", WAYS)
def test_no_spoilt_gallery_is_taken(door, doors, way):
    file = file_of(door, 3)
    others = [file_of(d, g).read_bytes() for d, g in ((door, 2), (doors[1], 3), (doors[1], 2))]
    tried = 0
    for made in spoilt(way, file.read_bytes(), others):
        file.write_bytes(made)
        with pytest.raises(StorageError):
            GalleryStore(door).load()
        tried += 1
    assert tried > TRIALS / len(WAYS) / 2
    assert_refused(door)


@pytest.fixture
def _cheap(monkeypatch):
    """Guessing is to be dear; these tests look into many backups."""
    monkeypatch.setattr(backup, "_COST", 2)
    monkeypatch.setattr(backup, "_MOST_COST", 5)


@pytest.mark.usefixtures("_cheap")
@pytest.mark.parametrize("way", WAYS)
def test_no_spoilt_backup_is_taken(way):
    mine = make_backup(Gallery((somebody("A"),)), b"mine")
    others = [
        make_backup(Gallery((somebody("B"),)), b"mine"),
        make_backup(Gallery((somebody("A"),)), b"theirs"),
    ]
    tried = 0
    for made in spoilt(way, mine, others):
        with pytest.raises((DataError, VersionError)) as refusal:
            read_backup(made, b"mine")
        assert refusal.value.remedy
        tried += 1
    assert tried > TRIALS / len(WAYS) / 2


@pytest.mark.usefixtures("_cheap")
def test_no_other_passphrase_opens_a_backup():
    made = make_backup(Gallery((somebody("A"),)), b"correct horse")
    chance = random.Random(7)
    near = [b"", b"correct horse ", b"Correct horse", b"correct\0horse", b"correct hors"]
    for phrase in (*near, *(chance.randbytes(chance.randrange(20)) for _ in range(TRIALS // 10))):
        with pytest.raises(DataError, match="does not open"):
            read_backup(made, phrase)


READ_IN_LITTLE_MEMORY = """
import resource, sys
from pathlib import Path
from edge.contract.errors import OnelookError
from edge.store.backup import read_backup
data = Path(sys.argv[1]).read_bytes()
resource.setrlimit(resource.RLIMIT_AS, (400 << 20, 400 << 20))
try:
    read_backup(data, b"x")
except OnelookError as e:
    sys.exit(e.exit_code)
"""


def test_a_cost_that_no_memory_pays_is_an_error_in_words(tmp_path, repository):
    """One flipped bit asks for half a gigabyte, which a small board has not."""
    made = bytearray(make_backup(Gallery(), b"x"))
    made[_COST_AT] = 19
    (tmp_path / "b").write_bytes(made)
    command = [sys.executable, "-c", READ_IN_LITTLE_MEMORY, str(tmp_path / "b")]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (DataError.exit_code, "")
