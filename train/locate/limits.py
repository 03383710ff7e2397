"""How much evidence a face must have, so that rooms without one hold none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.contract.locate import Find, Point, weighed
from train.progress import watched


def least_evidence(
    find: Find, point: Point, rooms: Iterable[NDArray[np.uint8]], false_per_frame: float
) -> float:
    """The evidence that so few proposals per frame exceed where there is no face.

    rooms: frames (height, width, 3) uint8 RGB without a face; each is looked at from several
    sides, because few are few.
    """
    frames = [view for room in rooms for view in _views(room)]
    found = [
        evidence
        for frame in watched(frames, "empty rooms")
        for evidence, _ in weighed(frame, find, point)
    ]
    allowed = int(false_per_frame * len(frames))
    # Between the last that is refused and the first that may pass.
    highest = sorted(found, reverse=True)[: allowed + 1]
    return float(np.nextafter(highest[-1], np.inf)) if len(highest) > allowed else 0.0


def _views(room: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    """The frame, its mirror image, and each quarter of it from nearer."""
    height, width = room.shape[:2]
    yield room
    yield np.ascontiguousarray(room[:, ::-1])
    for top in (0, height // 2):
        for left in (0, width // 2):
            quarter = room[top : top + height // 2, left : left + width // 2]
            yield np.asarray(cv2.resize(quarter, (width, height)), np.uint8)
