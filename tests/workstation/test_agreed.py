"""Labels that one teacher made, held against two others'."""

from __future__ import annotations

import numpy as np
import pytest

from edge.contract.errors import DataError, MissingError
from edge.contract.geometry import TEMPLATE
from train.locate.agreed import IN_DOUBT, Seconds, ways_of

EYES = float(np.hypot(*(TEMPLATE[1] - TEMPLATE[0])))


@pytest.fixture
def drawn():
    """(truth, labels, seconds) of 400 faces of all sizes, turned and seen from the side.

    The labels are off by 7 % of the distance between the eyes, the others by 3 %, and those have
    the eyes farther in and the mouth lower. Pixels of a frame.
    """
    rng = np.random.default_rng(5)
    faces = np.repeat((TEMPLATE - TEMPLATE.mean(axis=0))[None], 400, axis=0)
    faces[:, 2, 0] += rng.normal(0, 6, 400)  # noses of heads that look aside
    faces[..., 0] *= rng.uniform(0.7, 1.0, (400, 1))
    off = rng.normal(0, EYES, (3, 400, 5, 2)) * np.array([0.07, 0.03, 0.03])[:, None, None, None]
    other = faces + np.array([[2, 0], [-2, 0], [0, 1], [0, 2], [0, 2.0]])
    turn = rng.normal(0, 0.3, 400)
    matrix = rng.uniform(0.3, 3, 400)[:, None, None] * np.array(
        [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
    ).transpose(2, 1, 0)
    place = rng.uniform(0, 300, (400, 1, 2))
    truth = faces @ matrix + place
    labels = (faces + off[0]) @ matrix + place
    seconds = np.stack([(other + o) @ matrix + place for o in off[1:]], axis=1)
    return truth, labels, seconds


def apart(a, b):
    return np.hypot(*np.moveaxis(a - b, -1, 0)).mean(axis=1) / np.hypot(*(b[:, 1] - b[:, 0]).T)


def test_the_middle_of_three_is_nearer_than_the_label(drawn):
    truth, labels, seconds = drawn
    points, doubts = ways_of(labels, seconds).agreed(labels, seconds)
    assert apart(points, truth).mean() < 0.6 * apart(labels, truth).mean()
    assert (doubts < IN_DOUBT).all()


def test_another_way_of_pointing_is_no_disagreement(drawn):
    truth, labels, seconds = drawn
    points, _ = ways_of(labels, seconds).agreed(labels, seconds)
    # Without their own way the two, being two, would have it their way.
    theirs = np.median([labels, *seconds.swapaxes(0, 1)], axis=0)
    bias = np.abs((points - truth).mean(axis=0)).max()
    assert bias < 0.5 * np.abs((theirs - truth).mean(axis=0)).max()


def test_one_mistake_is_outvoted_and_two_are_told(drawn):
    truth, labels, seconds = drawn
    seconds[0, 1] += 100.0
    labels[1] += 100.0
    seconds[1, 0] -= 100.0
    points, doubts = ways_of(labels, seconds).agreed(labels, seconds)
    assert doubts[0] < IN_DOUBT
    assert apart(points, truth)[0] < 0.15
    assert doubts[1] > IN_DOUBT


def test_points_in_one_place_are_no_face_and_no_crash(drawn):
    _, labels, seconds = drawn
    seconds[3] = seconds[3, 0, 0]
    assert ways_of(labels, seconds).agreed(labels, seconds)[1][3] > IN_DOUBT


def test_teachers_of_something_else_are_refused(drawn):
    _, labels, seconds = drawn
    with pytest.raises(DataError, match="0 of 400 faces"):
        ways_of(labels, seconds[:, :, ::-1] * 1.5)


def test_a_teacher_that_is_not_there_or_is_no_network(tmp_path):
    there = tmp_path / "x.onnx"
    there.write_bytes(b"no network")
    frame, labels = np.zeros((64, 64, 3), np.uint8), TEMPLATE[None] / 2
    with pytest.raises(MissingError, match="away"):
        Seconds(there, tmp_path / "away").points([frame], labels)
    with pytest.raises(DataError, match="ONNX"):
        Seconds(there, there).points([frame], labels)
