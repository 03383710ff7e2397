"""The sealed gallery: whole or not there, and no change of it goes unseen."""

from __future__ import annotations

import os
import stat
import struct
import subprocess
import sys
from dataclasses import replace

import msgpack
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.errors import BusyError, PermissionsError, StorageError
from edge.store import gallery as module
from edge.store.gallery import Gallery, GalleryStore, Person, Template
from edge.store.sealed import MAGIC, MAX_BYTES, SealError, seal, unseal


def person(name, *embeddings):
    templates = tuple(Template(e, "m1", "abc", "2026-11-25", "") for e in embeddings)
    return Person(f"p-{name}", name, templates)


ADA, BEA = person("Ada", b"\x01" * 128), person("Bea", b"\x02" * 128, b"\x03" * 128)
KEY = bytes(range(32))


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "state"


@pytest.fixture
def store(folder):
    return GalleryStore(folder)


def enrol(store, *people):
    for one in people:
        with store.change() as change:
            change.commit(change.gallery.with_person(one))


def test_nothing_there_is_nobody_and_reading_makes_nothing(store, folder):
    assert store.load() == Gallery()
    assert store.generation() == 0
    assert not folder.exists()


def test_what_was_committed_is_read_by_another_process(store, folder):
    enrol(store, ADA, BEA)
    other = GalleryStore(folder)
    assert other.load().people == (ADA, BEA)
    assert other.generation() == 2


def test_a_person_is_replaced_and_taken_away():
    more = person("Ada", b"\x01" * 128, b"\x05" * 128)
    assert Gallery((ADA, BEA)).with_person(more).people == (more, BEA)
    assert Gallery((ADA, BEA)).without("p-Ada").people == (BEA,)


def test_a_change_that_is_not_committed_changes_nothing(store):
    enrol(store, ADA)
    with store.change() as change:
        change.gallery.with_person(BEA)
    assert store.load().people == (ADA,)


def test_a_refused_change_leaves_every_byte_of_the_folder(store, folder):
    enrol(store, ADA)
    before = {path: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(ZeroDivisionError), store.change():
        _ = 1 // 0
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    # Else another process would have left its own number there.
    assert before[folder / "gallery.lock"] == b""


def test_two_generations_are_kept_and_all_of_it_is_the_owners_alone(store, folder):
    enrol(store, ADA, BEA, person("Cleo", b"c"))
    names = sorted(p.name for p in folder.glob("gallery-*"))
    assert names == ["gallery-0000000002.sealed", "gallery-0000000003.sealed"]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(p.stat().st_mode) for p in folder.iterdir()} == {0o600}


def test_names_and_embeddings_are_not_readable_in_the_file(store, folder):
    enrol(store, person("Adelheid", b"\x42" * 64))
    data = b"".join(p.read_bytes() for p in folder.iterdir())
    assert b"Adelheid" not in data
    assert b"\x42" * 8 not in data


