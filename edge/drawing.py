"""Faces drawn into pictures: the box, the five points, the colours of a yes and a no."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.contract.errors import OutputError

Colour = tuple[int, int, int]  # RGB
GREEN, RED, WHITE = (90, 200, 90), (230, 80, 70), (240, 240, 240)


def draw_face(  # noqa: PLR0913, PLR0917 - where, what, how large and how
    picture: NDArray[np.uint8],
    box: Sequence[float],
    points: NDArray[np.float64],
    factor: float,
    colour: Colour,
    stroke: int,
) -> None:
    """Into (h, w, 3) uint8 RGB, in place; box and points are of a picture `factor` times smaller.

    stroke: width of the box's lines, pixels.
    """
    x, y, width, height = (round(v * factor) for v in box)
    cv2.rectangle(picture, (x, y), (x + width, y + height), colour, stroke)
    for px, py in points * factor:
        cv2.circle(picture, (round(px), round(py)), stroke + 1, WHITE, -1)
        cv2.circle(picture, (round(px), round(py)), stroke, colour, -1)


def png(picture: NDArray[np.uint8]) -> bytes:
    """(h, w, 3) uint8 RGB -> a file's bytes. Raises: OutputError: it cannot be encoded."""
    done, data = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    if not done:
        raise OutputError("a drawing could not be encoded.", remedy="Leave the drawing out.")
    return bytes(data)
