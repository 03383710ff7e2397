"""The plug pulled at any write: what was acknowledged is there. `make test-crash`.

The door VM records every write to a disk while the product's own store enrols, removes, counts and
commits; here the disk is drawn as a cut at some write would have left it, and read by that store.
Needs tests/doorvm/prepare.sh, e2fsck and debugfs, and two minutes.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys

import pytest

from edge.store.events import EventStore
from edge.store.gallery import GalleryStore
from tests.doorvm.vm import boot, missing
from tests.powercut.replay import draw, read_writes, torn, whole
from tests.powercut.story import STEPS, contents, story

CUTS = 40
DISK_BYTES, RECORD_BYTES = 64 << 20, 1 << 30
REPAIRED = (0, 1)  # e2fsck: nothing to do, or done
RECORDING_LIMIT_S = 900.0


@pytest.fixture(scope="module")
def writes(tmp_path_factory):
    lack = missing()
    if lack:
        pytest.skip(lack)
    folder = tmp_path_factory.mktemp("record")
    disk, record, out = folder / "disk", folder / "record", folder / "out"
    out.mkdir()
    for image, size in ((disk, DISK_BYTES), (record, RECORD_BYTES)):
        with image.open("wb") as file:
            file.truncate(size)
    script = "tests/powercut/guest/record.py"
    found = boot(script, out, disks=[disk, record], limit_s=RECORDING_LIMIT_S)
    assert "failed" not in found, found["failed"] + (out / "log").read_text()[-4000:]
    assert found["done"] == STEPS
    return read_writes(record)


@pytest.fixture(scope="module", params=["whole", "torn"])
def cuts(request, writes, tmp_path_factory):
    """(steps acknowledged, folder as it was found) for each cut."""
    rng = random.Random(20261127)
    made = next(i for i, w in enumerate(writes) if w.mark == "made")
    points = sorted(rng.sample(range(made + 1, len(writes)), CUTS))
    return [
        (acknowledged(writes[:cut]), found_after(writes, cut, request.param, rng, folder))
        for cut in points
        for folder in [tmp_path_factory.mktemp("cut")]
    ]


def acknowledged(writes):
    done = [int(w.mark.removeprefix("done=")) for w in writes if w.mark.startswith("done=")]
    return max(done, default=0)


def found_after(writes, cut, model, rng, folder):
    """Repair the disk as a start does, and take out what is on it."""
    image, root = folder / "disk", folder / "root"
    kept = whole(writes, cut) if model == "whole" else torn(writes, cut, rng)
    draw(kept, DISK_BYTES, image)
    repair = ["e2fsck", "-fy", str(image)]
    repaired = subprocess.run(repair, capture_output=True, text=True, check=False)
    assert repaired.returncode in REPAIRED, repaired.stdout
    root.mkdir()
    subprocess.run(
        ["debugfs", "-R", f"rdump / {root}", str(image)], capture_output=True, check=True
    )
    image.unlink()
    return root


def test_the_cuts_are_spread_over_the_story(cuts):
    assert len({done for done, _ in cuts}) > CUTS / 2
    assert cuts[0][0] < STEPS / 4
    assert cuts[-1][0] > STEPS * 3 / 4


def test_what_was_acknowledged_is_there_and_nothing_but_the_next_step_beside_it(cuts):
    right = list(story())
    for done, root in cuts:
        state = root / "onelook"
        with EventStore(state) as events:
            found = contents(GalleryStore(state), events)
        assert found in right[done : done + 2], done


def test_the_command_lists_whom_the_gallery_holds(cuts, tmp_path):
    config = tmp_path / "onelook.toml"
    for done, root in cuts[:: CUTS // 5]:
        config.write_text(f'[paths]\nstate_dir = "{root}/onelook"\n')
        command = [sys.executable, "-m", "edge", "list", "--json", "--config", str(config)]
        listed = subprocess.run(command, capture_output=True, text=True, check=True)
        people = GalleryStore(root / "onelook").load().people
        assert len(json.loads(listed.stdout)["people"]) == len(people), done


def test_a_file_that_was_only_renamed_is_an_older_one_more_than_once(cuts):
    """The cuts cut: without a sync, what was acknowledged may be gone."""
    behind = [done for done, root in cuts if read_number(root / "careless") < done]
    assert len(behind) > CUTS / 10


def read_number(path):
    return int(path.read_text() or 0) if path.is_file() else 0