def test_every_flipped_bit_and_every_cut_is_seen():
    data = seal(Gallery((ADA,)), 7, KEY)
    assert unseal(data, 7, KEY) == Gallery((ADA,))
    for at in range(8 * len(data)):
        spoilt = bytearray(data)
        spoilt[at // 8] ^= 1 << at % 8
        with pytest.raises(SealError):
            unseal(bytes(spoilt), 7, KEY)
    for length in range(len(data)):
        with pytest.raises(SealError):
            unseal(data[:length], 7, KEY)
    with pytest.raises(SealError):
        unseal(data + b"\0", 7, KEY)


def test_another_generation_and_another_key_are_seen():
    data = seal(Gallery((ADA,)), 7, KEY)
    for generation, key in ((8, KEY), (7, bytes(32))):
        with pytest.raises(SealError):
            unseal(data, generation, key)


def test_no_two_seals_have_the_same_nonce():
    """Of two galleries under one nonce, each gives away the other."""
    header = slice(len(MAGIC) + 9, len(MAGIC) + 21)
    assert len({seal(Gallery((ADA,)), 7, KEY)[header] for _ in range(100)}) == 100


@pytest.mark.parametrize(
    "wrong",
    [
        Person(5, "Ada", ()),
        Person("p-Ada", None, ()),
        person("Ada", "text"),
        Person("p-Ada", "Ada", (Template(b"e", "m1", b"bytes", "", ""),)),
    ],
)
def test_what_is_sealed_and_yet_no_gallery_is_refused(wrong):
    with pytest.raises(SealError, match="not a gallery inside"):
        unseal(seal(Gallery((wrong,)), 1, KEY), 1, KEY)


names = st.text(min_size=1, max_size=8)
people = st.builds(
    Person,
    names,
    names,
    st.lists(
        st.builds(Template, st.binary(max_size=8), names, names, names, names), max_size=2
    ).map(tuple),
)


@given(st.lists(people, max_size=3))
def test_whoever_is_sealed_comes_out_again(some):
    gallery = Gallery(tuple(some))
    assert unseal(seal(gallery, 1, KEY), 1, KEY) == gallery


def test_a_damaged_newest_generation_is_an_error_never_an_older_one(store, folder):
    enrol(store, ADA, BEA)
    newest = folder / "gallery-0000000002.sealed"
    newest.write_bytes(newest.read_bytes()[:-1])
    with pytest.raises(StorageError, match="seal is broken") as refusal:
        store.load()
    assert str(newest) in refusal.value.what
    with pytest.raises(StorageError), store.change():
        pass
    assert newest.exists()


def test_an_older_file_in_the_newest_ones_place_is_seen(store, folder):
    enrol(store, ADA, BEA)
    older = (folder / "gallery-0000000001.sealed").read_bytes()
    (folder / "gallery-0000000002.sealed").write_bytes(older)
    with pytest.raises(StorageError, match="not a gallery of this generation"):
        store.load()


def test_a_missing_key_is_an_error_and_no_new_one_is_made(store, folder):
    enrol(store, ADA)
    (folder / "gallery.key").unlink()
    with pytest.raises(StorageError, match="key is missing"):
        store.load()
    with pytest.raises(StorageError), store.change():
        pass
    assert not (folder / "gallery.key").exists()


@pytest.mark.parametrize("name", [".", "gallery.key"])
def test_what_is_open_to_others_is_refused(store, folder, name):
    enrol(store, ADA)
    (folder / name).chmod(0o755)
    with pytest.raises(PermissionsError, match="open to others"):
        store.load()


def test_who_waits_too_long_is_told_who_holds_it(store, monkeypatch):
    monkeypatch.setattr(module, "_WAIT_S", 0.1)
    with store.change(), pytest.raises(BusyError, match=f"pid {os.getpid()}"), store.change():
        pass


def test_a_lock_that_cannot_be_made_is_one_clear_error(store, folder):
    enrol(store, ADA)
    (folder / "gallery.lock").unlink()
    (folder / "gallery.lock").mkdir()
    with pytest.raises(StorageError, match="cannot be locked"), store.change():
        pass


ERASE_FOR_A_WHILE = """
import sys
from pathlib import Path
from edge.store.gallery import GalleryStore
for _ in range(100):
    with GalleryStore(Path(sys.argv[1])).change() as change:
        change.erase(change.gallery)
"""


def test_who_reads_while_another_erases_finds_a_whole_gallery(store, folder, repository):
    enrol(store, ADA)
    command = [sys.executable, "-c", ERASE_FOR_A_WHILE, str(folder)]
    with subprocess.Popen(command, cwd=repository) as other:
        while other.poll() is None:
            assert store.load().people == (ADA,)
    assert other.returncode == 0
    assert store.generation() == 101


def test_a_gallery_that_could_not_be_read_again_is_not_written(store):
    enrol(store, ADA)
    large = Template(b"e", "m1", "abc", "2026-11-27", "", crop=bytes(MAX_BYTES))
    with pytest.raises(StorageError, match="64 MiB"):
        enrol(store, Person("p-Bea", "Bea", (large,)))
    assert store.load().people == (ADA,)


ENROL_ON_A_FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from edge.contract.errors import StorageError
from edge.store.gallery import GalleryStore, Person
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
room = int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
try:
    with GalleryStore(Path(sys.argv[1])).change() as change:
        change.commit(change.gallery.with_person(Person("p-Bea", "Bea" * 50, ())))
except StorageError as e:
    sys.exit(e.exit_code)
"""


@pytest.mark.parametrize("room", [0, 100])
def test_a_full_disk_is_one_clear_error_and_the_old_gallery_stays(store, folder, repository, room):
    """A real refusal of the kernel: the process may write no file larger than that."""
    enrol(store, ADA)
    command = [sys.executable, "-c", ENROL_ON_A_FULL_DISK, str(folder), str(room)]
    assert subprocess.run(command, cwd=repository, check=False).returncode == 74
    assert store.load().people == (ADA,)
    assert not list(folder.glob(".*.new"))


AS_SOMEBODY_ELSE = """
import os, sys
from pathlib import Path
from edge.contract.errors import OnelookError
from edge.store.events import EventStore
from edge.store.gallery import GalleryStore
folder = Path(sys.argv[1])
if os.geteuid() == 0:
    os.seteuid(65534)
for action in (GalleryStore(folder).load, GalleryStore(folder).generation,
               GalleryStore(folder).change().__enter__, lambda: EventStore(folder)):
    try:
        action()
    except OnelookError as e:
        print(e.exit_code, "sudo -u" in e.remedy)
"""


def test_somebody_else_is_told_whose_it_is(store, folder, repository):
    enrol(store, ADA)
    folder.chmod(0o000)
    command = [sys.executable, "-c", AS_SOMEBODY_ELSE, str(folder)]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    folder.chmod(0o700)
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["77 True"] * 4


def test_a_gallery_of_the_first_version_is_read_and_written_anew_as_the_second():
    """Without last days, hours and switches, as onelook 0.3 and before wrote it."""
    key = bytes(range(32))
    plain = msgpack.packb([["p-1", "Ada", [[b"\1\2", "m", "s", "2026-01-01", ""]]]])
    header = struct.pack(">16sBQ", b"onelook-gallery\0", 1, 7)
    old = header + bytes(12) + AESGCM(key).encrypt(bytes(12), plain, header)
    gallery = unseal(old, 7, key)
    (ada,) = gallery.people
    assert ada == Person("p-1", "Ada", (Template(b"\1\2", "m", "s", "2026-01-01", ""),))
    kept = gallery.with_person(
        replace(ada, disabled=True, until="2026-12-31", hours="Mo 07:00-08:00")
    )
    new = seal(kept, 8, key)
    assert new[16] == 2
    assert unseal(new, 8, key) == kept
    # The version is under the seal: an old file does not become a new one by its header.
    with pytest.raises(SealError):
        unseal(old[:16] + b"\2" + old[17:], 7, key)
