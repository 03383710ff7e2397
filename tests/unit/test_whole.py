"""Picture -> crop without a face, to the byte: another byte is another network's input."""

from __future__ import annotations

import hashlib

import cv2
import numpy as np
import pytest

from edge.contract.whole import whole

GREY, COLOUR = (64, 64, 1), (112, 112, 3)
# SHA-256, of a wide picture made smaller, a tall one made larger and one that fits; the same with
# OpenCV 4.11 and 4.14 on x86-64.
GOLDEN = {
    ((120, 300), GREY): "125e17508cc874e28584d8df847ace272f0b4a89c229e0f45d8ce199c5173552",
    ((120, 300), COLOUR): "fefc0071eb65d28b6c791e880efb8c85e0ed39b966ed209f1c659f2e59e84bda",
    ((48, 30), GREY): "dd109606a876c5652e43d884c636974fddadff33f3e4800f6feb14ebcc4fcc14",
    ((48, 30), COLOUR): "0f1c86e0e1aad599769f2111466ceaa4425589dd88a6288e80fdb754bd89a25f",
    ((64, 64), GREY): "1d988c23ff98137ead4d6e0a53d2181d34c15c29795995c50398c18b924773d1",
}
PAPER, INK = (240, 235, 220), (20, 30, 90)


def pattern(height, width):
    """Fine and coarse structure in three colours, from integers alone."""
    y, x = np.mgrid[:height, :width].astype(np.int64)
    red = (x * x // 97 + 3 * y) % 256
    green = (x * y // 61 + (x // 16 + y // 16) % 2 * 90) % 256
    blue = (y * y // 83 + 5 * x) % 256
    return np.stack([red, green, blue], axis=-1).astype(np.uint8)


def drawing(height, width):
    """A stroke on paper that leaves the picture at its upper edge."""
    picture = np.full((height, width, 3), PAPER, np.uint8)
    cv2.line(picture, (width // 2, 0), (width // 2, height // 2), INK, 5)
    return picture


@pytest.mark.parametrize(("size", "shape"), GOLDEN)
def test_a_picture_becomes_the_same_bytes_as_when_the_network_was_trained(size, shape):
    crop = whole(pattern(*size), shape)
    assert (crop.shape, crop.dtype) == (shape, np.uint8)
    assert hashlib.sha256(crop.tobytes()).hexdigest() == GOLDEN[size, shape]


@pytest.mark.parametrize(
    ("size", "rows", "columns"), [((100, 200), 32, 64), ((200, 100), 64, 32), ((30, 10), 64, 21)]
)
def test_proportions_are_kept_and_the_rest_is_paper(size, rows, columns):
    crop = whole(drawing(*size), (64, 64, 3))
    drawn = np.full((*size, 3), 7, np.uint8)
    drawn[:] = INK
    filled = whole(drawn, (64, 64, 3))
    assert (filled == INK).all()  # a picture of one colour has a border of that colour
    top, left = (64 - rows) // 2, (64 - columns) // 2
    outside = np.ones((64, 64), bool)
    outside[top : top + rows, left : left + columns] = False
    assert (crop[outside] == PAPER).all()
    assert (crop[top, 32] != PAPER).all()  # the stroke begins where the picture does


def test_a_square_picture_is_reduced_by_area():
    picture = pattern(128, 128)
    wanted = picture.reshape(64, 2, 64, 2, 3).mean((1, 3))
    assert np.abs(whole(picture, (64, 64, 3)) - wanted).max() <= 1


def test_grey_is_what_an_eye_sees_of_the_colours():
    picture = np.zeros((8, 8, 3), np.uint8)
    picture[:] = (200, 100, 50)
    assert np.unique(whole(picture, (8, 8, 1))) == [round(0.299 * 200 + 0.587 * 100 + 0.114 * 50)]


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (105, 105)])
@pytest.mark.parametrize("shape", [(64, 64, 1), (32, 48, 3), (1, 1, 1)])
def test_every_size_fits_every_network(size, shape):
    assert whole(pattern(*size), shape).shape == shape


def test_the_picture_itself_is_left_alone():
    picture = pattern(64, 64)
    before = picture.copy()
    whole(picture, (64, 64, 3))[:] = 0
    assert (picture == before).all()
