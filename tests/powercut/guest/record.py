#!/usr/bin/python3
"""The story on a disk whose every write is recorded; a mark in the record for each step done."""

import sys
import zipfile
from pathlib import Path

SITE = "/run/site"
sys.path[:0] = [SITE, "/src", "/src/tests/systemd/guest"]
for package in ("msgpack", "cryptography", "cffi", "pycparser"):
    for wheel in Path("/wheels").glob(f"{package}-*.whl"):
        zipfile.ZipFile(wheel).extractall(SITE)

from steps import main, run  # noqa: E402 - the path is made above

from tests.powercut.story import EventStore, GalleryStore, tell  # noqa: E402

DISK, WRITES, FOLDER = "/dev/ubdb", "/dev/ubdc", Path("/mnt")


def steps():
    sectors = int(run("blockdev", "--getsz", DISK).stdout)
    must("dmsetup", "create", "plug", "--table", f"0 {sectors} log-writes {DISK} {WRITES}")
    must("dmsetup", "mknodes")
    must("mkfs.ext4", "-q", "-J", "size=4", "/dev/mapper/plug")
    mark("made")
    must("mount", "-o", "noatime", "/dev/mapper/plug", str(FOLDER))
    state = FOLDER / "onelook"
    with EventStore(state) as events:
        for done in tell(GalleryStore(state), events):
            # Beside it, what most programs would have done.
            (FOLDER / "careless.new").write_text(f"{done}\n")
            (FOLDER / "careless.new").rename(FOLDER / "careless")
            mark(f"done={done}")
    must("umount", str(FOLDER))
    must("dmsetup", "remove", "plug")
    return {"done": done}


def mark(text):
    must("dmsetup", "message", "plug", "0", "mark", text)


def must(*command):
    if run(*command).returncode != 0:
        raise OSError(command)


main(steps)
