"""The shipped locator: faces in real photographs and none where there is none."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge.contract.picture import read_picture
from edge.eye.locator import shipped_locator

# The middle of each iris in obama_1.jpg, read off an enlargement.
IRISES = ((401.0, 192.0), (494.0, 191.0))
PEOPLE = {
    "input_images/biden_2.jpg": 1,
    "input_images/biden_3.jpg": 1,
    "input_images/obama_2.jpg": 1,
    "input_images/obama_3.jpg": 1,
    "input_images/stranger_collins.jpg": 1,
    "input_images/stranger_harris.jpg": 1,
    "input_images/stranger_hopper.jpg": 1,
    "verification_images/obama_1.jpg": 1,
    "input_images/group_1.jpg": 2,
    "input_images/black.jpg": 0,
    "input_images/noface_coffee.jpg": 0,
    "input_images/noface_rocket.jpg": 0,
}


@pytest.fixture(scope="module")
def obama(request):
    return read_picture(
        request.config.rootpath / "application_data/verification_images/obama_1.jpg"
    )


@pytest.mark.parametrize("name", PEOPLE)
def test_as_many_faces_as_there_are_people_with_their_points_in_place(repository, name):
    faces = shipped_locator().find_faces(read_picture(repository / "application_data" / name))
    # What is much smaller than the largest is nobody to a door, see `edge.eye.look`.
    faces = [face for face in faces if face.eyes_px >= 0.4 * faces[0].eyes_px]
    assert len(faces) == PEOPLE[name]
    for face in faces:
        x, y, width, height = face.box
        assert ((face.points > [x, y]) & (face.points < [x + width, y + height])).all()
        left, right, nose, mouth_left, mouth_right = face.points
        assert left[0] < nose[0] < right[0]
        assert mouth_left[0] < mouth_right[0]
        assert max(left[1], right[1]) < nose[1] < min(mouth_left[1], mouth_right[1])
        assert 0.0 < face.score <= 1.0


def test_the_eyes_are_found_where_they_are(obama):
    (face,) = shipped_locator().find_faces(obama)
    assert np.hypot(*(face.points[0] - IRISES[0])) < 0.12 * face.eyes_px
    assert np.hypot(*(face.points[1] - IRISES[1])) < 0.12 * face.eyes_px


@pytest.mark.parametrize("degrees", [-24.0, -9.0, 9.0, 24.0])
def test_a_tilted_head_is_found_and_its_tilt_told(obama, degrees):
    """A tilt of more than 20 degrees is told too small, by up to a third."""
    (upright,) = shipped_locator().find_faces(obama)
    # OpenCV's angles go the other way.
    turn = cv2.getRotationMatrix2D((445.0, 250.0), -degrees, 1.0)
    tilted = cv2.warpAffine(obama, turn, obama.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
    face = shipped_locator().find_faces(tilted)[0]
    off = 4.0 if abs(degrees) < 20.0 else 8.0
    assert face.roll_deg == pytest.approx(upright.roll_deg + degrees, abs=off)
    wanted = upright.points @ turn[:, :2].T + turn[:, 2]
    assert np.hypot(*(face.points - wanted).T).max() < 0.15 * upright.eyes_px


def test_a_smaller_copy_gives_the_same_face_smaller(obama):
    (large,) = shipped_locator().find_faces(obama)
    half = cv2.resize(obama, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    (small,) = shipped_locator().find_faces(half)
    assert np.hypot(*(large.points - 2.0 * small.points).T).max() < 0.08 * large.eyes_px


def test_the_largest_face_comes_first(obama):
    small = cv2.resize(obama, None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA)
    both = np.zeros((obama.shape[0], obama.shape[1] + small.shape[1], 3), np.uint8)
    both[: small.shape[0], : small.shape[1]] = small
    both[:, small.shape[1] :] = obama
    first, second = shipped_locator().find_faces(both)
    assert first.eyes_px > 2.0 * second.eyes_px


@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (5000, 1), (23, 23), (30, 4000), (480, 640)])
def test_a_frame_of_any_shape_without_a_face_gives_none(shape):
    assert shipped_locator().find_faces(np.full((*shape, 3), 128, np.uint8)) == []
