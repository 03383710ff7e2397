"""The least-squares similarity from the points of a face to the crop's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.geometry import CROP_SIZE, PACKED_TEMPLATE, RAISED_PX, TEMPLATE, similarity


def moved(points, *, scale, degrees, shift):
    c, s = scale * np.cos(np.radians(degrees)), scale * np.sin(np.radians(degrees))
    return points @ np.array([[c, -s], [s, c]]).T + shift


@given(
    scale=st.floats(0.2, 20.0),
    degrees=st.floats(-180.0, 180.0),
    shift=st.tuples(st.floats(-2000.0, 2000.0), st.floats(-2000.0, 2000.0)),
    count=st.sampled_from([2, 5]),
)
def test_a_face_that_was_turned_scaled_and_moved_is_brought_back(scale, degrees, shift, count):
    template = TEMPLATE[:count]
    points = moved(template, scale=scale, degrees=degrees, shift=shift)
    matrix = similarity(points, template)
    assert np.allclose(points @ matrix[:, :2].T + matrix[:, 2], template, atol=1e-6)


def test_noisy_points_give_the_least_squares_solution():
    """Against the normal equations of (a, b, x, y) with crop = [[a, -b], [b, a]] p + (x, y)."""
    random = np.random.default_rng(1)
    points = moved(TEMPLATE, scale=2.7, degrees=11.0, shift=(40.0, -7.0))
    points += random.normal(0.0, 5.0, points.shape)
    rows = []
    for x, y in points:
        rows += [[x, -y, 1.0, 0.0], [y, x, 0.0, 1.0]]
    (a, b, dx, dy), *_ = np.linalg.lstsq(np.array(rows), TEMPLATE.ravel(), rcond=None)
    assert np.allclose(similarity(points, TEMPLATE), [[a, -b, dx], [b, a, dy]])


def test_a_mirrored_face_is_not_mirrored_back():
    mirrored = TEMPLATE * [-1.0, 1.0]
    assert np.linalg.det(similarity(mirrored, TEMPLATE)[:, :2]) > 0.0


def test_points_that_coincide_are_refused():
    with pytest.raises(ValueError, match="coincide"):
        similarity(np.full((5, 2), 7.0), TEMPLATE)


def test_the_template_lies_in_the_crop_and_higher_than_that_of_packed_crops():
    assert ((TEMPLATE > 0.0) & (TEMPLATE < CROP_SIZE)).all()
    assert np.allclose(PACKED_TEMPLATE - TEMPLATE, [0.0, RAISED_PX])
    left, right, nose, mouth_left, mouth_right = TEMPLATE
    assert left[0] < nose[0] < right[0]
    assert max(left[1], right[1]) < nose[1] < min(mouth_left[1], mouth_right[1])
