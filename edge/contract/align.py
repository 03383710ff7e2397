"""Frame -> crop: the only alignment there is. Training, enrolment and the eye call it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.contract.geometry import CROP_SIZE, PACKED_TEMPLATE, TEMPLATE, similarity


def align(
    frame: NDArray[np.uint8],
    points: NDArray[np.float64],
    template: NDArray[np.float64] = TEMPLATE,
) -> NDArray[np.uint8]:
    """Cut the aligned face out of a frame.

    Args:
        frame: (height, width, 3) uint8, RGB.
        points: (5, 2) left eye, right eye, nose, left and right mouth corner as seen in the
            picture, pixels of the frame. (2, 2): the eyes alone, for locators that know no more.
        template: (5, 2) where they come to lie; PACKED_TEMPLATE is for tars of crops alone.

    Returns:
        (112, 112, 3) uint8, RGB. What lies outside the frame is black.

    Raises:
        ValueError: the points coincide.
    """
    matrix = similarity(points, template[: len(points)])
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if scale < 0.5:  # a large face is first reduced by area averaging, or the warp would alias
        factor = 2.0 * scale
        frame = np.asarray(
            cv2.resize(frame, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8
        )
        # Pixel centres, not corners, are what a point's coordinates count from.
        matrix = similarity((points + 0.5) * factor - 0.5, template[: len(points)])
    how = cv2.INTER_CUBIC if scale > 1.0 else cv2.INTER_LINEAR
    return np.asarray(cv2.warpAffine(frame, matrix, (CROP_SIZE, CROP_SIZE), flags=how), np.uint8)


def realign_packed(crop: NDArray[np.uint8], *, back: bool = False) -> NDArray[np.uint8]:
    """Move a crop that was cut to PACKED_TEMPLATE to our TEMPLATE; its edge pixels are repeated.

    Args:
        crop: (112, 112, 3) uint8, RGB, as in tars of ready-made aligned crops.
        back: the other way round.
    """
    shift = (TEMPLATE - PACKED_TEMPLATE)[0] * (-1.0 if back else 1.0)
    matrix = np.array([[1.0, 0.0, shift[0]], [0.0, 1.0, shift[1]]])
    moved = cv2.warpAffine(
        crop,
        matrix,
        (CROP_SIZE, CROP_SIZE),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(moved, np.uint8)
