"""Frame -> crop, to the byte: another byte is another preprocessing, and needs another network."""

from __future__ import annotations

import hashlib

import cv2
import numpy as np
import pytest

from edge.contract.align import align, realign_packed
from edge.contract.geometry import CROP_SIZE, PACKED_TEMPLATE, TEMPLATE
from edge.contract.tensor import to_int8

CENTRE = np.array([320.0, 240.0])
# How large the face is in the frame, relative to the crop, and how it is turned.
FACES = {"smaller": (0.7, -8.0), "as large": (1.6, 12.0), "much larger": (3.9, -20.0)}
# SHA-256, the same with OpenCV 4.11 and 4.14 on x86-64.
GOLDEN = {
    "smaller": "6689bf2eec168307fec1dc8392ae470b982ec6f96e3e942b0f8f3b1a2d162c00",
    "as large": "e446a0b81b08429abbdae31a7bbd274b5075e086bfe059f3c8a482020caa649a",
    "much larger": "238b4fe3cdfe8b2d9ca299818fefd0b22b66c73435d388b735ce4ee7fb5311b7",
}
GOLDEN_PACKED = "1993680e204e98fa1f6a5ff4c90b0bc88b8fd3249c218b3adcf3ad72c36b9357"


def pattern(height=480, width=640):
    """Fine and coarse structure in three colours, from integers alone."""
    y, x = np.mgrid[:height, :width].astype(np.int64)
    red = (x * x // 97 + 3 * y) % 256
    green = (x * y // 61 + (x // 16 + y // 16) % 2 * 90) % 256
    blue = (y * y // 83 + 5 * x) % 256
    return np.stack([red, green, blue], axis=-1).astype(np.uint8)


def face(scale, degrees):
    """Five points of a face around the frame's middle."""
    c, s = scale * np.cos(np.radians(degrees)), scale * np.sin(np.radians(degrees))
    return (TEMPLATE - CROP_SIZE / 2) @ np.array([[c, -s], [s, c]]).T + CENTRE


def digest(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


@pytest.mark.parametrize("which", FACES)
def test_crop_and_tensor_are_the_same_to_the_byte_as_when_the_network_was_trained(which):
    crop = align(pattern(), face(*FACES[which]))
    assert (crop.shape, crop.dtype) == ((CROP_SIZE, CROP_SIZE, 3), np.uint8)
    assert digest(to_int8(crop)) == GOLDEN[which]


def test_a_packed_crop_is_moved_to_the_same_byte():
    crop = realign_packed(pattern(CROP_SIZE, CROP_SIZE))
    assert digest(crop) == GOLDEN_PACKED


@pytest.mark.parametrize("which", FACES)
def test_the_points_of_the_face_come_to_lie_on_the_template(which):
    points = face(*FACES[which])
    frame = np.zeros((480, 640, 3), np.uint8)
    for x, y in points:
        cv2.circle(frame, (round(x), round(y)), max(2, round(3 * FACES[which][0])), (255,) * 3, -1)
    _, _, _, centres = cv2.connectedComponentsWithStats(
        (align(frame, points)[..., 0] > 127).astype(np.uint8)
    )
    found = centres[1:]
    assert len(found) == 5
    for wanted in TEMPLATE:
        assert np.hypot(*(found - wanted).T).min() < 1.0


def test_the_eyes_alone_are_enough_for_an_upright_face():
    frame, points = pattern(), face(1.6, 0.0)
    assert np.abs(align(frame, points).astype(int) - align(frame, points[:2])).mean() < 1.0


def test_what_lies_outside_the_frame_is_black():
    white = np.full((480, 640, 3), 255, np.uint8)
    crop = align(white, face(1.6, 0.0) - [320.0, 0.0])
    assert (crop[:, :50] == 0).all()
    assert (crop[:, 62:] == 255).all()


def test_colours_keep_their_order():
    red = np.zeros((480, 640, 3), np.uint8)
    red[..., 0] = 200
    assert (align(red, face(1.6, 0.0)) == [200, 0, 0]).all()


def test_a_packed_crop_is_raised_as_far_as_the_template():
    crop = np.zeros((CROP_SIZE, CROP_SIZE, 3), np.uint8)
    cv2.circle(crop, (56, 72), 6, (255,) * 3, -1)
    rows = np.arange(CROP_SIZE) @ realign_packed(crop)[..., 0].astype(float).sum(axis=1)
    height = rows / realign_packed(crop)[..., 0].sum()
    assert height == pytest.approx(72.0 - (PACKED_TEMPLATE - TEMPLATE)[0, 1], abs=0.05)
