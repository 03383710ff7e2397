"""Disturbances that look like a door: light, mirrored faces, a locator that is a little off."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_GAIN = (0.7, 1.3)
_OFFSET_SD = 20.0  # of 255
_SHIFT_SD_PX, _TURN_SD_DEG, _SCALE_SD = 1.0, 2.0, 0.025
_MIXED_BATCHES = 0.25


def disturb(
    crops: NDArray[np.uint8], rng: np.random.Generator, *, mirror: bool = True
) -> NDArray[np.uint8]:
    """A batch (n, h, w, c) uint8, each picture mirrored, moved and lit differently; same shape.

    mirror: off for what its mirror image is another of, as characters are.
    """
    return np.stack([_light(_move(crop, rng, mirror=mirror), rng) for crop in crops])


def mix(crops: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Now and then a batch of blends of two pictures: more inputs for a teacher to answer.

    Only for distillation; a blend shows nobody.
    """
    if rng.random() >= _MIXED_BATCHES:
        return crops
    share = rng.beta(0.5, 0.5, (len(crops), 1, 1, 1)).astype(np.float32)
    blend = share * crops + (1.0 - share) * crops[rng.permutation(len(crops))]
    return (blend + 0.5).astype(np.uint8)


def _move(crop: NDArray[np.uint8], rng: np.random.Generator, *, mirror: bool) -> NDArray[np.uint8]:
    height, width = crop.shape[:2]
    turn, scale = rng.normal(0.0, _TURN_SD_DEG), 1.0 + rng.normal(0.0, _SCALE_SD)
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), turn, scale)
    matrix[:, 2] += rng.normal(0.0, _SHIFT_SD_PX, 2)
    if rng.random() < 0.5 and mirror:
        matrix[0] = -matrix[0]
        matrix[0, 2] += width - 1
    moved = cv2.warpAffine(crop, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.uint8).reshape(crop.shape)


def _light(crop: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    gain, offset = rng.uniform(*_GAIN), rng.normal(0.0, _OFFSET_SD)
    table = np.clip(np.arange(256) * gain + offset + 0.5, 0, 255).astype(np.uint8)
    return table[crop]
