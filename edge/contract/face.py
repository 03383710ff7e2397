"""A face in a frame: where it is, and how the head is held."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# In distances between the eyes: how far nose and mouth stand out before them, of most heads; how
# far they lie below them, medians of 488 labelled faces of the training scenes that look ahead.
_NOSE, _MOUTH = 0.55, 0.2
_LEVEL_NOSE, _LEVEL_MOUTH = 0.583, 0.988


@dataclass(frozen=True)
class Face:
    """A face in a frame.

    box: x, y, width, height in pixels of the frame; it may reach beyond it.
    points: (5, 2) float64, pixels of the frame: the eye on the left of the picture, the eye on its
        right, nose, mouth corner on the left, on the right.
    score: 0 to 1, how likely it is one.
    """

    box: tuple[float, float, float, float]
    points: NDArray[np.float64]
    score: float

    @property
    def eyes_px(self) -> float:
        """The distance between the eyes, pixels of the frame."""
        return float(np.hypot(*(self.points[1] - self.points[0])))

    @property
    def roll_deg(self) -> float:
        """How far the line through the eyes is from level; clockwise in the picture is positive."""
        across, down = self.points[1] - self.points[0]
        return float(np.degrees(np.arctan2(down, across)))

    @property
    def yaw_deg(self) -> float:
        """About how far the head is turned; towards the picture's right is positive.

        The nose stands out before the line from between the eyes to the mouth, so it leaves it.
        """
        (nose_x, nose_y), (mouth_x, mouth_y) = _upright(self.points)
        beside = nose_x - mouth_x * nose_y / mouth_y if mouth_y > 0.0 else np.inf
        return float(np.degrees(np.arctan(beside / (_NOSE - _MOUTH * _LEVEL_NOSE / _LEVEL_MOUTH))))

    @property
    def pitch_deg(self) -> float:
        """About how far the head is bowed; down is positive. Faces differ by some 7 degrees."""
        (_, nose_y), (_, mouth_y) = _upright(self.points)
        if mouth_y <= 0.0:
            return 90.0
        share = nose_y / mouth_y
        up, out = share * _LEVEL_MOUTH - _LEVEL_NOSE, _NOSE - share * _MOUTH
        return float(np.degrees(np.arctan2(up, out)))


def _upright(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Nose and middle of the mouth: from the eyes' middle, the eyes level and 1 apart."""
    across = points[1] - points[0]
    span = float(across @ across)
    if span <= 0.0:
        return np.zeros(2), np.zeros(2)
    x, y = across / span
    turn = np.array([[x, y], [-y, x]])
    middle = points[:2].mean(axis=0)
    return turn @ (points[2] - middle), turn @ (points[3:].mean(axis=0) - middle)
