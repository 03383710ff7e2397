"""`onelook gallery`: two doors that give each other their people, as two owners would do it."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest

from edge.store.addresses import find_or_make_door_key
from edge.store.differences import Party
from edge.store.exchange import make_exchange
from edge.store.exchanged import EXCHANGED
from edge.store.gallery import Gallery, GalleryStore, Person, Template
from edge.store.lineage import tracked


@pytest.fixture
def file(tmp_path):
    """What goes from door to door."""
    return tmp_path / "people"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The states of two doors, made once; without a test's door, so by their folders."""
    return tmp_path_factory.mktemp("doors")


@pytest.fixture
def both(made, tmp_path, door, obama, pictures):
    """Ada and Bea at the front door, nobody at the back door; each trusts the other."""
    if not any(made.iterdir()):
        front, back = (_door(made / name, door) for name in ("front", "back"))
        put(front, "Ada", obama)
        put(front, "Bea", pictures / "stranger_harris.jpg")
        keys = [one("gallery", "key").stdout.strip() for one in (front, back)]
        assert front("gallery", "trust", keys[1], "back").returncode == 0
        assert back("gallery", "trust", keys[0], "front").returncode == 0
    doors = [_door(tmp_path / name, door) for name in ("front", "back")]
    for one in doors:
        shutil.copytree(made / one.folder.name / "state", one.state)
    return doors


def _door(folder, door):
    folder.mkdir()
    return type(door)(folder)


def put(door, name, photo):
    assert door("enroll", name, photo).returncode == 0


def export(door, file, *to):
    done = door("gallery", "export", file, "--force", *(a for name in to for a in ("--to", name)))
    assert done.returncode == 0, done.stderr
    return done


def people(door):
    return {person["name"]: person for person in door.json("list")[0]["people"]}


def refused(door, file, code, word, *more, command="merge"):
    """One clear line that names the file, its exit code, and nothing changed."""
    before = door.gallery()
    done = door("gallery", command, file, *more)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert word in done.stderr.splitlines()[0]
    assert "Traceback" not in done.stderr
    assert door.gallery() == before
    return done


def test_people_go_to_another_door_and_an_import_is_undone(both, file, obama):
    front, back = both
    front("edit", "Bea", "--until", "2099-12-31", "--hours", "Mo-Fr 07:00-19:00")
    done = export(front, file, "back")
    assert done.stdout.startswith("2 people in")
    assert file.stat().st_mode & 0o077 == 0
    assert back("gallery", "diff", file).stdout == "Ada: only there\nBea: only there\n"
    needs_yes = refused(back, file, 2, "no terminal to ask at", command="import")
    assert "Ada: only there, may come in" in needs_yes.stderr
    told = back("gallery", "import", file, "--yes").stdout
    assert "from now on the threshold is that for 2 people" in told
    assert people(back) == people(front)
    assert back("test", obama).returncode == 0
    assert back("gallery", "diff", file).stdout == "the same people here and at front\n"
    generations = len(list(back.state.glob("gallery-*.sealed")))
    assert generations == 1  # the import was one change
    undone = back("gallery", "undo", "--yes")
    assert undone.stdout.startswith("Ada: may come in no more\nBea: may come in no more\n")
    assert people(back) == {}
    assert back.state.joinpath("gallery-0000000002.sealed").exists()  # a new one, none older
    again = back("gallery", "undo", "--yes")
    assert (again.returncode, "nothing to undo" in again.stderr) == (1, True)
    assert back("gallery", "import", file, "--yes").returncode == 0
    words = [event["reason"] for event in back.json("events")[0]["events"]]
    assert words == ["gallery_imported", "gallery_undone", "gallery_imported"]


def test_what_was_changed_since_an_import_is_not_undone_with_it(both, file):
    front, back = both
    assert back("gallery", "undo").returncode == 66
    export(front, file, "back")
    assert back("gallery", "import", file, "--yes").returncode == 0
    back("edit", "Ada", "--disable")
    before = back.gallery()
    done = back("gallery", "undo", "--yes")
    assert (done.returncode, "changed since the last import" in done.stderr) == (1, True)
    assert back.gallery() == before


