"""Frame -> faces with five points each: OpenCV's bundled Haar cascades, behind one function.

Measured on people and places that no constant here was fitted to, see `docs/decisions` for why a
locator of our own will take the cascades' place behind the same function.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import cv2.data
import numpy as np
from numpy.typing import NDArray

SEARCH_PX = 640  # the longest side of the copy that is searched
SMALLEST_PX = 24  # of a face in that copy
TILTS_DEG = (-20.0, 20.0)  # searched only if no face stands upright
_PATCH = 128  # faces are brought to this size before their eyes are looked for
_NEIGHBOURS_CAP = 12
_EYE_VOTE = 2
# min(neighbours, cap) + 2 votes per eye found by each of six searches. 958 of 1105 labelled faces'
# boxes and 10 of 143 false ones reach 9 without help of colour, size or place.
_ENOUGH = 9
_MOST = _NEIGHBOURS_CAP + 6 * _EYE_VOTE

# Where five points lie in the square box of haarcascade_frontalface_alt2, sides = 1, and how far
# the centre of an eye cascade's box lies from the eye (of the left half; mirrored for the right).
# Means and medians of 829 faces of photographs, landmarks by YuNet 2023mar, made symmetric.
_MEAN: NDArray[np.float64] = np.array(
    [[0.3060, 0.3862], [0.6940, 0.3862], [0.5, 0.6163], [0.3312, 0.7784], [0.6688, 0.7784]]
)
_EYE_CASCADES = (
    # left half, right half, offset: each "2splits" cascade knows one side
    ("haarcascade_eye", "haarcascade_eye", (0.0035, -0.0031)),
    ("haarcascade_eye_tree_eyeglasses", "haarcascade_eye_tree_eyeglasses", (0.0004, -0.0001)),
    ("haarcascade_righteye_2splits", "haarcascade_lefteye_2splits", (-0.0022, -0.0366)),
)
# Least squares, same faces: how the five points move when the two eyes lie elsewhere than _MEAN.
# Rows: x, y of the left eye, x, y of the right one; columns: x, y of each point in turn.
_FOLLOW: NDArray[np.float64] = np.array(
    [
        [0.6226, -0.0025, 0.0428, 0.0520, 0.2689, -0.2124, 0.4832, -0.3540, -0.0623, -0.3253],
        [-0.0805, 0.7727, 0.0100, 0.0647, 0.1495, 0.4328, 0.7499, 0.6497, 0.9372, 0.0169],
        [0.0428, -0.0520, 0.6226, 0.0025, 0.2689, 0.2124, -0.0623, 0.3253, 0.4832, 0.3540],
        [-0.0100, 0.0647, 0.0805, 0.7727, -0.1495, 0.4328, -0.9372, 0.0169, -0.7499, 0.6497],
    ]
)
_STRAY = 0.12  # of the box: an eye found farther from its mean place is a nostril or a brow
_PRIOR = 0.5  # what the mean place weighs against one eye found


@dataclass(frozen=True)
class Face:
    """A face in a frame.

    box: x, y, width, height in pixels of the frame; it may reach beyond it.
    points: (5, 2) float64, pixels of the frame: the eye on the left of the picture, the eye on its
        right, nose, mouth corner on the left, on the right.
    score: 0 to 1, how much spoke for a face; without eyes found, at most a half.
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


def find_faces(frame: NDArray[np.uint8]) -> list[Face]:
    """The faces in a frame, the largest first: looking at the camera, at most some 30 deg tilted.

    Args:
        frame: (height, width, 3) uint8, RGB.
    """
    grey = np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), np.uint8)
    if min(grey.shape) * _reduction(grey.shape) < SMALLEST_PX:
        return []  # a strip that OpenCV would refuse to reduce
    for tilts in ((0.0,), TILTS_DEG):
        faces = [face for tilt in tilts for face in _search(grey, tilt)]
        if faces:
            return sorted(_distinct(faces), key=lambda face: -face.box[2])
    return []


def _search(grey: NDArray[np.uint8], tilt: float) -> list[Face]:
    """The faces of one tilt: the reduced copy is turned by it, so that they stand upright there."""
    to_small = _turned(grey.shape, tilt)
    width, height = np.ceil(_bounds(grey.shape, to_small)).astype(int)
    small = _warp(grey, to_small, (int(width), int(height)))
    boxes, neighbours = _cascade("haarcascade_frontalface_alt2").detectMultiScale2(
        small, scaleFactor=1.1, minNeighbors=3, minSize=(SMALLEST_PX, SMALLEST_PX)
    )
    found = zip(np.reshape(boxes, (-1, 4)), np.ravel(neighbours), strict=True)
    judged = (_face(grey, to_small, box, int(votes)) for box, votes in found)
    return [face for face in judged if face is not None]


