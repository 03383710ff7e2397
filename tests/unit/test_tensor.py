"""Crop -> the network's integers."""

from __future__ import annotations

import numpy as np
import pytest

from edge.contract.tasks import FACES, PICTURES
from edge.contract.tensor import INPUT_SCALE, INPUT_ZERO_POINT, preprocessing_id, to_float, to_int8

EVERY_BYTE = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)


def test_every_byte_becomes_itself_less_128():
    tensor = to_int8(EVERY_BYTE)
    assert (tensor.dtype, tensor.shape) == (np.int8, EVERY_BYTE.shape)
    assert tensor.ravel().tolist() == [value - 128 for value in range(256)]


def test_the_float_network_sees_what_the_int8_network_sees_exactly():
    values = to_float(EVERY_BYTE)
    assert values.dtype == np.float32
    assert values.ravel().tolist() == [(value - 128) / 128 for value in range(256)]
    back = np.round(values / INPUT_SCALE) + INPUT_ZERO_POINT
    assert (back == to_int8(EVERY_BYTE)).all()


def test_the_crop_itself_is_left_alone():
    crop = EVERY_BYTE.copy()
    to_int8(crop)[:] = 0
    assert (crop == EVERY_BYTE).all()


def test_the_id_names_colours_size_and_how_the_picture_is_cut():
    assert preprocessing_id(FACES, 112, 112, 3) == "rgb112x112-raised1.25-int8-1"
    assert preprocessing_id(PICTURES, 105, 105, 1) == "grey105x105-whole-int8-1"
    with pytest.raises(KeyError):
        preprocessing_id(FACES, 8, 8, 2)
