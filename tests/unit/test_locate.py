"""Numbers of the locator's networks -> faces; every number here is worked out by hand."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge.contract.geometry import similarity
from edge.contract.locate import (
    FRAME,
    PATCH,
    PATCH_TEMPLATE,
    POINT_UNIT_PX,
    SIZES,
    candidates,
    cut_patch,
    locate,
    overlap,
    pointed,
    reduced,
    weighed,
)

ROWS = {8: 30, 16: 15, 32: 8}
COLUMNS = {8: 40, 16: 20, 32: 10}


def silence():
    return {
        stride: (
            np.full((ROWS[stride], COLUMNS[stride]), -9.0, np.float32),
            np.zeros((ROWS[stride], COLUMNS[stride], 14), np.float32),
        )
        for stride in SIZES
    }


def say(outputs, stride, cell, box, logit):
    """What a perfect finder would say of a face in that cell (row, column)."""
    middle = (np.array(cell[::-1]) + 0.5) * stride
    unit = SIZES[stride]
    outputs[stride][0][cell] = logit
    outputs[stride][1][cell] = np.r_[
        (np.array(box[:2]) + np.array(box[2:]) / 2 - middle) / unit,
        np.log(np.array(box[2:]) / unit),
        ((points_in(box) - middle) / unit).ravel(),
    ]


def points_in(box):
    x, y, width, height = box
    return np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]]) * [
        width,
        height,
    ] + [x, y]


@pytest.mark.parametrize("stride", SIZES)
def test_a_cell_says_where_box_and_points_are(stride):
    outputs, box = silence(), (70.0, 51.0, 0.9 * SIZES[stride], 1.1 * SIZES[stride])
    say(outputs, stride, (3, 4), box, 2.0)
    boxes, points, logits = candidates(outputs, 0.0)
    assert boxes == pytest.approx(np.array([box]), abs=1e-3)
    assert points == pytest.approx(points_in(box)[None], abs=1e-3)
    assert logits.tolist() == [2.0]


def test_of_one_face_the_likeliest_answer_is_kept_and_of_two_both():
    outputs = silence()
    first, again, other = (40.0, 40.0, 50, 60), (43.0, 41.0, 52, 60), (200.0, 40.0, 50, 60)
    for cell, box, logit in (((4, 4), first, 1.0), ((4, 5), again, 3.0), ((4, 13), other, 2.0)):
        say(outputs, 16, cell, box, logit)
    boxes, _, logits = candidates(outputs, 0.0)
    assert boxes == pytest.approx(np.array([again, other]), abs=1e-3)
    assert logits.tolist() == [3.0, 2.0]
    assert len(candidates(outputs, 2.5)[0]) == 1
    assert len(candidates(outputs, 9.0)[0]) == 0


@pytest.mark.parametrize("shape", [(480, 640), (1000, 400), (50, 90), (1, 3)])
def test_a_frame_is_reduced_as_a_whole_and_keeps_its_shape(shape):
    frame = np.full((*shape, 3), 200, np.uint8)
    small, scale = reduced(frame)
    assert small.shape == (*FRAME, 3)
    rows, columns = (round(side * scale) for side in shape)
    assert (small[: max(rows, 1), : max(columns, 1)] == 200).all()
    assert small.sum() == 200 * 3 * max(rows, 1) * max(columns, 1)
    assert rows == FRAME[0] or columns == FRAME[1]


def test_the_pointer_moves_points_by_its_unit_in_the_upright_patch():
    frame = np.zeros((300, 400, 3), np.uint8)
    guess = points_in((100.0, 80.0, 90, 110))
    moved = np.zeros((5, 2), np.float32)
    moved[2] = [1.0, -0.5]
    seen = []

    def point(patch):
        seen.append(patch.shape)
        return 1.5, moved.ravel()

    logit, points = pointed(frame, guess, point)
    assert (logit, seen) == (1.5, [(PATCH, PATCH, 3)])
    matrix = similarity(guess, PATCH_TEMPLATE)
    there = points @ matrix[:, :2].T + matrix[:, 2]
    assert there == pytest.approx(PATCH_TEMPLATE + POINT_UNIT_PX * moved)


def test_what_a_pointer_sees_too_far_to_one_side_is_on_the_other_in_the_mirror():
    frame = np.random.default_rng(2).integers(0, 255, (240, 320, 3), np.uint8)
    guess = PATCH_TEMPLATE * 0.9 + [90, 70]
    patches = []

    def point(patch):
        patches.append(patch)
        return 1.0, np.tile([0.5, 0.25], 5)  # 4 px right and 2 px down of where it was told

    _, straight = pointed(frame, guess, point)
    _, mirrored = pointed(frame, guess, point, mirror=True)
    assert np.array_equal(patches[1], patches[0][:, ::-1])
    matrix = similarity(guess, PATCH_TEMPLATE)
    off = [p @ matrix[:, :2].T + matrix[:, 2] - PATCH_TEMPLATE for p in (straight, mirrored)]
    assert off[0] == pytest.approx(np.tile([4.0, 2.0], (5, 1)))
    # The template itself is not quite the same on both sides.
    assert off[1] == pytest.approx(np.tile([-4.0, 2.0], (5, 1)), abs=1.2)


def test_a_face_is_looked_at_twice_and_once_more_in_the_mirror():
    outputs = silence()
    say(outputs, 16, (4, 14), (200.0, 30.0, 60, 70), 5.0)
    answers = [np.zeros(10), np.zeros(10), np.tile([0.5, 0.0], 5)]
    shown = iter(answers)
    (face,) = locate(
        np.zeros((240, 320, 3), np.uint8), lambda _: outputs, lambda _: (1.0, next(shown))
    )
    shown = iter([np.zeros(10)] * 3)
    (calm,) = locate(
        np.zeros((240, 320, 3), np.uint8), lambda _: outputs, lambda _: (1.0, next(shown))
    )
    moved = (face.points - calm.points) @ similarity(calm.points, PATCH_TEMPLATE)[:, :2].T
    assert moved == pytest.approx(np.tile([-2.0, 0.0], (5, 1)), abs=0.1)  # half of 4 px
    assert next(shown, None) is None


def test_points_that_coincide_are_no_face():
    assert pointed(np.zeros((9, 9, 3), np.uint8), np.ones((5, 2)), lambda _: (9.0, None)) is None


def test_a_patch_shows_the_face_where_the_template_has_it():
    frame = np.zeros((400, 400, 3), np.uint8)
    points = (PATCH_TEMPLATE - PATCH / 2) * 5.0 + [200, 180]  # so large that it is reduced first
    for x, y in points.round().astype(int):
        frame[y - 8 : y + 9, x - 8 : x + 9] = 255
    patch = cut_patch(frame, similarity(points, PATCH_TEMPLATE))
    for x, y in PATCH_TEMPLATE:
        around = patch[round(y) - 3 : round(y) + 4, round(x) - 3 : round(x) + 4, 0].astype(float)
        rows, columns = np.mgrid[round(y) - 3 : round(y) + 4, round(x) - 3 : round(x) + 4]
        assert (around * columns).sum() / around.sum() == pytest.approx(x, abs=0.2)
        assert (around * rows).sum() / around.sum() == pytest.approx(y, abs=0.2)


@pytest.mark.parametrize("at", [(700, 500), (30, 40), (1890, 1060)])
def test_a_patch_is_of_what_is_around_the_face_and_of_nothing_else(at):
    """Also at the frame's border, over which its outermost pixels go on."""
    frame = np.random.default_rng(1).integers(0, 255, (1080, 1920, 3), np.uint8)
    frame = cv2.GaussianBlur(frame, (0, 0), 12.0)
    matrix = similarity((PATCH_TEMPLATE - PATCH / 2) * 4.0 + at, PATCH_TEMPLATE)
    patch = cut_patch(frame, matrix)
    elsewhere = frame.copy()
    rows, columns = np.mgrid[:1080, :1920]
    elsewhere[(abs(columns - at[0]) > 180) | (abs(rows - at[1]) > 180)] = 255
    assert np.array_equal(cut_patch(elsewhere, matrix), patch)
    # As if the whole frame were blurred and sampled, to a grey level or so.
    soft = cv2.warpAffine(frame, matrix, (PATCH, PATCH), borderMode=cv2.BORDER_REPLICATE)
    assert np.abs(soft.astype(int) - patch).max() <= 6