def _face(
    grey: NDArray[np.uint8], to_small: NDArray[np.float64], box: NDArray[np.int32], votes: int
) -> Face | None:
    """A box of the turned copy -> a face of the frame; None if too little speaks for one."""
    x, y, side = (float(v) for v in box[:3])
    zoom = _PATCH / side
    to_patch = zoom * to_small - np.array([[0.0, 0.0, zoom * x], [0.0, 0.0, zoom * y]])
    eyes, found = _eyes(_warp(grey, to_patch, (_PATCH, _PATCH)))
    evidence = min(votes, _NEIGHBOURS_CAP) + _EYE_VOTE * found
    if evidence < _ENOUGH:
        return None
    points = _MEAN + ((eyes - _MEAN[:2]).ravel() @ _FOLLOW).reshape(5, 2)
    centre = _back(to_small, np.array([[x + side / 2.0, y + side / 2.0]]))[0]
    width = side / float(np.hypot(to_small[0, 0], to_small[1, 0]))
    return Face(
        box=(float(centre[0]) - width / 2.0, float(centre[1]) - width / 2.0, width, width),
        points=_back(to_patch, points * _PATCH),
        score=evidence / _MOST,
    )


def _eyes(patch: NDArray[np.uint8]) -> tuple[NDArray[np.float64], int]:
    """The eyes of an upright face that fills the patch, sides = 1, and how many votes agreed."""
    eyes, found = _MEAN[:2].copy(), 0
    for side in (0, 1):
        seen = [_eye(patch, side, names[side], offset) for *names, offset in _EYE_CASCADES]
        near = [p for p in seen if p is not None and np.hypot(*(p - _MEAN[side])) < _STRAY]
        found += len(near)
        eyes[side] = (_PRIOR * _MEAN[side] + np.sum(near, axis=0)) / (_PRIOR + len(near))
    return eyes, found


def _eye(
    patch: NDArray[np.uint8], side: int, name: str, offset: tuple[float, float]
) -> NDArray[np.float64] | None:
    """The likeliest eye in one half of the patch, its cascade's offset taken away."""
    left, top = int((0.08, 0.42)[side] * _PATCH), int(0.15 * _PATCH)
    half = patch[top : int(0.62 * _PATCH), left : left + _PATCH // 2]
    boxes, _, weights = _cascade(name).detectMultiScale3(
        half,
        scaleFactor=1.08,
        minNeighbors=3,
        minSize=(16, 16),
        maxSize=(56, 56),
        outputRejectLevels=True,
    )
    if len(boxes) == 0:
        return None
    x, y, width, height = boxes[int(np.argmax(weights))]
    outwards = np.array([1.0 if side == 0 else -1.0, 1.0])
    centre = np.array([left + x + width / 2.0, top + y + height / 2.0]) / _PATCH
    return np.asarray(centre - np.array(offset) * outwards, np.float64)


def _distinct(faces: list[Face]) -> list[Face]:
    """Of faces whose centres lie within half a box of each other, the one that most speaks for."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda f: (-f.score, f.box)):
        middle = face.points[2]
        if all(np.hypot(*(middle - k.points[2])) > max(face.box[2], k.box[2]) / 2 for k in kept):
            kept.append(face)
    return kept


def _turned(shape: tuple[int, ...], tilt: float) -> NDArray[np.float64]:
    """(2, 3): frame -> the reduced copy, turned by `tilt` about its middle, nothing cut off."""
    scale = _reduction(shape)
    c, s = scale * np.cos(np.radians(tilt)), scale * np.sin(np.radians(tilt))
    matrix = np.array([[c, s, 0.0], [-s, c, 0.0]])
    corners = _corners(shape) @ matrix[:, :2].T
    matrix[:, 2] = -corners.min(axis=0)
    return matrix


def _reduction(shape: tuple[int, ...]) -> float:
    return min(1.0, SEARCH_PX / max(shape))


def _bounds(shape: tuple[int, ...], matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Width and height of the frame after `matrix`, whose result starts at 0, 0."""
    return np.asarray((_corners(shape) @ matrix[:, :2].T + matrix[:, 2]).max(axis=0) + 1.0)


def _corners(shape: tuple[int, ...]) -> NDArray[np.float64]:
    bottom, right = shape[0] - 1.0, shape[1] - 1.0
    return np.array([[0.0, 0.0], [right, 0.0], [0.0, bottom], [right, bottom]])


def _back(matrix: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.linalg.solve(matrix[:, :2], (points - matrix[:, 2]).T).T, np.float64)


def _warp(
    grey: NDArray[np.uint8], matrix: NDArray[np.float64], size: tuple[int, int]
) -> NDArray[np.uint8]:
    """Warp, first reducing by area averaging where the warp alone would alias."""
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if scale < 0.7:
        grey = np.asarray(
            cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8
        )
        matrix = np.column_stack([matrix[:, :2] / scale, matrix[:, 2]])
    return np.asarray(
        cv2.warpAffine(grey, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE),
        np.uint8,
    )


@cache
def _cascade(name: str) -> cv2.CascadeClassifier:
    # Not thread-safe: each process that looks has one thread that does.
    return cv2.CascadeClassifier(f"{cv2.data.haarcascades}{name}.xml")