def test_a_change_on_each_door_is_merged_and_one_on_both_is_decided(both, file):
    front, back = both
    export(front, file, "back")
    back("gallery", "import", file, "--yes")
    back("edit", "Ada", "--hours", "Mo-Fr 07:00-19:00")
    front("edit", "Bea", "--disable")
    export(front, file, "back")
    lost = refused(back, file, 1, "would lose them: Ada", "--yes", command="import")
    assert "onelook gallery merge" in lost.stderr
    assert back("gallery", "merge", file, "--yes").returncode == 0
    assert people(back)["Ada"]["hours"] == "Mo-Fr 07:00-19:00"
    assert people(back)["Bea"]["disabled"]

    front("edit", "Ada", "--until", "2099-12-31")
    export(back, file, "front")
    conflict = refused(front, file, 1, "1 person was changed on both doors: Ada", "--yes")
    assert "hours: always here, Mo-Fr 07:00-19:00 there" in conflict.stderr
    assert "--keep here|there 'Ada'" in conflict.stderr
    for wrong, word in {("up", "Ada"): "no side", ("here", "Cem"): "is no conflict"}.items():
        refused(front, file, 2, word, "--keep", *wrong)
    assert front("gallery", "merge", file, "--keep", "there", "ada", "--yes").returncode == 0
    assert people(front) == people(back)
    # Said again, as after a cut that kept the answer from being seen: it is decided.
    assert front("gallery", "merge", file, "--keep", "there", "ada", "--yes").returncode == 0
    export(front, file, "back")
    assert "the same people" in back("gallery", "diff", file).stdout


def test_whoever_is_removed_goes_everywhere_and_an_import_does_not_bring_them_back(both, file):
    front, back = both
    export(front, file, "back")
    back("gallery", "import", file, "--yes")
    back("remove", "Bea", "--yes")
    refused(back, file, 1, "would lose them: Bea", "--yes", command="import")
    assert "stays as here" in back("gallery", "merge", file, "--yes").stdout
    assert people(back).keys() == {"Ada"}
    export(back, file, "front")
    assert "Bea: removed there, may come in no more" in front("gallery", "merge", file, "-y").stdout
    assert people(front).keys() == {"Ada"}
    assert people(front) == people(back)
    # On purpose, an import loses what is here.
    front("edit", "Ada", "--disable")
    assert front("gallery", "import", file, "--replace", "--yes").returncode == 0
    assert not people(front)["Ada"]["disabled"]


def test_one_person_enrolled_on_both_doors_is_one_conflict_whatever_the_name(both, file, obama):
    front, back = both
    put(back, "Bob", obama)
    export(front, file, "back")
    alike = refused(back, file, 1, "Ada looks like Bob", "--yes")
    assert "give both one name" in alike.stderr
    back("edit", "Bob", "--rename", "ada")
    told = back("gallery", "diff", file).stdout
    assert "ada: enrolled here and there, each by itself" in told
    assert back("gallery", "merge", file, "--keep", "there", "Ada", "--yes").returncode == 0
    assert people(back) == people(front)


def test_conflicts_are_asked_at_a_terminal(both, file):
    front, back = both
    export(front, file, "back")
    back("gallery", "import", file, "--yes")
    for door, change in ((front, "--disable"), (back, "--until=2099-12-31")):
        door("edit", "Ada", change)
    export(front, file, "back")
    assert at_a_terminal(back, file, "neither\n") == 2
    assert not people(back)["Ada"]["disabled"]
    assert at_a_terminal(back, file, "there\nn\n") == 2
    assert not people(back)["Ada"]["disabled"]
    assert at_a_terminal(back, file, "there\ny\n") == 0
    assert people(back)["Ada"]["disabled"]


