"""The power gone after every call of every writer: `make test-crash-points`, no root needed.

Real processes write while strace looks on. What they did is played again on a disk in memory, cut
after each change, and the product's own readers open every disk that may be left. What is modelled
stands in disk.py. Needs strace; four to eight minutes. The small part runs with every `make test`.
"""

from __future__ import annotations

import sys

import pytest

from tests.crashpoints.check import Recording, cuts
from tests.crashpoints.plants import PLANTS, SPOILT
from tests.crashpoints.scenes import SCENES, recorded
from tests.crashpoints.strace import missing

ENOUGH = 10_000
_FEW = 5  # broken cuts are enough to stop

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"no crash points: {missing()}")


@pytest.fixture(scope="module")
def met():
    """Cuts by scene."""
    return {}


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A scene's recording, made once."""
    made = {}

    def of(scene):
        if scene not in made:
            made[scene] = recorded(scene, tmp_path_factory.mktemp(scene))
        return made[scene]

    return of


@pytest.mark.parametrize("name", SCENES)
def test_every_cut_leaves_what_was_told_and_all_of_it_whole(sound, met, name):
    scene, bad, met[name] = SCENES[name], [], 0
    for cut in cuts(sound(name), scene.read, scene.use, scene.share):
        met[name] += 1
        if cut.wrong:
            bad.append(cut)
            if len(bad) == _FEW:
                break
    _tell(f"{met[name]:7,} cuts in {len(sound(name).changes):4d} changes of {name}")
    assert [(cut.point.at, cut.point.told, cut.wrong) for cut in bad] == []


def test_there_were_enough(met):
    _tell(f"{sum(met.values()):7,} cuts in all")
    assert sum(met.values()) >= ENOUGH


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_fault_is_found(sound, name):
    scene, spoil = PLANTS[name]
    whole = sound(scene)
    spoilt = Recording(whole.base, tuple(spoil(whole.changes)))
    assert spoilt.changes != whole.changes
    assert_found(name, SCENES[scene], spoilt)


@pytest.mark.parametrize("name", SPOILT)
def test_a_spoilt_writer_is_found(name, tmp_path):
    scene, code = SPOILT[name]
    assert_found(name, SCENES[scene], recorded(scene, tmp_path, fault=code))


def assert_found(name, scene, recording):
    for number, cut in enumerate(cuts(recording, scene.read), 1):
        if cut.wrong:
            _tell(f"{name:34s} found after {number:5,} cuts: {cut.wrong[:60]}")
            return
    pytest.fail(f"{name}: not found")


def _tell(line):
    sys.stdout.write(f"\n{line}")
    sys.stdout.flush()
