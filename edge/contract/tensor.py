"""Crop -> the network's input, in the network's own integers.

The scale is 1/128 with zero point 0, so that the int8 input *is* `crop - 128`: nothing is rounded,
and the float network of training sees exactly the values that the int8 network of the door sees.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.contract.tasks import FACES

INPUT_SCALE = 1.0 / 128.0
INPUT_ZERO_POINT = 0


def preprocessing_id(task: str, height: int, width: int, channels: int) -> str:
    """The name of all between a frame and the tensor; a bundle states which it was made for."""
    colours = {1: "grey", 3: "rgb"}[channels]
    cut = "raised1.25" if task == FACES else "whole"  # `edge.contract.align`, `.whole`
    return f"{colours}{height}x{width}-{cut}-int8-1"


def to_int8(crops: NDArray[np.uint8]) -> NDArray[np.int8]:
    """Crops (..., height, width, channels) uint8 -> the int8 tensor of the door, same shape."""
    return (crops ^ np.uint8(0x80)).view(np.int8)


def to_float(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Crops (..., height, width, channels) uint8 -> float32 in [-1, 1), what training sees."""
    return to_int8(crops).astype(np.float32) * np.float32(INPUT_SCALE)
