"""How another hand would have drawn it: turned, sheared, stretched, moved, bent, by another pen."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

ORIENTATIONS = 4  # quarter turns
_PAPER = 255
_TURN_DEG, _SHEAR, _LOG_SCALE, _LOG_ASPECT = 12.0, 0.2, 0.18, 0.12
_SHIFT = 0.07  # of the side
_BEND_SD, _BEND_POINTS = 0.015, 5  # of the side; points of the grid along it
_THICKER = 0.3
_PENS = tuple(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (n, n)) for n in (2, 3))


def orient(picture: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """(side, side) turned by that many quarters, less than ORIENTATIONS."""
    return np.rot90(picture, orientation)


def redraw(picture: NDArray[np.uint8], side: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """One drawing (n, n) uint8 as another hand might have made it, (side, side) uint8.

    Warped at twice the side and reduced by area, as `edge.contract.whole` reduces what is read.
    """
    if rng.random() < _THICKER:
        picture = cv2.erode(picture, _PENS[int(rng.integers(len(_PENS)))])
    fine, own = 2 * side, len(picture)
    # Where each pixel of the result comes from, in the middle of both pictures.
    turn = np.deg2rad(rng.uniform(-_TURN_DEG, _TURN_DEG))
    shear_x, shear_y = rng.uniform(-_SHEAR, _SHEAR, 2)
    scale, aspect = rng.uniform(-_LOG_SCALE, _LOG_SCALE), rng.uniform(-_LOG_ASPECT, _LOG_ASPECT)
    matrix = (
        np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        @ np.array([[1.0, shear_x], [shear_y, 1.0]])
        @ np.diag(np.exp([scale + aspect, scale - aspect]))
    ) * (own / fine)
    shift = rng.uniform(-_SHIFT, _SHIFT, 2) * own
    x = np.arange(fine, dtype=np.float32) - (fine - 1) / 2
    bend = rng.normal(0.0, _BEND_SD * own, (_BEND_POINTS, _BEND_POINTS, 2)).astype(np.float32)
    source = cv2.resize(bend, (fine, fine), interpolation=cv2.INTER_CUBIC)
    middle = (own - 1) / 2
    for axis in range(2):
        across, down = matrix[axis].astype(np.float32)
        line = across * x + np.float32(middle + shift[axis])
        source[..., axis] += line + (down * x)[:, None]
    warped = cv2.remap(
        np.ascontiguousarray(picture),
        source,
        None,
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=_PAPER,
    )
    return np.asarray(cv2.resize(warped, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
