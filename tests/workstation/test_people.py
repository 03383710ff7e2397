"""Nobody is trained on, calibrated with and measured on."""

from __future__ import annotations

import numpy as np
import pytest

from convert.people import calibration, choosers_and_testers
from edge.contract.errors import DataError, MissingError, UsageError
from tests.workstation.conftest import OTHERS
from train.data import split_people
from train.people import trained_on

SHAPE, CONFIG = (112, 112, 3), {"held_out_share": 0.25}


def people_in(crops, faces):
    owner = {
        crop.tobytes(): faces.names[p] for crop, p in zip(faces.crops, faces.person, strict=True)
    }
    return {owner[crop.tobytes()] for crop in crops}


def test_calibration_takes_training_people_and_none_who_is_measured_on(faces):
    train, out = split_people(faces, 0.25)
    asked = set(sorted(train.people())[:5])
    used = people_in(calibration(faces, SHAPE, CONFIG, asked), faces)
    assert not used & (out.people() | asked)
    assert used == train.people() - asked


def test_calibration_holds_black_and_white_or_is_refused(faces):
    crops = calibration(faces, SHAPE, CONFIG, set())
    assert crops.min() == 0
    assert crops.max() == 255
    grey = type(faces)(faces.crops.clip(1), faces.person, faces.names, faces.files)
    with pytest.raises(DataError, match="no calibration crop has a pixel of 0"):
        calibration(grey, SHAPE, CONFIG, set())
    with pytest.raises(DataError, match="at least 50 are needed"):
        calibration(faces.of(faces.person < 7), SHAPE, CONFIG, set())


def test_calibration_with_noise_is_refused(faces):
    noise = np.random.default_rng(0).integers(0, 256, faces.crops.shape, np.uint8)
    with pytest.raises(DataError, match=r"neighbouring pixels correlate by -?0\.0"):
        calibration(
            type(faces)(noise, faces.person, faces.names, faces.files), SHAPE, CONFIG, set()
        )


def test_r1_5_nobody_is_trained_on_chooses_and_is_tested(faces, people_tar):
    config = CONFIG | {"data": [str(people_tar)]}
    choosing, testing = choosers_and_testers(config, SHAPE)
    train, out = split_people(faces, 0.25)
    assert choosing.names | testing.names == out.people()
    assert not choosing.names & testing.names
    assert len(choosing) + len(testing) == len(out)
    assert choosing.sample.people == len(choosing.names) > 1
    assert not train.people() & (choosing.names | testing.names)


def test_everybody_of_another_source_is_measured_on(people_tar, others_tar):
    config = CONFIG | {"data": [str(people_tar)]}
    sides = choosers_and_testers(config, SHAPE, people=[str(others_tar)])
    assert sum(side.sample.people for side in sides) == OTHERS
    assert min(side.sample.people for side in sides) > OTHERS / 4


def test_a_list_says_who_of_a_source_counts(people_tar, others_tar, tmp_path):
    config = CONFIG | {"data": [str(people_tar)]}
    (tmp_path / "first").write_text("other_00 4\nother_01 2\nother_02\n\n")
    (tmp_path / "second").write_text("other_02\nother_05\nother_06\n")
    (tmp_path / "nobody").write_text("Ada\n")

    def sides(first, second):
        return choosers_and_testers(
            config,
            SHAPE,
            choosing=[f"{others_tar}@{tmp_path / first}"],
            testing=[f"{others_tar}@{tmp_path / second}"],
        )

    with pytest.raises(UsageError, match=r"1 people would choose .* 'other_02' first"):
        sides("first", "second")
    with pytest.raises(DataError, match="nobody of that list"):
        sides("first", "nobody")
    with pytest.raises(MissingError, match="missing: no list of people there"):
        sides("first", "missing")
    (tmp_path / "second").write_text("other_05\nother_06\n")
    choosing, testing = sides("first", "second")
    assert choosing.names == {"other_00", "other_01", "other_02"}
    assert testing.names == {"other_05", "other_06"}


def test_people_who_were_trained_on_or_too_few_are_refused(people_tar):
    config = CONFIG | {"data": [str(people_tar)]}
    with pytest.raises(UsageError, match="were trained on"):
        choosers_and_testers(config, SHAPE, share=0.5)
    with pytest.raises(DataError, match="0 people to choose"):
        choosers_and_testers(config, SHAPE, share=1e-9)
    with pytest.raises(UsageError, match="chosen on some people and tested on others"):
        choosers_and_testers(config, SHAPE, choosing=[str(people_tar)])


@pytest.mark.parametrize(
    ("config", "known"),
    [
        ({"people": ["person_01", "person_02"]}, {"person_01"}),
        ({"held_out": ["person_01"]}, {"person_03"}),
        ({"held_out_share": 0.999}, set()),
        ({"held_out_share": 1e-9}, {"person_01", "person_03"}),
        ({"held_out_share": 1e-9, "data": ["elsewhere/people.tar"]}, {"person_01", "person_03"}),
        ({"held_out_share": 1e-9, "data": ["elsewhere/other.tar"]}, set()),
        ({}, set()),
    ],
)
def test_whom_a_run_trained_on_follows_from_its_config(faces, config, known):
    two = [faces.names.index(name) for name in ("person_01", "person_03")]
    assert trained_on(faces.of(np.isin(faces.person, two)), config) == known
