"""A video file as a camera: what somebody filmed at a door, played again and again."""

from __future__ import annotations

import time
from pathlib import Path

import cv2
import numpy as np

from edge.clock import boottime
from edge.contract.errors import CameraError
from edge.eye.camera import Frame

_PACES = (1.0, 120.0)  # frames a second that a file may claim; one that claims others plays at 15
_PACE = 15.0


class FilmCamera:
    """The frames one by one, at the film's own pace at most, each as if it were taken just then."""

    def __init__(self, film: Path) -> None:
        """Raises: CameraError: there is no film that OpenCV can read."""
        self._film = film
        self._capture = cv2.VideoCapture(str(film)) if film.is_file() else None
        if self._capture is None or not self._capture.isOpened():
            raise self._fault("The film cannot be read.")
        pace = float(self._capture.get(cv2.CAP_PROP_FPS))
        self._interval_s = 1.0 / (pace if _PACES[0] <= pace <= _PACES[1] else _PACE)
        self._due = 0.0

    def next_frame(self, not_before: float, deadline: float) -> Frame:
        while (now := boottime()) <= max(not_before, self._due):
            if now >= deadline:
                raise self._fault("It has no frame so soon.")
            time.sleep(min(max(not_before, self._due), deadline) - now + 1e-4)
        there, bgr = self._capture.read()
        if not there:  # its end: from the beginning
            self._capture.set(cv2.CAP_PROP_POS_FRAMES, 0)
            there, bgr = self._capture.read()
        taken = boottime()
        if not there or bgr.ndim != 3:
            raise self._fault("It has no frame that can be decoded.")
        if taken > deadline:
            raise self._fault("To decode a frame took too long.")
        self._due = taken + self._interval_s
        return Frame(np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8), taken)

    def close(self) -> None:
        self._capture.release()

    def _fault(self, why: str) -> CameraError:
        return CameraError(
            f"{self._film}: the film gave no frame in time.",
            why=why,
            remedy="Name a film that OpenCV can read, as an .mp4 or .avi, in [camera] source.",
        )
