"""Picture -> crop where no face is looked for: the whole picture, at the network's own size.

For characters, signatures, parts, pets. Training, conversion and the desk call it, as all call
`align` for faces.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def whole(picture: NDArray[np.uint8], shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    """Bring a picture into the network's input, proportions kept, in the middle.

    What the picture leaves open takes the colour of its border (the median, so that a stroke which
    ends there does not count): paper goes on as paper.

    Args:
        picture: (height, width, 3) uint8, RGB.
        shape: height, width and channels (3 for RGB, 1 for grey) of the crop.

    Returns:
        `shape` uint8. Reduced by area, enlarged linearly.
    """
    height, width, channels = shape
    if channels == 1:
        picture = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)[..., None]
    scale = min(height / picture.shape[0], width / picture.shape[1])
    rows, columns = (max(1, round(scale * side)) for side in picture.shape[:2])
    how = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_LINEAR
    made = cv2.resize(picture, (columns, rows), interpolation=how).reshape(rows, columns, channels)
    crop = np.empty(shape, np.uint8)
    crop[:] = _border(picture)
    top, left = (height - rows) // 2, (width - columns) // 2
    crop[top : top + rows, left : left + columns] = made
    return crop


def _border(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(channels,): of the outermost rows and columns."""
    edges = [picture[0], picture[-1], picture[:, 0], picture[:, -1]]
    return np.asarray(np.median(np.concatenate(edges), axis=0), np.uint8)