def test_faces_come_in_pixels_of_the_frame_the_largest_first_if_both_together_say_so():
    outputs = silence()
    boxes = [(20.0, 30.0, 50, 60), (200.0, 30.0, 60, 70), (120.0, 150.0, 55, 60)]
    for cell, box in zip([(3, 2), (4, 14), (11, 9)], boxes, strict=True):
        say(outputs, 16, cell, box, -1.0)
    frame = np.zeros((480, 640, 3), np.uint8)
    frame[300:420] = 90  # the third one's patch is grey

    def point(patch):
        return (0.5 if patch.mean() > 45 else 3.0), np.zeros(10, np.float32)

    faces = locate(frame, lambda _: outputs, point)
    assert [face.box for face in faces] == [
        pytest.approx(np.array(box) * 2, abs=1e-2) for box in (boxes[1], boxes[0])
    ]
    assert faces[1].points.mean(axis=0) == pytest.approx(
        2 * points_in(boxes[0]).mean(axis=0), abs=3
    )
    assert faces[0].score == pytest.approx(1 / (1 + np.exp(-2.0)))
    evidence = [found for found, _ in weighed(frame, lambda _: outputs, point)]
    assert sorted(evidence) == pytest.approx([-0.5, 2.0, 2.0])
    assert weighed(frame, lambda _: outputs, point, least=-0.9) == []


def test_overlap_is_intersection_over_union():
    a = np.array([[0.0, 0, 10, 10]])
    b = np.array([[5.0, 0, 10, 10], [20, 20, 5, 5], [0, 0, 10, 10]])
    assert overlap(a, b)[0] == pytest.approx([50 / 150, 0.0, 1.0])
