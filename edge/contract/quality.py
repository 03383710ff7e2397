"""Is this face good enough to be compared? Each gate is measured, judged and named in one place."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.contract.face import Face
from edge.contract.gates import Gate, Limits
from edge.contract.geometry import CROP_SIZE, TEMPLATE, similarity
from edge.contract.reasons import Reason

# Of the crop, outside the frame and so black: 11 of its 112 rows may be missing. That is the rim of
# a forehead or the tip of a chin; eyes and mouth, 20 rows and more from every edge, are there.
MAX_CUT_OFF = 0.1

# What to say below and above each gate's passing range. Of several, the first is reported: they are
# in the order of `Reason`.
_REASONS = {
    "eyes_px": (Reason.TOO_SMALL, Reason.CUT_OFF),
    "cut_off": (Reason.CUT_OFF, Reason.CUT_OFF),
    "face_light_255": (Reason.TOO_DARK, Reason.TOO_BRIGHT),
    "clipped_dark": (Reason.TOO_DARK, Reason.TOO_DARK),
    "clipped_bright": (Reason.TOO_BRIGHT, Reason.TOO_BRIGHT),
    "sharpness": (Reason.BLURRED, Reason.BLURRED),
    "roll_deg": (Reason.OFF_ANGLE, Reason.OFF_ANGLE),
    "yaw_deg": (Reason.OFF_ANGLE, Reason.OFF_ANGLE),
    "pitch_deg": (Reason.OFF_ANGLE, Reason.OFF_ANGLE),
}
_BLUR_PX = 9
_BLACK, _WHITE = 4, 251  # of 255, to which and from which on a camera has lost the difference


def judge(
    face: Face, frame_shape: tuple[int, ...], crop: NDArray[np.uint8], limits: Limits
) -> tuple[Reason | None, tuple[Gate, ...]]:
    """Why a face must not be compared, or None, and everything that was measured.

    Args:
        face: as located in the frame.
        frame_shape: height, width, ... of that frame.
        crop: (112, 112, 3) uint8, RGB: the face, aligned.
        limits: the owner's.
    """
    height, width = frame_shape[:2]
    dark, bright = clipped(crop)
    gates = (
        Gate("eyes_px", face.eyes_px, limits.min_eyes_px, float(np.hypot(height, width))),
        Gate("cut_off", cut_off(face, frame_shape), 0.0, MAX_CUT_OFF),
        Gate("face_light_255", face_light(crop), *limits.face_light_255),
        Gate("clipped_dark", dark, 0.0, limits.max_clipped),
        Gate("clipped_bright", bright, 0.0, limits.max_clipped),
        Gate("sharpness", sharpness(crop), limits.min_sharpness, 1.0),
        Gate("roll_deg", face.roll_deg, -limits.max_roll_deg, limits.max_roll_deg),
        Gate("yaw_deg", face.yaw_deg, -limits.max_yaw_deg, limits.max_yaw_deg),
        Gate("pitch_deg", face.pitch_deg, -limits.max_pitch_deg, limits.max_pitch_deg),
    )
    failed = next((gate for gate in gates if not gate.passed), None)
    if failed is None:
        return None, gates
    below, above = _REASONS[failed.name]
    return above if failed.measured > failed.high else below, gates


def cut_off(face: Face, frame_shape: tuple[int, ...]) -> float:
    """The share of the face's crop that lies outside the frame, 0 to 1."""
    matrix = similarity(face.points, TEMPLATE)
    bottom, right = frame_shape[0] - 0.5, frame_shape[1] - 0.5
    last = CROP_SIZE - 1
    if _inside(matrix, np.array([[0, last, 0, last], [0, 0, last, last]]), bottom, right).all():
        return 0.0  # a crop is convex, and so is a frame
    y, x = np.mgrid[:CROP_SIZE, :CROP_SIZE].reshape(2, -1)
    return 1.0 - float(_inside(matrix, np.stack([x, y]), bottom, right).mean())


def _inside(
    matrix: NDArray[np.float64], crop: NDArray[np.int64], bottom: float, right: float
) -> NDArray[np.bool_]:
    """Of points of the crop, (2, n), which lie in the frame."""
    source = np.linalg.solve(matrix[:, :2], crop - matrix[:, 2:])
    inside = (source > -0.5) & (source < np.array([[right], [bottom]]))
    both: NDArray[np.bool_] = np.all(inside, axis=0)
    return both


def face_light(crop: NDArray[np.uint8]) -> float:
    """The mean of the grey crop, 0 to 255: light on the face, not on the scene."""
    return float(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).mean())


def clipped(crop: NDArray[np.uint8]) -> tuple[float, float]:
    """The shares of the grey crop that are black and that are white, 0 to 1."""
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    return float((grey <= _BLACK).mean()), float((grey >= _WHITE).mean())


def sharpness(crop: NDArray[np.uint8]) -> float:
    """How much of the crop's fine variation a strong blur takes away: 0 = it was blurred before.

    A ratio of variations, so that neither contrast nor light changes it (up to rounding to 8 bits).
    Noise counts as fine variation: of a dark picture it promises nothing.

    Args:
        crop: (height, width, 3) uint8, RGB.

    Returns:
        0 to 1, of the direction in which the crop is more blurred: a hand's or a head's movement
        blurs one only.

    Source: Crete, Dolmiere, Ladret and Nicolas, "The blur effect", Proc. SPIE 6492, 2007, whose
    measure is 1 minus this.
    """
    grey = np.asarray(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), np.float64)
    return min(_variation_lost(grey), _variation_lost(grey.T))


def _variation_lost(grey: NDArray[np.float64]) -> float:
    """Along the columns: the share of the neighbours' differences that the blur takes away."""
    blurred = cv2.blur(grey, (1, _BLUR_PX))
    before, after = np.abs(np.diff(grey, axis=0)), np.abs(np.diff(blurred, axis=0))
    total = float(before.sum())
    return float(np.maximum(before - after, 0.0).sum()) / total if total > 0.0 else 0.0
