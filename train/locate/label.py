"""Crops without labels -> their boxes and points as a teacher sees them, kept on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.contract.errors import DataError, MissingError
from edge.contract.face import Face
from edge.contract.geometry import CROP_SIZE
from edge.contract.locate import POINTS
from train.goals import cache_folder
from train.locate.agreed import IN_DOUBT, Seconds, ways_of
from train.locate.compose import Cutouts
from train.progress import watched

_AROUND = 56  # pixels of border, so that the face is not cut off for the teacher
_SIDE = CROP_SIZE + 2 * _AROUND
_LEAST_SCORE = 0.7


def cutouts(crops: NDArray[np.uint8], teacher: Path, seconds: Seconds | None = None) -> Cutouts:
    """Those of the crops (n, 112, 112, 3) uint8 RGB in which the teacher, a YuNet, sees a face.

    seconds: who points as well, see `train.locate.agreed`; where no two agree, a crop is left out.

    Raises:
        MissingError: no such teacher. DataError: OpenCV does not take it.
    """
    detector = open_yunet(teacher, (_SIDE, _SIDE))
    key = hashlib.sha256(teacher.read_bytes() + crops.tobytes()).hexdigest()[:32]
    kept = cache_folder("labels") / f"{key}.npy"
    if kept.is_file():
        rows = np.load(kept)
    else:
        rows = _rows(crops, detector)
        kept.parent.mkdir(parents=True, exist_ok=True)
        new = kept.with_suffix(".new.npy")
        np.save(new, rows)
        new.replace(kept)
    sure = rows[:, -1] >= _LEAST_SCORE
    rows = rows[sure]
    crops, points = crops[sure], rows[:, 4:-1].reshape(-1, POINTS, 2)
    if seconds is None:
        return Cutouts(crops, rows[:, :4], points)
    labels = points.astype(np.float64)
    seen = seconds.points(crops, labels)
    agreed, doubts = ways_of(labels, seen).agreed(labels, seen)
    known = doubts <= IN_DOUBT
    return Cutouts(crops[known], rows[known, :4], agreed[known].astype(np.float32))


def yunet_faces(path: Path) -> Callable[[NDArray[np.uint8]], list[Face]]:
    """What a YuNet finds in a frame (h, w, 3) uint8 RGB, as it is, the largest first.

    Raises:
        MissingError, DataError: as of `open_yunet`.
    """
    detector = open_yunet(path, (320, 240))

    def faces(frame: NDArray[np.uint8]) -> list[Face]:
        detector.setInputSize(frame.shape[1::-1])
        _, rows = detector.detect(np.ascontiguousarray(frame[..., ::-1]))
        found = [
            Face(
                (float(r[0]), float(r[1]), float(r[2]), float(r[3])),
                r[4:14].reshape(POINTS, 2).astype(np.float64),
                float(r[14]),
            )
            for r in (() if rows is None else rows)
        ]
        return sorted(found, key=lambda face: -face.box[2] * face.box[3])

    return faces


def open_yunet(path: Path, size: tuple[int, int]) -> cv2.FaceDetectorYN:
    """A YuNet in OpenCV for frames of `size`, (width, height).

    Raises:
        MissingError: no such file. DataError: OpenCV does not take it.
    """
    if not path.is_file():
        raise MissingError(f"{path}: not there", remedy="name the .onnx file of a YuNet")
    try:
        return cv2.FaceDetectorYN.create(str(path), "", size, 0.6, 0.3, 50)
    except cv2.error as e:
        raise DataError(
            f"{path}: not a YuNet that OpenCV takes", remedy="name face_detection_yunet_*.onnx"
        ) from e


def _rows(crops: NDArray[np.uint8], yunet: cv2.FaceDetectorYN) -> NDArray[np.float32]:
    """(n, 15): box, five points, score; 0 where nothing is seen."""
    rows = np.zeros((len(crops), 4 + 2 * POINTS + 1), np.float32)
    middle = np.full(2, _SIDE / 2, np.float32)
    for row, crop in zip(rows, watched(crops, "labels"), strict=True):
        bgr = cv2.copyMakeBorder(crop[..., ::-1].copy(), *[_AROUND] * 4, cv2.BORDER_REPLICATE)
        _, found = yunet.detect(bgr)
        if found is None:
            continue
        away = ((found[:, :2] + found[:, 2:4] / 2 - middle) ** 2).sum(axis=1)
        row[:] = found[away.argmin()]
        row[:2] -= _AROUND
        row[4:-1] -= _AROUND
    return rows
