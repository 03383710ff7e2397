"""What the locator's two networks say -> faces: one finds them, the other points to the pixel.

The finder looks at the whole frame, reduced to FRAME. At stride s its cell (row, column) stands for
the pixel ((column + 1/2) s, (row + 1/2) s); its numbers are in units of SIZES[s], the face that the
stride is for: from the cell to the middle of the box, the logarithms of width and height, from the
cell to each of five points. The pointer looks at each of these faces, turned upright, in the
frame's own pixels: where the points really are, and whether it is a face at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.contract.face import Face
from edge.contract.geometry import CROP_SIZE, TEMPLATE, similarity

FRAME = (240, 320)  # height, width
SIZES = {8: 24.0, 16: 56.0, 32: 130.0}  # pixels of FRAME, root of the box's area
POINTS = 5
PATCH = 64
# The crop's template seen from somewhat farther: a patch shows 136 pixels of a crop on 64.
_OF_CROP = PATCH / 136.0
PATCH_TEMPLATE: NDArray[np.float64] = (TEMPLATE - CROP_SIZE / 2) * _OF_CROP + PATCH / 2
POINT_UNIT_PX = 8.0  # of the patch
# Left and right change places in a mirror.
MIRRORED = (1, 0, 2, 4, 3)

_LOOKS = 2  # of the pointer at each candidate
_MOST = 24  # candidates that the pointer looks at
_SAME = 0.4  # boxes that overlap by more are of one face

# frame (240, 320, 3) uint8 -> by stride (score (h, w) logit, shape (h, w, 14)).
Find = Callable[[NDArray[np.uint8]], Mapping[int, tuple[NDArray[np.float32], NDArray[np.float32]]]]
# patch (64, 64, 3) uint8 -> (logit, (10,)).
Point = Callable[[NDArray[np.uint8]], tuple[float, NDArray[np.float32]]]


# Finder's logit from which on the pointer is asked at all; it saves time and decides nothing.
PROPOSED = -1.5


def locate(frame: NDArray[np.uint8], find: Find, point: Point) -> list[Face]:
    """The faces in a frame, the largest first: those of which the evidence is above 0.

    Args:
        frame: (height, width, 3) uint8, RGB, of any size.
        find: the finder.
        point: the pointer; `convert locator` sets its logit so that 0 is the limit.
    """
    faces = [
        replace(face, points=_steadied(frame, face.points, point))
        for evidence, face in weighed(frame, find, point)
        if evidence >= 0.0
    ]
    return sorted(faces, key=lambda face: -face.box[2] * face.box[3])


def weighed(
    frame: NDArray[np.uint8], find: Find, point: Point, least: float = PROPOSED
) -> list[tuple[float, Face]]:
    """Whatever the finder proposes from `least` on, with the evidence that it is a face.

    Each network says by how much it speaks for a face, a logit, having seen something else than
    the other: so the evidence is the sum.
    """
    small, scale = reduced(frame)
    boxes, points, logits = candidates(find(small), least)
    made = []
    for box, guess, logit in zip(boxes, points, logits, strict=True):
        found = _looked(frame, guess / scale, point)
        if found is None:
            continue
        evidence = float(logit) + found[0]
        x, y, width, height = (float(v) for v in box / scale)
        made.append((evidence, Face((x, y, width, height), found[1], _probability(evidence))))
    return made


def reduced(frame: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], float]:
    """(FRAME picture, scale): the frame in the upper left corner, as large as it fits."""
    height, width = frame.shape[:2]
    scale = min(FRAME[0] / height, FRAME[1] / width)
    rows, columns = max(1, round(height * scale)), max(1, round(width * scale))
    how = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_LINEAR
    small = np.zeros((*FRAME, 3), np.uint8)
    small[:rows, :columns] = cv2.resize(frame, (columns, rows), interpolation=how)
    return small, scale


def candidates(
    outputs: Mapping[int, tuple[NDArray[np.float32], NDArray[np.float32]]], least: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float32]]:
    """(boxes (n, 4), points (n, 5, 2), logits (n,)), pixels of FRAME; the likeliest first.

    Of boxes that overlap much the likeliest one is kept.
    """
    boxes, points, logits = [], [], []
    for stride, (score, shape) in outputs.items():
        rows, columns = np.nonzero(score >= least)
        cell = (np.column_stack([columns, rows]) + 0.5) * stride
        numbers = shape[rows, columns].astype(np.float64)
        unit = SIZES[stride]
        size = unit * np.exp(np.clip(numbers[:, 2:4], -3.0, 3.0))
        boxes.append(np.concatenate([cell + unit * numbers[:, :2] - size / 2, size], axis=1))
        points.append(cell[:, None] + unit * numbers[:, 4:].reshape(-1, POINTS, 2))
        logits.append(score[rows, columns])
    boxes_, points_, logits_ = (np.concatenate(part) for part in (boxes, points, logits))
    kept: list[int] = []
    for at in np.argsort(-logits_, kind="stable"):
        if len(kept) == _MOST:
            break
        if not kept or overlap(boxes_[at : at + 1], boxes_[kept]).max() <= _SAME:
            kept.append(int(at))
    return boxes_[kept], points_[kept], logits_[kept]


def _steadied(
    frame: NDArray[np.uint8], points: NDArray[np.float64], point: Point
) -> NDArray[np.float64]:
    """The mean with what the pointer says of the mirror image: what is off to one side cancels."""
    mirrored = pointed(frame, points, point, mirror=True)
    return points if mirrored is None else (points + mirrored[1]) / 2.0


def _looked(
    frame: NDArray[np.uint8], guess: NDArray[np.float64], point: Point
) -> tuple[float, NDArray[np.float64]] | None:
    """As `pointed`; each further look is more upright than the last, and so more exact."""
    found = pointed(frame, guess, point)
    for _ in range(_LOOKS - 1):
        found = None if found is None else pointed(frame, found[1], point)
    return found


def pointed(
    frame: NDArray[np.uint8], guess: NDArray[np.float64], point: Point, *, mirror: bool = False
) -> tuple[float, NDArray[np.float64]] | None:
    """(logit, points (5, 2) of the frame) of the face that lies about there.

    mirror: the pointer is shown the mirror image; the points are still the frame's.
    """
    try:
        matrix = similarity(guess, PATCH_TEMPLATE)
    except ValueError:
        return None
    patch = cut_patch(frame, matrix)
    logit, numbers = point(np.ascontiguousarray(patch[:, ::-1]) if mirror else patch)
    there = PATCH_TEMPLATE + POINT_UNIT_PX * numbers.reshape(POINTS, 2)
    if mirror:
        there = np.column_stack([PATCH - 1 - there[:, 0], there[:, 1]])[list(MIRRORED)]
    back = np.linalg.inv(matrix[:, :2])
    return logit, (there - matrix[:, 2]) @ back.T


def cut_patch(
    frame: NDArray[np.uint8], matrix: NDArray[np.float64], side: int = PATCH
) -> NDArray[np.uint8]:
    """What `matrix` brings to (side, side, 3); a large face is reduced by area first."""
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if scale < 0.5:
        frame, matrix = _around(frame, matrix, side)
        factor = max(2.0 * scale, 1.0 / min(frame.shape[:2]))  # of a thin frame a line is left
        frame = np.asarray(
            cv2.resize(frame, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8
        )
        # Pixel centres, not corners, are what coordinates count from.
        shift = np.full(2, 0.5 / factor - 0.5)
        matrix = np.column_stack([matrix[:, :2] / factor, matrix[:, 2] + matrix[:, :2] @ shift])
    flags = cv2.INTER_LINEAR
    return np.asarray(
        cv2.warpAffine(frame, matrix, (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE),
        np.uint8,
    )


def _around(
    frame: NDArray[np.uint8], matrix: NDArray[np.float64], side: int
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The part of the frame that a patch shows, with what reducing needs beside it.

    To reduce a whole frame for each look takes ten times as long as the network does.
    """
    corners = np.array([[0, 0], [side, 0], [0, side], [side, side]], np.float64)
    seen = (corners - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
    spare = 4.0 / float(np.hypot(matrix[0, 0], matrix[1, 0]))
    size = np.array(frame.shape[1::-1])
    low = np.clip(np.floor(seen.min(axis=0) - spare), 0, size - 1).astype(int)
    high = np.clip(np.ceil(seen.max(axis=0) + spare), low + 1, size).astype(int)
    part = frame[low[1] : high[1], low[0] : high[0]]
    return part, np.column_stack([matrix[:, :2], matrix[:, 2] + matrix[:, :2] @ low])


def patch_of_crop() -> NDArray[np.float64]:
    """(2, 3): an aligned crop -> the patch that shows the same face."""
    shift = (PATCH - _OF_CROP * CROP_SIZE) / 2
    return np.array([[_OF_CROP, 0.0, shift], [0.0, _OF_CROP, shift]])


def overlap(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Intersection over union of boxes (n, 4) and (m, 4) -> (n, m)."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, :2] + a[:, None, 2:], b[None, :, :2] + b[None, :, 2:])
    both = np.prod(np.clip(high - low, 0.0, None), axis=2)
    areas = np.prod(a[:, 2:], axis=1)[:, None] + np.prod(b[:, 2:], axis=1)[None]
    return np.asarray(both / np.maximum(areas - both, 1e-9))


def _probability(logit: float) -> float:
    return float(1.0 / (1.0 + np.exp(-np.clip(logit, -60.0, 60.0))))