def at_a_terminal(door, file, typed):
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "edge", "gallery", "merge", file, "--config", door.config]
    done = subprocess.Popen(command, stdin=theirs, stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    os.write(ours, typed.encode())
    code = done.wait(60)
    os.close(ours)
    return code


def test_what_a_door_must_not_take_it_refuses_each_in_a_line(both, file):
    front, back = both
    export(front, file, "back")
    good = file.read_bytes()
    address = front("gallery", "key").stdout.strip()
    back("gallery", "trust", "--remove", "front")
    refused(back, file, 77, "not trusted here")
    assert back("gallery", "diff", file, "--from", address).returncode == 0
    back("gallery", "trust", address, "front")
    export(front, file, address)  # for the front door itself
    refused(back, file, 77, "not for this one")
    file.write_bytes(good[:-100])
    refused(back, file, 65, "damaged")
    file.write_bytes(good[:300] + bytes([good[300] ^ 1]) + good[301:])
    refused(back, file, 65, "damaged")
    file.write_bytes(b"PK" + bytes(500))
    refused(back, file, 65, "not a gallery for other doors")
    file.write_bytes(good[:16] + b"\2" + good[17:])
    refused(back, file, 76, "newer onelook")
    os.truncate(file, 17 << 20)
    refused(back, file, 65, "16 MiB")
    file.unlink()
    refused(back, file, 66, "cannot be read")
    os.mkfifo(file)
    refused(back, file, 65, "no file")
    file.unlink()
    file.write_bytes(crafted(front, back, "0" * 16))
    refused(back, file, 76, "of the network 0000000000000000")
    model = front.json("list")[0]["model"]
    odd = Person("p-1", "Eve", (), hours="whenever")
    file.write_bytes(crafted(front, back, model, odd))
    refused(back, file, 65, "Eve: ")
    short = Person("p-1", "Eve", (Template(b"short", model, "s", "2026-11-27", ""),))
    file.write_bytes(crafted(front, back, model, short))
    refused(back, file, 65, "none of this network")


def test_an_older_file_is_refused_and_the_same_one_may_come_again(both, file):
    front, back = both
    export(front, file, "back")
    older = file.read_bytes()
    export(front, file, "back")
    assert back("gallery", "import", file, "--yes").returncode == 0
    assert back("gallery", "import", file, "--yes").returncode == 0
    file.write_bytes(older)
    for command in ("diff", "import", "merge"):
        refused(back, file, 76, "an older one", command=command)


def crafted(front, back, model, *people):
    """A file as the front door would sign it."""
    gallery = Gallery(people)
    party = Party(gallery, tracked({}, gallery, model))
    doors = [find_or_make_door_key(back.state).address]
    return make_exchange(
        party, int(time.time()) + 9, model, find_or_make_door_key(front.state), doors
    )


def test_more_people_than_were_measured_are_refused(both, file):
    front, back = both
    model = front.json("list")[0]["model"]
    dice = np.random.default_rng(7)
    crowd = [
        Person(f"p-{n}", f"N {n}", (Template(dice.bytes(128), model, "s", "2026-11-27", ""),))
        for n in range(51)
    ]
    file.write_bytes(crafted(front, back, model, *crowd))
    assert len(back.json("gallery", "diff", file)[0]["people"]) == 51
    refused(back, file, 1, "would be too large", "--yes", command="import")


def test_a_full_disk_and_a_cut_between_the_files_lose_nobody(both, file):
    front, back = both
    export(front, file, "back")
    assert back("gallery", "import", file, "--yes").returncode == 0
    memory = (back.state / EXCHANGED).read_bytes()
    front("edit", "Bea", "--disable")
    back("edit", "Ada", "--disable")
    export(front, file, "back")
    before = GalleryStore(back.state).load()
    done = subprocess.run(
        ["bash", "-c", f"ulimit -f 1; exec {sys.executable} -m edge gallery merge {file} --yes"],
        env={**os.environ, "ONELOOK_CONFIG": str(back.config), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 74, done.stderr
    assert GalleryStore(back.state).load() == before
    assert back("gallery", "merge", file, "--yes").returncode == 0
    # As if the plug had been pulled after the gallery and before what is remembered of it.
    (back.state / EXCHANGED).write_bytes(memory)
    assert back("gallery", "merge", file, "--yes").returncode == 0
    assert (people(back)["Ada"]["disabled"], people(back)["Bea"]["disabled"]) == (True, True)


def test_what_is_remembered_of_other_doors_is_checked(both, file):
    front, back = both
    export(front, file, "back")
    for name in (EXCHANGED, "doors.json"):
        (back.state / name).write_text('{"version": 1, "content": {"front": 5}}')
        (back.state / name).chmod(0o600)
        refused(back, file, 74, f"{name}: cannot be read")
        (back.state / name).unlink()
        if name == "doors.json":
            break
        assert back("gallery", "diff", file).returncode == 0


def test_doors_are_trusted_by_name(both, file, tmp_path):
    front, back = both
    own = front("gallery", "key").stdout.strip()
    for arguments, code in {
        (own, "me"): 2,
        (own[:-1], "x"): 2,
        (own,): 2,
        ("--remove", "nobody"): 66,
    }.items():
        done = front("gallery", "trust", *arguments)
        assert (done.returncode, done.stdout) == (code, "")
    address = back("gallery", "key").stdout.strip()
    assert front("gallery", "trust", address, "yard").stdout.startswith("yard\t")  # renamed
    assert front("gallery", "export", file, "--to", "back").returncode == 66
    export(front, file, "yard")
    kept = file.read_bytes()
    assert front("gallery", "export", file, "--to", "yard").returncode == 73
    assert front("gallery", "export", tmp_path / "no" / "x", "--to", "yard").returncode == 73
    assert front("gallery", "export", tmp_path / "new").returncode == 2
    assert file.read_bytes() == kept
    assert (front.state / "door.key").stat().st_mode & 0o777 == 0o600
