"""Nobody is trained on, calibrated with and measured on."""

from __future__ import annotations

import pytest

from convert.people import calibration, held_out, trained_on
from edge.contract.errors import DataError, UsageError
from train.data import split_people

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
    with pytest.raises(DataError, match="at least 100 are needed"):
        calibration(faces.of(faces.person < 8), SHAPE, CONFIG, set())


def test_those_are_measured_on_whom_the_run_held_out(faces):
    sample = held_out(faces, SHAPE, CONFIG, 0.25)
    assert sample.people == len(split_people(faces, 0.25)[1].people())
    with pytest.raises(UsageError, match="were trained on"):
        held_out(faces, SHAPE, CONFIG, 0.5)
    with pytest.raises(DataError, match="0 people to measure on"):
        held_out(faces, SHAPE, CONFIG, 1e-9)


@pytest.mark.parametrize(
    ("config", "known"),
    [
        ({"people": ["person_01", "person_02"]}, {"person_01"}),
        ({"held_out": ["person_01"]}, {"person_03"}),
        ({"held_out_share": 0.999}, set()),
        ({"held_out_share": 1e-9}, {"person_01", "person_03"}),
        ({}, set()),
    ],
)
def test_whom_a_run_trained_on_follows_from_its_config(config, known):
    assert trained_on(["person_01", "person_03"], config) == known
