"""Disturbances that look like a door: light, mirrored faces, a locator that is a little off."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

LIGHT, DOOR = "light", "door"
_GAIN = (0.7, 1.3)
_OFFSET_SD = 20.0  # of 255
_SHIFT_SD_PX, _TURN_SD_DEG, _SCALE_SD = 1.0, 2.0, 0.025
_MIXED_BATCHES = 0.25
# What a small camera at a door does to a face, each with its chance, in the order of the light.
_SHARE_DOOR = 0.5
_DARK, _GAMMA = 0.3, (1.2, 2.5)
_CAST, _CAST_SD = 0.4, 0.12  # of each colour's gain
_HIDDEN, _HIDDEN_SIDE = 0.15, (0.15, 0.4)  # a scarf, a hand, a lock of hair; share of the side
_BLUR, _BLUR_PX = 0.3, (3, 9)  # of a moving head
_COARSE, _COARSE_SIDE = 0.4, (32, 96)  # pixels that the face had on the sensor
_NOISE, _NOISE_SD = 0.4, (2.0, 14.0)
_JPEG, _JPEG_QUALITY = 0.3, (30, 85)


def disturb(
    crops: NDArray[np.uint8], rng: np.random.Generator, *, mirror: bool = True, how: str = LIGHT
) -> NDArray[np.uint8]:
    """A batch (n, h, w, c) uint8, each picture mirrored, moved and lit differently; same shape.

    Args:
        crops: of one size.
        rng: what decides everything.
        mirror: off for what its mirror image is another of, as characters are.
        how: LIGHT, or DOOR: then half of the pictures come through a door's camera as well.
    """
    changed = [_light(_move(crop, rng, mirror=mirror), rng) for crop in crops]
    if how == DOOR:
        changed = [_door(crop, rng) if rng.random() < _SHARE_DOOR else crop for crop in changed]
    return np.stack(changed)


def mix(crops: NDArray[np.uint8], rng: np.random.Generator) -> tuple[NDArray[np.uint8], bool]:
    """Now and then a batch of blends of two pictures, more inputs for a teacher: (crops, blends?).

    Only for distillation; a blend shows nobody.
    """
    if rng.random() >= _MIXED_BATCHES:
        return crops, False
    share = rng.beta(0.5, 0.5, (len(crops), 1, 1, 1)).astype(np.float32)
    blend = share * crops + (1.0 - share) * crops[rng.permutation(len(crops))]
    return (blend + 0.5).astype(np.uint8), True


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


def _door(crop: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Too little light, a coloured lamp, a moving head, few pixels, noise, a poor stream."""
    seen = crop.astype(np.float32)
    if rng.random() < _DARK:
        seen = 255.0 * (seen / 255.0) ** rng.uniform(*_GAMMA)
    if rng.random() < _CAST:
        seen *= 1.0 + rng.normal(0.0, _CAST_SD, (1, 1, crop.shape[2]))
    if rng.random() < _HIDDEN:
        _hide(seen, rng)
    if rng.random() < _BLUR:
        seen = _smear(seen, int(rng.integers(*_BLUR_PX)), rng.uniform(0.0, np.pi))
    if rng.random() < _COARSE:
        side = int(rng.integers(*_COARSE_SIDE))
        small = cv2.resize(seen, (side, side), interpolation=cv2.INTER_AREA)
        seen = cv2.resize(small, crop.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    seen = seen.reshape(crop.shape)
    if rng.random() < _NOISE:
        seen = seen + rng.normal(0.0, rng.uniform(*_NOISE_SD), crop.shape)
    made = np.clip(seen + 0.5, 0, 255).astype(np.uint8)
    if rng.random() < _JPEG:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(*_JPEG_QUALITY))]
        packed = cv2.imencode(".jpg", made, quality)[1]
        made = cv2.imdecode(packed, cv2.IMREAD_UNCHANGED).reshape(crop.shape)
    return made


def _hide(seen: NDArray[np.float32], rng: np.random.Generator) -> None:
    """Paint a rectangle of one colour over it, in place."""
    height, width, channels = seen.shape
    tall, wide = (int(side * rng.uniform(*_HIDDEN_SIDE)) for side in (height, width))
    top, left = rng.integers(0, height - tall + 1), rng.integers(0, width - wide + 1)
    seen[top : top + tall, left : left + wide] = rng.uniform(0, 255, channels)


def _smear(seen: NDArray[np.float32], length: int, angle: float) -> NDArray[np.float32]:
    """Along a line of `length` pixels."""
    kernel = np.zeros((length, length), np.float32)
    middle, reach = (length - 1) / 2, np.linspace(-0.5, 0.5, 4 * length) * (length - 1)
    rows, columns = middle + reach * np.sin(angle), middle + reach * np.cos(angle)
    kernel[np.rint(rows).astype(int), np.rint(columns).astype(int)] = 1.0
    return cv2.filter2D(seen, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE)
